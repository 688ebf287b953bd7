"""Which household of the register a number means, where villages were renumbered, split or merged since it was listed.

A number is one of a village's book. The book goes by the unit the village was at first (`UnitNode.origin`), so a renumbering changes
nothing. Where another village's grids came under a village, its households keep the numbers of their own book: there a number is looked
for in every book that somebody who lives there was listed in.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, bindparam, select, text
from sqlalchemy import any_ as any_of
from sqlalchemy.dialects.postgresql import distinct_on

from services.households.models import Household
from services.households.references import book_key
from services.organization.models import Unit
from services.organization.succession import follow
from services.organization.tree import UnitNode
from services.platform.unit_of_work import Work

AMBIGUOUS = "two households that came into this village have this number; name the grid, or end one and list it anew"
ELSEWHERE = "is the number of a household that lies in another village since; give it another number, or end that one"
# Where people live and in whose book they are listed, each pair once: from one to the next by the index, not household by household.
_BOOKS = text("""
WITH RECURSIVE pairs AS (
  (SELECT h.unit_id, h.village_id FROM households h WHERE h.ended_on IS NULL ORDER BY h.unit_id, h.village_id LIMIT 1)
  UNION ALL
  SELECT n.unit_id, n.village_id FROM pairs p CROSS JOIN LATERAL (
    SELECT h.unit_id, h.village_id FROM households h WHERE h.ended_on IS NULL AND (h.unit_id, h.village_id) > (p.unit_id, p.village_id)
    ORDER BY h.unit_id, h.village_id LIMIT 1
  ) n
)
SELECT DISTINCT u.path, p.village_id FROM pairs p JOIN units u ON u.id = p.unit_id
""")


@dataclass(frozen=True, slots=True)
class Sought:
    """A household by its number: `unit` is where it is said to live (a grid of the village, or the village itself)."""

    unit: UnitNode
    village: UnitNode
    number: str


async def find_homes(work: Work, sought: Sequence[Sought]) -> list[Any]:
    """Return of each the newest row of its household, in force before ended; None where there is none; a text where it is not clear."""
    books = await _books(work, sought)
    keys = [[book_key(book, one.number) for book in (one.village.origin, *books[one.village.path])] for one in sought]
    columns = (Household.id, Household.reference, Household.fingerprint, Household.paper_id, Household.ended_on, Household.version)
    newest = (Household.reference, Household.ended_on.is_not(None), Household.listed_at.desc(), Household.id.desc())
    given = bindparam(None, [key for found in keys for key in found], ARRAY(LargeBinary()))
    query = select(*columns, Household.unit_id, Unit.path).join(Unit, Unit.id == Household.unit_id)
    rows = await work.session.execute(
        query.where(Household.reference == any_of(given)).ext(distinct_on(Household.reference)).order_by(*newest)
    )
    there = {row.reference: row for row in rows}
    return [_meant(one, [there.get(key) for key in found]) for one, found in zip(sought, keys, strict=True)]


def _meant(one: Sought, found: Sequence[Any]) -> Any:
    """Return the row that is meant, of those in the village's own book (the first) and in the other books."""
    own = found[0]
    here = [row for row in found if row is not None and row.ended_on is None and row.path.startswith(one.village.path)]
    if len(here) > 1:
        here = [row for row in here if row.unit_id == one.unit.id]
        if len(here) != 1:
            return AMBIGUOUS
    if here:
        return here[0]
    return ELSEWHERE if own is not None and own.ended_on is None else own


async def _books(work: Work, sought: Sequence[Sought]) -> defaultdict[str, list[UUID]]:
    villages = {one.village.path: one.village.origin for one in sought}
    # A load begins with an empty table: a plan kept from then would go through all households, once for each pair.
    await work.session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    found: defaultdict[str, list[UUID]] = defaultdict(list)
    for row in await work.session.execute(_BOOKS):
        parts = row.path.split("/")
        for count in range(len(parts), 1, -1):
            origin = villages.get(path := "/".join([*parts[:count], ""]))
            if origin is not None and row.village_id not in (origin, *found[path]):
                found[path].append(row.village_id)
    return found


async def follow_homes(work: Work) -> int:
    """Bring households to the units that took the place of theirs; return how many. For whoever holds the register's lock."""
    return await follow(work, (Household.unit_id,))
