"""Which sums have been made; urgency, round and tier of settling in cells; whose every ticket of a seat, quickly.

Nothing is marked as made here: what an older release summed up is not known to be what this one means. An empty database is marked
complete by `migrations.env`, any other by `daguanjia rebuild-reports`; until then its figures are counted over the facts.
"""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None

_KEY = ("grain", "area", "day", "category", "channel", "tier", "holder", "urgency", "round", "settled_tier", "source", "demand")


def upgrade() -> None:
    op.create_table(
        "sums_made",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sums_made")),
    )
    grant("sums_made", worker="SELECT, INSERT, UPDATE, DELETE")
    for column in ("urgency", "round", "settled_tier"):
        op.add_column("rollup_cells", sa.Column(column, sa.Text(), server_default="", nullable=False))
    op.drop_constraint(op.f("pk_rollup_cells"), "rollup_cells")
    op.create_primary_key(op.f("pk_rollup_cells"), "rollup_cells", list(_KEY))
    op.create_index("ix_assignments_seats", "assignments", ["unit_id", "ticket_id"])
    op.create_index(
        "ix_rollup_cells_of_category",
        "rollup_cells",
        ["category", "day"],
        postgresql_where=sa.text("grain = 'month_village_category'"),
        postgresql_ops={"category": "text_pattern_ops"},
    )
