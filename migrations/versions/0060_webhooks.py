"""Subscriptions to events and their deliveries; orders of upper-level platforms and every push of theirs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _subscriptions()
    _deliveries()
    _orders()
    _pushes()


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _subscriptions() -> None:
    op.create_table(
        "webhook_subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("connection_code", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("event_types", postgresql.JSONB(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("entitled", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        _instant("previous_until", nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        _instant("since"),
        _instant("disabled_at", nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        _instant("busy_until"),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _instant("created_at"),
        _instant("updated_at"),
        sa.CheckConstraint("format IN ('standard', 'platform')", name=op.f("ck_webhook_subscriptions_format")),
        sa.CheckConstraint(
            "(format = 'platform') = (connection_code IS NOT NULL) AND (format = 'platform') = (url IS NULL)"
            " AND (format = 'platform') = (secret IS NULL)",
            name=op.f("ck_webhook_subscriptions_platform_is_a_connection"),
        ),
        sa.CheckConstraint("active = (disabled_at IS NULL)", name=op.f("ck_webhook_subscriptions_disabled_at_some_time")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_webhook_subscriptions_unit_id")),
        sa.ForeignKeyConstraint(["channel"], ["channels.code"], name=op.f("fk_webhook_subscriptions_channel")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_subscriptions")),
        sa.UniqueConstraint("connection_code", name=op.f("uq_webhook_subscriptions_connection_code")),
    )
    grant("webhook_subscriptions", intake="SELECT, INSERT, UPDATE", worker="SELECT, UPDATE", reporting="")


def _deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("complaint_id", sa.Uuid(), nullable=True),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _instant("next_try_at"),
        _instant("last_try_at", nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        _instant("sent_at", nullable=True),
        _instant("created_at"),
        sa.CheckConstraint("state IN ('queued', 'sent', 'given_up', 'stopped')", name=op.f("ck_webhook_deliveries_state")),
        sa.ForeignKeyConstraint(["subscription_id"], ["webhook_subscriptions.id"], name=op.f("fk_webhook_deliveries_subscription_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_webhook_deliveries_event_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_webhook_deliveries_ticket_id")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_webhook_deliveries_complaint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
    )
    _once("uq_webhook_deliveries_event", ["subscription_id", "event_id"], "complaint_id IS NULL")
    _once("uq_webhook_deliveries_order", ["subscription_id", "event_id", "complaint_id"], "complaint_id IS NOT NULL")
    queued, done = sa.text("state = 'queued'"), sa.text("state <> 'queued'")
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["subscription_id", "next_try_at", "id"], postgresql_where=queued)
    op.create_index("ix_webhook_deliveries_done", "webhook_deliveries", ["created_at"], postgresql_where=done)
    op.create_index(op.f("ix_webhook_deliveries_subscription_id_id"), "webhook_deliveries", ["subscription_id", "id"])
    grant("webhook_deliveries", intake="SELECT, INSERT, UPDATE", worker="SELECT, INSERT, UPDATE, DELETE", reporting="")


def _once(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "webhook_deliveries", columns, unique=True, postgresql_where=sa.text(where))


def _orders() -> None:
    op.create_table(
        "platform_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_code", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("their_category", sa.Text(), nullable=True),
        _instant("deadline", nullable=True),
        sa.Column("urges", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _instant("created_at"),
        _instant("updated_at"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_platform_orders_ticket_id")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_platform_orders_complaint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_orders")),
        sa.UniqueConstraint("connection_code", "order_no", name=op.f("uq_platform_orders_connection_code_order_no")),
    )
    op.create_index(op.f("ix_platform_orders_ticket_id"), "platform_orders", ["ticket_id"])
    grant("platform_orders", intake="SELECT, INSERT, UPDATE", reporting="")


def _pushes() -> None:
    op.create_table(
        "platform_pushes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_code", sa.Text(), nullable=False),
        sa.Column("content_index", sa.LargeBinary(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("faults", postgresql.JSONB(), nullable=False),
        _instant("received_at"),
        _instant("settled_at", nullable=True),
        sa.CheckConstraint(
            "outcome IN ('filed', 'supplemented', 'urged', 'reopened', 'kept', 'unmapped')", name=op.f("ck_platform_pushes_outcome")
        ),
        sa.ForeignKeyConstraint(["paper_id"], ["sealed_papers.id"], name=op.f("fk_platform_pushes_paper_id")),
        sa.ForeignKeyConstraint(["order_id"], ["platform_orders.id"], name=op.f("fk_platform_pushes_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_pushes")),
        sa.UniqueConstraint("connection_code", "content_index", name=op.f("uq_platform_pushes_connection_code_content_index")),
    )
    op.create_index(op.f("ix_platform_pushes_connection_code_id"), "platform_pushes", ["connection_code", "id"])
    # What was pushed is written once; reading it again settles it.
    grant("platform_pushes", intake="SELECT, INSERT", reporting="")
    grant("platform_pushes", intake="UPDATE (order_id, outcome, faults, settled_at)", worker="", reporting="")
