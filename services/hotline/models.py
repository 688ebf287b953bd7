"""Rows of the operator's desk. Calls are named as their exchange names them: a filing does not wait for the exchange's word."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base

PURPOSES = {
    "told": "反映",
    "supplement": "补充",
    "urge": "催问",
    "tell": "告知",
    "call_back": "回访",
    "three_party": "三方通话",
}
NOTE_KINDS = {"note": "备注", "three_party": "三方通话"}


class CallDraft(Base):
    """What an operator has typed so far, saved while the villager talks. The content is a sealed paper (kind ``call_draft``).

    Its id is made by the client. `paper_id` is the newest content; older papers of the draft are erased by and by.
    """

    __tablename__ = "call_drafts"
    __table_args__ = (Index("ix_call_drafts_open", "saved_at", postgresql_where=text("filed_at IS NULL AND discarded_at IS NULL")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str | None]
    call_id: Mapped[str | None]
    author_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
    version: Mapped[int]
    begun_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    filed_at: Mapped[datetime | None]
    ticket_number: Mapped[str | None]
    discarded_at: Mapped[datetime | None]
    discarded_because: Mapped[str | None]


class TicketCall(Base):
    """A call that was about a ticket, and what for. The calls it was told in are known by its complaints."""

    __tablename__ = "ticket_calls"
    __table_args__ = (
        CheckConstraint(f"purpose IN {tuple(PURPOSES)!r}", name="purpose"),
        UniqueConstraint("ticket_id", "call_id", "purpose"),
        Index(None, "call_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    source: Mapped[str | None]
    call_id: Mapped[str]
    purpose: Mapped[str]
    linked_at: Mapped[datetime]
    by_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class CallNote(Base):
    """What an operator wrote of a call; of a three-party call, with which unit. Written once."""

    __tablename__ = "call_notes"
    __table_args__ = (CheckConstraint(f"kind IN {tuple(NOTE_KINDS)!r}", name="kind"), Index(None, "call_id"), Index(None, "ticket_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str | None]
    call_id: Mapped[str]
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[str]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    words: Mapped[str]
    author_account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime]


class ContactReveal(Base):
    """Who saw a complainant's number in clear, when, and what for. Written before it is shown, never changed."""

    __tablename__ = "contact_reveals"
    __table_args__ = (Index(None, "complaint_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    purpose: Mapped[str]
    revealed_at: Mapped[datetime]
