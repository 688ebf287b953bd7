"""Sums added up from the facts by the database itself: the same cells that upkeep would have kept, for a grain or measure that is new.

The second writing of what `measures.py` and `durations.py` do with one fact after another; tests hold them beside each other.
"""

from collections.abc import Callable

from sqlalchemy import text

from services.platform.clock import SHANGHAI
from services.platform.unit_of_work import Work
from services.reports.counting import LOCK_ROOM
from services.reports.durations import MEASURES, Measure
from services.reports.made import mark, read_made
from services.reports.measures import COUNTERS, DIMENSIONS, GRAINS, KEY, UNREASONABLE, Counter, Grain
from services.reports.rebuilding import KEEP_OUT
from services.tickets.filters import LAST_ROUND

_TOWNSHIP = "coalesce(township_path, area_path)"
_AREAS = {
    "whole": "''",
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


async def add_missing(work: Work, progress: Callable[[str], None] = lambda _name: None) -> list[str]:
    """Add up from the facts what this release sums up and the database has not, or with another meaning; return what was missing.

    `progress` is told the name of each before it is made. Deliveries that come meanwhile wait, or are tried again later.
    """
    session = work.session
    await session.execute(text("SET LOCAL statement_timeout = 0"))
    await session.execute(KEEP_OUT, {"room": LOCK_ROOM})
    made = await read_made(session)
    grains = [grain for grain in GRAINS if grain not in made.grains or COUNTERS.keys() - made.counters]
    for grain in grains:
        progress(grain.code)
        await session.execute(text("DELETE FROM rollup_cells WHERE grain = :code"), {"code": grain.code})
        await session.execute(text(cells_of_grain(grain)))
    measures = [measure for measure in MEASURES.values() if measure.code not in made.measures]
    for measure in measures:
        progress(measure.code)
        await session.execute(text("DELETE FROM duration_cells WHERE measure = :code"), {"code": measure.code})
        await session.execute(text(cells_of_measure(measure)))
    await mark(session)
    return [*(grain.code for grain in grains), *(measure.code for measure in measures)]


def cells_of_grain(grain: Grain) -> str:
    """Return the statement that puts all cells of `grain` where none of it are."""
    bases = dict.fromkeys(counter.basis for counter in COUNTERS.values())
    pieces = " UNION ALL ".join(_piece(grain, basis) for basis in bases)
    sums = ", ".join(f"sum({code})" for code in COUNTERS)
    anything = " + ".join(f"sum({code})" for code in COUNTERS)
    keys = ", ".join(KEY)
    return (
        f"INSERT INTO rollup_cells ({keys}, {', '.join(COUNTERS)}) SELECT {keys}, {sums} FROM ({pieces}) AS pieces"  # noqa: S608
        f" GROUP BY {keys} HAVING {anything} > 0 ORDER BY day, area"
    )


def _piece(grain: Grain, basis: str) -> str:
    """Return the query of key and sums over the facts by one of their instants."""
    chosen = {"grain": f"'{grain.code}'", "area": _AREAS[grain.level], "day": _day(basis, grain.period)}
    chosen |= {"source": "source", "demand": _DEMAND}
    chosen |= {name: _COLUMNS[name] if name in grain.dimensions else "''" for name in DIMENSIONS}
    keys = ", ".join(f"{chosen[name]} AS {name}" for name in KEY)
    sums = ", ".join(f"{_count(counter) if counter.basis == basis else 0} AS {code}" for code, counter in COUNTERS.items())
    group = ", ".join(str(place) for place in range(1, len(KEY) + 1))
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
