"""Repeats and duplicates."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "repeats",
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("same_person", sa.Boolean(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("by_account_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("told IN ('answer', 'progress')", name=op.f("ck_repeats_told")),
        sa.ForeignKeyConstraint(["by_account_id"], ["accounts.id"], name=op.f("fk_repeats_by_account_id")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_repeats_complaint_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_repeats_ticket_id")),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_repeats")),
    )
    op.create_index(op.f("ix_repeats_ticket_id"), "repeats", ["ticket_id"])
    op.create_index(op.f("ix_repeats_recorded_at_complaint_id"), "repeats", ["recorded_at", "complaint_id"])
    grant("repeats", intake="SELECT, INSERT", worker="SELECT")
    # Duplicates are looked for in some units and days; whoever looks for a unit alone is served by the same index.
    op.create_index(op.f("ix_tickets_place_unit_id_received_at"), "tickets", ["place_unit_id", "received_at"])
    op.drop_index(op.f("ix_tickets_place_unit_id"), table_name="tickets")
    # Whoever opens a ticket sees what is merged into it; and so does every count of households.
    op.create_index("ix_tickets_merged", "tickets", ["merged_into_id"], postgresql_where=sa.text("merged_into_id IS NOT NULL"))
