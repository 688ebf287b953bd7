"""What open clients gave and were told."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _requests()
    _updates()
    _media()


def _requests() -> None:
    op.create_table(
        "open311_requests",
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("described", sa.Integer(), nullable=False),
        sa.Column("repeat_key", sa.LargeBinary(), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", _AT, nullable=False),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_open311_requests_complaint_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_open311_requests_ticket_id")),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name=op.f("fk_open311_requests_connection_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["sealed_papers.id"], name=op.f("fk_open311_requests_paper_id")),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_open311_requests")),
    )
    op.create_index(op.f("ix_open311_requests_ticket_id"), "open311_requests", ["ticket_id"])
    op.create_index(op.f("ix_open311_requests_connection_id_recorded_at"), "open311_requests", ["connection_id", "recorded_at"])
    op.create_index(
        "ix_open311_requests_repeat_key",
        "open311_requests",
        ["repeat_key", "recorded_at"],
        postgresql_where=sa.text("repeat_key IS NOT NULL"),
    )
    grant("open311_requests", intake="SELECT, INSERT", reporting="")


def _updates() -> None:
    op.create_table(
        "open311_updates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("update_id", sa.Text(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=True),
        sa.Column("said_at", _AT, nullable=False),
        sa.Column("recorded_at", _AT, nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name=op.f("fk_open311_updates_connection_id")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_open311_updates_complaint_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["sealed_papers.id"], name=op.f("fk_open311_updates_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open311_updates")),
        sa.UniqueConstraint("connection_id", "update_id", name=op.f("uq_open311_updates_connection_id_update_id")),
    )
    op.create_index(op.f("ix_open311_updates_complaint_id"), "open311_updates", ["complaint_id"])
    grant("open311_updates", intake="SELECT, INSERT", reporting="")


def _media() -> None:
    op.create_table(
        "open311_media",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'wanted'"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_try_at", _AT, nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('wanted', 'fetched', 'given_up')", name=op.f("ck_open311_media_state")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_open311_media_complaint_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["sealed_papers.id"], name=op.f("fk_open311_media_paper_id")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachments.id"], name=op.f("fk_open311_media_attachment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open311_media")),
        sa.UniqueConstraint("paper_id", "nth", name=op.f("uq_open311_media_paper_id_nth")),
    )
    op.create_index("ix_open311_media_wanted", "open311_media", ["next_try_at"], postgresql_where=sa.text("state = 'wanted'"))
    # The door says what is wanted, the worker fetches it and ties it to the complaint.
    grant("open311_media", intake="SELECT, INSERT", worker="SELECT, UPDATE", reporting="")
