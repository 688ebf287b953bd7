"""Each handler claims its own deliveries: the index begins with the handler."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_deliveries_due", "deliveries")
    op.create_index("ix_deliveries_due", "deliveries", ["handler", "due_at", "id"], postgresql_where=sa.text("parked_at IS NULL"))
