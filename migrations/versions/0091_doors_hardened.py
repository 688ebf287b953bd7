"""What hardened doors keep: the day a key was used on, that nobody names themselves to act, and when a contact was changed."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant
from services.platform.database import REPORTING

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None

# One column of one key, forwards, to the day the database itself has: nothing else can be written with it.
_NOTE = """
CREATE FUNCTION note_key_use(used uuid) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
  UPDATE api_keys k SET last_used_on = (now() AT TIME ZONE 'Asia/Shanghai')::date
  WHERE k.id = used AND k.revoked_at IS NULL
    AND (k.last_used_on IS NULL OR k.last_used_on < (now() AT TIME ZONE 'Asia/Shanghai')::date)
$$
"""
# When whoever told it became somebody else to the counts of households, or nobody: corrected, forgotten or erased. Never who they were.
_CHANGED = """
CREATE FUNCTION contact_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.changed_at := clock_timestamp(); RETURN NEW; END $$
"""
_MARK = """
CREATE TRIGGER contact_changed BEFORE UPDATE ON complainants FOR EACH ROW WHEN (
  NEW.phone_index IS DISTINCT FROM OLD.phone_index OR NEW.openid_index IS DISTINCT FROM OLD.openid_index
  OR (NEW.sealed IS NULL) <> (OLD.sealed IS NULL)
) EXECUTE FUNCTION contact_changed()
"""
# Of what may have been changed before this was kept nobody knows when: it counts as changed now.
_BEFORE = """
UPDATE complainants p SET changed_at = now() FROM complaints c WHERE c.id = p.complaint_id AND (
  p.sealed IS NULL OR (p.openid_index IS NULL AND c.channel = 'wechat')
  OR EXISTS (SELECT FROM person_requests r WHERE r.complaint_id = c.id AND r.kind = 'correction')
)
"""
# Nobody names themselves to act for somebody: by person, whatever account or key it is entered with.
_ACTING = """
CREATE FUNCTION another_acts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF EXISTS (SELECT FROM accounts a WHERE a.id = person_behind(NEW.entered_by_account_id) AND a.member_id = NEW.deputy_id)
    OR EXISTS (SELECT FROM accounts a WHERE a.id = NEW.entered_by_account_id AND a.member_id = NEW.deputy_id)
  THEN PERFORM refuse_same_person(TG_NAME, TG_TABLE_NAME); END IF;
  RETURN NEW;
END $$
"""
_ANOTHER_ACTS = """
CREATE TRIGGER another_acts BEFORE INSERT OR UPDATE OF deputy_id, entered_by_account_id ON actings
FOR EACH ROW WHEN (NEW.entered_by_account_id IS NOT NULL) EXECUTE FUNCTION another_acts()
"""
# A function that runs with its owner's rights must not find tables that somebody made for it: temporary ones come last.
_PATH = """
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION note_key_use(uuid) SET search_path TO %I, pg_temp', current_schema());
  EXECUTE format('ALTER FUNCTION another_acts() SET search_path TO %I, pg_temp', current_schema());
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("complainants", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
    for statement in (_NOTE, _ACTING, _PATH, _ANOTHER_ACTS, _CHANGED, _BEFORE, _MARK):
        op.execute(statement)
    op.execute("REVOKE ALL ON FUNCTION note_key_use(uuid) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION note_key_use(uuid) TO {REPORTING}")
    # What a renumbered unit was called to or told, and not done yet, is its successor's; whom it was said to stays as it was said.
    grant("whistle_calls", intake="", worker="UPDATE (unit_id)", reporting="")
    grant("directives", intake="", worker="UPDATE (to_unit_id)", reporting="")
