"""Facts that the journal makes, their history, and how long things took."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Begin the figures anew: what they were made of is in the journal. ``daguanjia rebuild-reports`` fills them after the upgrade."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("rollup_cells")
    op.drop_table("report_facts")
    _facts()
    _history()
    _cells()
    _durations()


def _facts() -> None:
    op.create_table(
        "report_facts",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("privacy", sa.Text(), nullable=False),
        sa.Column("area_path", sa.Text(collation="C"), nullable=False),
        sa.Column("township_path", sa.Text(collation="C"), nullable=True),
        sa.Column("village_path", sa.Text(collation="C"), nullable=True),
        sa.Column("grid_path", sa.Text(collation="C"), nullable=True),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("lead_unit_id", sa.Uuid(), nullable=True),
        sa.Column("lead_member_id", sa.Uuid(), nullable=True),
        sa.Column("desk_unit_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("dispatched", sa.Boolean(), nullable=False),
        sa.Column("completed", sa.Boolean(), nullable=False),
        sa.Column("resolved", sa.Boolean(), nullable=False),
        sa.Column("direct", sa.Boolean(), nullable=False),
        sa.Column("on_time", sa.Boolean(), nullable=True),
        sa.Column("on_first_time", sa.Boolean(), nullable=True),
        sa.Column("disposed_on_time", sa.Boolean(), nullable=True),
        sa.Column("accepted_on_time", sa.Boolean(), nullable=True),
        sa.Column("answered_on_time", sa.Boolean(), nullable=True),
        sa.Column("deferred", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("returned", sa.Boolean(), nullable=False),
        sa.Column("passed_on", sa.Boolean(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_tier", sa.Text(), nullable=True),
        sa.Column("reopened", sa.Boolean(), nullable=False),
        sa.Column("raised", sa.Boolean(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached", sa.Boolean(), nullable=True),
        sa.Column("contacted", sa.Boolean(), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("reworked", sa.Boolean(), nullable=False),
        sa.Column("unreasonable", sa.Boolean(), nullable=False),
        sa.Column("dispatch_minutes", sa.Integer(), nullable=True),
        sa.Column("accept_minutes", sa.Integer(), nullable=True),
        sa.Column("work_minutes", sa.Integer(), nullable=True),
        sa.Column("work_net_minutes", sa.Integer(), nullable=True),
        sa.Column("close_minutes", sa.Integer(), nullable=True),
        sa.Column("close_net_minutes", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_report_facts_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_report_facts")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(op.f("ix_report_facts_area_path_received_at"), "report_facts", ["area_path", "received_at"], unique=False)
    op.create_index(
        "ix_report_facts_called",
        "report_facts",
        ["called_at", "ticket_id"],
        unique=False,
        postgresql_where=sa.text("called_at IS NOT NULL"),
    )
    op.create_index(
        "ix_report_facts_completed",
        "report_facts",
        ["completed_at", "ticket_id"],
        unique=False,
        postgresql_where=sa.text("completed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_report_facts_dispatched",
        "report_facts",
        ["dispatched_at", "ticket_id"],
        unique=False,
        postgresql_where=sa.text("dispatched_at IS NOT NULL"),
    )
    op.create_index(
        "ix_report_facts_due", "report_facts", ["due_at", "ticket_id"], unique=False, postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.create_index(op.f("ix_report_facts_lead_unit_id"), "report_facts", ["lead_unit_id"], unique=False)
    op.create_index(op.f("ix_report_facts_received_at_ticket_id"), "report_facts", ["received_at", "ticket_id"], unique=False)
    op.create_index(
        "ix_report_facts_settled",
        "report_facts",
        ["settled_at", "ticket_id"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NOT NULL"),
    )
    grant("report_facts", worker="SELECT, INSERT, UPDATE, DELETE")


def _history() -> None:
    op.execute("CREATE TABLE report_history (LIKE report_facts)")
    op.add_column("report_history", sa.Column("known_until", sa.DateTime(timezone=True), nullable=False))
    op.create_primary_key(op.f("pk_report_history"), "report_history", ["ticket_id", "known_at"])
    op.create_foreign_key(op.f("fk_report_history_ticket_id"), "report_history", "tickets", ["ticket_id"], ["id"])
    op.create_index(op.f("ix_report_history_known_until"), "report_history", ["known_until"], unique=False)
    grant("report_history", worker="SELECT, INSERT, UPDATE, DELETE")


def _cells() -> None:
    op.create_table(
        "rollup_cells",
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(collation="C"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("holder", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("demand", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("received", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("received_completed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rejected", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cancelled", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("merged", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("received_dispatched", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("received_resolved", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("received_direct", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("dispatched", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("dispatched_accepted_on_time", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("dispatched_accepted_late", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("dispatched_returned", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("dispatched_passed_on", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_completed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_on_time", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_deferred", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_extended", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_paused", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed_on_time", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed_late", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed_on_first_time", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed_disposed_on_time", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed_first_round", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_reworked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed_reworked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed_answered_on_time", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed_answered_late", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("settled", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("settled_grid", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("settled_village", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("settled_township", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("settled_reopened", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("settled_raised", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("called", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("called_reached", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("called_unreached", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("called_contacted", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("called_uncontacted", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("called_solved", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("called_unsolved", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("called_satisfied", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("called_dissatisfied", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint(
            "grain", "area", "day", "category", "channel", "tier", "holder", "source", "demand", name=op.f("pk_rollup_cells")
        ),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(op.f("ix_rollup_cells_grain_day"), "rollup_cells", ["grain", "day"], unique=False)
    grant("rollup_cells", worker="SELECT, INSERT, UPDATE, DELETE")


def _durations() -> None:
    op.create_table(
        "duration_cells",
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(collation="C"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("demand", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("measure", "area", "month", "source", "demand", "minutes", name=op.f("pk_duration_cells")),
        postgresql_with={"fillfactor": "80"},
    )
    grant("duration_cells", worker="SELECT, INSERT, UPDATE, DELETE")
