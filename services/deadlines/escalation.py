"""The ladder: what happens, level by level, when a clock is about to run out or has run out.

Pure: a clock, a ladder and a moment in; the levels reached but not yet recorded out, each dated at its *true* time, so that a worker
that slept three days records the same history as one that never slept. Which ladder a clock climbs is policy (`ladders.py`).

A level lies before the due instant or after it, by an amount of a unit or by a share of the limit. Levels stand in the order of their
index: none is dated before the one below it, nor before the clock's start. A share of a limit in minutes or office hours is that part of
the limit as it was given; a share of a limit in days is that part of the time from start to due, pauses left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from services.deadlines.calendar import WorkCalendar
from services.deadlines.due import TimeUnit, last_day_of, latest_start, put_off
from services.platform.clock import day_end

_ONE_DAY = timedelta(days=1)
_WHOLE = 100


@dataclass(frozen=True, slots=True)
class After:
    """How long after the due instant: an amount of a unit.

    0 is the due instant itself. Days count like limits do: from the last day of the limit, to the end of a day.
    """

    amount: int
    unit: TimeUnit

    def __post_init__(self) -> None:
        """What lies before the due instant is `Before`."""
        if self.amount < 0:
            raise ValueError("an amount after the due instant is at least 0")


@dataclass(frozen=True, slots=True)
class AfterShare:
    """How long after the due instant, as a percentage of the limit: 100 is the same amount again."""

    percent: int

    def __post_init__(self) -> None:
        """What lies before the due instant is `BeforeShare`."""
        if self.percent < 0:
            raise ValueError("a share after the due instant is at least 0 percent")


@dataclass(frozen=True, slots=True)
class Before:
    """How long before the due instant: an amount of a unit. Days end like limits do: so many whole days of the kind are left then."""

    amount: int
    unit: TimeUnit

    def __post_init__(self) -> None:
        """0 is the due instant itself, which is `After`."""
        if self.amount < 1:
            raise ValueError("an amount before the due instant is at least 1")


@dataclass(frozen=True, slots=True)
class BeforeShare:
    """How long before the due instant, as a percentage of the limit: 20 is when four fifths are gone."""

    percent: int

    def __post_init__(self) -> None:
        """More than the whole limit lies before the start."""
        if not 1 <= self.percent <= _WHOLE:
            raise ValueError("a share before the due instant is 1 to 100 percent")


When = After | AfterShare | Before | BeforeShare


@dataclass(frozen=True, slots=True)
class Level:
    """One rung: its place in the ladder, what is done (`urge`, `supervise`, `raise`, `list`), and when."""

    index: int
    name: str
    when: When

    @property
    def early(self) -> bool:
        """Whether it is reached while the clock is not late yet."""
        return isinstance(self.when, Before | BeforeShare)


@dataclass(frozen=True, slots=True)
class RunningClock:
    """What the ladder needs to know of a clock. `levels_done` are the indexes already recorded.

    `amount` and `unit` are the limit as it was given (no amount: the time from start to due), `paused` is for how long it stood still.
    """

    started_at: datetime
    due_at: datetime
    levels_done: frozenset[int] = frozenset()
    stopped_at: datetime | None = None
    unit: TimeUnit = TimeUnit.NATURAL_DAYS
    amount: int | None = None
    paused: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class ReachedLevel:
    """A level and the instant (UTC) it was truly reached; `provisional` when unannounced days were counted."""

    level: Level
    at: datetime
    provisional: bool


Ladder = tuple[Level, ...]


def ladder_of(levels: Sequence[Level]) -> Ladder:
    """Policy rows as a ladder, ordered by index. Raises ``ValueError`` when two rows claim the same index."""
    ordered = tuple(sorted(levels, key=lambda level: level.index))
    if len({level.index for level in ordered}) != len(ordered):
        raise ValueError("two levels of a ladder have the same index")
    return ordered


def schedule(clock: RunningClock, ladder: Ladder, calendar: WorkCalendar) -> tuple[ReachedLevel, ...]:
    """Every level of the ladder with the instant it would be reached, lowest and so earliest first, whatever happened so far."""
    found: list[ReachedLevel] = []
    floor = clock.started_at.astimezone(UTC)
    for level in ladder:
        reached = _dated(clock, level, calendar)
        if reached.at < floor:
            reached = replace(reached, at=floor, provisional=reached.provisional or bool(found and found[-1].provisional))
        found.append(reached)
        floor = reached.at
    return tuple(found)


def reached_levels(clock: RunningClock, ladder: Ladder, now: datetime, calendar: WorkCalendar) -> tuple[ReachedLevel, ...]:
    """The levels reached by `now` and not recorded yet, in true order, each once.

    A clock that was stopped keeps what it had truly missed by then, even when nobody was there to record it; a stop at the very
    instant of a level comes in time.
    """
    return tuple(
        reached
        for reached in schedule(clock, ladder, calendar)
        if reached.at <= now and _still_running(clock, reached.at) and reached.level.index not in clock.levels_done
    )


def next_level_at(clock: RunningClock, ladder: Ladder, calendar: WorkCalendar) -> datetime | None:
    """When the next unrecorded level is (or was) reached: what the clock is indexed by. None when nothing is left to come."""
    for reached in schedule(clock, ladder, calendar):
        if reached.level.index not in clock.levels_done and _still_running(clock, reached.at):
            return reached.at
    return None


def _still_running(clock: RunningClock, instant: datetime) -> bool:
    """Whether the clock had not been stopped by `instant`."""
    return clock.stopped_at is None or clock.stopped_at > instant


def _dated(clock: RunningClock, level: Level, calendar: WorkCalendar) -> ReachedLevel:
    due = clock.due_at.astimezone(UTC)
    match level.when:
        case After(0):
            return ReachedLevel(level, due, provisional=False)
        case After(amount, unit):
            moved = put_off(due, amount, unit, calendar)
            return ReachedLevel(level, moved.at, moved.provisional)
        case Before(amount, unit):
            return ReachedLevel(level, _before(due, amount, unit, calendar), provisional=_unsure(due, unit, calendar))
        case AfterShare(percent):
            return ReachedLevel(level, *_share_after(clock, due, percent, calendar))
        case BeforeShare(percent):
            return ReachedLevel(level, _share_before(clock, due, percent, calendar), provisional=False)


def _before(due: datetime, amount: int, unit: TimeUnit, calendar: WorkCalendar) -> datetime:
    """Return when `amount` is left: of days, the end of the day that lies so many before the last one."""
    if unit in (TimeUnit.MINUTES, TimeUnit.WORKING_MINUTES):
        return latest_start(due, amount, unit, calendar)
    day = last_day_of(due)
    if unit is TimeUnit.NATURAL_DAYS:
        return day_end(day - timedelta(days=amount))
    return day_end(_working_day_before(day, amount, calendar))


def _working_day_before(day: date, amount: int, calendar: WorkCalendar) -> date:
    left = amount
    while left:
        day -= _ONE_DAY
        left -= calendar.is_working(day)
    return day


def _unsure(due: datetime, unit: TimeUnit, calendar: WorkCalendar) -> bool:
    counted = unit in (TimeUnit.WORKING_DAYS, TimeUnit.WORKING_MINUTES)
    return counted and calendar.is_provisional(last_day_of(due))


def _share_after(clock: RunningClock, due: datetime, percent: int, calendar: WorkCalendar) -> tuple[datetime, bool]:
    if clock.unit is TimeUnit.WORKING_MINUTES and clock.amount is not None:
        moved = put_off(due, clock.amount * percent // _WHOLE, clock.unit, calendar)
        return moved.at, moved.provisional
    return due + _length(clock) * percent // _WHOLE, False


def _share_before(clock: RunningClock, due: datetime, percent: int, calendar: WorkCalendar) -> datetime:
    if clock.unit is TimeUnit.WORKING_MINUTES and clock.amount is not None:
        return _before(due, clock.amount * percent // _WHOLE, clock.unit, calendar)
    return due - _length(clock) * percent // _WHOLE


def _length(clock: RunningClock) -> timedelta:
    if clock.unit is TimeUnit.MINUTES and clock.amount is not None:
        return timedelta(minutes=clock.amount)
    return max(timedelta(0), clock.due_at - clock.started_at - clock.paused)
