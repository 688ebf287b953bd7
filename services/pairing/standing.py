"""Which villages and townships there were on a day, as known at an instant, under whatever code they have since. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.organization.tree import heirs_of


@dataclass(frozen=True, slots=True)
class Stood:
    """A unit as the table has it: its interval, since when it is known, and whose place it took."""

    id: UUID
    code: str
    name: str
    kind: str
    path: str
    valid_from: date
    valid_to: date | None
    created_at: datetime
    predecessor_id: UUID | None


@dataclass(frozen=True, slots=True)
class Place:
    """A unit that there was. `ids`: those it has had since, itself among them: what lies with any of them is its own."""

    unit: Stood
    ids: frozenset[UUID]


def places(units: Sequence[Stood], areas: Collection[str], day: date, as_of: datetime) -> list[Place]:
    """Return the units there were on `day`, as known at `as_of`, that lie in `areas` today; in order of their ids.

    A unit that was renumbered since is the one it was then. Its area is that of the unit that took its place.
    """
    by_id = {unit.id: unit for unit in units}
    predecessors = {unit.id: unit.predecessor_id for unit in units if unit.predecessor_id in by_id}
    followed = _followed(units)
    heirs = heirs_of({unit: before for unit, before in predecessors.items() if before is not None})
    found = []
    for unit in sorted(units, key=lambda one: one.id):
        last = by_id[heirs.get(unit.id, unit.id)]
        if _there(unit, followed.get(unit.id, ()), day, as_of) and last.path.startswith(tuple(areas)):
            found.append(Place(unit, frozenset(_chain(unit.id, last.id, predecessors))))
    return found


def _there(unit: Stood, after: Iterable[Stood], day: date, as_of: datetime) -> bool:
    if unit.valid_from > day or unit.created_at > as_of:
        return False
    after = list(after)
    if any(one.valid_from <= day and one.created_at <= as_of for one in after):
        return False
    return bool(after) or unit.valid_to is None or unit.valid_to > day


def _followed(units: Iterable[Stood]) -> Mapping[UUID, list[Stood]]:
    found: dict[UUID, list[Stood]] = {}
    for unit in units:
        if unit.predecessor_id is not None:
            found.setdefault(unit.predecessor_id, []).append(unit)
    return found


def _chain(first: UUID, last: UUID, predecessors: Mapping[UUID, UUID | None]) -> Iterable[UUID]:
    here: UUID | None = last
    while here is not None:
        yield here
        here = None if here == first else predecessors.get(here)
