"""From a start and a limit to the instant it is due; and how much is left.

Three units. **minutes** run day and night (紧急). **working_days** (工作日): the start day is never counted, worked or not; due at
the end of the N-th working day after it. **natural_days** (自然日): the start day is not counted either, and the limit also ends
with a day, not at the clock time of the start, so that both kinds of day read alike on a ticket. The end of a day is the next
midnight of Asia/Shanghai. Instants go in and come out aware, in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from services.deadlines.calendar import SHANGHAI, WorkCalendar, local_day

_INSTANT = timedelta(microseconds=1)


class TimeUnit(StrEnum):
    """The units a limit can be stated in."""

    MINUTES = "minutes"
    NATURAL_DAYS = "natural_days"
    WORKING_DAYS = "working_days"


class StartRule(StrEnum):
    """From when a limit is counted."""

    AT_ONCE = "at_once"
    NEXT_DAY = "next_day"
    NEXT_WORKING_TIME = "next_working_time"


@dataclass(frozen=True, slots=True)
class StageLimit:
    """How long one stage may take. `amount` is at least 1; ``ValueError`` otherwise."""

    stage: str
    amount: int
    unit: TimeUnit
    start: StartRule = StartRule.AT_ONCE

    def __post_init__(self) -> None:
        """Refuse a limit that would be over before it starts."""
        if self.amount < 1:
            raise ValueError("a limit is at least 1")


@dataclass(frozen=True, slots=True)
class Due:
    """When a limit ends (UTC), and whether that rests on days whose calendar is not announced yet."""

    at: datetime
    provisional: bool


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left at some moment.

    `wall` is clock time, negative once overdue; `working_days` counts the working days after today up to the last day of the
    limit, negative for the working days gone by since then.
    """

    wall: timedelta
    working_days: int
    overdue: bool


def due_at(start: datetime, limit: StageLimit, calendar: WorkCalendar) -> Due:
    """The instant `limit` ends when it starts at `start` (aware, else ``ValueError``)."""
    return moved_by(start, limit.amount, limit.unit, calendar)


def moved_by(start: datetime, amount: int, unit: TimeUnit, calendar: WorkCalendar) -> Due:
    """`start` moved on by `amount` of `unit`; the rule behind `due_at` and the escalation ladder.

    An amount of 0 days is the end of the start day itself. Raises ``ValueError`` for a naive start or a negative amount.
    """
    today = local_day(start)
    if amount < 0:
        raise ValueError("amount must not be negative")
    if unit is TimeUnit.MINUTES:
        return Due(start.astimezone(UTC) + timedelta(minutes=amount), provisional=False)
    if unit is TimeUnit.NATURAL_DAYS:
        return Due(_end_of(today + timedelta(days=amount)), provisional=False)
    day, provisional = calendar.nth_working_day_after(today, amount)
    return Due(_end_of(day), provisional)


def last_day_of(due: datetime) -> date:
    """The Asia/Shanghai day on which a limit ends. A limit due at midnight ends with the day before."""
    return local_day(due - _INSTANT)


def is_met(due: datetime, stopped_at: datetime | None) -> bool:
    """Whether a clock was stopped in time: at the due instant or before it."""
    return stopped_at is not None and stopped_at <= due


def working_days_between(start: date, end: date, calendar: WorkCalendar) -> int:
    """The number of working days after `start` up to and with `end`; negative when `end` lies before `start`."""
    if end < start:
        return -working_days_between(end, start, calendar)
    days = (start + timedelta(days=step) for step in range(1, (end - start).days + 1))
    return sum(calendar.is_working(day) for day in days)


def remaining(due: datetime, now: datetime, calendar: WorkCalendar) -> Remaining:
    """How much of a limit is left at `now`."""
    days = working_days_between(local_day(now), last_day_of(due), calendar)
    return Remaining(wall=due - now, working_days=days, overdue=now > due)


def _end_of(day: date) -> datetime:
    """The instant `day` is over in Asia/Shanghai, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)
