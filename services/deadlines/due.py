"""The algebra of limits: from a start to the instant it is due, back again, and the difference between two instants.

Four units. **minutes** (紧急工作时) run day and night. **working_minutes** (工作时) run in office hours alone. **working_days** (工作日):
the start day is never counted, worked or not; due at the end of the N-th working day after it. **natural_days** (自然日): the start day
is not counted either, and the limit also ends with a day, not at the clock time of the start, so that both kinds of day read alike on a
ticket. The end of a day is the next midnight of Asia/Shanghai. Instants go in and come out aware, out in UTC, exact to the microsecond.

What holds, and is tested: a later start is never due earlier; `put_off` after `moved_by` is `moved_by` with both amounts;
`worked_between` from a start to its due instant is the amount; `moved_by(s, n) <= due` exactly when ``s <= latest_start(due, n)``;
a pause from the very start is a later start. Days are counted at UTC+8, which Asia/Shanghai has kept since 1991.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from services.deadlines.calendar import WorkCalendar
from services.deadlines.hours import MINUTE
from services.deadlines.tally import DAY
from services.platform.clock import local_day

_INSTANT = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)
_BASE = datetime(1969, 12, 31, 16, tzinfo=UTC)
_BASE_DAY = date(1970, 1, 1).toordinal()


class TimeUnit(StrEnum):
    """The units a limit can be stated in."""

    MINUTES = "minutes"
    WORKING_MINUTES = "working_minutes"
    NATURAL_DAYS = "natural_days"
    WORKING_DAYS = "working_days"


_DAYS = frozenset({TimeUnit.NATURAL_DAYS, TimeUnit.WORKING_DAYS})


class StartRule(StrEnum):
    """From when a limit counts.

    `next_day` is 00:00 of the next natural day. Days already count from there, the start day being left out, so for them it is the same
    as `at_once`. `next_working_time` is the start itself where that is office time, else the next office opening: what comes on Friday
    night counts as if it had come on Monday morning (a limit in days then leaves Monday out).
    """

    AT_ONCE = "at_once"
    NEXT_DAY = "next_day"
    NEXT_WORKING_TIME = "next_working_time"


@dataclass(frozen=True, slots=True)
class StageLimit:
    """How long one stage may take, and from when it counts. `amount` is at least 1; ``ValueError`` otherwise, or for another rule."""

    stage: str
    amount: int
    unit: TimeUnit
    start: StartRule = StartRule.AT_ONCE

    def __post_init__(self) -> None:
        """Refuse a limit that would be over before it starts; take the unit and the rule by their names too."""
        if self.amount < 1:
            raise ValueError("a limit is at least 1")
        object.__setattr__(self, "unit", TimeUnit(self.unit))
        object.__setattr__(self, "start", StartRule(self.start))


@dataclass(frozen=True, slots=True)
class Due:
    """When a limit ends (UTC), and whether that rests on days whose calendar is not announced yet."""

    at: datetime
    provisional: bool


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left at some moment.

    `wall` is clock time and `office` office time, both exact and negative once overdue; `working_days` counts the working days after
    today up to the last day of the limit, negative for the working days gone by since then.
    """

    wall: timedelta
    working_days: int
    overdue: bool
    office: timedelta

    @property
    def working_minutes(self) -> int:
        """The whole minutes of office time that are left, negative once overdue."""
        whole = abs(self.office) // _MINUTE
        return whole if self.office >= timedelta() else -whole


def due_at(start: datetime, limit: StageLimit, calendar: WorkCalendar) -> Due:
    """The instant `limit` ends when it starts at `start` (aware, else ``ValueError``), by its start rule."""
    if limit.start is StartRule.AT_ONCE:
        return moved_by(start, limit.amount, limit.unit, calendar)
    began = counted_from(start, limit.start, limit.unit, calendar)
    due = moved_by(began.at, limit.amount, limit.unit, calendar)
    return Due(due.at, due.provisional or began.provisional)


def due_at_many(starts: Iterable[datetime], limit: StageLimit, calendar: WorkCalendar) -> list[Due]:
    """`due_at` of every start, in their order; a million take seconds. Where the unit is a day, the starts of one day share the count."""
    if limit.unit is TimeUnit.WORKING_MINUTES and limit.start is StartRule.AT_ONCE:
        found = calendar.tally.earliest_of([_moment(start) for start in starts], limit.amount * MINUTE)
        return [Due(_instant(ended), unsure) for ended, unsure in found]
    if limit.start is StartRule.NEXT_WORKING_TIME or limit.unit not in _DAYS:
        return [due_at(start, limit, calendar) for start in starts]
    by_day: dict[int, Due] = {}
    made = []
    for start in starts:
        day = _moment(start) // DAY
        due = by_day.get(day)
        if due is None:
            due = by_day[day] = due_at(start, limit, calendar)
        made.append(due)
    return made


def counted_from(start: datetime, rule: StartRule, unit: TimeUnit, calendar: WorkCalendar) -> Due:
    """The instant from which a limit in `unit` counts under a start rule.

    Provisional where a day not announced yet was asked whether it is worked.
    """
    moment = _moment(start)
    if rule is StartRule.NEXT_WORKING_TIME:
        opening = calendar.tally.latest(moment, 0)
        return Due(_instant(opening), calendar.tally.is_unsure(moment // DAY, opening // DAY))
    if rule is StartRule.NEXT_DAY and unit not in _DAYS:
        return Due(_midnight(moment // DAY + 1), provisional=False)
    return Due(_instant(moment), provisional=False)


def moved_by(start: datetime, amount: int, unit: TimeUnit, calendar: WorkCalendar) -> Due:
    """`start` moved on by `amount` of `unit`; the rule behind `due_at` and the escalation ladder.

    An amount of 0 minutes is the start itself, of 0 days the end of the start day. Office time that ends with an interval is due then, not
    when the next one opens. Raises ``ValueError`` for a naive start, a negative amount, or one that leads beyond the year 2199 (9999 where
    no calendar is asked).
    """
    if amount < 0:
        raise ValueError("amount must not be negative")
    moment = _moment(start)
    if unit is TimeUnit.WORKING_MINUTES:
        return _through_office(moment, amount * MINUTE, calendar)
    if unit is TimeUnit.MINUTES:
        return Due(_instant(moment + amount * MINUTE), provisional=False)
    day = moment // DAY
    if unit is TimeUnit.NATURAL_DAYS or amount == 0:
        return Due(_midnight(day + amount + 1), provisional=False)
    last = calendar.tally.nth_day_after(day, amount)
    return Due(_midnight(last + 1), calendar.tally.is_unsure(day + 1, last))


def put_off(due: datetime, amount: int, unit: TimeUnit, calendar: WorkCalendar) -> Due:
    """A due instant moved on by `amount` of `unit`: what an extension does. Days count after the last day of the limit."""
    return moved_by(due - _INSTANT if unit in _DAYS else due, amount, unit, calendar)


def after_pause(due: datetime, since: datetime, until: datetime, unit: TimeUnit, calendar: WorkCalendar) -> Due:
    """A due instant put off by a pause, by what the limit's own unit lost: minutes exactly, office time exactly, or days of its kind.

    A pause of days loses those that began in it. A pause that ends before it begins loses nothing.
    """
    moment, first, last = _moment(due), _moment(since), _moment(until)
    if last <= first:
        return Due(_instant(moment), provisional=False)
    if unit is TimeUnit.MINUTES:
        return Due(_instant(moment + last - first), provisional=False)
    if unit is TimeUnit.WORKING_MINUTES:
        return _through_office(moment, calendar.tally.office_between(first, last), calendar)
    lost = last // DAY - first // DAY if unit is TimeUnit.NATURAL_DAYS else calendar.tally.working_days(first // DAY, last // DAY)
    return put_off(due, lost, unit, calendar) if lost else Due(_instant(moment), provisional=False)


def latest_start(due: datetime, amount: int, unit: TimeUnit, calendar: WorkCalendar, start: StartRule = StartRule.AT_ONCE) -> datetime:
    """The last instant from which `amount` of `unit` still ends by `due`: the exact inverse of `moved_by`, and of `due_at` by its rule.

    ``moved_by(s, amount) <= due`` exactly when ``s <= latest_start(due, amount)``. For days it is the last microsecond of a day.
    Raises ``ValueError`` for a naive due instant, a negative amount, or where it leads beyond the years there are sums for.
    """
    if amount < 0:
        raise ValueError("amount must not be negative")
    moment = _moment(due)
    day = moment // DAY
    if unit is TimeUnit.MINUTES or (unit is TimeUnit.WORKING_MINUTES and amount == 0):
        latest = moment - amount * MINUTE
    elif unit is TimeUnit.WORKING_MINUTES:
        latest = calendar.tally.latest(moment, amount * MINUTE)
    elif unit is TimeUnit.NATURAL_DAYS or amount == 0:
        latest = (day - amount) * DAY - 1
    else:
        latest = (calendar.tally.last_day_before(day - 1, amount) + 1) * DAY - 1
    if start is StartRule.NEXT_DAY and unit not in _DAYS:
        latest = latest // DAY * DAY - 1
    elif start is StartRule.NEXT_WORKING_TIME and calendar.tally.latest(latest, 0) != latest:
        latest = calendar.tally.closing(latest) - 1
    return _instant(latest)


def worked_between(start: datetime, end: datetime, unit: TimeUnit, calendar: WorkCalendar) -> int:
    """The whole units that pass from `start` to `end`; as many, but negative, from `end` to `start`.

    Of days, those that begin between the two, the last one begun counting as one: from a start to its due instant it is the amount.
    """
    if end < start:
        return -worked_between(end, start, unit, calendar)
    if unit is TimeUnit.MINUTES:
        return (end - start) // _MINUTE
    if unit is TimeUnit.WORKING_MINUTES:
        return office_time_between(start, end, calendar) // _MINUTE
    first, last = _moment(start) // DAY, (_moment(end) - 1) // DAY
    if last <= first:
        return 0
    return last - first if unit is TimeUnit.NATURAL_DAYS else calendar.tally.working_days(first, last)


def office_time_between(start: datetime, end: datetime, calendar: WorkCalendar) -> timedelta:
    """The office time from `start` to `end`, exact; negative when `end` lies before `start`."""
    return timedelta(microseconds=calendar.tally.office_between(_moment(start), _moment(end)))


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
    return calendar.tally.working_days(start.toordinal(), end.toordinal())


def remaining(due: datetime, now: datetime, calendar: WorkCalendar) -> Remaining:
    """How much of a limit is left at `now`."""
    days = working_days_between(local_day(now), last_day_of(due), calendar)
    overdue = now > due
    return Remaining(
        wall=due - now,
        working_days=days if overdue else max(days, 0),  # at a due midnight the next day has begun, and nothing is overdue yet
        overdue=overdue,
        office=office_time_between(now, due, calendar),
    )


def _through_office(start: int, length: int, calendar: WorkCalendar) -> Due:
    """Move on by some office time: to the first instant by which it has passed."""
    if length == 0:
        return Due(_instant(start), provisional=False)
    ended = calendar.tally.earliest(start, length)
    return Due(_instant(ended), calendar.tally.is_unsure(start // DAY, ended // DAY))


def _moment(instant: datetime) -> int:
    """An aware instant as the tally counts it: microseconds since the day 0 in Asia/Shanghai."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    gone = instant - _BASE
    return (_BASE_DAY + gone.days) * DAY + gone.seconds * 1_000_000 + gone.microseconds


def _instant(moment: int) -> datetime:
    """A counted moment as an instant in UTC. Raises ``ValueError`` where it lies in none of the years 1 to 9999."""
    try:
        return _BASE + timedelta(0, 0, moment - _BASE_DAY * DAY)
    except OverflowError as wrong:
        raise ValueError("the count leads beyond the years 1 to 9999") from wrong


def _midnight(day: int) -> datetime:
    """The beginning of a day."""
    return _instant(day * DAY)
