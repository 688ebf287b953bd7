"""Rows of the Open311 channel: who brought which complaint, which updates were taken, and which pictures are still to be fetched."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base


class Open311Request(Base):
    """A complaint as an open client filed it. Written once.

    `described` counts the characters of the client's own description at the beginning of the complaint's words. `repeat_key` is what the
    same request sent again is found by, `fingerprint` what it said; both are keyed digests. The paper holds whatever else was sent, sealed.
    """

    __tablename__ = "open311_requests"
    __table_args__ = (
        Index(None, "ticket_id"),
        Index(None, "connection_id", "recorded_at"),
        Index("ix_open311_requests_repeat_key", "repeat_key", "recorded_at", postgresql_where=text("repeat_key IS NOT NULL")),
    )

    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connections.id"))
    described: Mapped[int]
    repeat_key: Mapped[bytes | None]
    fingerprint: Mapped[bytes]
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    recorded_at: Mapped[datetime]


class Open311Update(Base):
    """An update that a client sent about a request of its own, once for each `update_id`. Its words lie with the supplements."""

    __tablename__ = "open311_updates"
    __table_args__ = (UniqueConstraint("connection_id", "update_id"), Index(None, "complaint_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connections.id"))
    update_id: Mapped[str]
    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"))
    status: Mapped[str]
    paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealed_papers.id"))
    said_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class Open311Medium(Base):
    """A picture that a client named by address: the `nth` ``media_url`` of a paper, fetched by the worker and tied to the complaint."""

    __tablename__ = "open311_media"
    __table_args__ = (
        CheckConstraint("state IN ('wanted', 'fetched', 'given_up')", name="state"),
        UniqueConstraint("paper_id", "nth"),
        Index("ix_open311_media_wanted", "next_try_at", postgresql_where=text("state = 'wanted'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"))
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
    nth: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'wanted'"))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime]
    attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachments.id"))
    last_error: Mapped[str | None]
