"""How long things take: medians and P90, from sums. Pure.

Minutes are kept to two significant digits (:func:`services.reports.facts.rounded_minutes`). A quantile is the smallest such duration that
at least that share of the tickets did not exceed (nearest rank): it is one of the durations counted, and so leads to tickets.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from services.reports.facts import Fact
from services.reports.measures import UNREASONABLE, Basis, day_of, meaning


@dataclass(frozen=True)
class Measure:
    """A duration: the column of a fact it stands in, and the instant by which a ticket falls into a period."""

    code: str
    column: str
    basis: Basis


MEASURES: Mapping[str, Measure] = {
    measure.code: measure
    for measure in (
        Measure("dispatch", "dispatch_minutes", "dispatched_at"),
        Measure("accept", "accept_minutes", "dispatched_at"),
        Measure("work", "work_minutes", "completed_at"),
        Measure("work_net", "work_net_minutes", "completed_at"),
        Measure("close", "close_minutes", "completed_at"),
        Measure("close_net", "close_net_minutes", "completed_at"),
    )
}
MEDIAN, P90 = Fraction(1, 2), Fraction(9, 10)

DurationKey = tuple[str, str, date, str, str, int]
"""Measure, area, month, source, demand, minutes: the key of a cell, in the order cells are locked in."""

_PLACES = [(code, Fact._fields.index(found.column), Fact._fields.index(found.basis)) for code, found in MEASURES.items()]


def durations_of(fact: Fact) -> set[DurationKey]:
    """Return the cells a fact counts in: of its township, and of all together."""
    if not fact.counted:
        return set()
    demand, township = UNREASONABLE if fact.unreasonable else "", fact.township_path or fact.area_path
    found: set[DurationKey] = set()
    for code, column, basis in _PLACES:
        minutes, instant = fact[column], fact[basis]
        if isinstance(minutes, int) and isinstance(instant, datetime):
            month = day_of(instant).replace(day=1)
            found.add((code, "", month, fact.source, demand, minutes))
            found.add((code, township, month, fact.source, demand, minutes))
    return found


def duration_difference(changes: Iterable[tuple[Fact | None, Fact]]) -> dict[DurationKey, int]:
    """Return what must be added to the cells when each first fact (None: not counted so far) becomes the second."""
    sums: dict[DurationKey, int] = {}
    for before, after in changes:
        old, new = durations_of(before) if before else set(), durations_of(after)
        for key in new - old:
            sums[key] = sums.get(key, 0) + 1
        for key in old - new:
            sums[key] = sums.get(key, 0) - 1
    return {key: amount for key, amount in sums.items() if amount}


def quantile(tickets: Mapping[int, int], share: Fraction) -> int | None:
    """Return the smallest duration that at least `share` of the tickets did not exceed; None without any. `tickets`: by minutes."""
    total, so_far = sum(tickets.values()), 0
    for minutes, count in sorted(tickets.items()):
        so_far += count
        if so_far >= share * total and count > 0:
            return minutes
    return None


def meanings() -> dict[str, str]:
    """Return what each measure is, as a short text that changes with it."""
    return {f"duration {measure.code}": meaning(measure.column, measure.basis) for measure in MEASURES.values()}
