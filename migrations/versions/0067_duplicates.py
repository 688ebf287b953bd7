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
