"""Whether everybody is paired, seen from both sides (B7), how evenly (B8), and who is not: on a day, as it was known at an instant.

Who is to look after somebody: party members with a post in an office (a department, a station, a township, the county). A pairing whose
member has left by that day covers nobody: the household is missing until it is handed over. Units are those of that day: one that was
renumbered since is the one it was. Lists are read from the rows, counts are kept (`counting.py`); both say the same for every question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.identity.permissions import Scope, scope_of
from services.organization.queries import heirs, unit_tree
from services.organization.tree import UnitNode
from services.pairing.counting import IN_FORCE, LISTED, OF_MEMBERS, OF_UNITS
from services.pairing.standing import Stood, places
from services.pairing.views import Coverage, Loads, Missing, MissingOne, Side
from services.platform.clock import local_day
from services.platform.errors import Forbidden, Invalid, NotFound
from services.platform.rounding import decimal_text, percent_text
from services.platform.unit_of_work import Work

_AREA = "u.path ^@ ANY (CAST(:areas AS text[]))"
_MEMBERS = f"""
SELECT m.id, min(u.code) AS code, m.name, coalesce(max(l.homes), 0) AS homes
FROM members m JOIN posts s ON s.member_id = m.id JOIN units u ON u.id = s.unit_id LEFT JOIN ({OF_MEMBERS}) l ON l.member_id = m.id
WHERE {_AREA} AND m.party_member AND m.created_at <= :as_of AND (m.left_on IS NULL OR m.left_on > :day)
  AND s.valid_from <= :day AND (s.valid_to IS NULL OR s.valid_to > :day)
  AND u.kind IN ('department', 'station', 'township', 'county', 'city') GROUP BY m.id, m.name
"""  # noqa: S608  ours
_HOMES = text(f"SELECT c.unit_id, c.homes, c.paired FROM ({OF_UNITS}) c JOIN units u ON u.id = c.unit_id WHERE {_AREA} ORDER BY c.unit_id")  # noqa: S608
_LOADS = text(f"SELECT homes, count(*) AS members FROM ({_MEMBERS}) m GROUP BY homes ORDER BY homes")  # noqa: S608  ours
_MEMBER_PAGE = text(f"""
SELECT id, code, name, homes, count(*) OVER () AS total FROM ({_MEMBERS}) m WHERE homes BETWEEN :least AND :most_homes
""")  # noqa: S608  ours
_LONE = text(f"""
SELECT h.id, u.code FROM (
  SELECT h.id, h.unit_id FROM households h WHERE h.ended_on IS NULL AND h.listed_at <= :as_of AND h.unit_id = ANY (CAST(:units AS uuid[]))
  UNION ALL
  SELECT h.id, h.unit_id FROM households h WHERE h.ended_on IS NOT NULL AND {LISTED} AND h.unit_id = ANY (CAST(:units AS uuid[]))
) h JOIN units u ON u.id = h.unit_id
WHERE (h.unit_id, h.id) > (CAST(:after_unit AS uuid), CAST(:after AS uuid)) AND NOT EXISTS (
  SELECT FROM pairings p JOIN members m ON m.id = p.member_id WHERE p.household_id = h.id AND {IN_FORCE}
    AND (m.left_on IS NULL OR m.left_on > :day)
) ORDER BY h.unit_id, h.id LIMIT :most
""")  # noqa: S608  ours
# Paired, and yet nobody comes: their member is on leave that day, or all accounts of the member were closed.
_UNATTENDED = text(f"""
WITH away AS (
  SELECT member_id FROM leaves
  WHERE entered_at <= :as_of AND valid_from <= :day AND CASE WHEN ended_at <= :as_of THEN over_on ELSE valid_to END > :day
  UNION
  SELECT c.member_id FROM accounts c LEFT JOIN LATERAL (
    SELECT e.type FROM events e
    WHERE e.subject_id = c.id AND e.recorded_at <= :as_of AND e.type IN ('account.closed', 'account.opened') ORDER BY e.seq DESC LIMIT 1
  ) last ON true GROUP BY c.member_id HAVING bool_and(coalesce(last.type, '') = 'account.closed')
)
SELECT h.id, u.code FROM away a JOIN members m ON m.id = a.member_id JOIN pairings p ON p.member_id = m.id
JOIN households h ON h.id = p.household_id JOIN units u ON u.id = h.unit_id
WHERE {_AREA} AND {IN_FORCE} AND (m.left_on IS NULL OR m.left_on > :day) ORDER BY h.id
""")  # noqa: S608  ours
_UNITS = text("""
SELECT id, code, name, kind, path, valid_from, valid_to, created_at, predecessor_id FROM units
WHERE kind IN ('village', 'community', 'township')
""")
_PLACES = text(f"""
SELECT p.kind, p.unit_id FROM pairings p LEFT JOIN members m ON m.id = p.member_id
WHERE p.household_id IS NULL AND {IN_FORCE} AND (m.left_on IS NULL OR m.left_on > :day)
""")  # noqa: S608  ours
_PLACE_SIDES: dict[str, tuple[str, tuple[str, ...]]] = {
    "villages_with_unit": ("unit_village", ("village", "community")),
    "villages_with_secretary": ("secretary_village", ("village", "community")),
    "townships_with_leader": ("leader_township", ("township",)),
}
Given = dict[str, Any]
_BURDENED_TIMES = 2
"""Who has more than so many times the median of households is burdened."""


@dataclass(frozen=True, slots=True)
class AskedCoverage:
    """Whose area, on which day, as known when; today and now where not given."""

    unit: str | None = None
    on: date | None = None
    as_of: datetime | None = None


async def coverage(work: Work, asked: AskedCoverage) -> Coverage:
    """Return both sides. Raises 404 ``unit.unknown``, 403 ``unit.outside_scope``, 422 ``as_of.future`` and ``pairing.day_ahead``."""
    unit, given = await _understood(work, asked)
    homes = (await work.session.execute(_HOMES, given)).all()
    loads = await _homes_of_each(work, given)
    counts = [one for one in loads if one]
    stood = await _stood(work, given)
    return Coverage(
        unit=unit.code,
        on=given["day"],
        as_of=given["as_of"],
        households=_side(sum(row.homes for row in homes), sum(row.paired for row in homes)),
        members=_side(len(loads), len(counts)),
        villages_with_unit=_side(*stood["villages_with_unit"][:2]),
        villages_with_secretary=_side(*stood["villages_with_secretary"][:2]),
        townships_with_leader=_side(*stood["townships_with_leader"][:2]),
        loads=_loads(counts),
        burdened=sum(one > _limit(counts) for one in counts),
    )


async def missing(work: Work, asked: AskedCoverage, which: Missing, *, after: UUID | None, limit: int) -> tuple[list[MissingOne], int]:
    """Return up to `limit` of those a coverage counts as missing (or as burdened) after the id `after`, and how many there are.

    `unattended`: households whose member is on leave, or may sign in no more: they count as paired, and somebody should go in their place.
    Households without a member come in order of their units, all others in order of their ids.
    """
    _unit, given = await _understood(work, asked)
    if which == "households":
        return await _lone(work, given, after, limit)
    if which == "unattended":
        rows = (await work.session.execute(_UNATTENDED, given)).all()
        later = [row for row in rows if after is None or row.id > after][:limit]
        return [MissingOne(id=row.id, unit=row.code, name=None, households=None) for row in later], len(rows)
    if which in ("members", "burdened"):
        return await _members(work, given, which, after, limit)
    total, paired, lacking = (await _stood(work, given))[which]
    behind = [one for one in lacking if after is None or one.id > after]
    return [MissingOne(id=one.id, unit=one.code, name=one.name, households=None) for one in behind[:limit]], total - paired


async def _lone(work: Work, given: Given, after: UUID | None, limit: int) -> tuple[list[MissingOne], int]:
    """Return households without a member: only units that have any are looked through, as far as the page reaches."""
    lacking = [(row.unit_id, row.homes - row.paired) for row in await work.session.execute(_HOMES, given) if row.homes > row.paired]
    place = UUID(int=0)
    if after is not None:
        place = await work.session.scalar(text("SELECT unit_id FROM households WHERE id = :id"), {"id": after}) or place
    units, found = [], 0
    for unit_id, count in lacking:
        if unit_id < place or found >= limit:
            continue
        units.append(unit_id)
        found += count if unit_id > place else 0
    more = {"units": units, "after_unit": place, "after": after or UUID(int=0), "most": limit}
    rows = await work.session.execute(_LONE, {**given, **more})
    return [MissingOne(id=row.id, unit=row.code, name=None, households=None) for row in rows], sum(count for _unit, count in lacking)


async def _members(work: Work, given: Given, which: Missing, after: UUID | None, limit: int) -> tuple[list[MissingOne], int]:
    least, most = 0, 0
    if which == "burdened":
        counts = [one for one in await _homes_of_each(work, given) if one]
        least, most = _limit(counts) + 1, 2**31 - 1
    rows = (await work.session.execute(_MEMBER_PAGE, {**given, "least": least, "most_homes": most})).all()
    later = sorted((row for row in rows if after is None or row.id > after), key=lambda row: row.id)[:limit]
    return [MissingOne(id=row.id, unit=row.code, name=row.name, households=row.homes or None) for row in later], len(rows)


async def _homes_of_each(work: Work, given: Given) -> list[int]:
    """Return how many households each member who is to look after somebody has, the fewest first."""
    return [row.homes for row in await work.session.execute(_LOADS, given) for _member in range(row.members)]


async def _stood(work: Work, given: Given) -> dict[str, tuple[int, int, list[Stood]]]:
    """Return of each side of places how many there were, how many were looked after, and which were not."""
    units = [Stood(*row) for row in await work.session.execute(_UNITS)]
    there = places(units, given["areas"], given["day"], given["as_of"])
    held = {(row.kind, row.unit_id) for row in await work.session.execute(_PLACES, given)}
    found = {}
    for side, (kind, kinds) in _PLACE_SIDES.items():
        fitting = [place for place in there if place.unit.kind in kinds]
        lacking = [place.unit for place in fitting if not any((kind, unit_id) in held for unit_id in place.ids)]
        found[side] = (len(fitting), len(fitting) - len(lacking), lacking)
    return found


def _side(total: int, paired: int) -> Side:
    return Side(total=total, paired=paired, missing=total - paired, share=percent_text(paired, total) or "—")


async def _understood(work: Work, asked: AskedCoverage) -> tuple[UnitNode, Given]:
    if asked.as_of is not None and asked.as_of > work.now:
        raise Invalid("as_of.future", "Ask as of an instant that has come.")
    as_of = asked.as_of or work.now
    day = asked.on or local_day(as_of)
    if day > local_day(as_of):
        raise Invalid("pairing.day_ahead", "Ask for a day that has come by then.")
    tree, scope = await unit_tree(work.session), scope_of(work.actor)
    unit = tree.by_code.get(asked.unit) if asked.unit else tree.root
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    following = await heirs(work.session)
    areas = _areas(tree.by_id[following.get(unit.id, unit.id)], scope)
    if not areas:
        raise Forbidden("unit.outside_scope", "Your posts do not reach this unit.")
    return unit, {"as_of": as_of, "day": day, "areas": list(areas)}


def _areas(unit: UnitNode, scope: Scope) -> Sequence[str]:
    """Return the paths that lie both in the unit's area and in the scope."""
    if scope.everything:
        return (unit.path,)
    return [longer for area in scope.prefixes if (longer := max(area, unit.path, key=len)).startswith(min(area, unit.path, key=len))]


def _loads(counts: Sequence[int]) -> Loads:
    if not counts:
        return Loads(least=None, median="—", p90="—", most=None, mean="—")
    mean = decimal_text(sum(counts), len(counts), 2)
    return Loads(
        least=counts[0], median=_median_text(counts), p90=str(counts[-(-len(counts) * 9 // 10) - 1]), most=counts[-1], mean=mean or "—"
    )


def _median_text(counts: Sequence[int]) -> str:
    twice = counts[(len(counts) - 1) // 2] + counts[len(counts) // 2]
    return str(twice // 2) if twice % 2 == 0 else f"{twice // 2}.5"


def _limit(counts: Sequence[int]) -> int:
    """Return the most households that are no burden yet: twice the median, rounded down."""
    return _BURDENED_TIMES * (counts[(len(counts) - 1) // 2] + counts[len(counts) // 2]) // 2 if counts else 0
