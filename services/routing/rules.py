"""Who must act on a matter: the first rule that matches, and why.

Pure: a question, the unit tree and the catalogue in; a route out. In this order:

0. ``accused``: the matter is about somebody (举报): the first desk above all of them that is not accused itself decides.
1. ``direct``: the complainant asked for a county department, or the category surfaces past village and township (越级直达).
2. ``no_place``: the category cannot be dispatched without a place, and none is known: the desk finds out.
3. ``catalogue_row``: the catalogue names a unit for the category in the deepest area around the place.
4. ``category``: the category's own handler: lowest, township, county or a department.
5. ``lowest``: nothing is known of the category: the lowest staffed unit that covers the place.
6. ``backstop``: the county desk. So a route never leads nowhere.

An empty seat does not wait: the matter goes to the next unit up, and `why` names each seat that was passed over and the reason.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.catalogue.policy import Catalogue, CategoryPolicy
from services.organization.tree import UnitNode, UnitTree
from services.platform.errors import Unavailable
from services.routing.accused import DISCIPLINE, deciding_desk, is_accused

RULE_VERSION = 1
WORKING_ROLES = frozenset(
    {"grid_worker", "guide", "assistant", "village_secretary", "township_dispatcher", "department_officer", "county_supervisor"}
)
"""Roles that can act on a ticket: a seat held only by an analyst or an administrator is an empty one here."""

_COVERING = ("grid", "village", "community", "township", "county", "city")
_DESKS = ("county", "city")


@dataclass(frozen=True, slots=True)
class RouteQuestion:
    """What routing needs to know of a matter. `area_path` is the tree path of the place; of the jurisdiction while the place is unknown."""

    category_code: str | None
    place_unit_id: UUID | None
    area_path: str
    urgency: str
    surface_to_id: UUID | None
    today: date
    accused: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Who leads, who helps, who is told at once, and which desk watches. `why` is plain JSON: codes, names, reasons."""

    lead_unit_id: UUID
    co_unit_ids: tuple[UUID, ...]
    ring_unit_ids: tuple[UUID, ...]
    desk_unit_id: UUID
    tier: str
    why: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Try:
    """One rule that matches: the seats it would give the matter to, best first."""

    rule: str
    seats: tuple[UnitNode, ...]


@dataclass(slots=True)
class _Search:
    """One question being answered."""

    question: RouteQuestion
    tree: UnitTree
    category: CategoryPolicy | None
    place: UnitNode | None
    root: UnitNode
    skipped: list[dict[str, str]] = field(default_factory=list)

    def staffed(self, unit: UnitNode) -> bool:
        return self.tree.staffed(unit.id, WORKING_ROLES, self.question.today)

    def upward(self, unit: UnitNode) -> Iterator[UnitNode]:
        """Yield `unit` and the units above it."""
        yield unit
        yield from self.tree.ancestors(unit)

    def desk(self, kinds: Iterable[str]) -> UnitNode:
        """Return the nearest unit around the place that is of one of `kinds`, else the jurisdiction's own."""
        around = self.upward(self.place) if self.place else ()
        return next((unit for unit in around if unit.kind in kinds and unit.active), self.root)

    def department(self, function: str) -> UnitNode | None:
        """Return the department of this functional line that serves the county of the place: never a township's station."""
        return self.tree.with_function(function, self.desk(_DESKS).path)

    def skip(self, unit: UnitNode, reason: str) -> None:
        self.skipped.append({"code": unit.code, "name": unit.name, "reason": reason})


def route(question: RouteQuestion, tree: UnitTree, catalogue: Catalogue) -> Route:
    """Return who must act on the matter in question: somebody, always.

    Raises Unavailable where the tree lacks the jurisdiction's own unit: no county has been loaded yet.
    """
    if tree.root is None:
        raise Unavailable("organization.not_loaded", f"There is no unit {tree.root_code}. Load the county first: `daguanjia load-units`.")
    category = catalogue.category(question.category_code) if question.category_code else None
    place = tree.by_id.get(question.place_unit_id) if question.place_unit_id else None
    search = _Search(question, tree, category, place, tree.root)
    if question.accused is not None:
        return _decided_above(search, question.accused)
    found = _first_match(search, catalogue)
    lead, rest = _first_staffed(search, found.seats)
    desk = search.desk(_DESKS if found.rule == "direct" else ("township", *_DESKS))  # what passes the township is not its to watch
    helpers = _co_handlers(search, lead)
    ring = _rings(search, lead, helpers)
    return Route(
        lead_unit_id=lead.id,
        co_unit_ids=tuple(unit.id for unit in helpers),
        ring_unit_ids=tuple(unit.id for unit in ring),
        desk_unit_id=desk.id,
        tier=lead.tier,
        why={
            "rule": found.rule,
            "rule_version": RULE_VERSION,
            "inputs": _inputs(search),
            "chosen": _named(lead),
            "co_handlers": [_named(unit) for unit in helpers],
            "rings": [_named(unit) for unit in ring],
            "ring_unit_ids": [str(unit.id) for unit in ring],
            "alternatives": [_named(unit) for unit in rest],
            "skipped": search.skipped,
            "catalogue_version": category.version if category else None,
        },
    )


def _decided_above(search: _Search, accused: tuple[str, ...]) -> Route:
    """Return the route of a matter about somebody: one seat, nobody beside it, nobody told; `why` names nobody who was passed over.

    What discipline inspection handles goes there, unless it is about them.
    """
    desk = deciding_desk(accused, search.tree) or search.root
    above = (desk, *(unit for unit in search.tree.ancestors(desk) if unit.kind in _DESKS))
    inspectors = _direct_seats(search) if search.category is not None and search.category.handler == DISCIPLINE else ()
    first = tuple(unit for unit in inspectors[:1] if not is_accused(unit, accused, search.tree))
    lead, _ = _first_staffed(search, (*first, *above))
    why = {"rule": "accused", "rule_version": RULE_VERSION, "chosen": _named(lead), "ring_unit_ids": []}
    return Route(lead.id, (), (), desk.id, lead.tier, why)


def _first_match(search: _Search, catalogue: Catalogue) -> _Try:
    category = search.category
    direct = _direct_seats(search)
    if direct:
        return _Try("direct", direct)
    if category is None and search.place is None:
        return _Try("backstop", (search.desk(_DESKS),))
    if category is None:
        return _Try("lowest", _handler_seats(search, "lowest"))
    if category.place_needed and search.place is None:
        return _Try("no_place", (search.desk(_DESKS),))
    row = catalogue.row_for(category.code, search.question.area_path)
    named = search.tree.by_id.get(row) if row else None
    if named is not None:
        return _Try("catalogue_row", tuple(search.upward(named)))
    return _Try("category", _handler_seats(search, category.handler))


def _direct_seats(search: _Search) -> tuple[UnitNode, ...]:
    """Return the seats past village and township: as the complainant asked, or as the category says; none where neither does."""
    question, category = search.question, search.category
    asked = search.tree.by_id.get(question.surface_to_id) if question.surface_to_id else None
    if asked is not None:
        return tuple(search.upward(asked))
    function = _function(category.handler) if category is not None and category.surfaces_directly else None
    return _department_seats(search, function) if function else ()


def _handler_seats(search: _Search, handler: str) -> tuple[UnitNode, ...]:
    """Return the seats that `handler` stands for around the place, best first."""
    function = _function(handler)
    if function:
        return _department_seats(search, function)
    if handler == "lowest" and search.place is not None:
        return tuple(unit for unit in search.upward(search.place) if unit.kind in _COVERING)
    if handler == "township":
        return tuple(search.upward(search.desk(("township", *_DESKS))))
    return tuple(search.upward(search.desk(_DESKS)))


def _department_seats(search: _Search, function: str) -> tuple[UnitNode, ...]:
    """Return the department and the units above it; the desk over the place alone where there is no such department."""
    department = search.department(function)
    if department is None:
        search.skipped.append({"code": f"department:{function}", "name": "", "reason": "there is no department of this function"})
        return tuple(search.upward(search.desk(_DESKS)))
    return tuple(search.upward(department))


def _first_staffed(search: _Search, seats: tuple[UnitNode, ...]) -> tuple[UnitNode, tuple[UnitNode, ...]]:
    """Return the first seat that somebody holds and the seats after it; the county desk where nobody holds any: the backstop."""
    for at, unit in enumerate(seats):
        if not unit.active:
            search.skip(unit, "the unit no longer exists")
        elif not search.staffed(unit):
            search.skip(unit, "nobody holds a post there now")
        else:
            return unit, seats[at + 1 :]
    return search.desk(_DESKS), ()


def _co_handlers(search: _Search, lead: UnitNode) -> tuple[UnitNode, ...]:
    """Return the unit the category names as helper: none where its seat is empty or it is the lead itself."""
    handler = search.category.co_handler if search.category else None
    if handler is None:
        return ()
    function = _function(handler)
    seats: tuple[UnitNode, ...]
    if function:
        found = search.department(function)
        seats = () if found is None else (found,)
    else:
        seats = _handler_seats(search, handler)
    helper = next((unit for unit in seats if unit.active and search.staffed(unit)), None)
    return (helper,) if helper is not None and helper.id != lead.id else ()


def _rings(search: _Search, lead: UnitNode, helpers: tuple[UnitNode, ...]) -> tuple[UnitNode, ...]:
    """Return the township, where the matter is urgent and the township does not act on it anyway."""
    urgent = search.question.urgency != "normal" or (search.category is not None and search.category.urgent_ring)
    township = search.desk(("township",))
    if not urgent or township.kind != "township" or township.id in {lead.id, *(unit.id for unit in helpers)}:
        return ()
    return (township,)


def _function(handler: str) -> str | None:
    return handler.removeprefix("department:") if handler.startswith("department:") else None


def _named(unit: UnitNode) -> dict[str, str]:
    return {"id": str(unit.id), "code": unit.code, "name": unit.name, "tier": unit.tier}


def _inputs(search: _Search) -> dict[str, Any]:
    question = search.question
    asked = search.tree.by_id.get(question.surface_to_id) if question.surface_to_id else None
    return {
        "category": question.category_code,
        "place": _named(search.place) if search.place else None,
        "area_path": question.area_path,
        "urgency": question.urgency,
        "surface_to": _named(asked) if asked else None,
        "day": question.today.isoformat(),
    }
