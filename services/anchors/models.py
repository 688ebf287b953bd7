"""Rows of the anchors. Nobody changes them: the roles of the doors may add, and the blocks alone are made anew."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base


class AnchorKey(Base):
    """A public key (Ed25519) that anchors were signed with; `key_id` is made of it."""

    __tablename__ = "anchor_keys"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    public_key: Mapped[bytes] = mapped_column(unique=True)
    first_used_at: Mapped[datetime]


class Anchor(Base):
    """What was signed for a day. `number` counts the days from 0 without a gap; `previous` is the print of the anchor before it."""

    __tablename__ = "anchors"
    __table_args__ = (UniqueConstraint("number"), CheckConstraint("number >= 0 AND leaves > 0", name="counts"))

    day: Mapped[date] = mapped_column(primary_key=True)
    number: Mapped[int]
    jurisdiction: Mapped[str]
    leaves: Mapped[int]
    root: Mapped[bytes]
    log_root: Mapped[bytes]
    previous: Mapped[bytes]
    closed_at: Mapped[datetime]
    key_id: Mapped[str] = mapped_column(ForeignKey("anchor_keys.key_id"))
    signature: Mapped[bytes]


class AnchoredHead(Base):
    """The head of one subject's journal, on the days it was another than the day before: the leaves of every day's tree."""

    __tablename__ = "anchored_heads"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(ForeignKey("anchors.day", deferrable=True, initially="DEFERRED"), primary_key=True, index=True)
    subject_kind: Mapped[str]
    seq: Mapped[int]
    hash: Mapped[bytes]


class AnchorBlock(Base):
    """A run of leaves of the newest tree with their root, so that a proof need not read all of them. Made from the heads, and again."""

    __tablename__ = "anchor_blocks"

    number: Mapped[int] = mapped_column(primary_key=True)
    first_subject_id: Mapped[UUID]
    last_subject_id: Mapped[UUID]
    leaves: Mapped[int]
    hash: Mapped[bytes]
