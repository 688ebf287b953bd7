"""Complaints remember the telephone call they were said in."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("complaints", sa.Column("call_id", sa.Text(), nullable=True))
