"""Drafts, links between calls and tickets, notes, calls to make."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _drafts()
    _links()
    _reveals()
    _phone_tasks()
    op.add_column("calls", sa.Column("satisfaction", sa.SmallInteger(), nullable=True))
    op.create_check_constraint(op.f("ck_calls_satisfaction"), "calls", "satisfaction BETWEEN 1 AND 3")
    grant("call_drafts", intake="SELECT, INSERT, UPDATE", reporting="")
    # What operators noted of a call are words about people: no figure is made of them.
    grant("ticket_calls, call_notes", intake="SELECT, INSERT", worker="", reporting="")
    grant("contact_reveals", intake="SELECT, INSERT", reporting="")
    grant("phone_tasks", intake="", worker="UPDATE", reporting="")


def _drafts() -> None:
    op.create_table(
        "call_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("author_account_id", sa.Uuid(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ticket_number", sa.Text(), nullable=True),
        sa.Column("discarded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("discarded_because", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["author_account_id"], ["accounts.id"], name=op.f("fk_call_drafts_author_account_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["sealed_papers.id"], name=op.f("fk_call_drafts_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_drafts")),
    )
    op.create_index(
        "ix_call_drafts_open", "call_drafts", ["saved_at"], postgresql_where=sa.text("filed_at IS NULL AND discarded_at IS NULL")
    )


def _links() -> None:
    op.create_table(
        "ticket_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_account_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('told', 'supplement', 'urge', 'tell', 'call_back', 'three_party')", name=op.f("ck_ticket_calls_purpose")
        ),
        sa.ForeignKeyConstraint(["by_account_id"], ["accounts.id"], name=op.f("fk_ticket_calls_by_account_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_calls_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_calls")),
        sa.UniqueConstraint("ticket_id", "call_id", "purpose", name=op.f("uq_ticket_calls_ticket_id_call_id_purpose")),
    )
    op.create_index(op.f("ix_ticket_calls_call_id"), "ticket_calls", ["call_id"])
    op.create_table(
        "call_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("author_account_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('note', 'three_party')", name=op.f("ck_call_notes_kind")),
        sa.ForeignKeyConstraint(["author_account_id"], ["accounts.id"], name=op.f("fk_call_notes_author_account_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_call_notes_ticket_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_call_notes_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_notes")),
    )
    op.create_index(op.f("ix_call_notes_call_id"), "call_notes", ["call_id"])
    op.create_index(op.f("ix_call_notes_ticket_id"), "call_notes", ["ticket_id"])


def _reveals() -> None:
    op.create_table(
        "contact_reveals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("revealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_contact_reveals_account_id")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_contact_reveals_complaint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_reveals")),
    )
    op.create_index(op.f("ix_contact_reveals_complaint_id"), "contact_reveals", ["complaint_id"])


def _phone_tasks() -> None:
    op.add_column("phone_tasks", sa.Column("event_id", sa.Uuid(), nullable=True))
    op.add_column("phone_tasks", sa.Column("round", sa.Integer(), server_default="1", nullable=False))
    op.add_column("phone_tasks", sa.Column("taken_by_account_id", sa.Uuid(), nullable=True))
    op.add_column("phone_tasks", sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(op.f("fk_phone_tasks_event_id"), "phone_tasks", "events", ["event_id"], ["id"])
    op.create_foreign_key(op.f("fk_phone_tasks_taken_by_account_id"), "phone_tasks", "accounts", ["taken_by_account_id"], ["id"])
    op.create_unique_constraint(op.f("uq_phone_tasks_event_id_complaint_id"), "phone_tasks", ["event_id", "complaint_id"])
    op.drop_constraint("ck_phone_tasks_state", "phone_tasks")
    op.create_check_constraint(op.f("ck_phone_tasks_state"), "phone_tasks", "state IN ('open', 'done', 'unreachable', 'void')")
    op.create_index(op.f("ix_complaints_call_id"), "complaints", ["call_id"])
    op.create_index(op.f("ix_calls_call_id"), "calls", ["call_id"])
