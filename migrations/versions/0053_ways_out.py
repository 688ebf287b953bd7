"""Degrees of reaching somebody, quotas and consents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    _tokens()
    _people()
    _phone_tasks()
    op.add_column("messages", sa.Column("ways", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.create_index(
        "ix_messages_template_reference",
        "messages",
        ["provider_reference"],
        postgresql_where=sa.text("carrier = 'wechat_template'"),
    )
    op.create_index("ix_messages_subscribed", "messages", ["complaint_id"], postgresql_where=sa.text("carrier = 'wechat_subscription'"))
    op.create_table(
        "paused_ways",
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("paused_at", WHEN, nullable=False),
        sa.Column("until", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("way", name=op.f("pk_paused_ways")),
    )
    grant("paused_ways", worker="SELECT, INSERT, UPDATE, DELETE")


def _tokens() -> None:
    op.create_table(
        "wechat_tokens",
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fetched_at", WHEN, nullable=True),
        sa.Column("good_until", WHEN, nullable=True),
        sa.Column("expires_at", WHEN, nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", WHEN, nullable=True),
        sa.Column("forced_at", WHEN, nullable=True),
        sa.Column("forced_day", sa.Date(), nullable=True),
        sa.Column("forced_today", sa.Integer(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("failed_until", WHEN, nullable=True),
        sa.PrimaryKeyConstraint("app_id", name=op.f("pk_wechat_tokens")),
    )
    grant("wechat_tokens", intake="", worker="SELECT, INSERT, UPDATE", reporting="")


def _people() -> None:
    op.create_table(
        "wechat_people",
        sa.Column("openid_index", sa.LargeBinary(), nullable=False),
        sa.Column("last_message_at", WHEN, nullable=True),
        sa.Column("message_sends", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("touched_at", WHEN, nullable=True),
        sa.Column("touch_sends", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("consents", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("openid_index", name=op.f("pk_wechat_people")),
    )
    op.create_table(
        "wechat_failures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("openid_index", sa.LargeBinary(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("template_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", WHEN, nullable=False),
        sa.CheckConstraint("message_id IS NOT NULL OR template_id IS NOT NULL", name=op.f("ck_wechat_failures_known_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_failures")),
    )
    op.create_index(op.f("ix_wechat_failures_recorded_at"), "wechat_failures", ["recorded_at"])
    # Pushes come in at either door; who unfollows is forgotten at once.
    grant("wechat_people", intake="SELECT, INSERT, UPDATE, DELETE", worker="SELECT, INSERT, UPDATE, DELETE", reporting="")
    grant("wechat_failures", intake="SELECT, INSERT, DELETE", worker="SELECT, INSERT, DELETE", reporting="")


def _phone_tasks() -> None:
    op.create_table(
        "phone_tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", WHEN, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("done_at", WHEN, nullable=True),
        sa.Column("done_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.CheckConstraint("purpose IN ('tell', 'call_back')", name=op.f("ck_phone_tasks_purpose")),
        sa.CheckConstraint("state IN ('open', 'done', 'unreachable')", name=op.f("ck_phone_tasks_state")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_phone_tasks_complaint_id")),
        sa.ForeignKeyConstraint(["done_by_account_id"], ["accounts.id"], name=op.f("fk_phone_tasks_done_by_account_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_phone_tasks_message_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_phone_tasks_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_tasks")),
        sa.UniqueConstraint("message_id", name=op.f("uq_phone_tasks_message_id")),
    )
    op.create_index("ix_phone_tasks_open", "phone_tasks", ["not_before", "id"], postgresql_where=sa.text("state = 'open'"))
    op.create_index(op.f("ix_phone_tasks_ticket_id"), "phone_tasks", ["ticket_id"])
    grant("phone_tasks", intake="SELECT, INSERT, UPDATE", worker="SELECT, INSERT", reporting="")
