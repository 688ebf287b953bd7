"""Rows of flags on evidence."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base
from services.tickets.evidence import KINDS


class EvidenceFlag(Base):
    """Something about a picture of a work log that whoever closes should have looked at. Found by the worker, never taken away.

    `other_ticket_id` is the ticket it was compared with, its own where that was compared with itself; `other_attachment_id` the picture
    there, and `shown_at` beside `other_shown_at` says which came first. `distance` is in bits of 256, `metres` from the ticket's point,
    `since` the instant an "after" must not be older than. Reviewed means: a person who closed said in words why it is all right.
    """

    __tablename__ = "evidence_flags"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS!r}", name="kind"),
        CheckConstraint("(reviewed_at IS NULL) = (review_words IS NULL)", name="reviewed_in_words"),
        UniqueConstraint("work_log_id", "attachment_id", "kind", "other_ticket_id", name="uq_evidence_flags_once"),
        Index(None, "ticket_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    round: Mapped[int]
    work_log_id: Mapped[UUID] = mapped_column(ForeignKey("work_logs.id"))
    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachments.id"))
    kind: Mapped[str]
    other_ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    other_attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachments.id"))
    shown_at: Mapped[datetime]
    other_shown_at: Mapped[datetime | None]
    distance: Mapped[int | None]
    metres: Mapped[int | None]
    since: Mapped[datetime | None]
    found_at: Mapped[datetime]
    reviewed_at: Mapped[datetime | None]
    reviewed_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    review_words: Mapped[str | None]
