"""Fingerprints of pictures, and flags on evidence that somebody should look at before the ticket is closed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _fingerprints()
    _flags()


def _fingerprints() -> None:
    op.add_column("picture_facts", sa.Column("likeness", sa.LargeBinary(), nullable=True))
    op.add_column("picture_facts", sa.Column("bands", postgresql.ARRAY(sa.Integer()), nullable=True))
    op.add_column("picture_facts", sa.Column("likeness_version", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_index(
        "ix_picture_facts_bands", "picture_facts", ["bands"], postgresql_using="gin", postgresql_where=sa.text("bands IS NOT NULL")
    )
    op.create_index(
        "ix_picture_facts_likeness_version", "picture_facts", ["likeness_version", "attachment_id"], postgresql_where=sa.text("readable")
    )
    # The worker compares pictures, and gives a fingerprint to those that came before there were any.
    grant("picture_facts", intake="", worker="SELECT, UPDATE (likeness, bands, likeness_version)", reporting="")


def _flags() -> None:
    op.create_table(
        "evidence_flags",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("work_log_id", sa.Uuid(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("other_ticket_id", sa.Uuid(), nullable=False),
        sa.Column("other_attachment_id", sa.Uuid(), nullable=True),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("other_shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("distance", sa.Integer(), nullable=True),
        sa.Column("metres", sa.Integer(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by_account_id", sa.Uuid(), nullable=True),
        sa.Column("review_words", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('reused', 'same_file', 'before_is_after', 'older_than_matter', 'elsewhere')", name=op.f("ck_evidence_flags_kind")
        ),
        sa.CheckConstraint("(reviewed_at IS NULL) = (review_words IS NULL)", name=op.f("ck_evidence_flags_reviewed_in_words")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_evidence_flags_ticket_id")),
        sa.ForeignKeyConstraint(["work_log_id"], ["work_logs.id"], name=op.f("fk_evidence_flags_work_log_id")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachments.id"], name=op.f("fk_evidence_flags_attachment_id")),
        sa.ForeignKeyConstraint(["other_ticket_id"], ["tickets.id"], name=op.f("fk_evidence_flags_other_ticket_id")),
        sa.ForeignKeyConstraint(["other_attachment_id"], ["attachments.id"], name=op.f("fk_evidence_flags_other_attachment_id")),
        sa.ForeignKeyConstraint(["reviewed_by_account_id"], ["accounts.id"], name=op.f("fk_evidence_flags_reviewed_by_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_flags")),
        sa.UniqueConstraint("work_log_id", "attachment_id", "kind", "other_ticket_id", name="uq_evidence_flags_once"),
    )
    op.create_index(op.f("ix_evidence_flags_ticket_id"), "evidence_flags", ["ticket_id"])
    # The worker finds, whoever closes reviews: neither can do the other's, and nobody takes a flag away.
    grant("evidence_flags", worker="SELECT, INSERT", reporting="")
    grant("evidence_flags", intake="UPDATE (reviewed_at, reviewed_by_account_id, review_words)", worker="", reporting="")
