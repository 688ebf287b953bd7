"""Rows of the journal."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json


class Event(Base):
    """Something that happened. Never changed, never deleted: the application's roles have no right to.

    `seq` counts the events of one subject from 1 without a gap; for a ticket it is the ticket's version.
    """

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("subject_id", "seq"), Index(None, "recorded_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    seq: Mapped[int]
    type: Mapped[str]
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_account_id: Mapped[UUID | None]
    actor_unit_id: Mapped[UUID | None]
    data: Mapped[Json]
    previous_hash: Mapped[bytes]
    hash: Mapped[bytes]


class Delivery(Base):
    """An effect still owed for an event; deleted in the transaction that has the effect. `parked_at`: given up until somebody looks."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "handler", "due_at", "id", postgresql_where=text("parked_at IS NULL")),
        Index("ix_deliveries_parked", "parked_at", postgresql_where=text("parked_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"))
    handler: Mapped[str]
    subject_id: Mapped[UUID]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str | None]
    parked_at: Mapped[datetime | None]
