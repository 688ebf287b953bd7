"""The worker keeps the calendar, and remembers endpoints that asked to be left alone."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0030"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    grant("calendar_days", intake="INSERT, UPDATE, DELETE", worker="INSERT, UPDATE, DELETE", reporting="")
    op.create_table(
        "stopped_endpoints",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_stopped_endpoints"),
    )
    grant("stopped_endpoints", intake="SELECT", worker="SELECT, INSERT, DELETE")
