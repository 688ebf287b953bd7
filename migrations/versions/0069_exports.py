"""Exports of reports and lists, saved reports and their delivery."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _exports()
    _saved_reports()


def _exports() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("question", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows_done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_estimated", sa.Integer(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("scope", sa.LargeBinary(), nullable=True),
        sa.Column("store_key", sa.Text(), nullable=True),
        sa.Column("problem_code", sa.Text(), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'ready', 'failed', 'cancelled', 'expired')", name=op.f("ck_exports_state")),
        sa.CheckConstraint("format IN ('csv', 'xlsx', 'parquet')", name=op.f("ck_exports_format")),
        sa.CheckConstraint(
            "state <> 'ready' OR (size IS NOT NULL AND sha256 IS NOT NULL AND scope IS NOT NULL AND store_key IS NOT NULL"
            " AND expires_at IS NOT NULL)",
            name=op.f("ck_exports_ready_is_whole"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_exports_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_account_id_id"), "exports", ["account_id", "id"])
    waiting = sa.text("state IN ('queued', 'running')")
    op.create_index("ix_exports_waiting", "exports", ["created_at", "id"], postgresql_where=waiting)
    op.create_index("ix_exports_kept", "exports", ["expires_at"], postgresql_where=sa.text("store_key IS NOT NULL"))
    op.create_index("ix_exports_ended", "exports", ["ended_at"], postgresql_where=sa.text("store_key IS NULL"))
    # Whoever asked may call it off; the file is the worker's, and so is forgetting it in the end.
    grant("exports", intake="SELECT, INSERT, UPDATE (state, ended_at)", worker="SELECT, UPDATE, DELETE")


def _saved_reports() -> None:
    op.create_table(
        "saved_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("question", postgresql.JSONB(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("frequency", sa.Text(), nullable=True),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("monthday", sa.Integer(), nullable=True),
        sa.Column("subscription_id", sa.Uuid(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("frequency IN ('daily', 'weekly', 'monthly')", name=op.f("ck_saved_reports_frequency")),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("ck_saved_reports_hour")),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_saved_reports_weekday")),
        sa.CheckConstraint("monthday BETWEEN 1 AND 28", name=op.f("ck_saved_reports_monthday")),
        sa.CheckConstraint(
            "(frequency IS NULL) = (hour IS NULL) AND (frequency IS NULL) = (subscription_id IS NULL)"
            " AND (frequency IS NOT NULL OR next_at IS NULL)",
            name=op.f("ck_saved_reports_whole_schedule"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_saved_reports_account_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["webhook_subscriptions.id"], name=op.f("fk_saved_reports_subscription_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_saved_reports_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_reports")),
    )
    op.create_index(op.f("ix_saved_reports_account_id"), "saved_reports", ["account_id"])
    op.create_index(op.f("ix_saved_reports_unit_id"), "saved_reports", ["unit_id"])
    due = sa.text("next_at IS NOT NULL AND ended_at IS NULL")
    op.create_index("ix_saved_reports_due", "saved_reports", ["next_at"], postgresql_where=due)
    grant("saved_reports", intake="SELECT, INSERT, UPDATE", worker="SELECT, UPDATE (next_at)")
    op.create_table(
        "report_deliveries",
        sa.Column("saved_report_id", sa.Uuid(), nullable=False),
        sa.Column("occurrence_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("missed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("problem_code", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('told', 'refused')", name=op.f("ck_report_deliveries_state")),
        sa.ForeignKeyConstraint(["saved_report_id"], ["saved_reports.id"], name=op.f("fk_report_deliveries_saved_report_id")),
        sa.PrimaryKeyConstraint("saved_report_id", "occurrence_at", name=op.f("pk_report_deliveries")),
    )
    # An occurrence is told once and stays told.
    grant("report_deliveries", worker="SELECT, INSERT")
