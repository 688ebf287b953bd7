"""Daily anchors of the journal."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "anchor_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_anchor_keys")),
        sa.UniqueConstraint("public_key", name=op.f("uq_anchor_keys_public_key")),
    )
    op.create_table(
        "anchors",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("leaves", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("log_root", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("number >= 0 AND leaves > 0", name=op.f("ck_anchors_counts")),
        sa.ForeignKeyConstraint(["key_id"], ["anchor_keys.key_id"], name=op.f("fk_anchors_key_id")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_anchors")),
        sa.UniqueConstraint("number", name=op.f("uq_anchors_number")),
    )
    op.create_table(
        "anchored_heads",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        # the anchor is signed over the heads, so it comes after them
        sa.ForeignKeyConstraint(["day"], ["anchors.day"], name=op.f("fk_anchored_heads_day"), deferrable=True, initially="DEFERRED"),
        sa.PrimaryKeyConstraint("subject_id", "day", name=op.f("pk_anchored_heads")),
    )
    op.create_index(op.f("ix_anchored_heads_day"), "anchored_heads", ["day"])
    op.create_table(
        "anchor_blocks",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_subject_id", sa.Uuid(), nullable=False),
        sa.Column("last_subject_id", sa.Uuid(), nullable=False),
        sa.Column("leaves", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_anchor_blocks")),
    )
    # The worker closes days; what is closed nobody changes. Only the blocks follow the newest day.
    grant("anchors, anchor_keys, anchored_heads", worker="SELECT, INSERT")
    grant("anchor_blocks", worker="SELECT, INSERT, UPDATE")
