"""Rows of upper-level platforms: their orders, and every push of theirs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json

OUTCOMES = ("filed", "supplemented", "urged", "reopened", "kept", "unmapped")


class PlatformOrder(Base):
    """An order of a platform's and the ticket it became. `deadline` is the platform's own; our clocks run by the catalogue."""

    __tablename__ = "platform_orders"
    __table_args__ = (UniqueConstraint("connection_code", "order_no"), Index(None, "ticket_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_code: Mapped[str]
    order_no: Mapped[str]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id"))
    kind: Mapped[str | None]
    their_category: Mapped[str | None]
    deadline: Mapped[datetime | None]
    urges: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PlatformPush(Base):
    """One push. What it said is a sealed paper; `content_index` (keyed) finds the same push again. `faults` name places, never values.

    `kept`: it changed nothing that anybody acts on, or its ticket had ended. `unmapped`: it could not be read as an order; it is kept until
    the mapping fits and somebody has it read again.
    """

    __tablename__ = "platform_pushes"
    __table_args__ = (
        CheckConstraint(f"outcome IN {OUTCOMES!r}", name="outcome"),
        UniqueConstraint("connection_code", "content_index"),
        Index(None, "connection_code", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_code: Mapped[str]
    content_index: Mapped[bytes]
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_papers.id"))
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("platform_orders.id"))
    outcome: Mapped[str]
    faults: Mapped[Json]
    received_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
