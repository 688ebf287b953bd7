"""The sums of all facts: laid down in pieces by the processes, added up in the end into `rollup_cells` and `duration_cells`.

Where tickets are copied, the pieces are about spots instead of places: in a dimension that names a place or a unit of one stands a mark,
and adding up puts each copy's place for it. Only sums that cannot be had from others are added up from pieces; the rest from those.
"""

from collections.abc import Iterable
from typing import Any

import asyncpg

from daguanjia.county.copying import PLACES, SPOTS, STEP
from daguanjia.county.world import Spot
from services.reports.durations import durations_of
from services.reports.facts import Fact
from services.reports.measures import COUNTERS, GRAINS, KEY, LEVELS, Grain, Sums, add

CELLS, DURATIONS = "county_cells", "county_durations"
DURATION_KEY = ("measure", "area", "month", "source", "demand", "minutes")
_COUNTED = tuple(COUNTERS)
_WHOLE = "WHERE area = ''"
_UNITS = ("grid", "village", "township")


def contains(one: Grain, other: Grain) -> bool:
    """Tell whether the sums of `other` are sums of those of `one`."""
    finer = LEVELS.index(one.level) >= LEVELS.index(other.level) and one.dimensions >= other.dimensions
    return finer and (one.period == "day" or other.period == "month")


def order() -> list[tuple[Grain, Grain | None]]:
    """Return every grain, each with the one its sums are added up from; None: from the pieces."""
    found: list[tuple[Grain, Grain | None]] = []
    for grain in sorted(GRAINS, key=lambda grain: sum(contains(grain, other) for other in GRAINS), reverse=True):
        sources = [other for other, _ in found if contains(other, grain)]
        found.append((grain, min(sources, key=lambda other: sum(contains(other, third) for third in GRAINS), default=None)))
    return found


_FIRST = frozenset(grain.code for grain, source in order() if source is None)


def marked(fact: Fact, nth: int, spot: Spot) -> Fact:
    """Return a fact with marks in place of places: ``7g`` is the grid of the 7th spot, ``7v`` its village, and so for who holds it."""
    held = next((what for what, unit in zip(_UNITS, spot.units(), strict=True) if unit.id == fact.lead_unit_id), None)
    area = f"{nth}{'g' if fact.area_path == spot.grid.path else 'v'}"
    lead: Any = f"{nth}{held[0]}" if held else fact.lead_unit_id
    return fact._replace(area_path=area, township_path=area, village_path=area, lead_unit_id=lead)


class Tally:
    """The sums over facts of one process, until they are laid down."""

    def __init__(self) -> None:
        self._sums: Sums = {}
        self._durations: dict[tuple[Any, ...], int] = {}

    def take(self, facts: Iterable[Fact]) -> None:
        """Count facts."""
        for fact in facts:
            add(self._sums, fact)
            for key in durations_of(fact):
                self._durations[key] = self._durations.get(key, 0) + 1

    async def lay_down(self, connection: asyncpg.Connection) -> None:
        """Write what was counted into the tables it is added up in, and begin anew."""
        cells = [
            (*key, *(cell.get(name, 0) for name in _COUNTED)) for key, cell in self._sums.items() if key[0] in _FIRST and any(cell.values())
        ]
        await connection.copy_records_to_table(CELLS, records=cells, columns=(*KEY, *_COUNTED))
        durations = [(*key, tickets) for key, tickets in self._durations.items()]
        await connection.copy_records_to_table(DURATIONS, records=durations, columns=(*DURATION_KEY, "tickets"))
        self._sums, self._durations = {}, {}


async def make_tables(connection: asyncpg.Connection) -> None:
    """Make the tables that sums are laid down in, empty. They are not logged: a crash costs the run, nothing else."""
    await drop_tables(connection)
    await connection.execute(f"CREATE UNLOGGED TABLE {CELLS} (LIKE rollup_cells INCLUDING DEFAULTS)")
    await connection.execute(f"CREATE UNLOGGED TABLE {DURATIONS} (LIKE duration_cells INCLUDING DEFAULTS)")
    await connection.execute(f"CREATE UNLOGGED TABLE {PLACES} (ticket_id uuid, nth int, spot int)")


async def drop_tables(connection: asyncpg.Connection) -> None:
    """Remove them."""
    await connection.execute(f"DROP TABLE IF EXISTS {CELLS}, {DURATIONS}, {PLACES}")


def statements(copies: int) -> tuple[list[str], list[str]]:
    """Return what adds the pieces up, in any order, and what is added up from that afterwards; to what is in the cells already."""
    pieces = [statement for grain, source in order() if source is None for statement in _from_pieces(grain, copies)]
    return [*pieces, _durations(copies)], [_from_cells(grain, source) for grain, source in order() if source is not None]


def _from_pieces(grain: Grain, copies: int) -> list[str]:
    sums, plain = ", ".join(f"sum(c.{name})" for name in _COUNTED), ", ".join(f"c.{name}" for name in KEY)
    pieces = f"{CELLS} c WHERE c.grain = '{grain.code}'"
    if copies == 1:
        return [_added(plain, sums, pieces, plain)]
    if grain.level == "whole" and "holder" not in grain.dimensions:
        return [_added(plain, _times(copies), pieces, plain)]
    column = "holder" if grain.level == "whole" else "area"
    keys = ", ".join(_mark(column, grain.level) if name == column else f"c.{name}" for name in KEY)
    local = f"c.{column} ~ '^[0-9]+[gvt]$'"
    found = _added(keys, sums, f"(SELECT * FROM {pieces} AND {local}) c {_everywhere(column, copies)}", keys)  # noqa: S608
    return [found] if column == "area" else [found, _added(plain, _times(copies), f"{pieces} AND NOT {local}", plain)]


def _everywhere(column: str, copies: int) -> str:
    """Return the joins from a piece `c` with a mark in `column` to the spots `m` of all its copies."""
    return (
        f"JOIN {SPOTS} s ON s.nth = left(c.{column}, -1)::int CROSS JOIN generate_series(0, {copies - 1}) AS k"
        f" JOIN {SPOTS} m ON m.kind = s.kind AND m.place = (s.place + k * {STEP}) % s.size"
    )


def _times(copies: int) -> str:
    return ", ".join(f"{copies} * sum(c.{name})" for name in _COUNTED)


def _mark(column: str, level: str) -> str:
    """Return what stands for a mark in the spot `m`."""
    if column == "holder":
        return "(CASE right(c.holder, 1) WHEN 'g' THEN m.grid_id WHEN 'v' THEN m.village_id ELSE m.township_id END)::text"
    if level == "place":
        return "CASE right(c.area, 1) WHEN 'g' THEN m.grid_path ELSE m.village_path END"
    return f"m.{level}_path"


def _from_cells(grain: Grain, source: Grain) -> str:
    keys = {name: f"c.{name}" for name in KEY}
    keys |= dict.fromkeys(source.dimensions - grain.dimensions, "''")
    if grain.period != source.period:
        keys["day"] = "date_trunc('month', c.day)::date"
    if grain.level != source.level:
        keys["area"] = "''" if grain.level == "whole" else _up(grain.level)
    chosen = ", ".join(f"'{grain.code}'" if name == "grain" else keys[name] for name in KEY)
    sums = ", ".join(f"sum(c.{name})" for name in _COUNTED)
    group = ", ".join(str(nth) for nth, _ in enumerate(KEY, 1))
    return _added(chosen, sums, f"rollup_cells c WHERE c.grain = '{source.code}'", group, "excluded.{0}")


def _up(level: str) -> str:
    """Return the path of the township or village that `c.area` lies in: as deep as it goes, below a county."""
    depth = {"township": 3, "village": 4}[level]
    return f"(rtrim(array_to_string((string_to_array(c.area, '/'))[1:{depth}], '/'), '/') || '/')"


def _added(keys: str, sums: str, source: str, group: str, kept: str = "kept.{0} + excluded.{0}") -> str:
    """Return the statement that puts sums into cells, in the order of days; `kept` says what becomes of a cell that is there."""
    update = ", ".join(f"{name} = {kept.format(name)}" for name in _COUNTED)
    return (
        f"INSERT INTO rollup_cells AS kept ({', '.join(KEY)}, {', '.join(_COUNTED)}) SELECT {keys}, {sums} FROM {source}"  # noqa: S608
        f" GROUP BY {group} ORDER BY 3, 2 ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {update}"
    )


def _durations(copies: int) -> str:
    keys, marks = ", ".join(DURATION_KEY), ", ".join("m.township_path" if name == "area" else f"c.{name}" for name in DURATION_KEY)
    found = f"SELECT {keys}, {copies} * sum(tickets) FROM {DURATIONS} {{}} GROUP BY {keys}"  # noqa: S608
    local = (
        f"SELECT {marks}, sum(tickets) FROM (SELECT * FROM {DURATIONS} WHERE area <> '') c {_everywhere('area', copies)} GROUP BY {marks}"  # noqa: S608
    )
    chosen = found.format("") if copies == 1 else f"{found.format(_WHOLE)} UNION ALL {local}"
    return (
        f"INSERT INTO duration_cells AS kept ({keys}, tickets) {chosen}"
        f" ON CONFLICT ({keys}) DO UPDATE SET tickets = kept.tickets + excluded.tickets"
    )
