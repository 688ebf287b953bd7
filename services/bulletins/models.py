"""Rows of bulletins: the draft that is worked on, and what was published of it, which nobody can change."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.bulletins.periods import KINDS
from services.platform.database import Base, Json

_KIND = f"kind IN {KINDS!r}"
_ACCOUNTS = ARRAY(Uuid())


class BulletinDraft(Base):
    """A bulletin in the making: one for each area, period and edition. The first edition corrects nothing, every later one the one before.

    `document` are the canonical bytes of the document as it stands, `hash` their SHA-256, `words` what an editor added. `authors` are the
    accounts that had a hand in it: none of them publishes it.
    """

    __tablename__ = "bulletin_drafts"
    __table_args__ = (
        CheckConstraint(_KIND, name="kind"),
        CheckConstraint("first <= last AND edition > 0 AND decimals BETWEEN 0 AND 6", name="bounds"),
        CheckConstraint("(edition = 1) = (corrects_id IS NULL)", name="a_later_edition_corrects"),
        CheckConstraint("(corrects_id IS NULL) = (reason IS NULL)", name="a_correction_says_why"),
        CheckConstraint("sha256(document) = hash", name="hash_of_the_document"),
        UniqueConstraint("unit_id", "kind", "first", "edition"),
        UniqueConstraint("corrects_id"),
        Index(None, "first", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    kind: Mapped[str]
    first: Mapped[date]
    last: Mapped[date]
    edition: Mapped[int]
    decimals: Mapped[int]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("bulletins.id", use_alter=True))
    reason: Mapped[str | None]
    words: Mapped[Json]
    document: Mapped[bytes]
    hash: Mapped[bytes]
    version: Mapped[int]
    authors: Mapped[list[UUID]] = mapped_column(_ACCOUNTS, server_default=text("'{}'"))
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Bulletin(Base):
    """A published bulletin, under the id of its draft. The application's roles may write one and read it; none may change or delete it.

    `document` are the canonical bytes whose SHA-256 is `hash`: the database computes it again. Whoever published it had no hand in it.
    """

    __tablename__ = "bulletins"
    __table_args__ = (
        CheckConstraint(_KIND, name="kind"),
        CheckConstraint("sha256(document) = hash", name="hash_of_the_document"),
        CheckConstraint("(edition = 1) = (corrects_id IS NULL)", name="a_later_edition_corrects"),
        CheckConstraint("cardinality(authors) > 0 AND published_by_account_id <> ALL (authors)", name="four_eyes"),
        UniqueConstraint("number"),
        UniqueConstraint("unit_id", "kind", "first", "edition"),
        UniqueConstraint("corrects_id"),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("bulletin_drafts.id"), primary_key=True)
    number: Mapped[str]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    kind: Mapped[str]
    first: Mapped[date]
    last: Mapped[date]
    edition: Mapped[int]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("bulletins.id"))
    public: Mapped[bool]
    document: Mapped[bytes]
    hash: Mapped[bytes]
    authors: Mapped[list[UUID]] = mapped_column(_ACCOUNTS)
    published_at: Mapped[datetime]
    published_by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
