"""Which pairs there can be, and how the households of somebody who leaves are shared out. Pure."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.organization.tree import UnitNode
from services.platform.errors import Invalid

FITTING: dict[str, frozenset[str]] = {
    "leader_township": frozenset({"township"}),
    "secretary_village": frozenset({"village", "community"}),
    "unit_village": frozenset({"village", "community"}),
}
"""Kinds of pairing with an area → kinds of unit that area can be."""
PARTNERS = frozenset({"department", "station", "county", "city", "township"})
"""Kinds of unit that can look after a village (挂钩单位)."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A household to be shared out: where it lives, so that neighbours stay with one member."""

    id: UUID
    path: str


def require_fitting(kind: str, unit: UnitNode) -> None:
    """Raise where `unit` cannot be looked after in this way."""
    kinds = FITTING[kind]
    if unit.kind not in kinds:
        raise Invalid("pairing.unit_does_not_fit", f"A {kind} pairing is with a {' or '.join(sorted(kinds))}; this is a {unit.kind}.")


def require_partner(unit: UnitNode) -> None:
    """Raise where `unit` cannot look after a village."""
    if unit.kind not in PARTNERS:
        raise Invalid(
            "pairing.partner_does_not_fit", f"A village is looked after by an office of the county or a township, not by a {unit.kind}."
        )


def shares(count: int, loads: Sequence[int]) -> list[int]:
    """Return how many of `count` new households each gets who has so many now: the least burdened first, until all have as many.

    Who has more than the others come to gets none. Of equals the earlier one gets what is left over.
    """
    got = [0] * len(loads)
    queue = [(load, nth) for nth, load in enumerate(loads)]
    heapq.heapify(queue)
    for _ in range(count):
        load, nth = queue[0]
        got[nth] += 1
        heapq.heapreplace(queue, (load + 1, nth))
    return got


def shared_out(households: Iterable[Neighbour], loads: Mapping[UUID, int]) -> dict[UUID, UUID]:
    """Return who takes which household: every household once, evenly by what each has, neighbours together.

    Households go in order of where they live, members in order of the mapping.
    """
    ordered = sorted(households, key=lambda one: (one.path, one.id))
    members = list(loads)
    if not members:
        raise ValueError("nobody to take them")
    taken: dict[UUID, UUID] = {}
    first = 0
    for member_id, count in zip(members, shares(len(ordered), [loads[one] for one in members]), strict=True):
        taken |= {one.id: member_id for one in ordered[first : first + count]}
        first += count
    return taken
