"""Rows of deadlines."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base

STAGES = ("dispatch", "accept", "inform", "first_contact", "resolve", "answer", "verify", "review")
CLOCK_STATES = ("running", "paused", "stopped", "cancelled")


class CalendarDay(Base):
    """A day that differs from the plain week: a statutory holiday or a make-up working day. `official`: announced, not estimated."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    working: Mapped[bool]
    name: Mapped[str]
    official: Mapped[bool]
    source: Mapped[str]


class Clock(Base):
    """One limit that runs for one ticket.

    `next_level_at` is when the next escalation level is (or was) reached;
    NULL when none is left. A clock that was stopped late keeps it until the levels it had reached by then are recorded.

    `first_due_at` never changes; `due_at` moves only by a granted extension or a suspension. `stopped_at` <= `due_at` is on time.
    """

    __tablename__ = "clocks"
    __table_args__ = (
        CheckConstraint(f"stage IN {STAGES!r}", name="stage"),
        CheckConstraint(f"state IN {CLOCK_STATES!r}", name="state"),
        UniqueConstraint("ticket_id", "round", "stage", "turn"),
        Index("ix_clocks_next_level", "next_level_at", "id", postgresql_where=text("state IN ('running', 'stopped')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    round: Mapped[int]
    stage: Mapped[str]
    turn: Mapped[int]
    state: Mapped[str]
    started_at: Mapped[datetime]
    first_due_at: Mapped[datetime]
    due_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    limit_amount: Mapped[int]
    limit_unit: Mapped[str]
    provisional: Mapped[bool]
    level: Mapped[int] = mapped_column(server_default=text("0"))
    next_level_at: Mapped[datetime | None]


class Escalation(Base):
    """A level that was reached: dated at its true time, once for each clock and level."""

    __tablename__ = "escalations"
    __table_args__ = (UniqueConstraint("clock_id", "level"), Index(None, "ticket_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    clock_id: Mapped[UUID] = mapped_column(ForeignKey("clocks.id"))
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    level: Mapped[int]
    name: Mapped[str]
    reached_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
