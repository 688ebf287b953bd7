"""What is counted, and for which keys the sums are kept. Pure: a fact in, the cells it adds to out.

A *counter* counts facts of which certain columns have certain values, on the day one of their instants falls on (its basis). The same
declaration makes the sums (here) and the drill-down (`filters.py`), so a figure and its tickets cannot mean different things.

A *grain* is a choice of dimensions the sums are kept for. A few grains, not one fine one: day × grid × category × channel would have
nearly as many cells as there are tickets. What no grain answers exactly is counted over the facts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from services.platform.clock import local_day
from services.reports.facts import Fact

Basis = Literal["received_at", "due_at", "completed_at", "called_at"]


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
    Counter("closed_first_round", "completed_at", {"completed": True, "reworked": False}),
    Counter("due_reworked", "due_at", {"counted": True, "reworked": True}),
    Counter("called", "called_at", {"counted": True}),
    Counter("called_reached", "called_at", {"counted": True, "reached": True}),
    Counter("called_unreached", "called_at", {"counted": True, "reached": False}),
    Counter("called_contacted", "called_at", {"counted": True, "contacted": True}),
    Counter("called_uncontacted", "called_at", {"counted": True, "contacted": False}),
    Counter("called_solved", "called_at", {"counted": True, "solved": True}),
    Counter("called_unsolved", "called_at", {"counted": True, "solved": False}),
    Counter("called_satisfied", "called_at", {"counted": True, "satisfied": True}),
    Counter("called_dissatisfied", "called_at", {"counted": True, "satisfied": False}),
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
    Grain("month_kind", "month", "whole", kinds=True, weight=2),
    Grain("month_township", "month", "township", kinds=False, weight=1),
    Grain("month_village", "month", "village", kinds=False, weight=3),
    Grain("month_place", "month", "place", kinds=False, weight=4),
    Grain("month_township_kind", "month", "township", kinds=True, weight=5),
    Grain("day_township", "day", "township", kinds=False, weight=6),
    Grain("day_kind", "day", "whole", kinds=True, weight=7),
    Grain("day_village", "day", "village", kinds=False, weight=8),
)


UNREASONABLE = "unreasonable"
"""What cells of tickets with an unreasonable demand have in `demand`; all others have ''. So both variants come of one reading."""

Key = tuple[str, str, date, str, str, str, str]
"""Which cell: grain, area, day, category, channel, source, demand: its primary key, in the order cells are locked in."""

KEY = ("grain", "area", "day", "category", "channel", "source", "demand")
Sums = dict[Key, dict[str, int]]
Count = tuple[str, date]
"""A counter, and the day it counts a fact on."""

_SHANGHAI_OFFSET = timedelta(hours=8)
_OFFSET_FIXED_SINCE = datetime(1992, 1, 1, tzinfo=UTC)
_BY_BASIS: dict[str, list[tuple[str, list[tuple[int, object]]]]] = {}
for _counter in _DECLARED:
    _tests = [(Fact._fields.index(column), value) for column, value in _counter.values.items()]
    _BY_BASIS.setdefault(_counter.basis, []).append((_counter.code, _tests))
_BASES = [(Fact._fields.index(basis), counters) for basis, counters in _BY_BASIS.items()]


def _day_of(instant: datetime) -> date:
    """Return the day in Asia/Shanghai: the quick way for instants since its offset has been fixed."""
    quick = instant.tzinfo is UTC and instant >= _OFFSET_FIXED_SINCE
    return (instant + _SHANGHAI_OFFSET).date() if quick else local_day(instant)


def counts_of(fact: Fact) -> set[Count]:
    """Return the counters that count `fact`, each with the day it counts on."""
    found = set()
    for place, counters in _BASES:
        instant = fact[place]
        if not isinstance(instant, datetime):
            continue
        day = _day_of(instant)
        for code, tests in counters:
            for column, value in tests:
                if fact[column] != value:
                    break
            else:
                found.add((code, day))
    return found


Dimensions = tuple[str, str, str, str, str, str, str]


def _dimensions(fact: Fact) -> Dimensions:
    """Return township, village, place, category, channel, source and demand as cells know them."""
    township = fact.township_path or fact.area_path
    demand = UNREASONABLE if fact.unreasonable else ""
    return township, fact.village_path or township, fact.area_path, fact.category_code or "", fact.channel, fact.source, demand


def add(sums: Sums, fact: Fact, amount: int = 1) -> None:
    """Add `amount` (1, or -1 to take away) times everything `fact` counts for to `sums`."""
    _add(sums, _dimensions(fact), [(count, amount) for count in counts_of(fact)])


def _add(sums: Sums, dimensions: Dimensions, counts: Iterable[tuple[Count, int]]) -> None:
    days: dict[date, dict[str, int]] = {}
    months: dict[date, dict[str, int]] = {}
    for (counter, day), amount in counts:
        for span, first in ((days, day), (months, day.replace(day=1))):
            cell = span.setdefault(first, {})
            cell[counter] = cell.get(counter, 0) + amount
    township, village, place, category, channel, source, demand = dimensions
    areas = {"whole": "", "township": township, "village": village, "place": place}
    for grain in GRAINS:
        area = areas[grain.level]
        kinds = (category, channel) if grain.kinds else ("", "")
        for first, amounts in (months if grain.period == "month" else days).items():
            cell = sums.setdefault((grain.code, area, first, *kinds, source, demand), {})
            for counter, amount in amounts.items():
                cell[counter] = cell.get(counter, 0) + amount


def difference(changes: Iterable[tuple[Fact | None, Fact]]) -> Sums:
    """Return what must be added to the cells when each first fact (None: not counted so far) becomes the second."""
    sums: Sums = {}
    for before, after in changes:
        counts, dimensions = counts_of(after), _dimensions(after)
        if before is None:
            _add(sums, dimensions, [(count, 1) for count in counts])
            continue
        counted = counts_of(before)
        if _dimensions(before) == dimensions:
            _add(sums, dimensions, [(count, 1) for count in counts - counted] + [(count, -1) for count in counted - counts])
        else:
            add(sums, before, -1)
            add(sums, after, 1)
    changed = {}
    for key, cell in sums.items():
        kept = {counter: amount for counter, amount in cell.items() if amount}
        if kept:
            changed[key] = kept
    return changed
