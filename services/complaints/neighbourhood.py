"""Which units are near a place, for finding the same matter told twice. Pure.

Near are the village with all its grids, and whatever is only known to lie in the township or higher. A place that is itself only known so
far has the whole township for its neighbourhood; one that is not known at all, or only as the jurisdiction, everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians
from uuid import UUID

from services.organization.tree import UnitNode, UnitTree
from services.routing.geo import Point, distance_metres

NEAR_METRES = 600.0
"""Matters so near are compared across the border of two villages."""
_METRES_OF_A_DEGREE = 111_195.0
_LEAST_COSINE = 0.01


@dataclass(frozen=True, slots=True)
class Box:
    """An area on the map, in degrees WGS-84."""

    south: float
    north: float
    west: float
    east: float


def near_units(tree: UnitTree, place: UUID | None) -> Sequence[UUID] | None:
    """Return the units where the same matter may have been told to be; None for all of them."""
    around = _around(tree, place)
    if around is None:
        return None
    return [unit.id for unit in (around, *tree.under(around), *tree.ancestors(around))]


def township_units(tree: UnitTree, place: UUID | None) -> Sequence[UUID]:
    """Return all units of the township a place lies in; nothing where that is not known."""
    unit = tree.by_id.get(place) if place else None
    township = next((found for found in (unit, *tree.ancestors(unit)) if found.tier == "township"), None) if unit else None
    return [found.id for found in (township, *tree.under(township))] if township else []


def box_around(point: Point, metres: float = NEAR_METRES) -> Box:
    """Return the box that holds everything within `metres` of a point."""
    tall = metres / _METRES_OF_A_DEGREE
    wide = tall / max(cos(radians(point.lat)), _LEAST_COSINE)
    return Box(point.lat - tall, point.lat + tall, point.lon - wide, point.lon + wide)


def relation(tree: UnitTree, ours: UUID | None, theirs: UUID | None) -> str:
    """Return how near two places are, as one of `likeness.PLACES`; the same for both ways round."""
    mine, yours = (tree.by_id.get(place) if place else None for place in (ours, theirs))
    if mine is None or yours is None:
        return "unknown"
    village, other = _village(tree, mine), _village(tree, yours)
    if village is not None and other is not None:
        if mine.id == yours.id:
            return "same"
        return "same_village" if village.id == other.id else "elsewhere"
    return "coarse" if mine.path.startswith(yours.path) or yours.path.startswith(mine.path) else "elsewhere"


def metres_between(ours: Point | None, theirs: Point | None) -> float | None:
    """Return how far two points are apart; None where one of them is not known."""
    return distance_metres(ours, theirs) if ours is not None and theirs is not None else None


def names_of(tree: UnitTree, *places: UUID | None) -> list[UnitNode]:
    """Return the units whose names say where the places are, each once: themselves and what they lie in."""
    found: dict[UUID, UnitNode] = {}
    for place in places:
        unit = tree.by_id.get(place) if place else None
        if unit is not None:
            found.update({above.id: above for above in (unit, *tree.ancestors(unit))})
    return list(found.values())


def _around(tree: UnitTree, place: UUID | None) -> UnitNode | None:
    unit = tree.by_id.get(place) if place else None
    if unit is None:
        return None
    found = _village(tree, unit) or unit
    return found if found.tier in ("village", "township") else None


def _village(tree: UnitTree, unit: UnitNode) -> UnitNode | None:
    return next((found for found in (unit, *tree.ancestors(unit)) if found.tier == "village"), None)
