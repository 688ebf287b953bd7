"""From which sums a question is answered: pure.

Whole months come from a month's grain, the days at the edges from a day's; what no grain tells apart is counted over the facts. The
result is the same either way: cells are the sums of the facts at every instant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.platform.errors import Invalid
from services.reports.measures import GRAINS, LEVELS, Grain

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """Days in Asia/Shanghai, first and last both included, as 6月1日至6月30日 is read."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Invalid("period.invalid", "The period ends before it begins: `to` must not be before `from`; both days belong to it.")
        if self.first < EARLIEST or self.last > LATEST:
            raise Invalid("period.invalid", f"Days must lie between {EARLIEST} and {LATEST}.")

    def days(self) -> Iterator[date]:
        """Yield each day."""
        day = self.first
        while day <= self.last:
            yield day
            day += _DAY

    def months(self) -> Iterator[date]:
        """Yield the first day of each month that the period touches."""
        month = self.first.replace(day=1)
        while month <= self.last:
            yield month
            month = next_month(month)

    def within(self, month: date) -> "Period":
        """Return the part of the period in the month that begins on `month`."""
        return Period(max(self.first, month), min(self.last, next_month(month) - _DAY))

    def touches(self, first: date, last: date) -> bool:
        """Tell whether any day lies from `first` to `last`."""
        return self.first <= last and first <= self.last


@dataclass(frozen=True)
class Need:
    """What must be told apart: how deep the place, which dimensions of cells (`measures.DIMENSIONS`), single days."""

    level: Literal["whole", "township", "village", "place"] = "whole"
    dimensions: frozenset[str] = frozenset()
    days: bool = False


@dataclass(frozen=True)
class Stretch:
    """Part of a period, and the grain that answers it; None: the facts do."""

    period: Period
    grain: Grain | None


def next_month(month: date) -> date:
    """Return the first day of the month after `month`."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def plan(period: Period, need: Need, *, cells: bool = True) -> tuple[Stretch, ...]:
    """Return the stretches that make up `period`, without gap or overlap. Without `cells` all of it is counted over the facts."""
    monthly = _grain("month", need) if cells and not need.days else None
    daily = _grain("day", need) if cells else None
    whole = _whole_months(period) if monthly else None
    if whole is None:
        return (Stretch(period, daily),)
    stretches = [Stretch(whole, monthly)]
    if period.first < whole.first:
        stretches.insert(0, Stretch(Period(period.first, whole.first - _DAY), daily))
    if whole.last < period.last:
        stretches.append(Stretch(Period(whole.last + _DAY, period.last), daily))
    return tuple(stretches)


def _whole_months(period: Period) -> Period | None:
    first = period.first if period.first.day == 1 else next_month(period.first)
    last = next_month(period.last) - _DAY
    if last != period.last:
        last = period.last.replace(day=1) - _DAY
    return Period(first, last) if first <= last else None


def _grain(kind: Literal["day", "month"], need: Need) -> Grain | None:
    fit = [
        grain
        for grain in GRAINS
        if grain.period == kind and LEVELS.index(grain.level) >= LEVELS.index(need.level) and grain.dimensions >= need.dimensions
    ]
    return min(fit, key=lambda grain: grain.weight, default=None)
