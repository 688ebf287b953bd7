"""Who is responsible for my grid: from a name or code to the ladder of units above it, and who sits there.

Names of those who serve in public are shown where an administrator said so, and the numbers of offices; a mobile one only where it was
written down why. A blank unit is
shown as blank, with the unit above that answers in its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notices.models import PublishedPost
from services.organization.duty_phones import published_number
from services.organization.models import ROLES, Member, Post, Unit
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import one_of
from services.reports.facts import PLACES
from services.routing.locating import place_index
from services.routing.places import Ambiguous, Found

PUBLIC_ROLES = (
    "grid_worker", "guide", "assistant", "village_secretary", "township_dispatcher", "county_supervisor", "hotline_operator",
)  # fmt: skip
MOST_FOUND = 30


@dataclass(frozen=True, slots=True)
class SeatShown:
    """A role in a unit: what it is called, how many hold it, and the names of those an administrator published."""

    title: str
    held: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rung:
    """A unit of the ladder. `answered_by` is the name of the unit that answers where this one is blank."""

    code: str
    name: str
    tier: str
    phone: str | None
    seats: tuple[SeatShown, ...]
    answered_by: str | None


@dataclass(frozen=True, slots=True)
class Match:
    """A unit a search found, and where it lies."""

    code: str
    name: str
    tier: str
    within: str


def find(tree: UnitTree, words: str) -> list[Match]:
    """Return the places that `words` may mean: as people call them, in full or short, by code; else those whose name holds the words."""
    said = words.strip()
    if not said:
        return []
    index = place_index(tree)
    by_code = index.by_code(said)
    named = by_code if isinstance(by_code, Found) else index.match_text(said)
    if isinstance(named, Found):
        ids: Sequence[UUID] = (named.unit_id,)
    elif isinstance(named, Ambiguous):
        ids = named.candidates
    else:
        ids = [unit.id for unit in _places(tree) if said in unit.name or said in unit.aliases]
    return [match_of(tree, tree.by_id[unit_id]) for unit_id in ids[:MOST_FOUND]]


def parts_of(tree: UnitTree, unit: UnitNode) -> list[Match]:
    """Return the places directly below a unit, by code."""
    return [match_of(tree, below) for below in tree.children(unit) if below.kind in PLACES]


def _places(tree: UnitTree) -> list[UnitNode]:
    found = (unit for unit in tree.by_id.values() if unit.active and unit.kind in PLACES)
    return sorted(found, key=lambda unit: unit.path)


def match_of(tree: UnitTree, unit: UnitNode) -> Match:
    """Return a unit as a search shows it."""
    within = "".join(above.name for above in reversed(tree.ancestors(unit)) if above.tier != "city")
    return Match(unit.code, unit.name, unit.tier, within)


async def ladder(session: AsyncSession, tree: UnitTree, unit: UnitNode) -> list[Rung]:
    """Return the unit and those above it up to the jurisdiction, lowest first, with who sits in each today."""
    units = [unit, *(above for above in tree.ancestors(unit))]
    ids = [one.id for one in units]
    query = select(Unit.id, Unit.duty_phone, Unit.duty_phone_reason).where(one_of(Unit.id, ids))
    phones = {row.id: published_number(row.duty_phone, row.duty_phone_reason) for row in await session.execute(query)}
    names = await _names(session, tree, ids)
    rungs = []
    for place, one in enumerate(units):
        seats = _seats(tree, one, names)
        answers = next((above.name for above in units[place + 1 :] if _seats(tree, above, {})), None) if not seats else None
        rungs.append(Rung(one.code, one.name, one.tier, phones.get(one.id), seats, answers))
    return rungs


def _seats(tree: UnitTree, unit: UnitNode, names: dict[UUID, str]) -> tuple[SeatShown, ...]:
    posts = tree.active_posts(unit.id) if unit.active else ()
    found = []
    for role in PUBLIC_ROLES:
        held = [post for post in posts if post.role == role]
        if held:
            shown = tuple(sorted(names[post.id] for post in held if post.id in names))
            found.append(SeatShown(ROLES[role], len(held), shown))
    return tuple(found)


async def _names(session: AsyncSession, tree: UnitTree, unit_ids: Sequence[UUID]) -> dict[UUID, str]:
    posts = [post.id for unit_id in unit_ids for post in tree.active_posts(unit_id)]
    query = (
        select(PublishedPost.post_id, Member.name)
        .join(Post, Post.id == PublishedPost.post_id)
        .join(Member, Member.id == Post.member_id)
        .where(one_of(PublishedPost.post_id, posts))
    )
    return {row.post_id: row.name for row in await session.execute(query)}
