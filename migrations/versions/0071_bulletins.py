"""Bulletins: frozen, with their corrections; and messages to units that are about no ticket."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rights import grant

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

_KIND = "kind IN ('month', 'quarter', 'year')"
_ACCOUNTS = postgresql.ARRAY(sa.Uuid())


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _drafts()
    _published()
    op.create_foreign_key(op.f("fk_bulletin_drafts_corrects_id"), "bulletin_drafts", "bulletins", ["corrects_id"], ["id"])
    grant("bulletin_drafts", intake="SELECT, INSERT", worker="SELECT, INSERT")
    grant("bulletin_drafts", intake="UPDATE (reason, words, document, hash, version, authors, changed_at)", worker="", reporting="")
    # What was published is never changed: nobody has the right to.
    grant("bulletins", intake="SELECT, INSERT")
    _messages()


def _drafts() -> None:
    op.create_table(
        "bulletin_drafts",
        *_same(),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("words", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("authors", _ACCOUNTS, server_default="{}", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(_KIND, name=op.f("ck_bulletin_drafts_kind")),
        sa.CheckConstraint("first <= last AND edition > 0 AND decimals BETWEEN 0 AND 6", name=op.f("ck_bulletin_drafts_bounds")),
        sa.CheckConstraint("(edition = 1) = (corrects_id IS NULL)", name=op.f("ck_bulletin_drafts_a_later_edition_corrects")),
        sa.CheckConstraint("(corrects_id IS NULL) = (reason IS NULL)", name=op.f("ck_bulletin_drafts_a_correction_says_why")),
        sa.CheckConstraint("sha256(document) = hash", name=op.f("ck_bulletin_drafts_hash_of_the_document")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_bulletin_drafts_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin_drafts")),
        sa.UniqueConstraint("unit_id", "kind", "first", "edition", name=op.f("uq_bulletin_drafts_unit_id_kind_first_edition")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_bulletin_drafts_corrects_id")),
    )
    op.create_index(op.f("ix_bulletin_drafts_first_id"), "bulletin_drafts", ["first", "id"])


def _published() -> None:
    op.create_table(
        "bulletins",
        *_same(),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("authors", _ACCOUNTS, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by_account_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(_KIND, name=op.f("ck_bulletins_kind")),
        sa.CheckConstraint("sha256(document) = hash", name=op.f("ck_bulletins_hash_of_the_document")),
        sa.CheckConstraint("(edition = 1) = (corrects_id IS NULL)", name=op.f("ck_bulletins_a_later_edition_corrects")),
        sa.CheckConstraint("cardinality(authors) > 0 AND published_by_account_id <> ALL (authors)", name=op.f("ck_bulletins_four_eyes")),
        sa.ForeignKeyConstraint(["id"], ["bulletin_drafts.id"], name=op.f("fk_bulletins_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_bulletins_unit_id")),
        sa.ForeignKeyConstraint(["published_by_account_id"], ["accounts.id"], name=op.f("fk_bulletins_published_by_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletins")),
        sa.UniqueConstraint("number", name=op.f("uq_bulletins_number")),
        sa.UniqueConstraint("unit_id", "kind", "first", "edition", name=op.f("uq_bulletins_unit_id_kind_first_edition")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_bulletins_corrects_id")),
    )
    op.create_foreign_key(op.f("fk_bulletins_corrects_id"), "bulletins", "bulletins", ["corrects_id"], ["id"])


def _same() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
    )


def _messages() -> None:
    """A message to a unit may be about something else than a ticket; to a complainant never."""
    op.alter_column("messages", "ticket_id", nullable=True)
    op.create_check_constraint(op.f("ck_messages_about_a_ticket"), "messages", "ticket_id IS NOT NULL OR audience = 'unit'")
