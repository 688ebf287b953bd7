"""Periods, and from which sums a question about one is answered: pure.

Whole months come from a month's grain, the days at the edges from a day's, or by taking the others off a whole month, where these are
fewer. What no grain tells apart is counted over the facts, and so are the pieces of days at the edges of a period that is given in
instants. The result is the same either way: cells are the sums of the facts at every instant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from services.platform.clock import day_end, day_start, local_day
from services.platform.errors import Invalid
from services.reports.measures import GRAINS, LEVELS, Grain

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
_DAY = timedelta(days=1)

SpanKind = Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True)
class Period:
    """Days in Asia/Shanghai, first and last both included, as 6月1日至6月30日 is read.

    `since` and `until` are there where the first day does not belong to it from its beginning, or the last not to its end: instants of
    these days. `until` itself does not belong to the period. :func:`between` makes such periods.
    """

    first: date
    last: date
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Invalid("period.invalid", "The period ends before it begins: `to` must not be before `from`; both days belong to it.")
        require_known(self.first)
        require_known(self.last)

    @property
    def start(self) -> datetime:
        """The instant it begins."""
        return self.since or day_start(self.first)

    @property
    def end(self) -> datetime:
        """The instant it is over; that instant does not belong to it."""
        return self.until or day_end(self.last)

    @property
    def whole_days(self) -> bool:
        """Tell whether it is made of whole days."""
        return self.since is None and self.until is None

    def days(self) -> Iterator[date]:
        """Yield each day it touches."""
        day = self.first
        while day <= self.last:
            yield day
            day += _DAY

    def months(self) -> Iterator[date]:
        """Yield the first day of each month that the period touches."""
        return spans(self, "month")

    def within(self, month: date) -> "Period":
        """Return the part of the period in the month that begins on `month`."""
        return self.part(month, next_month(month) - _DAY)

    def part(self, first: date, last: date) -> "Period":
        """Return the part of the period from day `first` to day `last`, some of which must belong to it."""
        since = self.since if first <= self.first else None
        until = self.until if self.last <= last else None
        return Period(max(self.first, first), min(self.last, last), since, until)

    def touches(self, first: date, last: date) -> bool:
        """Tell whether any day lies from `first` to `last`."""
        return self.first <= last and first <= self.last


def require_known(day: date) -> None:
    """Raise Invalid ``period.invalid`` for a day that nothing is counted on, and that days can perhaps not be added to."""
    if not EARLIEST <= day <= LATEST:
        raise Invalid("period.invalid", f"Days must lie between {EARLIEST} and {LATEST}.")


def between(start: datetime, end: datetime) -> Period:
    """Return the period from `start` to before `end`; raise Invalid where that is none, or none that is counted in."""
    if end <= start:
        raise Invalid("period.invalid", "The period ends before it begins: `to` must be after `from`; it does not belong to the period.")
    if start < day_start(EARLIEST) or end > day_end(LATEST):
        raise Invalid("period.invalid", f"Days must lie between {EARLIEST} and {LATEST}.")
    first, last = local_day(start), local_day(end - timedelta(microseconds=1))
    since, until = start if day_start(first) < start else None, end if end < day_end(last) else None
    return Period(first, last, since, until)


def span_of(kind: SpanKind, day: date) -> tuple[date, date]:
    """Return the first and the last day of the day, ISO week (from Monday), month, quarter or year that `day` lies in."""
    if kind == "day":
        return day, day
    if kind == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + 6 * _DAY
    if kind == "month":
        return day.replace(day=1), next_month(day) - _DAY
    if kind == "quarter":
        first = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        return first, next_month(first.replace(month=first.month + 2)) - _DAY
    return day.replace(month=1, day=1), day.replace(month=12, day=31)


def span_name(kind: SpanKind, first: date) -> str:
    """Return what the span that begins on `first` is called: 2026-11-01, 2026-W45, 2026-11, 2026-Q4, 2026."""
    if kind == "week":
        year, week, _day = first.isocalendar()
        return f"{year}-W{week:02}"
    named = {"month": f"{first:%Y-%m}", "quarter": f"{first:%Y}-Q{(first.month + 2) // 3}", "year": f"{first:%Y}"}
    return named.get(kind, first.isoformat())


def spans(period: Period, kind: SpanKind) -> Iterator[date]:
    """Yield the first day of each span that the period touches; the first may lie before the period."""
    first, last = span_of(kind, period.first)
    while first <= period.last:
        yield first
        first, last = span_of(kind, last + _DAY)


@dataclass(frozen=True)
class Need:
    """What must be told apart: how deep the place, which dimensions of cells (`measures.DIMENSIONS`), single days."""

    level: Literal["whole", "township", "village", "place"] = "whole"
    dimensions: frozenset[str] = frozenset()
    days: bool = False


@dataclass(frozen=True)
class Stretch:
    """Part of a period, and the grain that answers it; None: the facts do. What a grain answers are whole days.

    `sign` is -1 where it is to be taken off: days of a month that a stretch has whole and the period has not.
    """

    period: Period
    grain: Grain | None
    sign: int = 1


def to_the_months_end(period: Period, today: date) -> Period:
    """Return a period that ends today to the end of its month: the same for what has happened, and told by whole months."""
    if period.until is not None or period.last != today:
        return period
    return replace(period, last=next_month(today) - _DAY)


def next_month(month: date) -> date:
    """Return the first day of the month after the one of `month`."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def plan(
    period: Period, need: Need, *, cells: bool = True, grains: Sequence[Grain] = GRAINS, today: date | None = None
) -> tuple[Stretch, ...]:
    """Return the stretches that make up `period`: every day of it is in one more of them than it is taken off by, any other in as many.

    Without `cells` all of it is counted over the facts. `grains`: those that may answer, the sums of others being incomplete. `today`:
    little or nothing is known of days after it, so that they are cheap to take off.
    """
    monthly = _grain("month", need, grains) if cells and not need.days else None
    daily = _grain("day", need, grains) if cells else None
    days = _whole_days(period)
    if days is None or (monthly is None and daily is None):
        return (Stretch(period, None),)
    stretches = list(_plan_days(days, monthly, daily, today or LATEST))
    if period.start < days.start:
        stretches.insert(0, Stretch(between(period.start, days.start), None))
    if days.end < period.end:
        stretches.append(Stretch(between(days.end, period.end), None))
    return tuple(stretches)


def _plan_days(period: Period, monthly: Grain | None, daily: Grain | None, today: date) -> Iterator[Stretch]:
    """Yield whole months, and at each end of the period its own days, or those to be taken off a whole month, whichever are fewer."""
    if monthly is None:
        yield Stretch(period, daily)
        return
    (begins, first_ends), (last_begins, ends) = span_of("month", period.first), span_of("month", period.last)
    head, tail = (period.first - begins).days, max((min(ends, today) - period.last).days, 0)
    if begins == last_begins:
        whole_head = whole_tail = head + tail < (period.last - period.first).days + 1
        if not whole_head:
            yield Stretch(period, daily)
            return
    else:
        whole_head, whole_tail = head < (first_ends - period.first).days + 1, tail < period.last.day
        if not whole_head:
            yield Stretch(Period(period.first, first_ends), daily)
        if not whole_tail:
            yield Stretch(Period(last_begins, period.last), daily)
    first, last = begins if whole_head else first_ends + _DAY, ends if whole_tail else last_begins - _DAY
    if first <= last:
        yield Stretch(Period(first, last), monthly)
    if whole_head and head:
        yield Stretch(Period(begins, period.first - _DAY), daily, sign=-1)
    if whole_tail and period.last < ends:
        yield Stretch(Period(period.last + _DAY, ends), daily, sign=-1)


def _whole_days(period: Period) -> Period | None:
    first = period.first + _DAY if period.since else period.first
    last = period.last - _DAY if period.until else period.last
    return Period(first, last) if first <= last else None


def _grain(kind: Literal["day", "month"], need: Need, grains: Sequence[Grain]) -> Grain | None:
    fit = [
        grain
        for grain in grains
        if grain.period == kind and LEVELS.index(grain.level) >= LEVELS.index(need.level) and grain.dimensions >= need.dimensions
    ]
    return min(fit, key=lambda grain: grain.weight, default=None)
