"""Whether everybody is paired, seen from both sides (B7), how evenly (B8), and who is not: on a day, as it was known at an instant.

Who is to look after somebody: party members with a post in an office (a department, a station, a township, the county). A pairing whose
member has left by that day covers nobody: the household is missing until it is handed over. Counts and lists come from one statement, so
that what is listed is what was counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.identity.permissions import Scope, scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.pairing.views import Coverage, Loads, Missing, MissingOne, Side
from services.platform.clock import local_day
from services.platform.errors import Forbidden, Invalid, NotFound
from services.platform.rounding import decimal_text, percent_text
from services.platform.unit_of_work import Work

_IN_FORCE = (
    "p.recorded_at <= :as_of AND p.valid_from <= :day AND (p.valid_to IS NULL OR p.valid_to > :day OR p.ended_at > :as_of)"
    " AND (p.member_id IS NULL OR NOT EXISTS (SELECT FROM members g WHERE g.id = p.member_id AND g.left_on <= :day))"
)
_AREA = "u.path ^@ ANY (CAST(:areas AS text[]))"
_SIDES: dict[str, str] = {
    "households": (
        "SELECT h.id, u.code, NULL::text AS name, EXISTS (SELECT FROM pairings p WHERE p.household_id = h.id AND {in_force}) AS paired,"
        " 0 AS homes FROM households h JOIN units u ON u.id = h.unit_id"
        " WHERE {area} AND h.listed_at <= :as_of AND (h.ended_on IS NULL OR h.ended_on > :day OR h.ended_at > :as_of)"
    ),
    "members": (
        "SELECT m.id, min(u.code) AS code, m.name, coalesce(max(l.homes), 0) > 0 AS paired, coalesce(max(l.homes), 0) AS homes"
        " FROM members m JOIN posts s ON s.member_id = m.id JOIN units u ON u.id = s.unit_id"
        " LEFT JOIN (SELECT p.member_id, count(*) AS homes FROM pairings p"
        " WHERE p.household_id IS NOT NULL AND {in_force} GROUP BY p.member_id) l"
        " ON l.member_id = m.id"
        " WHERE {area} AND m.party_member AND m.created_at <= :as_of AND (m.left_on IS NULL OR m.left_on > :day)"
        " AND s.valid_from <= :day AND (s.valid_to IS NULL OR s.valid_to > :day)"
        " AND u.kind IN ('department', 'station', 'township', 'county', 'city') GROUP BY m.id, m.name"
    ),
    **{
        name: (
            f"SELECT u.id, u.code, u.name, EXISTS (SELECT FROM pairings p WHERE p.unit_id = u.id AND p.kind = '{kind}'"  # noqa: S608  ours
            " AND {in_force}) AS paired, 0 AS homes FROM units u WHERE {area} AND u.kind IN " + f"({kinds})"
            " AND u.valid_from <= :day AND (u.valid_to IS NULL OR u.valid_to > :day)"
        )
        for name, kind, kinds in (
            ("villages_with_unit", "unit_village", "'village', 'community'"),
            ("villages_with_secretary", "secretary_village", "'village', 'community'"),
            ("townships_with_leader", "leader_township", "'township'"),
        )
    },
}
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
    sides = {}
    for name in _SIDES:
        statement = f"SELECT count(*), count(*) FILTER (WHERE paired) FROM ({_side(name)}) s"  # noqa: S608  ours
        total, paired = (await work.session.execute(text(statement), given)).one()
        sides[name] = Side(total=total, paired=paired, missing=total - paired, share=percent_text(paired, total) or "—")
    counts = list((await work.session.scalars(text(f"SELECT homes FROM ({_side('members')}) s WHERE paired ORDER BY homes"), given)).all())  # noqa: S608
    return Coverage(
        unit=unit.code,
        on=given["day"],
        as_of=given["as_of"],
        **sides,
        loads=_loads(counts),
        burdened=sum(one > _limit(counts) for one in counts),
    )


async def missing(work: Work, asked: AskedCoverage, which: Missing, *, after: UUID | None, limit: int) -> tuple[list[MissingOne], int]:
    """Return up to `limit` of those a coverage counts as missing (or as burdened) after the id `after`, and how many there are."""
    _unit, given = await _understood(work, asked)
    if which == "burdened":
        ordered = text(f"SELECT homes FROM ({_side('members')}) s WHERE paired ORDER BY homes")  # noqa: S608  ours
        given |= {"limit_count": _limit(list((await work.session.scalars(ordered, given)).all()))}
        found = f"SELECT * FROM ({_side('members')}) s WHERE homes > :limit_count"  # noqa: S608  ours
    else:
        found = f"SELECT * FROM ({_side(which)}) s WHERE NOT paired"  # noqa: S608  ours
    total = (await work.session.execute(text(f"SELECT count(*) FROM ({found}) f"), given)).scalar_one()  # noqa: S608  ours
    page = text(f"SELECT * FROM ({found}) f WHERE id > :after ORDER BY id LIMIT :most")  # noqa: S608  ours
    rows = await work.session.execute(page, {**given, "after": after or UUID(int=0), "most": limit})
    return [MissingOne(id=row.id, unit=row.code, name=row.name, households=row.homes or None) for row in rows], total


def _side(name: str) -> str:
    return _SIDES[name].format(in_force=_IN_FORCE, area=_AREA)


async def _understood(work: Work, asked: AskedCoverage) -> tuple[UnitNode, dict[str, Any]]:
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
    areas = _areas(unit, scope)
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
