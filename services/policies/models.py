"""Rows of policies."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.models import Account
from services.platform.database import Base, Json

KINDS = ("calendar", "ladder", "catalogue", "composite", "assessment", "retention", "assistance")


class Policy(Base):
    """One version of the rules of one kind, whole. The definition never changes; only drafts are not in force at any time.

    A version is in force from `effective_at` until another's `effective_at`; of two with the same instant the higher version counts.
    `base` is the version that was in force when it was drafted, `reverts` the one whose definition it repeats. `withdrawn_at`: taken back
    before it came into force. `applied_at`: since when the tables that are made from it say what it says (the catalogue has such tables).
    Version 0 is what the product comes with and has no row.
    """

    __tablename__ = "policies"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS!r}", name="kind"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("(activated_at IS NULL) = (effective_at IS NULL)", name="activated"),
        UniqueConstraint("kind", "version"),
        Index(None, "kind", "effective_at", postgresql_where=text("activated_at IS NOT NULL AND withdrawn_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    version: Mapped[int]
    base: Mapped[int]
    definition: Mapped[Json]
    note: Mapped[str | None]
    reverts: Mapped[int | None]
    drafted_at: Mapped[datetime]
    drafted_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey(Account.id))
    activated_at: Mapped[datetime | None]
    activated_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey(Account.id))
    effective_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey(Account.id))
    applied_at: Mapped[datetime | None]
