"""What the person who files is told about the place: understood, to be asked back, or not known. Pure; it never stops a filing."""

from typing import Any
from uuid import UUID

from services.complaints.commands import Place
from services.organization.naming import short_name
from services.organization.tree import UnitTree
from services.routing.geo import CoordinateSystem, Point
from services.routing.locating import AMBIGUOUS, located

_SYSTEMS = {"WGS-84": CoordinateSystem.WGS84, "GCJ-02": CoordinateSystem.GCJ02}


def point_of(place: Place) -> Point | None:
    """Return the point a place was given with, in its own system; None where it has none."""
    if place.lat is None or place.lon is None or place.coordinate_system is None:
        return None
    return Point(place.lat, place.lon, _SYSTEMS[place.coordinate_system])


def place_answer(place: Place | None, tree: UnitTree) -> dict[str, Any] | None:
    """Return a `views.PlaceAnswer` as plain values for what was told of the place; None where nothing was."""
    if place is None or not (place.words or place.unit_code or place.lat is not None):
        return None
    found = located(tree, code=place.unit_code, words=place.words, point=point_of(place))
    if found.unit_id is not None:
        return {"state": "resolved", "unit": _candidate(found.unit_id, tree), "candidates": []}
    state = "ambiguous" if found.how == AMBIGUOUS else "unknown"
    return {"state": state, "unit": None, "candidates": [_candidate(unit_id, tree) for unit_id in found.candidates]}


def _candidate(unit_id: UUID, tree: UnitTree) -> dict[str, Any]:
    unit = tree.by_id[unit_id]
    township = next((above for above in tree.ancestors(unit) if above.tier == "township"), None)
    return {"code": unit.code, "name": short_name(unit.name, unit.kind), "township": township.name if township else None}
