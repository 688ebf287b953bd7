"""Rows of notifications."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.platform.database import Base, Json
from services.platform.sealed_words import SealedWords


class Message(Base):
    """One message to one recipient by one carrier. `unique_key` makes it one, however often its event is handled.

    What is `said` is rendered Chinese, to complainants sealed and to units in clear; the address is looked up (complaint or unit) only at
    the moment of sending.
    `ways` remembers each try that failed, so that the next one does not begin again with a way that is closed. One that is `digested` is
    told within another, the digest, and goes nowhere by itself; the digest's own `ticket_id` is that of the most urgent matter in it,
    `tally` what it counts so far. What a unit is told of something else than a ticket (a bulletin) has no `ticket_id`.
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("audience IN ('complainant', 'unit')", name="audience"),
        CheckConstraint("state IN ('queued', 'sent', 'given_up', 'no_carrier', 'digested')", name="state"),
        CheckConstraint("(state = 'digested') = (digest_id IS NOT NULL)", name="digested"),
        CheckConstraint("ticket_id IS NOT NULL OR audience = 'unit'", name="about_a_ticket"),
        Index("ix_messages_queued", "next_try_at", "id", postgresql_where=text("state = 'queued'")),
        Index(None, "ticket_id"),
        Index("ix_messages_template_reference", "provider_reference", postgresql_where=text("carrier = 'wechat_template'")),
        Index("ix_messages_subscribed", "complaint_id", postgresql_where=text("carrier = 'wechat_subscription'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unique_key: Mapped[str] = mapped_column(unique=True)
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"))
    audience: Mapped[str]
    complaint_id: Mapped[UUID | None] = mapped_column(ForeignKey("complaints.id"))
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    carrier: Mapped[str | None]
    template: Mapped[str]
    row_key: Mapped[bytes | None]
    sealed_words: Mapped[bytes | None]
    clear_words: Mapped[str | None] = mapped_column("words")
    said: Mapped[SealedWords] = composite("id", "row_key", "sealed_words", "clear_words")
    state: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    provider_reference: Mapped[str | None]
    last_error: Mapped[str | None]
    ways: Mapped[list[Json]] = mapped_column(JSONB, server_default=text("'[]'"))
    created_at: Mapped[datetime]
    digest_id: Mapped[UUID | None] = mapped_column(ForeignKey("messages.id"))
    tally: Mapped[Json | None] = mapped_column(JSONB)


class StoppedEndpoint(Base):
    """An address of a carrier that said it wants nothing more (HTTP 410), known by the SHA-256 of the address."""

    __tablename__ = "stopped_endpoints"

    fingerprint: Mapped[bytes] = mapped_column(primary_key=True)
    carrier: Mapped[str]
    reason: Mapped[str]
    stopped_at: Mapped[datetime]


class PausedWay(Base):
    """A way to people that is closed to everybody until `until`: a quota is used up, an interface banned, an account misconfigured."""

    __tablename__ = "paused_ways"

    way: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    paused_at: Mapped[datetime]
    until: Mapped[datetime]
