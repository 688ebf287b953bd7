"""What is counted, and the sums kept of it."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0040"
down_revision = "0020"
branch_labels = None
depends_on = None

_COUNTERS = (
    "received", "received_completed", "rejected", "cancelled", "merged", "due", "due_completed", "due_on_time",
    "closed", "closed_on_time", "closed_late", "closed_on_first_time", "closed_disposed_on_time",
)  # fmt: skip
_KEY = ("grain", "area", "day", "category", "channel", "source")


def upgrade() -> None:
    _facts()
    _cells()
    grant("report_facts, rollup_cells", worker="SELECT, INSERT, UPDATE, DELETE")


def _facts() -> None:
    op.create_table(
        "report_facts",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("area_path", sa.Text(collation="C"), nullable=False),
        sa.Column("township_path", sa.Text(collation="C"), nullable=True),
        sa.Column("village_path", sa.Text(collation="C"), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("lead_unit_id", sa.Uuid(), nullable=True),
        sa.Column("desk_unit_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("completed", sa.Boolean(), nullable=False),
        sa.Column("on_time", sa.Boolean(), nullable=True),
        sa.Column("on_first_time", sa.Boolean(), nullable=True),
        sa.Column("disposed_on_time", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_report_facts_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_report_facts")),
    )
    op.create_index(op.f("ix_report_facts_received_at_ticket_id"), "report_facts", ["received_at", "ticket_id"])
    op.create_index(op.f("ix_report_facts_area_path_received_at"), "report_facts", ["area_path", "received_at"])
    op.create_index(op.f("ix_report_facts_lead_unit_id"), "report_facts", ["lead_unit_id"])
    op.create_index("ix_report_facts_due", "report_facts", ["due_at", "ticket_id"], postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_index(
        "ix_report_facts_completed", "report_facts", ["completed_at", "ticket_id"], postgresql_where=sa.text("completed_at IS NOT NULL")
    )


def _cells() -> None:
    op.create_table(
        "rollup_cells",
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(collation="C"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTERS),
        sa.PrimaryKeyConstraint(*_KEY, name=op.f("pk_rollup_cells")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(op.f("ix_rollup_cells_grain_day"), "rollup_cells", ["grain", "day"])
