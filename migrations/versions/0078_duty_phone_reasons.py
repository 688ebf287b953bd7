"""Why a mobile number is published as an office's."""

import sqlalchemy as sa
from alembic import op

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("units", sa.Column("duty_phone_reason", sa.Text(), nullable=True))
