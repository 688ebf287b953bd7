"""Nonces of pushes that were seen, and the WeCom userids of members."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seen_pushes",
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_seen_pushes")),
    )
    # A row never changes: the update is that of ON CONFLICT, which writes what is there.
    grant("seen_pushes", intake="SELECT, INSERT, UPDATE (seen_at)", worker="SELECT, DELETE", reporting="")
    op.create_table(
        "wecom_bindings",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("userid_index", sa.LargeBinary(), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_wecom_bindings_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_wecom_bindings")),
        sa.UniqueConstraint("userid_index", name=op.f("uq_wecom_bindings_userid_index")),
    )
    grant("wecom_bindings", intake="SELECT, INSERT, UPDATE, DELETE", worker="", reporting="")
