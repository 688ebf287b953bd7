"""The cells of a day or month by area: those of one township are found without reading its other months, or other townships."""

from alembic import op

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(op.f("ix_rollup_cells_grain_day_area"), "rollup_cells", ["grain", "day", "area"])
    op.drop_index(op.f("ix_rollup_cells_grain_day"), "rollup_cells")
