"""活动: programmes with a name, days and units."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0101"
down_revision = "0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "programmes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("unit_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("pairings", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_account_id", sa.Uuid(), nullable=False),
        sa.Column("follows_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_programmes_interval")),
        sa.CheckConstraint("cardinality(unit_ids) > 0", name=op.f("ck_programmes_units")),
        sa.ForeignKeyConstraint(["follows_id"], ["programmes.id"], name=op.f("fk_programmes_follows_id_programmes")),
        sa.ForeignKeyConstraint(["recorded_by_account_id"], ["accounts.id"], name=op.f("fk_programmes_recorded_by_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programmes")),
        sa.UniqueConstraint("follows_id", name=op.f("uq_programmes_follows_id")),
    )
    op.create_index("uq_programmes_code", "programmes", ["code"], unique=True, postgresql_where=sa.text("follows_id IS NULL"))
    op.create_index(op.f("ix_programmes_code_recorded_at"), "programmes", ["code", "recorded_at"])
    grant("programmes", intake="SELECT, INSERT")
