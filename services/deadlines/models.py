"""Rows of deadlines."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base

STAGE_NAMES = {
    "dispatch": "派单",
    "accept": "签收",
    "inform": "受理告知",
    "first_contact": "首次联系",
    "contain": "现场围护",
    "repair": "修复",
    "restore": "恢复",
    "resolve": "处置",
    "answer": "反馈",
    "verify": "核实",
    "review": "挂起复核",
    "respond": "到场",
    "task": "协办",
    "instruct": "批示落实",
    "adjudicate": "裁定",
}
STAGES = tuple(STAGE_NAMES)
LEVEL_NAMES = ("urge", "supervise", "raise", "list")
"""催办, 督办, 上报, 通报."""
CLOCK_STATES = ("running", "paused", "stopped", "cancelled")
MOVES = ("extension", "pause", "recalculation", "correction")


class Clock(Base):
    """One limit that runs for one ticket. The row follows from the deeds in the journal alone: see `clocks.py`.

    `unit_id` is whose clock it is where it is neither the holder's nor the desk's. `calendar_*` and `ladder_*` are the versions in force
    when it started, which count for it from then on. `paused_for` is how long it was paused so far: the gross duration is
    `stopped_at` - `started_at`, the net one less `paused_for`. `next_level_at` is when the next escalation level is (or was) reached;
    NULL when none is left. A clock that was stopped late keeps it until the levels it had reached by then are recorded.

    `first_due_at` changes only where it was provisional and the days it rests on are announced; `due_at` moves besides by a granted
    extension or a suspension, and forward where the category or the urgency was corrected. `stopped_at` <= `due_at` is on time.
    """

    __tablename__ = "clocks"
    __table_args__ = (
        CheckConstraint(f"stage IN {STAGES!r}", name="stage"),
        CheckConstraint(f"state IN {CLOCK_STATES!r}", name="state"),
        UniqueConstraint("ticket_id", "round", "stage", "turn"),
        Index("ix_clocks_provisional", "id", postgresql_where=text("provisional AND state IN ('running', 'paused')")),
        Index("ix_clocks_next_level", "next_level_at", "id", postgresql_where=text("state IN ('running', 'stopped')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    round: Mapped[int]
    stage: Mapped[str]
    turn: Mapped[int]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    state: Mapped[str]
    started_at: Mapped[datetime]
    first_due_at: Mapped[datetime]
    due_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    paused_for: Mapped[timedelta] = mapped_column(server_default=text("'0'"))
    limit_amount: Mapped[int]
    limit_unit: Mapped[str]
    start_rule: Mapped[str] = mapped_column(server_default=text("'at_once'"))
    provisional: Mapped[bool]
    calendar_version: Mapped[int] = mapped_column(server_default=text("0"))
    calendar_code: Mapped[str] = mapped_column(server_default=text("'default'"))
    ladder_version: Mapped[int] = mapped_column(server_default=text("0"))
    ladder_rule: Mapped[str] = mapped_column(server_default=text("''"))
    level: Mapped[int] = mapped_column(server_default=text("0"))
    next_level_at: Mapped[datetime | None]


class ClockMove(Base):
    """Why a due instant moved, and by whose leave. Kept for good beside the instants themselves.

    `reason` is the code that was given; `from_at` and `until` say how long a pause took.
    """

    __tablename__ = "clock_moves"
    __table_args__ = (CheckConstraint(f"kind IN {MOVES!r}", name="kind"), Index(None, "clock_id"), Index(None, "ticket_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    clock_id: Mapped[UUID] = mapped_column(ForeignKey("clocks.id"))
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    kind: Mapped[str]
    reason: Mapped[str | None]
    from_at: Mapped[datetime | None]
    until: Mapped[datetime | None]
    due_before: Mapped[datetime]
    due_after: Mapped[datetime]
    by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime]


class Escalation(Base):
    """A level that was reached: dated at its true time, once for each clock and level. `unit_id` was spoken to, `late_unit_id` was late.

    `due_at` is the due instant the level was dated by, as it stood then.
    """

    __tablename__ = "escalations"
    __table_args__ = (
        CheckConstraint(f"name IN {LEVEL_NAMES!r}", name="name"),
        UniqueConstraint("clock_id", "level"),
        Index(None, "ticket_id"),
        Index("ix_escalations_listed", "reached_at", "id", postgresql_where=text("name = 'list'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    clock_id: Mapped[UUID] = mapped_column(ForeignKey("clocks.id"))
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    level: Mapped[int]
    name: Mapped[str]
    reached_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    late_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    due_at: Mapped[datetime | None]
