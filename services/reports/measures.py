"""What is counted, and for which keys the sums are kept. Pure: a fact in, the cells it adds to out.

A *counter* counts facts of which certain columns have certain values, on the day one of their instants falls on (its basis). The same
declaration makes the sums (here) and the drill-down (`filters.py`), so a figure and its tickets cannot mean different things.

A *grain* is a choice of dimensions the sums are kept for. A few grains, not one fine one: day × grid × category × channel would have
nearly as many cells as there are tickets. What no grain answers exactly is counted over the facts.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Literal

from services.platform.clock import local_day
from services.reports.facts import Fact
from services.tickets.filters import LAST_ROUND

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
_FLOW = frozenset({"channel", "tier"})
_TURN = frozenset({"urgency", "round", "settled_tier"})
GRAINS = (
    Grain("month_township", "month", "township", frozenset(), weight=1),
    Grain("month_whole_flow", "month", "whole", _FLOW, weight=2),
    Grain("month_whole_turn", "month", "whole", _TURN, weight=2),
    Grain("month_flow", "month", "township", _FLOW, weight=3),
    Grain("month_kind", "month", "whole", _KINDS, weight=2),
    Grain("month_holder", "month", "whole", frozenset({"holder"}), weight=4),
    Grain("month_village", "month", "village", frozenset(), weight=5),
    Grain("month_place", "month", "place", frozenset(), weight=6),
    Grain("month_township_kind", "month", "township", _KINDS, weight=7),
    Grain("month_village_category", "month", "village", frozenset({"category"}), weight=8),
    Grain("day_kind", "day", "whole", _KINDS, weight=9),
    Grain("day_village", "day", "village", frozenset(), weight=10),
)
DIMENSIONS = ("category", "channel", "tier", "holder", "urgency", "round", "settled_tier")
"""What cells can tell apart beside place, source and demand. `tier` and `holder` are of the unit that has the ticket; `round` is 1, 2 or 3,
which stands for every later one."""


UNREASONABLE = "unreasonable"
"""What cells of tickets with an unreasonable demand have in `demand`; all others have ''. So both variants come of one reading."""

Key = tuple[str, date, str, *tuple[str, ...]]
"""Which cell: its primary key, in the order cells are locked in."""

KEY = ("grain", "day", "area", *DIMENSIONS, "source", "demand")
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


Dimensions = tuple[str, ...]
"""Nothing, township, village, place, then what :data:`DIMENSIONS` names, source and demand."""
_NOTHING, _FIRST = 0, len(LEVELS)
_LATER = str(LAST_ROUND)
_ROUNDS = {number: str(number) for number in range(1, LAST_ROUND)}


def _dimensions(fact: Fact) -> Dimensions:
    """Return a fact's dimensions as cells know them."""
    township = fact.township_path or fact.area_path
    return (
        "",
        township,
        fact.village_path or township,
        fact.area_path,
        fact.category_code or "",
        fact.channel,
        fact.tier or "",
        str(fact.lead_unit_id) if fact.lead_unit_id else "",
        fact.urgency,
        _ROUNDS.get(fact.round, _LATER),
        fact.settled_tier or "",
        fact.source,
        UNREASONABLE if fact.unreasonable else "",
    )


def add(sums: Sums, fact: Fact, amount: int = 1) -> None:
    """Add `amount` (1, or -1 to take away) times everything `fact` counts for to `sums`."""
    _add(sums, _dimensions(fact), [(count, amount) for count in counts_of(fact)], _PLANS)


Plan = tuple[str, bool, Callable[[Dimensions], tuple[str, *tuple[str, ...]]]]
"""How a grain's cells are found: its code, whether by month, and what stands in the key after the day."""


def _plan(grain: Grain) -> Plan:
    kept = [_FIRST + place if name in grain.dimensions else _NOTHING for place, name in enumerate(DIMENSIONS)]
    source = _FIRST + len(DIMENSIONS)
    return grain.code, grain.period == "month", itemgetter(LEVELS.index(grain.level), *kept, source, source + 1)


_PLANS: tuple[Plan, ...] = tuple(_plan(grain) for grain in GRAINS)


def _add(sums: Sums, dimensions: Dimensions, counts: Iterable[tuple[Count, int]], plans: Iterable[Plan]) -> None:
    days: dict[date, dict[str, int]] = {}
    months: dict[date, dict[str, int]] = {}
    for (counter, day), amount in counts:
        for span, first in ((days, day), (months, day.replace(day=1))):
            cell = span.setdefault(first, {})
            cell[counter] = cell.get(counter, 0) + amount
    for code, monthly, kinds in plans:
        kept = kinds(dimensions)
        for first, amounts in (months if monthly else days).items():
            key: Key = (code, first, *kept)
            present = sums.get(key)
            if present is None:
                sums[key] = dict(amounts)
                continue
            for counter, amount in amounts.items():
                present[counter] = present.get(counter, 0) + amount


def difference(changes: Iterable[tuple[Fact | None, Fact]]) -> Sums:
    """Return what must be added to the cells when each first fact (None: not counted so far) becomes the second."""
    sums: Sums = {}
    for before, after in changes:
        counts, dimensions = counts_of(after), _dimensions(after)
        if before is None:
            _add(sums, dimensions, [(count, 1) for count in counts], _PLANS)
            continue
        counted, was = counts_of(before), _dimensions(before)
        staying = [(count, 1) for count in counts - counted] + [(count, -1) for count in counted - counts]
        moving = [] if was == dimensions else [plan for plan in _PLANS if plan[2](was) != plan[2](dimensions)]
        if staying:
            _add(sums, dimensions, staying, [plan for plan in _PLANS if plan not in moving] if moving else _PLANS)
        if moving:  # a grain that does not tell apart what changed has nothing to take away and give again
            _add(sums, was, [(count, -1) for count in counted], moving)
            _add(sums, dimensions, [(count, 1) for count in counts], moving)
    changed = {}
    for key, cell in sums.items():
        kept = {counter: amount for counter, amount in cell.items() if amount}
        if kept:
            changed[key] = kept
    return changed


def meanings() -> dict[str, str]:
    """Return what each grain and counter is made of, as a short text that changes with it."""
    told = {f"grain {grain.code}": meaning(grain.period, grain.level, sorted(grain.dimensions)) for grain in GRAINS}
    return told | {f"counter {one.code}": meaning(one.basis, *sorted(one.values.items(), key=repr)) for one in _DECLARED}


def meaning(*declared: object) -> str:
    """Return the short text of a declaration."""
    return hashlib.sha256(repr(declared).encode()).hexdigest()[:16]
