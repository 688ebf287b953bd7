"""《服务群众工作手册》: opinions in the villager's words, confirmations of five kinds, what became of them; files of opinions."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant
from services.platform.database import INTAKE

revision = "0095"
down_revision = "0094"
branch_labels = None
depends_on = None

_COMMANDS = (
    "('report', 'supplement', 'reword', 'action', 'shift', 'service_step', 'visit', 'visit_completion', 'opinion', 'confirmation',"
    " 'opinion_wording', 'opinion_outcome')"
)
_KINDS = "('signature', 'call_recording', 'wechat', 'sms_code', 'witness')"
_CODED = "('sms_code', 'wechat')"
_REWORDED = "('clearer', 'misheard', 'villager_corrects', 'dialect', 'other')"
_ANSWERED = (
    "('explained', 'policy_does_not_allow', 'done_before', 'not_of_government', 'no_demand', 'told_elsewhere', 'withdrawn_by_villager',"
    " 'other')"
)
# A witness is neither whoever takes the confirmation nor whoever wrote the opinion down or heard it, by person.
_WITNESS = """
CREATE FUNCTION another_witnesses_opinion() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF person_behind(NEW.witness_account_id) = person_behind(NEW.by_account_id) OR EXISTS (
    SELECT FROM opinions o LEFT JOIN accounts a ON a.member_id = o.member_id WHERE o.id = NEW.opinion_id
      AND person_behind(NEW.witness_account_id) IN (person_behind(o.recorded_by_account_id), a.id)
  ) THEN PERFORM refuse_same_person(TG_NAME, TG_TABLE_NAME); END IF;
  RETURN NEW;
END $$
"""
# What was written down of an opinion is changed by nobody; who said it is put right in one way: for a correction that is being decided,
# by whoever left that complaint. The paper it was on is erased, and its key told, so that it is taken out of backups too.
_CORRECT = """
CREATE FUNCTION correct_opinion_contact(request uuid, opinion uuid, paper uuid) RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE told uuid; before uuid; old_key bytea;
BEGIN
  SELECT r.complaint_id INTO told FROM person_requests r WHERE r.id = request AND r.kind = 'correction' AND r.state = 'open';
  SELECT o.contact_paper_id INTO before FROM opinions o WHERE o.id = opinion AND (
    EXISTS (SELECT FROM opinion_outcomes x JOIN complaints c ON c.channel = 'visit' AND c.channel_message_id = CAST(x.id AS text)
      WHERE x.opinion_id = o.id AND c.id = told)
    OR EXISTS (SELECT FROM sealed_papers p JOIN complainants c ON c.phone_index = p.phone_index
      WHERE p.id = o.contact_paper_id AND c.complaint_id = told));
  IF told IS NULL OR before IS NULL OR NOT EXISTS (SELECT FROM sealed_papers p WHERE p.id = paper AND p.kind = 'opinion_contact') THEN
    RAISE EXCEPTION 'no correction is being decided of this opinion' USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT p.row_key INTO old_key FROM sealed_papers p WHERE p.id = before FOR UPDATE;
  UPDATE opinions o SET contact_paper_id = paper WHERE o.id = opinion;
  UPDATE sealed_papers p SET row_key = NULL, sealed = NULL, phone_index = NULL, openid_index = NULL WHERE p.id = before;
  RETURN old_key;
END $$
"""
# A function that runs with its owner's rights must not find tables that somebody made for it: temporary ones come last.
_PATH = """
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION another_witnesses_opinion() SET search_path TO %I, pg_temp', current_schema());
  EXECUTE format('ALTER FUNCTION correct_opinion_contact(uuid, uuid, uuid) SET search_path TO %I, pg_temp', current_schema());
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("INSERT INTO channels (code, name) VALUES ('visit', '入户走访')")
    for table, kinds in (("attachment_links", "'complaint', 'work_log', 'call'"), ("expected_files", "'complaint', 'work_log'")):
        op.drop_constraint(op.f(f"ck_{table}_subject_kind"), table)
        op.create_check_constraint(op.f(f"ck_{table}_subject_kind"), table, f"subject_kind IN ({kinds}, 'opinion')")
    op.drop_constraint(op.f("ck_field_commands_kind"), "field_commands")
    op.create_check_constraint(op.f("ck_field_commands_kind"), "field_commands", f"kind IN {_COMMANDS}")
    # Whose household told it, where that is known of itself: what was told at a door is counted with what its telephone tells.
    op.add_column("complaints", _id("household_id", nullable=True))
    op.create_foreign_key(op.f("fk_complaints_household_id_households"), "complaints", "households", ["household_id"], ["id"])
    _opinions()
    _wordings()
    _codes()
    _confirmations()
    _outcomes()
    _reminders()
    _answers()
    _erasures()
    op.execute(_WITNESS)
    op.execute(_CORRECT)
    op.execute(_PATH)
    op.execute("REVOKE ALL ON FUNCTION correct_opinion_contact(uuid, uuid, uuid) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION correct_opinion_contact(uuid, uuid, uuid) TO {INTAKE}")
    op.execute(
        "CREATE TRIGGER another_witnesses BEFORE INSERT ON opinion_confirmations"
        " FOR EACH ROW WHEN (NEW.witness_account_id IS NOT NULL) EXECUTE FUNCTION another_witnesses_opinion()"
    )
    # What was told, confirmed and done stays as it was. The worker follows units that were renumbered, takes what comes by WeChat, and
    # sends codes.
    grant("opinions", intake="SELECT, INSERT", worker="SELECT, UPDATE (unit_id)")
    grant("opinion_wordings, opinion_outcomes", intake="SELECT, INSERT")
    grant("opinion_confirmations", intake="SELECT, INSERT", worker="SELECT, INSERT")
    grant("opinion_codes", intake="SELECT, INSERT, UPDATE (wrong)")
    grant("opinion_codes", intake="", worker="UPDATE (state, tries, wrong, next_try_at, sent_at, last_error)", reporting="")
    grant("opinion_reminders", worker="SELECT, INSERT")
    grant("opinion_answers", intake="SELECT, INSERT", worker="SELECT, UPDATE (state, tries, next_try_at, sent_at, last_error)")
    grant("opinion_erasures", intake="SELECT, INSERT", worker="SELECT, INSERT, UPDATE (erased_at)", reporting="")


def _id(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _at(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def _bytes(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _to(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    """Return the foreign keys of a table's columns to the ids of other tables."""
    return [
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}")) for column, other in columns.items()
    ]


def _checks(table: str, **checks: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}")) for name, condition in checks.items()]


def _words(table: str) -> sa.ForeignKeyConstraint:
    """Return the constraint that a row is about a wording there is."""
    columns = ("opinion_id", "sequence", "words_hash")
    return sa.ForeignKeyConstraint(columns, [f"opinion_wordings.{column}" for column in columns], name=f"fk_{table}_words")


def _opinions() -> None:
    op.create_table(
        "opinions",
        _id("id"),
        _id("visit_id", nullable=True),
        _id("household_id"),
        _id("unit_id"),
        _id("member_id"),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("wants_answer", sa.Boolean(), nullable=False),
        _id("contact_paper_id", nullable=True),
        *_at("heard_at"),
        _bytes("fingerprint"),
        *_at("recorded_at"),
        _id("recorded_by_account_id"),
        *_to(
            "opinions", id="activities", visit_id="visits", household_id="households", unit_id="units", member_id="members",
            contact_paper_id="sealed_papers", recorded_by_account_id="accounts",
        ),
        sa.ForeignKeyConstraint(["category_code"], ["categories.code"], name=op.f("fk_opinions_category_code_categories")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinions")),
    )  # fmt: skip
    for columns in (("household_id", "heard_at"), ("visit_id",), ("member_id", "heard_at"), ("recorded_at", "id")):
        op.create_index(op.f(f"ix_opinions_{'_'.join(columns)}"), "opinions", list(columns))


def _wordings() -> None:
    table = "opinion_wordings"
    op.create_table(
        table,
        _id("id"),
        _id("opinion_id"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        _bytes("words_hash"),
        sa.Column("because", sa.Text(), nullable=True),
        _id("paper_id"),
        _bytes("fingerprint"),
        *_at("happened_at", "recorded_at"),
        _id("author_account_id"),
        *_checks(
            table, later_with_reason="sequence >= 1 AND (sequence = 1) = (because IS NULL)", because=f"because IN {_REWORDED}",
            words_hash="length(words_hash) = 32",
        ),
        *_to(table, opinion_id="opinions", paper_id="sealed_papers", author_account_id="accounts"),
        sa.UniqueConstraint("opinion_id", "sequence", name=op.f(f"uq_{table}_opinion_id_sequence")),
        sa.UniqueConstraint("opinion_id", "sequence", "words_hash", name=op.f(f"uq_{table}_opinion_id_sequence_words_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{table}_paper_id"), table, ["paper_id"])


def _codes() -> None:
    table = "opinion_codes"
    op.create_table(
        table,
        _id("id"),
        _id("opinion_id"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        _bytes("words_hash"),
        sa.Column("way", sa.Text(), nullable=False),
        _id("paper_id", nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("wrong", sa.Integer(), server_default=sa.text("0"), nullable=False),
        *_at("next_try_at"),
        *_at("sent_at", nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        *_at("asked_at", "expires_at"),
        _id("asked_by_account_id"),
        *_checks(
            table, way=f"way IN {_CODED}", state="state IN ('queued', 'sent', 'given_up', 'by_hand')",
            sent_somewhere="(way = 'sms_code') = (paper_id IS NOT NULL)", sent_by_us="(state = 'by_hand') = (way = 'wechat')",
            expires="expires_at > asked_at", wrong="wrong BETWEEN 0 AND 5",
        ),
        *_to(table, opinion_id="opinions", paper_id="sealed_papers", asked_by_account_id="accounts"),
        _words(table),
        sa.UniqueConstraint("id", "opinion_id", "sequence", "way", name=op.f(f"uq_{table}_id_opinion_id_sequence_way")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )  # fmt: skip
    op.create_index("ix_opinion_codes_queued", table, ["next_try_at", "id"], postgresql_where=sa.text("state = 'queued'"))
    op.create_index(op.f("ix_opinion_codes_opinion_id_asked_at"), table, ["opinion_id", "asked_at"])
    op.create_index(op.f("ix_opinion_codes_paper_id"), table, ["paper_id"])


def _confirmations() -> None:
    table = "opinion_confirmations"
    op.create_table(
        table,
        _id("id"),
        _id("opinion_id"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        _bytes("words_hash"),
        sa.Column("kind", sa.Text(), nullable=False),
        *(_id(name, nullable=True) for name in ("attachment_id", "call_id", "code_id", "witness_account_id", "paper_id")),
        _bytes("fingerprint"),
        *_at("happened_at", "recorded_at"),
        _id("by_account_id", nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        *_checks(
            table, kind=f"kind IN {_KINDS}", rated_to_nobody_who_is_rated="satisfied IS NULL OR kind IN ('call_recording', 'wechat')", signed_on_a_picture="(kind = 'signature') = (attachment_id IS NOT NULL)",
            recorded_in_a_call="(kind = 'call_recording') = (call_id IS NOT NULL)", by_its_code=f"(kind IN {_CODED}) = (code_id IS NOT NULL)",
            one_witness="kind <> 'witness' OR (witness_account_id IS NULL) <> (paper_id IS NULL)",
            witness_alone="kind = 'witness' OR witness_account_id IS NULL",
            whose_wechat="kind = 'witness' OR (kind = 'wechat') = (paper_id IS NOT NULL)",
            taken_by_somebody="(by_account_id IS NULL) = (kind = 'wechat')",
        ),
        *_to(
            table, opinion_id="opinions", attachment_id="attachments", call_id="calls", witness_account_id="accounts",
            paper_id="sealed_papers", by_account_id="accounts",
        ),
        _words(table),
        sa.ForeignKeyConstraint(
            ["code_id", "opinion_id", "sequence", "kind"],
            ["opinion_codes.id", "opinion_codes.opinion_id", "opinion_codes.sequence", "opinion_codes.way"],
            name="fk_opinion_confirmations_code",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )  # fmt: skip
    op.create_index(op.f("ix_opinion_confirmations_opinion_id_recorded_at"), table, ["opinion_id", "recorded_at"])
    op.create_index(op.f("ix_opinion_confirmations_paper_id"), table, ["paper_id"])
    for name, columns in (
        ("code", ["code_id"]), ("picture", ["attachment_id"]), ("call", ["opinion_id", "sequence", "call_id"])
    ):  # fmt: skip
        there = sa.text(f"{columns[-1]} IS NOT NULL")
        op.create_index(f"uq_opinion_confirmations_{name}", table, columns, unique=True, postgresql_where=there)


def _outcomes() -> None:
    table = "opinion_outcomes"
    op.create_table(
        table,
        _id("id"),
        _id("opinion_id"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=True),
        *(_id(name, nullable=True) for name in ("ticket_id", "matter_id", "paper_id")),
        _bytes("fingerprint"),
        *_at("happened_at", "recorded_at"),
        _id("by_account_id"),
        *_checks(
            table, kind="kind IN ('on_the_spot', 'ticket', 'matter', 'answered')", a_ticket="(kind = 'ticket') = (ticket_id IS NOT NULL)",
            a_matter="(kind = 'matter') = (matter_id IS NOT NULL)", answered_with_reason="(kind = 'answered') = (because IS NOT NULL)",
            because=f"because IN {_ANSWERED}", told="kind NOT IN ('on_the_spot', 'answered') OR paper_id IS NOT NULL",
        ),
        *_to(table, opinion_id="opinions", ticket_id="tickets", paper_id="sealed_papers", by_account_id="accounts"),
        sa.UniqueConstraint("opinion_id", "ticket_id", name=op.f(f"uq_{table}_opinion_id_ticket_id")),
        sa.UniqueConstraint("opinion_id", "matter_id", name=op.f(f"uq_{table}_opinion_id_matter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )  # fmt: skip
    for columns in (["opinion_id", "recorded_at"], ["ticket_id"], ["paper_id"]):
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)
    op.create_index("ix_opinion_outcomes_matter", table, ["matter_id"], postgresql_where=sa.text("matter_id IS NOT NULL"))


def _reminders() -> None:
    table = "opinion_reminders"
    op.create_table(
        table,
        _id("opinion_id"),
        _id("unit_id"),
        *_at("told_at"),
        *_to(table, opinion_id="opinions", unit_id="units"),
        sa.PrimaryKeyConstraint("opinion_id", "unit_id", name=op.f(f"pk_{table}")),
    )


def _answers() -> None:
    table = "opinion_answers"
    op.create_table(
        table,
        _id("outcome_id"),
        _id("paper_id"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        *_at("next_try_at"),
        *_at("sent_at", nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        *_checks(table, state="state IN ('queued', 'sent', 'given_up')", sent="(state = 'sent') = (sent_at IS NOT NULL)"),
        *_to(table, outcome_id="opinion_outcomes", paper_id="sealed_papers"),
        sa.PrimaryKeyConstraint("outcome_id", name=op.f(f"pk_{table}")),
    )
    op.create_index("ix_opinion_answers_queued", table, ["next_try_at", "outcome_id"], postgresql_where=sa.text("state = 'queued'"))
    op.create_index(op.f(f"ix_{table}_paper_id"), table, ["paper_id"])


def _erasures() -> None:
    table = "opinion_erasures"
    op.create_table(
        table,
        _id("id"),
        _id("opinion_id"),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        *(_id(name, nullable=True) for name in ("paper_id", "request_id")),
        *_at("asked_at"),
        _id("by_account_id", nullable=True),
        *_at("erased_at", nullable=True),
        *_checks(table, because="because IN ('request', 'retention', 'order', 'unlawful')"),
        *_to(
            table, opinion_id="opinions", paper_id="sealed_papers", request_id="person_requests", by_account_id="accounts"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )  # fmt: skip
    owed = sa.text("erased_at IS NULL")
    op.create_index("uq_opinion_erasures_owed", table, ["opinion_id", "whole"], unique=True, postgresql_where=owed)
