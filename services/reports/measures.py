"""What is counted, and for which keys the sums are kept. Pure: a fact in, the cells it adds to out.

A *counter* counts facts of which certain columns have certain values, on the day one of their instants falls on (its basis). The same
declaration makes the sums (here) and the drill-down (`filters.py`), so a figure and its tickets cannot mean different things.

A *grain* is a choice of dimensions the sums are kept for. A few grains, not one fine one: day × grid × category × channel would have
nearly as many cells as there are tickets. What no grain answers exactly is counted over the facts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple

from services.platform.clock import local_day
from services.reports.facts import Fact

Basis = Literal["received_at", "due_at", "completed_at"]


@dataclass(frozen=True)
class Counter:
    """Facts with these values in these columns, on the day of `basis`."""

    code: str
    basis: Basis
    values: Mapping[str, object] = field(hash=False)


_DECLARED = (
    Counter("received", "received_at", {"counted": True}),
    Counter("received_completed", "received_at", {"completed": True}),
    Counter("rejected", "received_at", {"status": "rejected"}),
    Counter("cancelled", "received_at", {"status": "cancelled"}),
    Counter("merged", "received_at", {"status": "merged"}),
    Counter("due", "due_at", {"counted": True}),
    Counter("due_completed", "due_at", {"completed": True}),
    Counter("due_on_time", "due_at", {"on_time": True}),
    Counter("closed", "completed_at", {"completed": True}),
    Counter("closed_on_time", "completed_at", {"on_time": True}),
    Counter("closed_late", "completed_at", {"on_time": False}),
    Counter("closed_on_first_time", "completed_at", {"on_first_time": True}),
    Counter("closed_disposed_on_time", "completed_at", {"disposed_on_time": True}),
)
COUNTERS: Mapping[str, Counter] = {counter.code: counter for counter in _DECLARED}
EXCLUSIONS = ("rejected", "cancelled", "merged")

LEVELS = ("whole", "township", "village", "place")


@dataclass(frozen=True)
class Grain:
    """Dimensions that sums are kept for: a period, how deep the place goes, and whether category and channel are told apart.

    `weight` orders the grains that could answer the same question: fewer cells first.
    """

    code: str
    period: Literal["day", "month"]
    level: Literal["whole", "township", "village", "place"]
    kinds: bool
    weight: int


GRAINS = (
    Grain("month_kind", "month", "whole", kinds=True, weight=1),
    Grain("month_township", "month", "township", kinds=False, weight=2),
    Grain("month_village", "month", "village", kinds=False, weight=3),
    Grain("month_place", "month", "place", kinds=False, weight=4),
    Grain("month_township_kind", "month", "township", kinds=True, weight=5),
    Grain("day_township", "day", "township", kinds=False, weight=6),
    Grain("day_kind", "day", "whole", kinds=True, weight=7),
    Grain("day_village", "day", "village", kinds=False, weight=8),
)


class Key(NamedTuple):
    """Which cell: in the order of its primary key, which is the order cells are locked in."""

    grain: str
    area: str
    day: date
    category: str
    channel: str
    source: str


Sums = dict[Key, dict[str, int]]
_SHANGHAI_OFFSET = timedelta(hours=8)
_SINCE_FIXED = datetime(1992, 1, 1, tzinfo=UTC)


def _day_of(instant: datetime) -> date:
    """Return the day in Asia/Shanghai: the quick way for instants since its offset has been fixed."""
    return (instant + _SHANGHAI_OFFSET).date() if instant >= _SINCE_FIXED and instant.tzinfo is UTC else local_day(instant)


def counts_of(fact: Fact) -> list[tuple[str, date]]:
    """Return the counters that count `fact`, each with the day it counts on."""
    found = []
    days: dict[str, date | None] = {}
    for counter in _DECLARED:
        for column, value in counter.values.items():
            if getattr(fact, column) != value:
                break
        else:
            basis = counter.basis
            if basis not in days:
                instant = getattr(fact, basis)
                days[basis] = None if instant is None else _day_of(instant)
            day = days[basis]
            if day is not None:
                found.append((counter.code, day))
    return found


def _areas(fact: Fact) -> dict[str, str]:
    township = fact.township_path or fact.area_path
    return {"whole": "", "township": township, "village": fact.village_path or township, "place": fact.area_path}


def add(sums: Sums, fact: Fact, amount: int) -> None:
    """Add `amount` (1, or -1 to take away) times everything `fact` counts for to `sums`."""
    counts = counts_of(fact)
    if not counts:
        return
    areas = _areas(fact)
    category = fact.category_code or ""
    for grain in GRAINS:
        monthly = grain.period == "month"
        kinds = (category, fact.channel) if grain.kinds else ("", "")
        area = areas[grain.level]
        for counter, day in counts:
            key = Key(grain.code, area, day.replace(day=1) if monthly else day, *kinds, fact.source)
            cell = sums.get(key)
            if cell is None:
                cell = sums[key] = {}
            cell[counter] = cell.get(counter, 0) + amount


def difference(changes: Iterable[tuple[Fact | None, Fact]]) -> Sums:
    """Return what must be added to the cells when each first fact (None: not counted so far) becomes the second."""
    sums: Sums = {}
    for before, after in changes:
        if before is not None:
            add(sums, before, -1)
        add(sums, after, 1)
    changed = {}
    for key, cell in sums.items():
        kept = {counter: amount for counter, amount in cell.items() if amount}
        if kept:
            changed[key] = kept
    return changed
