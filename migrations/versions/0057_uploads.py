"""Uploads under way, what pictures say of themselves, and their public copies."""

import sqlalchemy as sa
from alembic import op

from migrations.rights import grant

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _uploads()
    _pictures()
    # An upload whose last byte came and whose door died is finished by the worker.
    grant("attachments", intake="", worker="INSERT", reporting="")
    grant("attachment_links", intake="", worker="INSERT", reporting="")


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=True),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("sealed_metadata", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attachment_id", sa.Uuid(), nullable=True),
        sa.Column("problem_code", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'complete', 'refused', 'gone')", name=op.f("ck_uploads_state")),
        sa.CheckConstraint("received >= 0 AND received <= length", name=op.f("ck_uploads_received")),
        sa.CheckConstraint("(state = 'complete') = (attachment_id IS NOT NULL)", name=op.f("ck_uploads_attachment")),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_uploads_ended")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_uploads_account_id")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachments.id"], name=op.f("fk_uploads_attachment_id")),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_expires_at"), "uploads", ["expires_at"], postgresql_where=sa.text("state <> 'complete'"))
    op.create_table(
        "upload_parts",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("store_key", sa.Text(), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_upload_parts_size")),
        sa.ForeignKeyConstraint(
            ["account_id", "upload_id"], ["uploads.account_id", "uploads.id"], name=op.f("fk_upload_parts_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "upload_id", "start", name=op.f("pk_upload_parts")),
        sa.UniqueConstraint("store_key", name=op.f("uq_upload_parts_store_key")),
    )
    grant("uploads", intake="SELECT, INSERT, UPDATE", worker="SELECT, UPDATE, DELETE", reporting="")
    grant("upload_parts", intake="SELECT, INSERT, DELETE", worker="SELECT, DELETE", reporting="")


def _pictures() -> None:
    op.create_table(
        "picture_facts",
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("readable", sa.Boolean(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_picture_facts_position")),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name=op.f("ck_picture_facts_whole_position")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachments.id"], name=op.f("fk_picture_facts_attachment_id")),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_picture_facts")),
    )
    # Where a villager stood is nobody's figure: the reporting role has no right here.
    grant("picture_facts", intake="SELECT, INSERT", worker="INSERT", reporting="")
    op.create_table(
        "public_copies",
        sa.Column("original_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("original_sha256", name=op.f("pk_public_copies")),
    )
    grant("public_copies", intake="SELECT, INSERT", reporting="")
