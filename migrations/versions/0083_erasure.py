"""Retention, legal hold, restriction, and requests of the people concerned about their own data."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant
from services.platform.database import INTAKE, WORKER

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None

_KINDS = "('contact', 'papers', 'conversations', 'files', 'recordings', 'words')"
_BECAUSE = "('request', 'retention', 'order', 'unlawful')"
_HOLDS = "('litigation', 'review', 'inspection', 'audit', 'investigation')"
_RESTRICTED = "('request', 'dispute', 'safety')"
_REQUESTS = "('access', 'copy', 'correction', 'deletion')"
_REFUSED = "('not_the_person', 'held', 'still_needed', 'law_keeps', 'others_rights', 'unfounded')"
_POLICIES = "('calendar', 'ladder', 'catalogue', 'composite', 'assessment', 'retention')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_policies_kind"), "policies")
    op.create_check_constraint(op.f("ck_policies_kind"), "policies", f"kind IN {_POLICIES}")
    _holds()
    _requests()
    _restrictions()
    _erasures()
    _rights()
    op.execute(_CORRECT)
    op.execute("REVOKE ALL ON FUNCTION correct_contact(uuid, bytea, bytea, bytea, bytea, bytea) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION correct_contact(uuid, bytea, bytea, bytea, bytea, bytea) TO {INTAKE}")
    op.execute(_REDACT)
    op.execute("REVOKE ALL ON FUNCTION redact_words(uuid, text, uuid, text, text) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION redact_words(uuid, text, uuid, text, text) TO {WORKER}")


def _at(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[UUID]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _to(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint([name], [f"{to}.id"], name=op.f(f"fk_{table}_{name}")) for name, to in targets.items()]


def _holds() -> None:
    op.create_table(
        "legal_holds",
        _id("id"),
        _id("ticket_id"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        _at("until"),
        _at("placed_at"),
        _id("placed_by_account_id"),
        _at("lifted_at", nullable=True),
        _id("lifted_by_account_id", nullable=True),
        sa.CheckConstraint(f"reason IN {_HOLDS}", name=op.f("ck_legal_holds_reason")),
        sa.CheckConstraint("lifted_by_account_id <> placed_by_account_id", name=op.f("ck_legal_holds_another_lifts")),
        sa.CheckConstraint("(lifted_at IS NULL) = (lifted_by_account_id IS NULL)", name=op.f("ck_legal_holds_lifted")),
        sa.CheckConstraint("until > placed_at", name=op.f("ck_legal_holds_until")),
        *_to("legal_holds", ticket_id="tickets", placed_by_account_id="accounts", lifted_by_account_id="accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    op.create_index(op.f("ix_legal_holds_ticket_id"), "legal_holds", ["ticket_id"])


def _requests() -> None:
    op.create_table(
        "person_requests",
        _id("id"),
        _id("complaint_id"),
        _id("ticket_id"),
        sa.Column("kind", sa.Text(), nullable=False),
        _id("paper_id", nullable=True),
        _at("made_at"),
        _at("due_at"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        _at("decided_at", nullable=True),
        _id("decided_by_account_id", nullable=True),
        _at("open_until", nullable=True),
        sa.CheckConstraint(f"kind IN {_REQUESTS}", name=op.f("ck_person_requests_kind")),
        sa.CheckConstraint("state IN ('open', 'done', 'refused')", name=op.f("ck_person_requests_state")),
        sa.CheckConstraint(f"reason IN {_REFUSED}", name=op.f("ck_person_requests_reason")),
        sa.CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name=op.f("ck_person_requests_refused_because")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_person_requests_decided")),
        *_to("person_requests", complaint_id="complaints", ticket_id="tickets", paper_id="sealed_papers", decided_by_account_id="accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_requests")),
    )
    unfinished = sa.text("state = 'open'")
    op.create_index("ix_person_requests_open", "person_requests", ["complaint_id", "kind"], unique=True, postgresql_where=unfinished)
    op.create_index("ix_person_requests_due", "person_requests", ["due_at", "id"], postgresql_where=unfinished)
    op.create_index(op.f("ix_person_requests_complaint_id"), "person_requests", ["complaint_id"])


def _restrictions() -> None:
    op.create_table(
        "restrictions",
        _id("id"),
        _id("complaint_id"),
        sa.Column("because", sa.Text(), nullable=False),
        _id("request_id", nullable=True),
        _at("placed_at"),
        _id("placed_by_account_id", nullable=True),
        _at("lifted_at", nullable=True),
        _id("lifted_by_account_id", nullable=True),
        sa.CheckConstraint(f"because IN {_RESTRICTED}", name=op.f("ck_restrictions_because")),
        *_to(
            "restrictions",
            complaint_id="complaints",
            request_id="person_requests",
            placed_by_account_id="accounts",
            lifted_by_account_id="accounts",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restrictions")),
    )
    op.create_index("ix_restrictions_standing", "restrictions", ["complaint_id"], postgresql_where=sa.text("lifted_at IS NULL"))


def _erasures() -> None:
    op.create_table(
        "erasures",
        _id("id"),
        _id("complaint_id"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        _id("paper_id", nullable=True),
        _id("request_id", nullable=True),
        _at("planned_at"),
        _id("planned_by_account_id", nullable=True),
        _at("erased_at", nullable=True),
        _at("done_at", nullable=True),
        sa.CheckConstraint(f"kind IN {_KINDS}", name=op.f("ck_erasures_kind")),
        sa.CheckConstraint(f"because IN {_BECAUSE}", name=op.f("ck_erasures_because")),
        sa.CheckConstraint("done_at IS NULL OR erased_at IS NOT NULL", name=op.f("ck_erasures_erased_before_done")),
        *_to(
            "erasures",
            complaint_id="complaints",
            paper_id="sealed_papers",
            request_id="person_requests",
            planned_by_account_id="accounts",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(op.f("ix_erasures_complaint_id_kind"), "erasures", ["complaint_id", "kind"])
    op.create_index("ix_erasures_owed", "erasures", ["planned_at", "id"], postgresql_where=sa.text("done_at IS NULL"))
    op.create_table(
        "erased_files",
        _id("erasure_id"),
        sa.Column("store_key", sa.Text(), nullable=False),
        *_to("erased_files", erasure_id="erasures"),
        sa.PrimaryKeyConstraint("erasure_id", "store_key", name=op.f("pk_erased_files")),
    )
    op.create_table(
        "key_turns",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("day", "generation", name=op.f("pk_key_turns")),
    )


def _rights() -> None:
    """The door decides, the worker erases. What was decided nobody takes back, and nobody but the worker's erasing removes anything."""
    grant("legal_holds", intake="SELECT, INSERT, UPDATE (lifted_at, lifted_by_account_id)", reporting="")
    decided = "state, reason, words, decided_at, decided_by_account_id, open_until"
    grant("person_requests", intake=f"SELECT, INSERT, UPDATE ({decided})", worker="SELECT, UPDATE (paper_id)", reporting="")
    grant("restrictions", intake="SELECT, INSERT, UPDATE (lifted_at, lifted_by_account_id)", worker="SELECT", reporting="")
    grant("erasures", intake="SELECT, INSERT", worker="SELECT, INSERT, UPDATE (erased_at, done_at)", reporting="")
    grant("erased_files", intake="", worker="SELECT, INSERT, DELETE", reporting="")
    grant("key_turns", intake="INSERT", worker="SELECT, INSERT, UPDATE, DELETE", reporting="")
    grant("attachments", intake="", worker="UPDATE (sha256, store_key, size)", reporting="")
    grant("attachment_links, picture_facts, public_copies", intake="", worker="SELECT, DELETE", reporting="")
    grant("ticket_calls, call_drafts, contact_reveals, recording_accesses", intake="", worker="SELECT", reporting="")


# The door may erase nobody: it puts another contact in the place of one that is there, and only while a correction is being decided.
_CORRECT = """
CREATE FUNCTION correct_contact(request uuid, old_key bytea, new_key bytea, new_sealed bytea, new_phone bytea, new_openid bytea)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE told uuid;
BEGIN
  SELECT r.complaint_id INTO told FROM person_requests r WHERE r.id = request AND r.kind = 'correction' AND r.state = 'open';
  IF told IS NULL OR old_key IS NULL OR new_key IS NULL OR new_sealed IS NULL THEN
    RAISE EXCEPTION 'no correction is being decided under this id' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE complainants c SET row_key = new_key, sealed = new_sealed, phone_index = new_phone, openid_index = new_openid
    WHERE c.complaint_id = told AND c.row_key = old_key;
  RETURN FOUND;
END $$
"""
# Words are written once: no role has a right to change them. This is the one way to take something out of them, and it needs an erasure of
# that very complaint that is under way, so that it cannot happen without a trace.
_REDACT = """
CREATE FUNCTION redact_words(erasure uuid, place text, row_id uuid, new_words text, new_place_words text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE told uuid; entire boolean;
BEGIN
  SELECT e.complaint_id, e.whole INTO told, entire FROM erasures e WHERE e.id = erasure AND e.kind = 'words' AND e.erased_at IS NULL;
  IF told IS NULL THEN
    RAISE EXCEPTION 'no erasure of words is under way under this id' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF place = 'complaints' THEN
    UPDATE complaints c SET words = new_words, place_words = new_place_words,
      lat = CASE WHEN entire THEN NULL ELSE c.lat END, lon = CASE WHEN entire THEN NULL ELSE c.lon END
      WHERE c.id = row_id AND c.id = told;
  ELSIF place = 'supplements' THEN
    UPDATE supplements s SET words = new_words, place_words = new_place_words,
      lat = CASE WHEN entire THEN NULL ELSE s.lat END, lon = CASE WHEN entire THEN NULL ELSE s.lon END
      WHERE s.id = row_id AND s.complaint_id = told;
  ELSIF place = 'rewordings' THEN
    UPDATE rewordings r SET words = new_words WHERE r.id = row_id AND r.complaint_id = told;
  ELSIF place = 'call_backs' THEN
    UPDATE call_backs b SET words = new_words WHERE b.id = row_id AND b.complaint_id = told;
  ELSE
    RAISE EXCEPTION 'words are not taken out of %', place;
  END IF;
  RETURN FOUND;
END $$
"""
