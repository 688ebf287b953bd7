"""First receiver responsible, whistles, tasks and instructions with clocks of their own."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
