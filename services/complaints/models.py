"""Rows of complaints."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.platform.database import Base
from services.platform.sealed_words import SealedTelling, SealedWords

CHANNELS = {
    "hotline": "热线",
    "wechat": "微信",
    "field": "网格上报",
    "petition": "信访接待",
    "letter": "来信",
    "open311": "开放接口",
    "platform": "上级平台",
    "on_behalf": "代办",
    "visit": "入户走访",
}

TOLD_BY_THEMSELVES = ("platform",)
"""Channels whose other side tells its people itself: how their matters stand is reported back to it, and to it alone."""


class Channel(Base):
    """A way in. A row, not an enumeration: a county may open more."""

    __tablename__ = "channels"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class Complaint(Base):
    """What a person told us. The whole row is immutable: the application's roles may insert and read.

    What was said is `said`, sealed; the clear columns hold what the worker has not sealed yet since an upgrade.
    `channel_message_id` is the channel's own id of the message; the same message delivered again finds this row.
    `call_id` is the telephone call it was said in, `household_id` at whose door it was told. `lat`/`lon` are as given, in
    `coordinate_system`. `happened_at` is when it was said, `received_at` when it reached us.
    """

    __tablename__ = "complaints"
    __table_args__ = (
        CheckConstraint("coordinate_system IN ('WGS-84', 'GCJ-02')", name="coordinate_system"),
        UniqueConstraint("channel", "channel_message_id"),
        Index(None, "ticket_id"),
        Index(None, "call_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    channel: Mapped[str] = mapped_column(ForeignKey("channels.code"))
    channel_message_id: Mapped[str]
    call_id: Mapped[str | None]
    household_id: Mapped[UUID | None] = mapped_column(ForeignKey("households.id"))
    row_key: Mapped[bytes | None]
    sealed_words: Mapped[bytes | None]
    sealed_place: Mapped[bytes | None]
    clear_words: Mapped[str | None] = mapped_column("words")
    clear_place: Mapped[str | None] = mapped_column("place_words")
    said: Mapped[SealedTelling] = composite("id", "row_key", "sealed_words", "clear_words", "sealed_place", "clear_place")
    category_hint: Mapped[str | None]
    place_code: Mapped[str | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    coordinate_system: Mapped[str | None]
    confidential: Mapped[bool]
    wants_answer: Mapped[bool]
    filed_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]


class Complainant(Base):
    """Who said it: the one place for personal data, sealed under a key of its own row.

    `sealed` holds name, phone, openid and email as JSON; the indexes are keyed and answer equality only. Erasing destroys `row_key`.
    `changed_at`, which the database writes, is when an index was changed or the row erased last; what it was before is kept nowhere.
    """

    __tablename__ = "complainants"
    __table_args__ = (Index(None, "phone_index"), Index(None, "openid_index"))

    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"), primary_key=True)
    row_key: Mapped[bytes | None]
    sealed: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    openid_index: Mapped[bytes | None]
    recorded_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]


class Rewording(Base):
    """A later wording of a complaint, by its author: laid over the original, never in its place."""

    __tablename__ = "rewordings"
    __table_args__ = (Index(None, "complaint_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"))
    row_key: Mapped[bytes | None]
    sealed_words: Mapped[bytes | None]
    clear_words: Mapped[str | None] = mapped_column("words")
    said: Mapped[SealedWords] = composite("id", "row_key", "sealed_words", "clear_words")
    author_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime]


class Supplement(Base):
    """What a complainant told later of the same matter. Immutable, like the complaint it belongs to.

    `channel_message_id` is the channel's own id of the message (one supplement however often it is delivered); nothing is `said` where
    only files came, whose number is `files`. `lat`/`lon` are as given, in `coordinate_system`. `by_account_id` wrote it down.
    """

    __tablename__ = "supplements"
    __table_args__ = (
        CheckConstraint("coordinate_system IN ('WGS-84', 'GCJ-02')", name="coordinate_system"),
        UniqueConstraint("complaint_id", "channel_message_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"))
    channel: Mapped[str] = mapped_column(ForeignKey("channels.code"))
    channel_message_id: Mapped[str]
    row_key: Mapped[bytes | None]
    sealed_words: Mapped[bytes | None]
    sealed_place: Mapped[bytes | None]
    clear_words: Mapped[str | None] = mapped_column("words")
    clear_place: Mapped[str | None] = mapped_column("place_words")
    said: Mapped[SealedTelling] = composite("id", "row_key", "sealed_words", "clear_words", "sealed_place", "clear_place")
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    coordinate_system: Mapped[str | None]
    files: Mapped[int] = mapped_column(server_default=text("0"))
    by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    received_at: Mapped[datetime]


class Repeat(Base):
    """The same matter told again without new facts: a further complaint of a ticket there was, answered at once instead of ticketed.

    Immutable. The words and the person stand with the complaint. `status` and `round` are the matter's when it was told; `told` is what the
    person was told: the ``answer`` there was, or the ``progress``. `same_person`: somebody of the ticket told it again. `counted`: no
    other repeat of the same person and ticket had been counted within the hour before.
    """

    __tablename__ = "repeats"
    __table_args__ = (
        CheckConstraint("told IN ('answer', 'progress')", name="told"),
        Index(None, "ticket_id"),
        Index(None, "recorded_at", "complaint_id"),
    )

    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    status: Mapped[str]
    round: Mapped[int]
    same_person: Mapped[bool]
    counted: Mapped[bool]
    told: Mapped[str]
    by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime]


class TrackingTry(Base):
    """Wrong tracking codes for a number within the hour: guessing is slowed down across all processes."""

    __tablename__ = "tracking_tries"

    number: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    tries: Mapped[int] = mapped_column(server_default=text("0"))
