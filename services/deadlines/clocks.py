"""A clock is what its deeds make it. Pure: deeds in, the row out.

Every change of a clock is a *deed*, a small JSON object that stands in the event of the change (`data["clocks"]`): it was started with a
limit, paused, resumed, extended, tightened, stopped, cancelled, it reached a level, it was recalculated by another version of the
calendar. A deed says what was done and when, never what instant came of it: due instants, verdicts and the next level follow from deeds
and policies alone. So the journal is enough to make every row of `clocks` again (`replayed`), and whoever changes a row goes
through the same function (`after`).

Each clock keeps the version of the calendar and of the ladder that were in force when it started: the promise that was given.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.deadlines.calendar import WorkCalendar
from services.deadlines.calendars import DEFAULT, Calendars
from services.deadlines.due import StageLimit, StartRule, TimeUnit, after_pause, due_at, put_off, worked_between
from services.deadlines.escalation import Ladder, RunningClock, next_level_at
from services.deadlines.ladders import BUILT_IN, Ladders
from services.platform.frozen_rows import FromRow
from services.policies.book import Book

Deed = Mapping[str, Any]
RUNS = ("running", "paused")
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ClockState(FromRow):
    """A row of `clocks`; see :class:`services.deadlines.models.Clock`."""

    id: UUID
    ticket_id: UUID
    round: int
    stage: str
    turn: int
    unit_id: UUID | None
    state: str
    started_at: datetime
    first_due_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    paused_at: datetime | None
    paused_for: timedelta
    limit_amount: int
    limit_unit: str
    start_rule: str
    provisional: bool
    calendar_version: int
    calendar_code: str
    ladder_version: int
    ladder_rule: str
    level: int
    next_level_at: datetime | None

    @property
    def runs(self) -> bool:
        """Tell whether the clock still counts: it runs or is paused."""
        return self.state in RUNS

    @property
    def time_unit(self) -> TimeUnit:
        """The unit of its limit."""
        return TimeUnit(self.limit_unit)


@dataclass(frozen=True, slots=True)
class ClockRules:
    """Every version of the calendars and ladders."""

    calendars: Book[Calendars]
    ladders: Book[Ladders]

    def calendar(self, clock: ClockState) -> WorkCalendar:
        """Return the calendar a clock goes by."""
        return self.calendars.version(clock.calendar_version).calendar(clock.calendar_code)

    def ladder(self, clock: ClockState) -> Ladder:
        """Return the ladder a clock climbs."""
        return self.ladders.version(clock.ladder_version).ladder(clock.ladder_rule, clock.time_unit)


PLAIN = ClockRules(Book({0: Calendars(0, {DEFAULT: WorkCalendar({}, frozenset())})}), Book({0: BUILT_IN}))
"""What counts where nothing was loaded: the plain week, every day provisional, and the ladders that come with the product."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What decides which calendar and which ladder a clock that starts now will go by: where the matter is and what it is about."""

    path: str
    category: str | None
    urgency: str


def start_deed(
    clock_id: UUID, limit: StageLimit, at: datetime, rules: ClockRules, setting: Setting, *, number: int, turn: int, unit_id: UUID | None
) -> Deed:
    """Return the deed that starts a clock in round `number`, under the calendar and the ladder in force at `at`."""
    calendar, ladder = rules.calendars.version_at(at), rules.ladders.version_at(at)
    rule = rules.ladders.version(ladder).rule_for(limit.stage, setting.category, setting.urgency, limit.unit)
    return {
        "id": str(clock_id),
        "do": "start",
        "at": at.isoformat(),
        "stage": limit.stage,
        "round": number,
        "turn": turn,
        **({"unit_id": str(unit_id)} if unit_id else {}),
        "amount": limit.amount,
        "unit": limit.unit.value,
        "start": limit.start.value,
        "calendar": [calendar, rules.calendars.version(calendar).code_for(setting.path)],
        "ladder": [ladder, rule],
    }


def deed(clock: ClockState, do: str, at: datetime | None = None, **more: Any) -> Deed:
    """Return a deed on a clock that exists; see :func:`after` for those there are."""
    return {"id": str(clock.id), "do": do, **({"at": at.isoformat()} if at else {}), **more}


def started(ticket_id: UUID, start: Deed, rules: ClockRules) -> ClockState:
    """Return the clock that a `start` deed makes."""
    limit = StageLimit(start["stage"], start["amount"], TimeUnit(start["unit"]), StartRule(start["start"]))
    at, (version, code), (ladder, rule) = datetime.fromisoformat(start["at"]), start["calendar"], start["ladder"]
    due = due_at(at, limit, rules.calendars.version(version).calendar(code))
    clock = ClockState(
        id=UUID(start["id"]),
        ticket_id=ticket_id,
        round=start["round"],
        stage=limit.stage,
        turn=start["turn"],
        unit_id=UUID(start["unit_id"]) if "unit_id" in start else None,
        state="running",
        started_at=at,
        first_due_at=due.at,
        due_at=due.at,
        stopped_at=None,
        paused_at=None,
        paused_for=timedelta(),
        limit_amount=limit.amount,
        limit_unit=limit.unit.value,
        start_rule=limit.start.value,
        provisional=due.provisional,
        calendar_version=version,
        calendar_code=code,
        ladder_version=ladder,
        ladder_rule=rule,
        level=0,
        next_level_at=None,
    )
    return _with_next_level(clock, rules)


def after(clock: ClockState, done: Deed, rules: ClockRules) -> ClockState:
    """Return what a deed makes of a clock.

    ``pause``, ``resume``, ``stop`` (each ``at``), ``cancel``, ``extend`` by ``amount`` of ``unit``, ``tighten`` to another limit where that
    is over earlier, ``level`` (the highest recorded), ``follow`` to the unit that took the place of its own.
    Raises ``ValueError`` for another deed; a ``recalculate`` and a ``stop`` `reported_back` need all deeds before, see :func:`replayed`.
    """
    does = _DOES.get(done["do"])
    if does is None:
        raise ValueError(f"{done['do']!r} is not done to a clock")
    return does(clock, done, rules)


def replayed(ticket_id: UUID, deeds: Sequence[Deed], rules: ClockRules) -> ClockState:
    """Return the clock that `deeds`, in their order, come to. The first is its start; ``ValueError`` where it is not."""
    if not deeds or deeds[0]["do"] != "start":
        raise ValueError("the first deed of a clock is its start")
    clock, done = started(ticket_id, deeds[0], rules), [deeds[0]]
    for one in deeds[1:]:
        if one["do"] == "recalculate":
            done = [_by_version(earlier, one["calendar"], rules) for earlier in done]
            clock = _retold(ticket_id, done, rules)
        elif one.get("reported_back"):
            done = [*(earlier for earlier in done if not _pauses_after(earlier, _at(one))), one]
            clock = _retold(ticket_id, done, rules)
        else:
            done.append(one)
            clock = after(clock, one, rules)
    return clock


def stop_deed(clock: ClockState, at: datetime, told: Sequence[Deed]) -> Deed:
    """Return the deed that stops a clock at `at`; `told` are all deeds before, where they are known.

    An end that is reported back into a pause that is over, or before it, was reached without the rest of that pause: then the deed is
    `reported_back`, and what came of the pause after `at` is taken back by it.
    """
    back = bool(told) and told[0]["do"] == "start" and any(_pauses_after(one, at) for one in told)
    return deed(clock, "stop", at, **({"reported_back": True} if back else {}))


def _pauses_after(one: Deed, at: datetime) -> bool:
    return one["do"] in ("pause", "resume") and _at(one) > at


def clocks_of(ticket_id: UUID, events: Iterable[Mapping[str, Any]], rules: ClockRules) -> list[ClockState]:
    """Return every clock of a ticket from the data of its events alone, in the order they were started.

    Those that were started before deeds were written to the journal are left out.
    """
    return [replayed(ticket_id, deeds, rules) for deeds in deeds_by_clock(events).values() if deeds[0]["do"] == "start"]


def deeds_by_clock(events: Iterable[Mapping[str, Any]]) -> dict[UUID, list[Deed]]:
    """Return the deeds on each clock, in their order, from the data of a ticket's events."""
    found: dict[UUID, list[Deed]] = {}
    for data in events:
        for one in data.get("clocks") or ():
            found.setdefault(UUID(one["id"]), []).append(one)
    return found


def running(clock: ClockState) -> RunningClock:
    """Return the clock as the ladder sees it."""
    done = frozenset(range(1, clock.level + 1))
    return RunningClock(clock.started_at, clock.due_at, done, clock.stopped_at, clock.time_unit, clock.limit_amount, clock.paused_for)


def _retold(ticket_id: UUID, deeds: Sequence[Deed], rules: ClockRules) -> ClockState:
    """Return what deeds without recalculations come to."""
    clock = started(ticket_id, deeds[0], rules)
    for one in deeds[1:]:
        clock = after(clock, one, rules)
    return clock


def _by_version(one: Deed, version: int, rules: ClockRules) -> Deed:
    """Return a start by another version of its calendar; by the ordinary one where that version has the calendar no more."""
    if one["do"] != "start":
        return one
    code = one["calendar"][1]
    return {**one, "calendar": [version, code if code in rules.calendars.version(version).by_code else DEFAULT]}


def _at(done: Deed) -> datetime:
    return datetime.fromisoformat(done["at"])


def _paused(clock: ClockState, done: Deed, _rules: ClockRules) -> ClockState:
    return replace(clock, state="paused", paused_at=_at(done))


def _resumed(clock: ClockState, done: Deed, rules: ClockRules) -> ClockState:
    return _with_next_level(replace(_pause_over(clock, _at(done), rules), state="running"), rules)


def _stopped(clock: ClockState, done: Deed, rules: ClockRules) -> ClockState:
    """Stop a clock. One that had reached a level nobody has recorded yet keeps `next_level_at`, so that the level is still written down."""
    at = _at(done)
    return _with_next_level(replace(_pause_over(clock, at, rules), state="stopped", stopped_at=at), rules)


def _cancelled(clock: ClockState, _done: Deed, _rules: ClockRules) -> ClockState:
    return replace(clock, state="cancelled", next_level_at=None)


def _extended(clock: ClockState, done: Deed, rules: ClockRules) -> ClockState:
    moved = put_off(clock.due_at, done["amount"], TimeUnit(done["unit"]), rules.calendar(clock))
    return _with_next_level(_due(clock, moved.at, provisional=moved.provisional), rules)


def _levelled(clock: ClockState, done: Deed, rules: ClockRules) -> ClockState:
    return _with_next_level(replace(clock, level=done["level"]), rules)


def _followed(clock: ClockState, done: Deed, _rules: ClockRules) -> ClockState:
    return replace(clock, unit_id=UUID(done["unit_id"]))


def _pause_over(clock: ClockState, at: datetime, rules: ClockRules) -> ClockState:
    """End the pause, if any, at `at`: due later by what it took of the limit's own kind of time."""
    if clock.paused_at is None:
        return clock
    if at <= clock.paused_at:
        return replace(clock, paused_at=None)
    kept = replace(clock, paused_at=None, paused_for=clock.paused_for + (at - clock.paused_at))
    moved = after_pause(clock.due_at, clock.paused_at, at, clock.time_unit, rules.calendar(clock))
    return _due(kept, moved.at, provisional=moved.provisional)


def _tightened(clock: ClockState, done: Deed, rules: ClockRules) -> ClockState:
    """Give a clock another limit from the same start, where that is over earlier. What was granted or lost to pauses stays added."""
    limit = StageLimit(clock.stage, done["amount"], TimeUnit(done["unit"]), StartRule(done["start"]))
    due = due_at(clock.started_at, limit, rules.calendar(clock))
    moved = _granted(clock, due.at, rules)
    if moved >= clock.due_at:
        return clock
    kept = replace(clock, limit_amount=limit.amount, limit_unit=limit.unit.value, start_rule=limit.start.value, provisional=due.provisional)
    return _with_next_level(replace(kept, due_at=moved), rules)


def _granted(clock: ClockState, due: datetime, rules: ClockRules) -> datetime:
    """Return `due` put off by what was added to the present limit so far, counted in that limit's kind of time."""
    calendar, unit = rules.calendar(clock), clock.time_unit
    given = due_at(clock.started_at, StageLimit(clock.stage, clock.limit_amount, unit, StartRule(clock.start_rule)), calendar).at
    if given >= clock.due_at:
        return due
    if unit is TimeUnit.MINUTES:
        return due + (clock.due_at - given)
    # a limit in days is over with its last day: counted from within that day to within the other
    within = timedelta() if unit is TimeUnit.WORKING_MINUTES else _INSTANT
    return put_off(due, worked_between(given - within, clock.due_at - within, unit, calendar), unit, calendar).at


def _due(clock: ClockState, at: datetime, *, provisional: bool) -> ClockState:
    return replace(clock, due_at=at, provisional=clock.provisional or provisional)


def _with_next_level(clock: ClockState, rules: ClockRules) -> ClockState:
    return replace(clock, next_level_at=None if clock.state == "cancelled" else _next_level(clock, rules))


def _next_level(clock: ClockState, rules: ClockRules) -> datetime | None:
    return next_level_at(running(clock), rules.ladder(clock), rules.calendar(clock))


_DOES: Mapping[str, Callable[[ClockState, Deed, ClockRules], ClockState]] = {
    "pause": _paused,
    "resume": _resumed,
    "stop": _stopped,
    "cancel": _cancelled,
    "extend": _extended,
    "tighten": _tightened,
    "level": _levelled,
    "follow": _followed,
}
