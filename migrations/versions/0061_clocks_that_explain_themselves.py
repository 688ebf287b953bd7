"""Clocks keep whose they are, by which calendar and ladder, and why they moved."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
