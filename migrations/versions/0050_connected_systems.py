"""Connected systems, sealed papers, further ways in, and recordings as files of calls."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0050"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("INSERT INTO channels (code, name) VALUES ('letter', '来信'), ('open311', '开放接口'), ('platform', '上级平台')")
    op.drop_constraint("ck_attachment_links_subject_kind", "attachment_links")
    op.create_check_constraint(
        op.f("ck_attachment_links_subject_kind"), "attachment_links", "subject_kind IN ('complaint', 'work_log', 'call')"
    )
    _papers()
    _connections()


def _papers() -> None:
    op.create_table(
        "sealed_papers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("row_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("openid_index", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_papers")),
    )
    op.create_index(op.f("ix_sealed_papers_phone_index"), "sealed_papers", ["phone_index"])
    op.create_index(op.f("ix_sealed_papers_openid_index"), "sealed_papers", ["openid_index"])
    # What was said is written once; erasing a person is the worker's: keys, contents and indexes go, the row stays.
    grant("sealed_papers", intake="SELECT, INSERT", worker="SELECT, INSERT", reporting="")
    grant("sealed_papers", intake="", worker="UPDATE (row_key, sealed, phone_index, openid_index)", reporting="")


def _connections() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_key_hash", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('pbx', 'open311', 'platform')", name=op.f("ck_connections_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sa.UniqueConstraint("code", name=op.f("uq_connections_code")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_connections_key_hash")),
        sa.UniqueConstraint("previous_key_hash", name=op.f("uq_connections_previous_key_hash")),
    )
    grant("connections", intake="SELECT, INSERT, UPDATE", reporting="")
