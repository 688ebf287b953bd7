"""Policies as versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "policies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reverts", sa.Integer(), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drafted_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("activated_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_account_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('calendar', 'ladder', 'catalogue')", name=op.f("ck_policies_kind")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_policies_version")),
        sa.CheckConstraint("(activated_at IS NULL) = (effective_at IS NULL)", name=op.f("ck_policies_activated")),
        sa.ForeignKeyConstraint(["activated_by_account_id"], ["accounts.id"], name=op.f("fk_policies_activated_by_account_id")),
        sa.ForeignKeyConstraint(["drafted_by_account_id"], ["accounts.id"], name=op.f("fk_policies_drafted_by_account_id")),
        sa.ForeignKeyConstraint(["withdrawn_by_account_id"], ["accounts.id"], name=op.f("fk_policies_withdrawn_by_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        sa.UniqueConstraint("kind", "version", name=op.f("uq_policies_kind_version")),
    )
    live = sa.text("activated_at IS NOT NULL AND withdrawn_at IS NULL")
    op.create_index(op.f("ix_policies_kind_effective_at"), "policies", ["kind", "effective_at"], postgresql_where=live)
    grant("policies", intake="SELECT, INSERT", worker="SELECT, INSERT", reporting="SELECT")
    grant(
        "policies",
        intake="UPDATE (activated_at, activated_by_account_id, effective_at, withdrawn_at, withdrawn_by_account_id)",
        worker="UPDATE (activated_at, effective_at)",
        reporting="",
    )
