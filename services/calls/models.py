"""Rows of calls.

Numbers of callers and addresses of recordings (whose names often hold a number) are in sealed papers; here are only their ids.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, BigInt, Json

DIRECTIONS = ("inbound", "outbound")
DISPOSITIONS = {
    "answered": "人工接听",
    "abandoned_in_queue": "排队中挂断",
    "abandoned_in_ivr": "语音导航中挂断",
    "ivr_only": "仅听语音",
    "busy": "占线",
    "failed": "未接通",
    "out_of_hours": "非服务时间",
}
BASES = ("queue", "record")
SIDES = ("caller", "agent", "system")
RECORDING_STATES = ("awaited", "kept", "given_up")


class Call(Base):
    """One telephone call, read from all its events (`reading.py`); unique by exchange (`source`, a connection's code) and `call_id`.

    Where `linked_id` is another than `call_id` the row turned out to be a leg of that call and is no call of its own.
    `disposition` is NULL until the call has ended. `queued` says that the caller asked for a person; `basis` whether that is known from the
    queue's own events or guessed from a call record. Seconds are NULL where nobody knows them. `called_before` says whether the same
    number called within the seven days before; NULL where the number is withheld. `satisfaction` is the key pressed after it: 1 satisfied,
    2 so-so, 3 not. `paper_id` is the sealed caller (kind ``call``), `recording_paper_id` where the
    recording is fetched from (kind ``call_recording``).
    """

    __tablename__ = "calls"
    __table_args__ = (
        CheckConstraint(f"direction IN {DIRECTIONS!r}", name="direction"),
        CheckConstraint(f"disposition IN {tuple(DISPOSITIONS)!r}", name="disposition"),
        CheckConstraint(f"basis IN {BASES!r}", name="basis"),
        CheckConstraint(f"hang_up_side IN {SIDES!r}", name="hang_up_side"),
        CheckConstraint(f"recording_state IN {RECORDING_STATES!r}", name="recording_state"),
        CheckConstraint("wait_seconds >= 0 AND talk_seconds >= 0", name="seconds_passed"),
        CheckConstraint("(recording_state = 'kept') = (recording_attachment_id IS NOT NULL)", name="recording_kept"),
        CheckConstraint("satisfaction BETWEEN 1 AND 3", name="satisfaction"),
        UniqueConstraint("source", "call_id"),
        Index(None, "source", "linked_id"),
        Index(None, "call_id"),
        Index(None, "arrived_at", "id"),
        Index(None, "paper_id"),
        Index(None, "recording_attachment_id"),
        Index("ix_calls_recording_awaited", "recording_next_try_at", "id", postgresql_where=text("recording_state = 'awaited'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    call_id: Mapped[str]
    linked_id: Mapped[str]
    direction: Mapped[str]
    dnis: Mapped[str | None]
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    queue: Mapped[str | None]
    arrived_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    agent: Mapped[str | None]
    extension: Mapped[str | None]
    disposition: Mapped[str | None]
    basis: Mapped[str]
    queued: Mapped[bool]
    wait_seconds: Mapped[int | None]
    talk_seconds: Mapped[int | None]
    hang_up_side: Mapped[str | None]
    called_before: Mapped[bool | None]
    satisfaction: Mapped[int | None] = mapped_column(SmallInteger)
    recording_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    recording_state: Mapped[str | None]
    recording_tries: Mapped[int] = mapped_column(server_default=text("0"))
    recording_next_try_at: Mapped[datetime | None]
    recording_error: Mapped[str | None]
    recording_attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachments.id"))
    recording_fetched_at: Mapped[datetime | None]
    first_heard_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CallEvent(Base):
    """Something an exchange said of a call: unique by (source, call_id, event), however often and in whatever order it arrives.

    `facts` is what its adapter read, without personal data; `paper_id` what came, unchanged and sealed (kind ``call_event``).
    `reconciled` marks what was found in the exchange's own files since its post never came. What could not be read has no
    `call_id` and an `error`; it is kept once by its keyed `fingerprint`.
    """

    __tablename__ = "call_events"
    __table_args__ = (
        CheckConstraint("(call_id IS NULL) = (error IS NOT NULL)", name="read_or_explained"),
        UniqueConstraint("source", "call_id", "event"),
        Index(None, "source", "linked_id"),
        Index("ix_call_events_unreadable", "source", "fingerprint", unique=True, postgresql_where=text("call_id IS NULL")),
        Index("ix_call_events_unreadable_newest", "received_at", "id", postgresql_where=text("call_id IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    call_id: Mapped[str | None]
    event: Mapped[str]
    linked_id: Mapped[str | None]
    happened_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    facts: Mapped[Json]
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
    fingerprint: Mapped[bytes]
    reconciled: Mapped[bool]
    error: Mapped[str | None]


class RecordingAccess(Base):
    """Who listened to a recording, when, and what for. Written before the first byte goes out, never changed."""

    __tablename__ = "recording_accesses"
    __table_args__ = (Index(None, "call_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"))
    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachments.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    purpose: Mapped[str]
    first_byte: Mapped[int] = mapped_column(BigInt)
    last_byte: Mapped[int] = mapped_column(BigInt)
    accessed_at: Mapped[datetime]


class ExchangeFile(Base):
    """How far a file of an exchange (call records or queue log) has been read. `head` tells a new file under the old name."""

    __tablename__ = "exchange_files"

    source: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    head: Mapped[bytes]
    position: Mapped[int] = mapped_column(BigInt)
    read_at: Mapped[datetime]
