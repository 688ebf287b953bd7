"""Where a matter is: a code, words or a point against the units of today. The index over them is kept while the tree stays the same."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.routing.geo import Point
from services.routing.places import Ambiguous, Found, PlaceIndex, PlaceUnit

NEAREST_METRES = 5_000.0
"""A point farther than this from every grid and village says nothing."""

AMBIGUOUS, UNKNOWN = "ambiguous", "unknown"


@dataclass(frozen=True, slots=True)
class Located:
    """The unit that covers the place, or None with the `candidates` to ask about.

    `how`: code, code_prefix, name, alias, short_name, combination, point, ambiguous or unknown. `matched`: what of the input said so.
    """

    unit_id: UUID | None
    how: str
    candidates: tuple[UUID, ...] = field(default=())
    matched: str = field(default="")


async def locate(session: AsyncSession, *, code: str | None, words: str | None, point: Point | None) -> Located:
    """Return where a matter is: a code decides, else words, else the point; what is not clear is asked back, never guessed.

    A point decides between places that share a name.
    """
    return located(await unit_tree(session), code=code, words=words, point=point)


def located(tree: UnitTree, *, code: str | None, words: str | None, point: Point | None) -> Located:
    """Answer :func:`locate` from a tree."""
    index = place_index(tree)
    by_code = index.by_code(code) if code else None
    if isinstance(by_code, Found):
        return Located(by_code.unit_id, by_code.how, matched=by_code.matched)
    said = index.match_text(words) if words else None
    if isinstance(said, Found):
        return Located(said.unit_id, said.how, matched=said.matched)
    near = index.nearest(point, NEAREST_METRES) if point else None
    if isinstance(said, Ambiguous):
        if isinstance(near, Found) and _lies_in(tree, near.unit_id, said.candidates):
            return Located(near.unit_id, near.how, matched=near.matched)
        return Located(None, AMBIGUOUS, said.candidates)
    if isinstance(near, Found):
        return Located(near.unit_id, near.how, matched=near.matched)
    return Located(None, UNKNOWN)


def _lies_in(tree: UnitTree, unit_id: UUID, areas: Iterable[UUID]) -> bool:
    path = tree.by_id[unit_id].path
    return any(path.startswith(tree.by_id[area].path) for area in areas)


class _Kept:
    tree: UnitTree | None = None
    index: PlaceIndex = PlaceIndex.build(())


def place_index(tree: UnitTree) -> PlaceIndex:
    """Return the place index over the jurisdiction's units in `tree`; built once for each tree."""
    if _Kept.tree is not tree:
        _Kept.index = PlaceIndex.build(
            PlaceUnit(
                id=unit.id,
                code=unit.code,
                name=unit.name,
                aliases=unit.aliases,
                kind=unit.kind,
                tier=unit.tier,
                path=unit.path,
                parent_id=unit.parent_id,
                lat=unit.lat,
                lon=unit.lon,
                active=unit.active,
            )
            for unit in tree.by_id.values()
        )
        _Kept.tree = tree
    return _Kept.index
