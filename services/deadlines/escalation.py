"""The ladder: what happens, level by level, when a clock is not stopped in time.

Pure: a clock, a ladder and a moment in; the levels reached but not yet recorded out, each dated at its *true* time, so that a worker
that slept three days records the same history as one that never slept. The ladder is data (policy rows); the default one is:
urge (催办) when due, raise (上报) to the next tier a working day later, supervise (督办) by the county three working days after due.
Limits in minutes count in themselves: the same amount again, and three times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.deadlines.calendar import WorkCalendar
from services.deadlines.due import TimeUnit, moved_by

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class After:
    """How long after the due instant: an amount of days or minutes.

    0 is the due instant itself. Days count like limits do: from the last day of the limit, to the end of a day.
    """

    amount: int
    unit: TimeUnit

    def __post_init__(self) -> None:
        """A level cannot lie before the due instant."""
        if self.amount < 0:
            raise ValueError("a level cannot lie before the due instant")


@dataclass(frozen=True, slots=True)
class AfterShare:
    """How long after the due instant, as a percentage of the clock's own length: 100 is the same amount again."""

    percent: int

    def __post_init__(self) -> None:
        """A level cannot lie before the due instant."""
        if self.percent < 0:
            raise ValueError("a level cannot lie before the due instant")


@dataclass(frozen=True, slots=True)
class Level:
    """One rung: its place in the ladder, what is done (`urge`, `raise`, `supervise`), and when."""

    index: int
    name: str
    after: After | AfterShare


@dataclass(frozen=True, slots=True)
class RunningClock:
    """What the ladder needs to know of a clock. `levels_done` are the indexes already recorded."""

    started_at: datetime
    due_at: datetime
    levels_done: frozenset[int] = frozenset()
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReachedLevel:
    """A level and the instant (UTC) it was truly reached; `provisional` when unannounced days were counted."""

    level: Level
    at: datetime
    provisional: bool


Ladder = tuple[Level, ...]

DEFAULT_DAY_LADDER: Ladder = (
    Level(1, "urge", After(0, TimeUnit.WORKING_DAYS)),
    Level(2, "raise", After(1, TimeUnit.WORKING_DAYS)),
    Level(3, "supervise", After(3, TimeUnit.WORKING_DAYS)),
)
DEFAULT_MINUTE_LADDER: Ladder = (
    Level(1, "urge", AfterShare(0)),
    Level(2, "raise", AfterShare(100)),
    Level(3, "supervise", AfterShare(300)),
)


def default_ladder(unit: TimeUnit) -> Ladder:
    """The ladder used where policy names none: in the clock's own kind of time."""
    return DEFAULT_MINUTE_LADDER if unit is TimeUnit.MINUTES else DEFAULT_DAY_LADDER


def ladder_of(levels: Sequence[Level]) -> Ladder:
    """Policy rows as a ladder, ordered by index. Raises ``ValueError`` when two rows claim the same index."""
    ordered = tuple(sorted(levels, key=lambda level: level.index))
    if len({level.index for level in ordered}) != len(ordered):
        raise ValueError("two levels of a ladder have the same index")
    return ordered


def schedule(clock: RunningClock, ladder: Ladder, calendar: WorkCalendar) -> tuple[ReachedLevel, ...]:
    """Every level of the ladder with the instant it would be reached, earliest first, whatever happened so far."""
    dated = [_dated(clock, level, calendar) for level in ladder]
    return tuple(sorted(dated, key=lambda reached: (reached.at, reached.level.index)))


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
    if isinstance(level.after, AfterShare):
        length = clock.due_at - clock.started_at
        return ReachedLevel(level, due + length * level.after.percent // 100, provisional=False)
    if level.after.amount == 0:
        return ReachedLevel(level, due, provisional=False)
    if level.after.unit is TimeUnit.MINUTES:
        return ReachedLevel(level, due + timedelta(minutes=level.after.amount), provisional=False)
    # a limit due at midnight belongs to the day that has just ended: that day is the one not counted
    moved = moved_by(due - _INSTANT, level.after.amount, level.after.unit, calendar)
    return ReachedLevel(level, moved.at, moved.provisional)
