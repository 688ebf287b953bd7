"""What deeds do to clocks. Pure: clock states in, row changes out.

Two rules stand above all: nobody who passes a ticket on gains time by it (a return, a hand-up or a transfer leaves every clock but the new
seat's acceptance alone), and only a granted extension or the end of a suspension moves `due_at`; `first_due_at` never moves.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from services.catalogue.policy import CategoryPolicy
from services.deadlines.calendar import WorkCalendar, local_day
from services.deadlines.due import StageLimit, TimeUnit, due_at, moved_by, working_days_between
from services.deadlines.escalation import RunningClock, default_ladder, next_level_at
from services.deadlines.models import Clock
from services.platform.ids import new_id
from services.tickets.case import Case, ClockState
from services.tickets.changes import Insert, Update
from services.tickets.opening import DISPATCH_MINUTES
from services.tickets.terms import own_limit

ROUND_STAGES = ("inform", "first_contact", "resolve")
"""Clocks that start with the first dispatch of a round; `answer` starts when the work is done, `verify` when it was answered."""
_DEFAULTS = {
    stage: StageLimit(stage, days, TimeUnit.WORKING_DAYS) for stage, days in (("accept", 1), ("resolve", 5), ("answer", 1), ("verify", 3))
}
"""Where a category is unknown or silent, in working days: accept 1 (蚌埠), resolve 5 (潍坊、济南); answer 1 and verify 3 are our choice."""

_INSTANT = timedelta(microseconds=1)


def limit_for(stage: str, category: CategoryPolicy | None) -> StageLimit | None:
    """Return the limit of `stage` under the category's policy, or the default; None where there is none."""
    found = category.limits.get(stage) if category else None
    return StageLimit(stage, found.amount, TimeUnit(found.unit)) if found else _DEFAULTS.get(stage)


def start(case: Case, stage: str, at: datetime, *, turn: int = 1, limit: StageLimit | None = None) -> tuple[Insert, ...]:
    """Return the row of a clock of `stage` that starts at `at`; nothing where no limit applies."""
    limit = limit or own_limit(case.ticket.terms, stage, case.ticket.round, case.ticket.urgency) or limit_for(stage, case.category)
    if limit is None:
        return ()
    due = due_at(at, limit, case.around.calendar)
    row = {
        "id": new_id(),
        "ticket_id": case.ticket.id,
        "round": case.ticket.round,
        "stage": stage,
        "turn": turn,
        "state": "running",
        "started_at": at,
        "first_due_at": due.at,
        "due_at": due.at,
        "stopped_at": None,
        "paused_at": None,
        "limit_amount": limit.amount,
        "limit_unit": limit.unit.value,
        "provisional": due.provisional,
        "level": 0,
        "next_level_at": due.at,
    }
    return (Insert(Clock, row),)


def round_start(case: Case, stage: str, now: datetime) -> datetime:
    """Return when a clock of the round starts that is due to start `now`: one of the terms' own runs from the round's beginning."""
    if own_limit(case.ticket.terms, stage, case.ticket.round, case.ticket.urgency) is None:
        return now
    began = [clock.started_at for clock in case.clocks if clock.stage == "dispatch" and clock.round == case.ticket.round]
    return min(began, default=now)


def stop(case: Case, stages: Iterable[str], at: datetime) -> tuple[Update, ...]:
    """Return the stopping of every running or paused clock of `stages`.

    One that had reached a level nobody has recorded yet keeps `next_level_at`, so that the level is still written down.
    """
    wanted = frozenset(stages)
    return tuple(
        _stopped(clock, at, case.around.calendar) for clock in case.clocks if clock.stage in wanted and clock.state in ("running", "paused")
    )


def _stopped(clock: ClockState, at: datetime, calendar: WorkCalendar) -> Update:
    due = _due_if_resumed(clock, at, calendar)
    level = level_instant(clock, due, clock.level, calendar)  # its own `next_level_at` may have been put off
    owed = level if level is not None and level < at else None
    return Update(Clock, clock.id, {"state": "stopped", "stopped_at": at, "paused_at": None, "due_at": due, "next_level_at": owed})


def cancel(case: Case) -> tuple[Update, ...]:
    """Return the end without verdict of every clock that still counts."""
    return tuple(
        Update(Clock, clock.id, {"state": "cancelled", "next_level_at": None})
        for clock in case.clocks
        if clock.state in ("running", "paused")
    )


def pause(case: Case, at: datetime, stages: Iterable[str] | None = None) -> tuple[Update, ...]:
    """Return the pausing of the running clocks of `stages` (of all, where not given)."""
    wanted = None if stages is None else frozenset(stages)
    return tuple(
        Update(Clock, clock.id, {"state": "paused", "paused_at": at})
        for clock in case.clocks
        if clock.state == "running" and (wanted is None or clock.stage in wanted)
    )


def resume(case: Case, at: datetime, *, but: Collection[str] = ()) -> tuple[Update, ...]:
    """Return the going on of every paused clock but those of some stages, due later by what the pause took."""
    changes = []
    for clock in case.clocks:
        if clock.state == "paused" and clock.stage not in but:
            due = _due_if_resumed(clock, at, case.around.calendar)
            changes.append(_moved(clock, due, case.around.calendar, {"state": "running", "paused_at": None}))
    return tuple(changes)


def extend(case: Case, days: int, unit: TimeUnit) -> tuple[Update, ...]:
    """Return the moving of resolve by the `days` of a granted extension."""
    changes = []
    for clock in case.clocks:
        if clock.stage == "resolve" and clock.state in ("running", "paused"):
            due = moved_by(clock.due_at - _INSTANT, days, unit, case.around.calendar).at
            changes.append(_moved(clock, due, case.around.calendar, {}))
    return tuple(changes)


def level_instant(clock: ClockState | Mapping[str, object], due: datetime, level: int, calendar: WorkCalendar) -> datetime | None:
    """Return when the next escalation level of a clock due at `due` is reached, `level` levels being recorded; None where none is left."""
    started, unit = (clock.started_at, clock.limit_unit) if isinstance(clock, ClockState) else (clock["started_at"], clock["limit_unit"])
    assert isinstance(started, datetime)
    running = RunningClock(started, due, frozenset(range(1, level + 1)))
    return next_level_at(running, default_ladder(TimeUnit(str(unit))), calendar)


def _moved(clock: ClockState, due: datetime, calendar: WorkCalendar, more: dict[str, object]) -> Update:
    values = {"due_at": due, "next_level_at": level_instant(clock, due, clock.level, calendar), **more}
    return Update(Clock, clock.id, values)


def _due_if_resumed(clock: ClockState, at: datetime, calendar: WorkCalendar) -> datetime:
    """Return when `clock` would be due, had its pause (if any) ended at `at`.

    A limit in minutes moves by the pause to the microsecond; a limit in days by the days of its kind that the pause went through.
    """
    if clock.paused_at is None or at <= clock.paused_at:
        return clock.due_at
    unit = TimeUnit(clock.limit_unit)
    if unit is TimeUnit.MINUTES:
        return clock.due_at + (at - clock.paused_at)
    first, last = local_day(clock.paused_at), local_day(at)
    days = working_days_between(first, last, calendar) if unit is TimeUnit.WORKING_DAYS else (last - first).days
    return moved_by(clock.due_at - _INSTANT, days, unit, calendar).at if days else clock.due_at


def dispatch_limit(urgency: str) -> StageLimit:
    """Return how soon a unit must be found, by urgency."""
    return StageLimit("dispatch", DISPATCH_MINUTES[urgency], TimeUnit.MINUTES)
