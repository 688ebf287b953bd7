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

Basis = Literal["received_at", "dispatched_at", "due_at", "completed_at", "settled_at", "called_at"]


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
    Counter("received_dispatched", "received_at", {"counted": True, "dispatched": True}),
    Counter("received_resolved", "received_at", {"counted": True, "resolved": True}),
    Counter("received_direct", "received_at", {"counted": True, "direct": True}),
    Counter("dispatched", "dispatched_at", {"counted": True}),
    Counter("dispatched_accepted_on_time", "dispatched_at", {"counted": True, "accepted_on_time": True}),
    Counter("dispatched_accepted_late", "dispatched_at", {"counted": True, "accepted_on_time": False}),
    Counter("dispatched_returned", "dispatched_at", {"counted": True, "returned": True}),
    Counter("dispatched_passed_on", "dispatched_at", {"counted": True, "passed_on": True}),
    Counter("due", "due_at", {"counted": True}),
    Counter("due_completed", "due_at", {"completed": True}),
    Counter("due_on_time", "due_at", {"on_time": True}),
    Counter("closed", "completed_at", {"completed": True}),
    Counter("due_deferred", "due_at", {"counted": True, "deferred": True}),
    Counter("due_extended", "due_at", {"counted": True, "extended": True}),
    Counter("due_paused", "due_at", {"counted": True, "paused": True}),
    Counter("closed_on_time", "completed_at", {"on_time": True}),
    Counter("closed_late", "completed_at", {"on_time": False}),
    Counter("closed_on_first_time", "completed_at", {"on_first_time": True}),
    Counter("closed_disposed_on_time", "completed_at", {"disposed_on_time": True}),
    Counter("closed_first_round", "completed_at", {"completed": True, "reworked": False}),
    Counter("due_reworked", "due_at", {"counted": True, "reworked": True}),
    Counter("closed_reworked", "completed_at", {"completed": True, "reworked": True}),
    Counter("closed_answered_on_time", "completed_at", {"completed": True, "answered_on_time": True}),
    Counter("closed_answered_late", "completed_at", {"completed": True, "answered_on_time": False}),
    Counter("settled", "settled_at", {"counted": True}),
    Counter("settled_grid", "settled_at", {"counted": True, "settled_tier": "grid"}),
    Counter("settled_village", "settled_at", {"counted": True, "settled_tier": "village"}),
    Counter("settled_township", "settled_at", {"counted": True, "settled_tier": "township"}),
    Counter("settled_reopened", "settled_at", {"counted": True, "reopened": True}),
    Counter("settled_raised", "settled_at", {"counted": True, "raised": True}),
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


def lies_ahead(counter: str) -> bool:
    """Tell whether a counter may count a ticket on a day to come: limits end in the future, all else has happened."""
    return COUNTERS[counter].basis == "due_at"


LEVELS = ("whole", "township", "village", "place")


@dataclass(frozen=True)
class Grain:
    """Dimensions that sums are kept for: a period, how deep the place goes, and which others are told apart.

    `weight` orders the grains that could answer the same question: fewer cells first. In cells a dimension that is not kept is ''.
    """

    code: str
    period: Literal["day", "month"]
    level: Literal["whole", "township", "village", "place"]
    dimensions: frozenset[str]
    weight: int


_KINDS = frozenset({"category", "channel"})
GRAINS = (
    Grain("month_township", "month", "township", frozenset(), weight=1),
    Grain("month_flow", "month", "township", frozenset({"channel", "tier"}), weight=3),
    Grain("month_kind", "month", "whole", _KINDS, weight=2),
    Grain("month_holder", "month", "whole", frozenset({"holder"}), weight=4),
    Grain("month_village", "month", "village", frozenset(), weight=5),
    Grain("month_place", "month", "place", frozenset(), weight=6),
    Grain("month_township_kind", "month", "township", _KINDS, weight=7),
    Grain("day_township", "day", "township", frozenset(), weight=8),
    Grain("day_kind", "day", "whole", _KINDS, weight=9),
    Grain("day_village", "day", "village", frozenset(), weight=10),
)
DIMENSIONS = ("category", "channel", "tier", "holder")
"""What cells can tell apart beside place, source and demand. `tier` and `holder` are of the unit that has the ticket."""


UNREASONABLE = "unreasonable"
"""What cells of tickets with an unreasonable demand have in `demand`; all others have ''. So both variants come of one reading."""

Key = tuple[str, str, date, str, str, str, str, str, str]
"""Which cell: its primary key, in the order cells are locked in."""

KEY = ("grain", "area", "day", "category", "channel", "tier", "holder", "source", "demand")
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


def day_of(instant: datetime) -> date:
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
        day = day_of(instant)
        for code, tests in counters:
            for column, value in tests:
                if fact[column] != value:
                    break
            else:
                found.add((code, day))
    return found


Dimensions = tuple[str, str, str, str, str, str, str, str, str]


def _dimensions(fact: Fact) -> Dimensions:
    """Return township, village, place, then category, channel, tier, holder, source and demand, as cells know them."""
    township = fact.township_path or fact.area_path
    demand = UNREASONABLE if fact.unreasonable else ""
    holder = str(fact.lead_unit_id) if fact.lead_unit_id else ""
    village = fact.village_path or township
    return township, village, fact.area_path, fact.category_code or "", fact.channel, fact.tier or "", holder, fact.source, demand


def add(sums: Sums, fact: Fact, amount: int = 1) -> None:
    """Add `amount` (1, or -1 to take away) times everything `fact` counts for to `sums`."""
    _add(sums, _dimensions(fact), [(count, amount) for count in counts_of(fact)])


_PLANS = tuple(
    (grain.code, grain.period == "month", LEVELS.index(grain.level), tuple(d in grain.dimensions for d in DIMENSIONS)) for grain in GRAINS
)


def _add(sums: Sums, dimensions: Dimensions, counts: Iterable[tuple[Count, int]]) -> None:
    days: dict[date, dict[str, int]] = {}
    months: dict[date, dict[str, int]] = {}
    for (counter, day), amount in counts:
        for span, first in ((days, day), (months, day.replace(day=1))):
            cell = span.setdefault(first, {})
            cell[counter] = cell.get(counter, 0) + amount
    areas, kept, (source, demand) = ("", *dimensions[:3]), dimensions[3:7], dimensions[7:]
    for code, monthly, level, told in _PLANS:
        kinds = [value if apart else "" for value, apart in zip(kept, told, strict=True)]
        for first, amounts in (months if monthly else days).items():
            cell = sums.setdefault((code, areas[level], first, kinds[0], kinds[1], kinds[2], kinds[3], source, demand), {})
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
