"""Nobody decides on their own request: said by the database.

By person: what a program did under a key was done by whoever lent it their rights. A person is compared, not a seat, so that neither
another post nor acting for somebody helps. Each trigger is of one question: who asked, who decided.
"""

import sqlalchemy as sa
from alembic import op

from services.platform.database import INTAKE, WORKER

revision = "0090"
down_revision = "0089"
branch_labels = None
depends_on = None

# Who answers for what an account did: of a key, whose rights it borrows, or, where it has a seat of its own, who made it.
_PERSON = """
CREATE FUNCTION person_behind(doer uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT COALESCE((SELECT COALESCE(k.owner_account_id, k.made_by_account_id) FROM api_keys k WHERE k.account_id = doer), doer)
$$
"""
_REFUSED = """
CREATE FUNCTION refuse_same_person(rule text, place text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'whoever asked or acted does not decide on it: % of %', rule, place
    USING ERRCODE = 'check_violation', CONSTRAINT = rule, TABLE = place;
END $$
"""
# The first argument names the column of who decides, the others those of who asked or did.
_ANOTHER = """
CREATE FUNCTION another_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE decided uuid; asked uuid; nth int;
BEGIN
  EXECUTE format('SELECT person_behind(($1).%I)', TG_ARGV[0]) INTO decided USING NEW;
  FOR nth IN 1..TG_NARGS - 1 LOOP
    EXECUTE format('SELECT person_behind(($1).%I)', TG_ARGV[nth]) INTO asked USING NEW;
    IF asked = decided THEN PERFORM refuse_same_person(TG_NAME, TG_TABLE_NAME); END IF;
  END LOOP;
  RETURN NEW;
END $$
"""
# Whoever wrote a work record in the round, or said that the work is done, verifies nothing of it. Records of the jurisdiction's own desk
# do not count, as in services/tickets/loading.py. Arguments: the column of who verifies, and that of the ticket.
_NO_WORKER = """
CREATE FUNCTION another_than_worked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE verifies uuid; told uuid;
BEGIN
  EXECUTE format('SELECT person_behind(($1).%I), ($1).%I', TG_ARGV[0], TG_ARGV[1]) INTO verifies, told USING NEW;
  IF EXISTS (
    SELECT FROM work_logs w WHERE w.ticket_id = told AND w.round = NEW.round AND w.account_id IS NOT NULL
      AND w.unit_id IS DISTINCT FROM (SELECT u.id FROM units u WHERE u.parent_id IS NULL ORDER BY u.path LIMIT 1)
      AND person_behind(w.account_id) = verifies
  ) OR EXISTS (
    SELECT FROM tickets t WHERE t.id = told AND t.round = NEW.round AND t.resolved_by_account_id IS NOT NULL
      AND person_behind(t.resolved_by_account_id) = verifies
  ) THEN PERFORM refuse_same_person(TG_NAME, TG_TABLE_NAME); END IF;
  RETURN NEW;
END $$
"""
# Two exceptions, both one act of one person: rules that were in force before come back, and one row of the catalogue or one year of the
# calendar is put in its place. What is drafted whole, another brings in force.
_POLICY = """
CREATE FUNCTION another_brings_in_force() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF NEW.reverts = 0 OR EXISTS (
    SELECT FROM policies p WHERE p.kind = NEW.kind AND p.version = NEW.reverts AND p.definition = NEW.definition
      AND p.withdrawn_at IS NULL AND p.effective_at <= NEW.activated_at
  ) THEN RETURN NEW; END IF;
  IF NEW.kind IN ('catalogue', 'calendar') AND NEW.activated_at = NEW.drafted_at THEN RETURN NEW; END IF;
  IF person_behind(NEW.drafted_by_account_id) = person_behind(NEW.activated_by_account_id) THEN
    PERFORM refuse_same_person(TG_NAME, TG_TABLE_NAME);
  END IF;
  RETURN NEW;
END $$
"""
# What is published is the draft, with all who had a hand in it.
_BULLETIN = """
CREATE FUNCTION another_publishes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM bulletin_drafts d WHERE d.id = NEW.id AND d.authors = NEW.authors AND d.hash = NEW.hash)
    OR EXISTS (SELECT FROM unnest(NEW.authors) one WHERE person_behind(one) = person_behind(NEW.published_by_account_id))
  THEN PERFORM refuse_same_person(TG_NAME, TG_TABLE_NAME); END IF;
  RETURN NEW;
END $$
"""
_AUTHORS = """
CREATE FUNCTION authors_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT NEW.authors @> OLD.authors THEN PERFORM refuse_same_person(TG_NAME, TG_TABLE_NAME); END IF;
  RETURN NEW;
END $$
"""
# An objection is decided by nobody who asked for the run, objected, or is assessed by the sheet.
_OBJECTION = """
CREATE FUNCTION another_decides_objection() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF EXISTS (
    SELECT FROM assessment_runs r WHERE r.id = NEW.run_id
      AND person_behind(r.asked_by_account_id) = person_behind(NEW.decided_by_account_id)
  ) OR EXISTS (
    SELECT FROM assessment_sheets s JOIN accounts a ON a.member_id = s.member_id
      WHERE s.id = NEW.sheet_id AND a.id = person_behind(NEW.decided_by_account_id)
  ) OR person_behind(NEW.made_by_account_id) = person_behind(NEW.decided_by_account_id)
  THEN PERFORM refuse_same_person(TG_NAME, TG_TABLE_NAME); END IF;
  RETURN NEW;
END $$
"""
# Words and contacts go where somebody else than who named the place says they may; another place takes the right away.
_ENTITLED = """
CREATE FUNCTION another_entitles() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.entitled THEN
    IF (NEW.url, NEW.unit_id, NEW.channel) IS DISTINCT FROM (OLD.url, OLD.unit_id, OLD.channel) THEN
      PERFORM refuse_same_person(TG_NAME, TG_TABLE_NAME);
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.entitled_by_account_id IS NULL OR person_behind(NEW.entitled_by_account_id) = person_behind(NEW.set_by_account_id) THEN
    PERFORM refuse_same_person(TG_NAME, TG_TABLE_NAME);
  END IF;
  RETURN NEW;
END $$
"""
# (table, name of the rule, the column whose filling asks for it, what it calls)
TRIGGERS = (
    ("extensions", "another_decides", "decided_by_account_id", "another_person('decided_by_account_id', 'requested_by_account_id')"),
    ("suspensions", "another_decides", "decided_by_account_id", "another_person('decided_by_account_id', 'requested_by_account_id')"),
    ("legal_holds", "another_lifts", "lifted_by_account_id", "another_person('lifted_by_account_id', 'placed_by_account_id')"),
    ("assessment_runs", "another_makes_it_final", "finalized_by_account_id",
     "another_person('finalized_by_account_id', 'asked_by_account_id')"),
    ("demand_exclusions", "another_decides", "decided_by_account_id",
     "another_person('decided_by_account_id', 'proposed_by_account_id')"),
    ("demand_exclusions", "a_third_decides_the_appeal", "closed_by_account_id",
     "another_person('closed_by_account_id', 'proposed_by_account_id', 'decided_by_account_id', 'appeal_taken_by_account_id')"),
    ("tickets", "executor_never_closes", "closed_by_account_id", "another_person('closed_by_account_id', 'resolved_by_account_id')"),
    ("tickets", "no_worker_closes", "closed_by_account_id", "another_than_worked('closed_by_account_id', 'id')"),
    ("call_backs", "no_worker_verifies", "by_account_id", "another_than_worked('by_account_id', 'ticket_id')"),
    ("call_backs", "no_worker_witnesses", "witness_account_id", "another_than_worked('witness_account_id', 'ticket_id')"),
    ("call_backs", "another_is_witness", "witness_account_id", "another_person('witness_account_id', 'by_account_id')"),
    ("evidence_flags", "no_worker_reviews", "reviewed_by_account_id", "another_than_worked('reviewed_by_account_id', 'ticket_id')"),
    ("policies", "another_brings_in_force", "activated_by_account_id", "another_brings_in_force()"),
    ("bulletins", "another_publishes", "published_by_account_id", "another_publishes()"),
    ("assessment_appeals", "another_decides", "decided_by_account_id", "another_decides_objection()"),
)  # fmt: skip
_WHEN = (
    "CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {column} ON {table}"
    " FOR EACH ROW WHEN (NEW.{column} IS NOT NULL) EXECUTE FUNCTION {calls}"
)
# What grants or ends something is somebody's: the system only lets requests lapse.
SOMEBODY = (
    ("extensions", "granted_by_somebody", "granted IS NOT TRUE OR decided_by_account_id IS NOT NULL"),
    ("suspensions", "granted_by_somebody", "granted IS NOT TRUE OR decided_by_account_id IS NOT NULL"),
    ("demand_exclusions", "decided_by_somebody", "decided_at IS NULL OR decided_by_account_id IS NOT NULL"),
    ("demand_exclusions", "closed_by_somebody", "closed_at IS NULL OR closed_by_account_id IS NOT NULL"),
    ("assessment_appeals", "decided_by_somebody", "decided_at IS NULL OR decided_by_account_id IS NOT NULL"),
    ("assessment_runs", "made_final_by_somebody", "finalized_at IS NULL OR finalized_by_account_id IS NOT NULL"),
)
# A function that runs with its owner's rights must not find tables that somebody made for it: temporary ones come last, by name.
_PATHS = """
DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT p.oid::regprocedure AS it FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace AND p.prosecdef LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path TO %I, pg_temp', found.it, current_schema());
  END LOOP;
END $$
"""
_FUNCTIONS = (_PERSON, _REFUSED, _ANOTHER, _NO_WORKER, _POLICY, _BULLETIN, _AUTHORS, _OBJECTION, _ENTITLED)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("set_by_account_id", "entitled_by_account_id"):
        op.add_column("webhook_subscriptions", sa.Column(name, sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_webhook_subscriptions_{name}"), "webhook_subscriptions", "accounts", [name], ["id"])
    for function in _FUNCTIONS:
        op.execute(function)
    op.execute("REVOKE ALL ON FUNCTION person_behind(uuid) FROM PUBLIC")
    for table, name, column, calls in TRIGGERS:
        op.execute(_WHEN.format(table=table, name=name, column=column, calls=calls))
    for table, name, holds in SOMEBODY:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, holds, postgresql_not_valid=True)
    op.execute("CREATE TRIGGER authors_stay BEFORE UPDATE OF authors ON bulletin_drafts FOR EACH ROW EXECUTE FUNCTION authors_stay()")
    op.execute(
        "CREATE TRIGGER another_entitles BEFORE INSERT OR UPDATE OF entitled, url, unit_id, channel ON webhook_subscriptions"
        " FOR EACH ROW WHEN (NEW.entitled) EXECUTE FUNCTION another_entitles()"
    )
    op.execute(_PATHS)
    _rights()


def _rights() -> None:
    """Who asked for what is written once; and what a door was given and never needed is taken back."""
    decided = "decided_at, decided_by_account_id, granted, decision"
    _only("extensions", decided, INTAKE, WORKER)
    _only("suspensions", f"{decided}, began_at, until_at, ended_at", INTAKE, WORKER)
    _only("webhook_subscriptions", "busy_until, failures, active, disabled_at, disabled_reason, version, updated_at", WORKER)
    op.execute(f"REVOKE INSERT ON rewordings, answers FROM {WORKER}")


def _only(table: str, columns: str, *roles: str) -> None:
    for role in roles:
        op.execute(f"REVOKE UPDATE ON {table} FROM {role}")
        op.execute(f"GRANT UPDATE ({columns}) ON {table} TO {role}")
