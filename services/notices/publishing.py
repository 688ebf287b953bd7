"""What is published of figures: months from counts, longer periods from what was told of months, corrections where they give nothing away.

A *told* number is ``[low, high, whole]``: of a count both ends are the same and the whole is None, of a share they are what its numerator
may be. None: not told for itself. Longer periods are sums of told numbers and so add nothing to what was known. A month that was counted
again replaces what was told of a figure only where every difference is nought or at least k. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.notices.suppression import Cell, Line, possible, states_of

COUNTS = ("received", "completed", "discovered")
SHARES = ("completion_rate_received", "on_time_rate", "response_rate", "resolution_rate", "satisfaction_rate")
PUBLISHED = (*COUNTS, *SHARES)
"""What the public page shows, by metric."""
GROUPS = (("received", "completion_rate_received"), *((metric,) for metric in PUBLISHED[1:] if metric != "completion_rate_received"))
"""Figures that share their whole are corrected together or not at all."""

Told = list[int | None] | None
Basis = dict[str, dict[str, Told]]
"""What was told: by metric and cell."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted for one metric in one cell, and how many households are behind the numerator, the rest and both."""

    numerator: int = 0
    denominator: int | None = None
    people: int = 0
    rest_people: int = 0
    all_people: int = 0


@dataclass(frozen=True)
class Counted:
    """A month as counted: tallies by metric and cell; how the cells add up; categories that are never told for themselves."""

    root: str
    lines: tuple[Line, ...]
    tallies: Mapping[str, Mapping[str, Tally]]
    never: frozenset[str] = field(default=frozenset())

    def cells(self) -> tuple[str, ...]:
        """Return every cell, from the top down."""
        return (self.root, *(key for line in self.lines for key in line.children))


def told_of(counted: Counted, k: int) -> Basis:
    """Return what is told of a month."""
    basis: Basis = {}
    for metric in COUNTS:
        cells = {key: _counts(counted, metric, key) for key in counted.cells()}
        basis[metric] = _told(counted, cells, k)
    for metric in SHARES:
        wholes = {key: _wholes(counted, metric, key) for key in counted.cells()}
        known = _told(counted, wholes, k)
        shares = {key: _shares(counted, metric, key) for key in counted.cells()}
        basis[metric] = _told(counted, shares, k, unknown=[key for key, told in known.items() if told is None])
    return basis


def _told(counted: Counted, cells: Mapping[str, Cell], k: int, unknown: Iterable[str] = ()) -> dict[str, Told]:
    states = states_of(cells, counted.root, counted.lines, k, never=counted.never, unknown=tuple(unknown))
    found: dict[str, Told] = {}
    for key, state in states.items():
        cell = cells[key]
        found[key] = None if state == "hidden" else [*possible(state, cell, k, cell.value), cell.whole]
    return found


def _tally(counted: Counted, metric: str, key: str) -> Tally:
    return counted.tallies.get(metric, {}).get(key, Tally())


def _counts(counted: Counted, metric: str, key: str) -> Cell:
    tally = _tally(counted, metric, key)
    return Cell(tally.numerator, tally.people)


def _wholes(counted: Counted, metric: str, key: str) -> Cell:
    tally = _tally(counted, metric, key)
    return Cell(tally.denominator or 0, tally.all_people)


def _shares(counted: Counted, metric: str, key: str) -> Cell:
    tally = _tally(counted, metric, key)
    return Cell(tally.numerator, tally.people, tally.denominator or 0, tally.rest_people)


def added(months: Sequence[Basis]) -> Basis:
    """Return what can be told of a longer period: the sums of what was told of its months.

    A count that was not told in some month is told as at least the others (its upper end is None); a share is not told at all then.
    """
    found: Basis = {}
    for metric in PUBLISHED:
        keys = dict.fromkeys(key for month in months for key in month.get(metric, {}))
        found[metric] = {key: _added([month.get(metric, {}).get(key) for month in months], share=metric in SHARES) for key in keys}
    return found


def _added(parts: Sequence[Told], *, share: bool) -> Told:
    told = [part for part in parts if part is not None]
    if not told or (share and len(told) < len(parts)):
        return None
    low = sum(part[0] or 0 for part in told)
    if share:
        return [low, sum(part[1] or 0 for part in told), sum(part[2] or 0 for part in told)]
    whole = len(told) == len(parts) and all(part[1] is not None for part in told)
    return [low, low if whole else None, None]


def corrected(versions: Sequence[Basis], new: Basis, lines: Sequence[Line], k: int) -> tuple[Basis, bool]:
    """Return what is told after a month was counted again, and whether everything that changed could be told. `versions`: newest last.

    Somebody who kept the old pages must not learn from differences what no page tells: a figure is replaced only where the same
    cells are told, and nothing in it, sums of what is not told included, is 1 to k - 1 away from what any version said.
    """
    found, all_told = dict(versions[-1]), True
    for group in GROUPS:
        if all(found.get(metric) == new.get(metric) for metric in group):
            continue
        if all(_may_replace(old.get(metric, {}), new.get(metric, {}), lines, k) for metric in group for old in versions):
            found |= {metric: new[metric] for metric in group}
        else:
            all_told = False
    return found, all_told


def _may_replace(old: Mapping[str, Told], new: Mapping[str, Told], lines: Sequence[Line], k: int) -> bool:
    same = old.keys() == new.keys() and all(_kind(old[key]) == _kind(new[key]) for key in old)
    return same and all(_far(one, other, k) for one, other in zip(_numbers(old, lines), _numbers(new, lines), strict=True))


def _kind(told: Told) -> tuple[bool, bool]:
    return told is None, told is not None and told[0] == told[1]


def _numbers(told: Mapping[str, Told], lines: Sequence[Line]) -> list[int]:
    """Return every number that can be read or reckoned from what is told: ends, wholes, rests, and the sums of what is left out."""
    found = [number for cell in told.values() if cell is not None for number in _sides(cell)]
    for line in lines:
        above = told.get(line.parent)
        if above is not None:
            below = [cell for key in line.children if (cell := told.get(key)) is not None]
            for nth, number in enumerate(_sides(above)):
                found.append(number - sum(_sides(cell)[nth] for cell in below))
    return found


def _sides(cell: Sequence[int | None]) -> list[int]:
    low, high, whole = cell[0] or 0, cell[1] or 0, cell[2]
    return [low, high, 0, 0] if whole is None else [low, high, whole - low, whole - high]


def _far(one: int, other: int, k: int) -> bool:
    return one == other or abs(one - other) >= k


def basis_from(stored: Mapping[str, Any]) -> Basis:
    """Return the basis as it was stored."""
    return {metric: {key: told if told is None else list(told) for key, told in cells.items()} for metric, cells in stored.items()}
