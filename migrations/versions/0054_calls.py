"""Calls, what exchanges said of them, and their recordings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _calls()
    _events()
    _recordings()
    _files()
    # The worker fetches recordings; files are only ever added.
    grant("attachments, attachment_links", intake="", worker="SELECT, INSERT", reporting="")


def _calls() -> None:
    moments = ("queued_at", "ringing_at", "answered_at", "ended_at", "recording_next_try_at", "recording_fetched_at")
    words = ("dnis", "queue", "agent", "extension", "disposition", "hang_up_side", "recording_state", "recording_error")
    op.create_table(
        "calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("source", "call_id", "linked_id", "direction", "basis")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in words),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("arrived_at", "first_heard_at", "updated_at")),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in moments),
        *(sa.Column(name, sa.Uuid(), nullable=True) for name in ("paper_id", "recording_paper_id", "recording_attachment_id")),
        sa.Column("queued", sa.Boolean(), nullable=False),
        sa.Column("called_before", sa.Boolean(), nullable=True),
        sa.Column("wait_seconds", sa.Integer(), nullable=True),
        sa.Column("talk_seconds", sa.Integer(), nullable=True),
        sa.Column("recording_tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("direction IN ('inbound', 'outbound')", name=op.f("ck_calls_direction")),
        sa.CheckConstraint(
            "disposition IN ('answered', 'abandoned_in_queue', 'abandoned_in_ivr', 'ivr_only', 'busy', 'failed', 'out_of_hours')",
            name=op.f("ck_calls_disposition"),
        ),
        sa.CheckConstraint("basis IN ('queue', 'record')", name=op.f("ck_calls_basis")),
        sa.CheckConstraint("hang_up_side IN ('caller', 'agent', 'system')", name=op.f("ck_calls_hang_up_side")),
        sa.CheckConstraint("recording_state IN ('awaited', 'kept', 'given_up')", name=op.f("ck_calls_recording_state")),
        sa.CheckConstraint("wait_seconds >= 0 AND talk_seconds >= 0", name=op.f("ck_calls_seconds_passed")),
        sa.CheckConstraint("(recording_state = 'kept') = (recording_attachment_id IS NOT NULL)", name=op.f("ck_calls_recording_kept")),
        sa.ForeignKeyConstraint(["paper_id"], ["sealed_papers.id"], name=op.f("fk_calls_paper_id_sealed_papers")),
        sa.ForeignKeyConstraint(["recording_paper_id"], ["sealed_papers.id"], name=op.f("fk_calls_recording_paper_id_sealed_papers")),
        sa.ForeignKeyConstraint(["recording_attachment_id"], ["attachments.id"], name=op.f("fk_calls_recording_attachment_id_attachments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("source", "call_id", name=op.f("uq_calls_source_call_id")),
    )
    op.create_index(op.f("ix_calls_source_linked_id"), "calls", ["source", "linked_id"])
    op.create_index(op.f("ix_calls_arrived_at_id"), "calls", ["arrived_at", "id"])
    op.create_index(op.f("ix_calls_paper_id"), "calls", ["paper_id"])
    op.create_index(op.f("ix_calls_recording_attachment_id"), "calls", ["recording_attachment_id"])
    awaited = sa.text("recording_state = 'awaited'")
    op.create_index("ix_calls_recording_awaited", "calls", ["recording_next_try_at", "id"], postgresql_where=awaited)
    grant("calls", intake="SELECT, INSERT, UPDATE", worker="SELECT, INSERT, UPDATE")


def _events() -> None:
    op.create_table(
        "call_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("linked_id", sa.Text(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("reconciled", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("(call_id IS NULL) = (error IS NOT NULL)", name=op.f("ck_call_events_read_or_explained")),
        sa.ForeignKeyConstraint(["paper_id"], ["sealed_papers.id"], name=op.f("fk_call_events_paper_id_sealed_papers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_events")),
        sa.UniqueConstraint("source", "call_id", "event", name=op.f("uq_call_events_source_call_id_event")),
    )
    op.create_index(op.f("ix_call_events_source_linked_id"), "call_events", ["source", "linked_id"])
    unreadable = sa.text("call_id IS NULL")
    op.create_index("ix_call_events_unreadable", "call_events", ["source", "fingerprint"], unique=True, postgresql_where=unreadable)
    op.create_index("ix_call_events_unreadable_newest", "call_events", ["received_at", "id"], postgresql_where=unreadable)
    # An event that was found in a file gives way to the exchange's own word when that comes after all; nothing is ever deleted.
    grant("call_events", intake="SELECT, INSERT, UPDATE", worker="SELECT, INSERT, UPDATE", reporting="")


def _recordings() -> None:
    op.create_table(
        "recording_accesses",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("id", "call_id", "attachment_id", "account_id")),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("first_byte", sa.BigInteger(), nullable=False),
        sa.Column("last_byte", sa.BigInteger(), nullable=False),
        sa.Column("accessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_recording_accesses_call_id_calls")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachments.id"], name=op.f("fk_recording_accesses_attachment_id_attachments")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_recording_accesses_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_accesses")),
    )
    op.create_index(op.f("ix_recording_accesses_call_id"), "recording_accesses", ["call_id"])
    grant("recording_accesses", intake="SELECT, INSERT", worker="", reporting="")


def _files() -> None:
    op.create_table(
        "exchange_files",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "path", name=op.f("pk_exchange_files")),
    )
    grant("exchange_files", intake="", worker="SELECT, INSERT, UPDATE", reporting="")
