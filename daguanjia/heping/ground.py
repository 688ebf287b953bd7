"""The county as the year finds it: its villages with their grids, its desks, its households and members as they stand in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from daguanjia.county.world import World
from services.organization.tree import UnitNode
from services.platform.actor import Actor

OPENS = ("village", "community")


@dataclass(frozen=True, slots=True)
class Listed:
    """A household in the register: its id and the reference by which the ledger knows it."""

    id: UUID
    reference: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """A village, the township it lies in, and its grids."""

    unit: UnitNode
    township: UnitNode
    grids: Sequence[UnitNode]


@dataclass(frozen=True)
class Ground:
    """Everything rows refer to. `members` and `homes` stand in the order in which the year counts them."""

    world: World
    places: Sequence[Place]
    members: Sequence[UUID]
    offices: Sequence[UUID]
    homes: Sequence[Listed]

    def grid(self, nth: int) -> UnitNode:
        """Return the n-th grid of all."""
        return self.grids[nth]

    @property
    def grids(self) -> Sequence[UnitNode]:
        """All grids, village by village."""
        return [grid for place in self.places for grid in place.grids]

    def desks(self, township: UnitNode) -> Sequence[Actor]:
        """Return the dispatchers of a township: the first writes down, another one witnesses."""
        return self.world.staff[township.id]

    def mediator(self, place: Place) -> UUID:
        """Return the member who mediates in a village: its secretary, else somebody of the township."""
        found = next((one for one in self.world.staff.get(place.unit.id, ()) if one.member_id), self.desks(place.township)[0])
        assert found.member_id is not None
        return found.member_id


def places_of(world: World) -> list[Place]:
    """Return every village with a grid, by code."""
    tree, found = world.tree, []
    for unit in sorted((unit for unit in tree.by_id.values() if unit.kind in OPENS and unit.active), key=lambda unit: unit.code):
        grids = sorted((one for one in tree.children(unit) if one.kind == "grid"), key=lambda one: one.code)
        township = next((above for above in tree.ancestors(unit) if above.tier == "township"), None)
        if grids and township is not None:
            found.append(Place(unit, township, grids))
    return found


def office_of(ground: Ground, member: int) -> UUID:
    """Return the office a member has their post in."""
    return ground.offices[member % len(ground.offices)]


def staff_number(nth: int) -> str:
    """Return the staff number of the n-th member."""
    return f"HP-{nth:05}"
