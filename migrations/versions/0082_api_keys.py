"""Keys of programs, and signing in through the government's single sign-on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_account_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("area_unit_id", sa.Uuid(), nullable=True),
        sa.Column("actions", postgresql.JSONB(), nullable=False),
        sa.Column("addresses", postgresql.JSONB(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("signing_secret", sa.LargeBinary(), nullable=True),
        sa.Column("made_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.CheckConstraint("(role IS NULL) = (unit_id IS NULL)", name=op.f("ck_api_keys_seat")),
        sa.CheckConstraint("owner_account_id IS NOT NULL OR role IS NOT NULL", name=op.f("ck_api_keys_owner")),
        sa.CheckConstraint("owner_account_id IS DISTINCT FROM account_id", name=op.f("ck_api_keys_not_its_own")),
        sa.CheckConstraint("expires_at > created_at AND expires_at <= created_at + interval '366 days'", name=op.f("ck_api_keys_term")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_api_keys_account_id")),
        sa.ForeignKeyConstraint(["owner_account_id"], ["accounts.id"], name=op.f("fk_api_keys_owner_account_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_api_keys_unit_id")),
        sa.ForeignKeyConstraint(["area_unit_id"], ["units.id"], name=op.f("fk_api_keys_area_unit_id")),
        sa.ForeignKeyConstraint(["made_by_account_id"], ["accounts.id"], name=op.f("fk_api_keys_made_by_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("account_id", name=op.f("uq_api_keys_account_id")),
    )
    # What a key was lent never changes: whoever wants another makes another. Taking it back and noting its use is all that is left.
    grant("api_keys", intake="SELECT, INSERT, UPDATE (revoked_at, last_used_on)")
