"""Sums added up from the facts by the database itself: the same cells that upkeep would have kept, for a grain or measure that is new.

The second writing of what `measures.py` and `durations.py` do with one fact after another; tests hold them beside each other.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.platform.clock import SHANGHAI
from services.platform.unit_of_work import Work
from services.reports.counting import LOCK_ROOM
from services.reports.durations import MEASURES, Measure
from services.reports.made import forget_grains, mark, read_made
from services.reports.measures import COUNTERS, DIMENSIONS, GRAINS, KEY, UNREASONABLE, Counter, Grain
from services.reports.rebuilding import KEEP_OUT
from services.tickets.filters import LAST_ROUND

_TOWNSHIP = "coalesce(township_path, area_path)"
_AREAS = {
    "whole": "",
    "township": _TOWNSHIP,
    "village": "coalesce(village_path, township_path, area_path)",
    "place": "area_path",
}
_COLUMNS = {
    "category": "coalesce(category_code, '')",
    "channel": "channel",
    "tier": "coalesce(tier, '')",
    "holder": "coalesce(lead_unit_id::text, '')",
    "urgency": "urgency",
    "round": f"least(round, {LAST_ROUND})::text",
    "settled_tier": "coalesce(settled_tier, '')",
}
_DEMAND = f"CASE WHEN unreasonable THEN '{UNREASONABLE}' ELSE '' END"


_AT_LEISURE = text("SET LOCAL statement_timeout = 0")
_AT_EASE = (
    "SET LOCAL work_mem = '256MB'",
    "SET LOCAL max_parallel_workers_per_gather = 2",
)
"""Hundreds of thousands of cells of fifty columns are grouped at once: on disk that would take many times as long."""


# One probe of the index for each grain there is: cells are millions, grains a dozen.
_GRAINS_THERE = text("""
WITH RECURSIVE there AS (
    (SELECT grain FROM rollup_cells ORDER BY grain LIMIT 1)
    UNION ALL
    SELECT next.grain FROM there, LATERAL (SELECT grain FROM rollup_cells c WHERE c.grain > there.grain ORDER BY grain LIMIT 1) AS next
)
SELECT grain FROM there WHERE grain <> ALL(CAST(:kept AS text[])) LIMIT 1
""")


async def add_missing(work: Work) -> str | None:
    """Add up from the facts one of the sums that this release keeps and the database has not, or with another meaning; return its name.

    Or take away the cells of a grain that is kept no longer. None where there is nothing to do. A transaction for each, so that deliveries
    which come meanwhile wait, or are tried again, no longer than one takes: a minute or two for ten million tickets. Finer sums come first:
    others are added up from them.
    """
    session = work.session
    if not (await read_made(session)).missing:
        return await _drop_left_over(session)
    await session.execute(_AT_LEISURE)
    for setting in _AT_EASE:
        await session.execute(text(setting))
    await session.execute(KEEP_OUT, {"room": LOCK_ROOM})
    made = await read_made(session)
    if new := COUNTERS.keys() - made.counters:  # no grain has them
        await forget_grains(session)
        await mark(session, [f"counter {code}" for code in new])
        return "counters"
    for grain in sorted(GRAINS, key=lambda grain: -grain.weight):
        if grain not in made.grains:
            await _make(session, "rollup_cells", "grain", grain.code, cells_of_grain(grain, made.grains))
            await mark(session, [f"grain {grain.code}"])
            return grain.code
    for measure in MEASURES.values():
        if measure.code not in made.measures:
            await _make(session, "duration_cells", "measure", measure.code, cells_of_measure(measure))
            await mark(session, [f"duration {measure.code}"])
            return measure.code
    return None


async def _drop_left_over(session: AsyncSession) -> str | None:
    left = await session.scalar(_GRAINS_THERE, {"kept": [grain.code for grain in GRAINS]})
    if left is None:
        return None
    await session.execute(_AT_LEISURE)
    await session.execute(text("DELETE FROM rollup_cells WHERE grain = :code"), {"code": left})
    await session.execute(text("DELETE FROM sums_made WHERE name = :name"), {"name": f"grain {left}"})
    return f"{left} dropped"


async def _make(session: AsyncSession, table: str, column: str, code: str, statement: str) -> None:
    """Put all cells of `code` in place of those there are. Statistics are renewed where the role may: it is the owner's to do."""
    await session.execute(text(f"DELETE FROM {table} WHERE {column} = :code"), {"code": code})  # noqa: S608  names of our own
    await session.execute(text(statement))
    await session.execute(text(f"ANALYZE {table}"))  # else the next question is planned for cells that were not there


def cells_of_grain(grain: Grain, there: Sequence[Grain] = ()) -> str:
    """Return the statement that puts all cells of `grain` where none of it are: from the facts, or from a grain that is `there`."""
    finer = min((other for other in there if _contains(other, grain)), key=lambda other: other.weight, default=None)
    bases = dict.fromkeys(counter.basis for counter in COUNTERS.values())
    pieces = " UNION ALL ".join(_piece(grain, basis) for basis in bases) if finer is None else _part(grain, finer)
    sums = ", ".join(f"sum({code})" for code in COUNTERS)
    anything = " + ".join(f"sum({code})" for code in COUNTERS)
    told = _told(grain)
    keys = {name: name if name in told else "''" for name in KEY} | {"grain": f"'{grain.code}'"}
    return (
        f"INSERT INTO rollup_cells ({', '.join(KEY)}, {', '.join(COUNTERS)}) SELECT {', '.join(keys.values())}, {sums}"  # noqa: S608
        f" FROM ({pieces}) AS pieces GROUP BY {', '.join(told)} HAVING {anything} > 0 ORDER BY {', '.join(told)}"
    )


def _told(grain: Grain) -> list[str]:
    """Return the columns of the key that differ among the cells of a grain, in the order in which cells come about in life."""
    area = [] if grain.level == "whole" else ["area"]
    return ["day", *area, *(name for name in DIMENSIONS if name in grain.dimensions), "source", "demand"]


def _contains(one: Grain, other: Grain) -> bool:
    """Tell whether the sums of `other` are sums of those of `one`, with no place to be looked up."""
    same = other.level in (one.level, "whole")
    return same and one.dimensions >= other.dimensions and (one.period == "day" or other.period == "month")


def _part(grain: Grain, finer: Grain) -> str:
    """Return the query of key and sums over the cells of a finer grain."""
    day = "date_trunc('month', day)::date AS day" if grain.period != finer.period else "day"
    told = ", ".join(day if name == "day" else name for name in _told(grain))
    return f"SELECT {told}, {', '.join(COUNTERS)} FROM rollup_cells WHERE grain = '{finer.code}'"  # noqa: S608


def _piece(grain: Grain, basis: str) -> str:
    """Return the query of key and sums over the facts by one of their instants."""
    chosen = _COLUMNS | {"area": _AREAS[grain.level], "day": _day(basis, grain.period), "source": "source", "demand": _DEMAND}
    told = _told(grain)
    keys = ", ".join(f"{chosen[name]} AS {name}" for name in told)
    sums = ", ".join(f"{_count(counter) if counter.basis == basis else 0} AS {code}" for code, counter in COUNTERS.items())
    group = ", ".join(str(place) for place in range(1, len(told) + 1))
    return f"SELECT {keys}, {sums} FROM report_facts WHERE {basis} IS NOT NULL GROUP BY {group}"  # noqa: S608


def _count(counter: Counter) -> str:
    return f"count(*) FILTER (WHERE {' AND '.join(_test(column, value) for column, value in counter.values.items())})"


def _test(column: str, value: object) -> str:
    return f"{column} IS {value}" if isinstance(value, bool) else f"{column} = '{value}'"


def _day(basis: str, period: str) -> str:
    return f"date_trunc('{period}', {basis} AT TIME ZONE '{SHANGHAI.key}')::date"


def cells_of_measure(measure: Measure) -> str:
    """Return the statement that puts all cells of a duration where none of it are."""
    pieces = " UNION ALL ".join(
        f"SELECT {area} AS area, {_day(measure.basis, 'month')} AS month, source, {_DEMAND} AS demand, {measure.column} AS minutes"  # noqa: S608
        f" FROM report_facts WHERE counted AND {measure.column} IS NOT NULL AND {measure.basis} IS NOT NULL"
        for area in ("''", _TOWNSHIP)
    )
    keys = "area, month, source, demand, minutes"
    return (
        f"INSERT INTO duration_cells (measure, {keys}, tickets) SELECT '{measure.code}', {keys}, count(*)"  # noqa: S608
        f" FROM ({pieces}) AS pieces GROUP BY {keys} ORDER BY month, area"
    )
