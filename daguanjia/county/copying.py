"""Millions of tickets: the lives of some ten thousand, lived again elsewhere. In SQL, without a journal.

A life depends on a place by nothing but in which of its seats somebody sits. So a ticket may be copied to any spot of the same kind: the
same instants, the same outcome, other units. The n-th copy of every ticket moves by as many steps along the spots of its kind, which is
why whatever was merged stays merged with its copy. What a copy says is exactly what living it there would have said, and that is tested.
Copies name units and no persons.
"""

from collections.abc import Mapping
from hashlib import md5
from uuid import UUID

import asyncpg

from daguanjia.county.world import World
from services.deadlines.models import Clock
from services.platform.bulk import table_of
from services.platform.database import Base
from services.reports.models import ReportFact
from services.tickets.models import Assignment, Ticket

MOST_LIVED = 20_000
"""More tickets than this are copies, where no journal is kept."""
STEP = 61
"""How far a copy moves, in spots of its kind."""
FIRST_SEQUENCE = 10_000_000
"""Copies are numbered from here: eight digits."""
BASE, SPOTS = "county_base", "county_spots"
_OMITTED = ("changed_in", "waited_at_ids")


def copies_of(tickets: int, *, journal: bool) -> int:
    """Return how many times each life is used: once where a journal is kept."""
    if journal or tickets <= MOST_LIVED:
        return 1
    return next(copies for copies in range(-(-tickets // MOST_LIVED), tickets + 1) if tickets % copies == 0)


def moved(world: World, spot: int, copy: int) -> int:
    """Return the spot that the `copy`-th copy of what is at `spot` is at."""
    same = world.same_kind[world.spots[spot].kind]
    return same[(same.index(spot) + copy * STEP) % len(same)]


def copied_id(first: UUID, copy: int) -> UUID:
    """Return the id of the `copy`-th copy: of the same millisecond."""
    chance = md5(f"{first.hex}/{copy}".encode(), usedforsecurity=False).hexdigest()
    return UUID(f"{first.hex[:13]}{chance[:3]}8{chance[3:18]}")


def copied_id_sql(column: str) -> str:
    """Return :func:`copied_id` in SQL, of the copy `k`."""
    plain = f"replace({column}::text, '-', '')"
    chance = f"md5({plain} || '/' || k)"
    return f"(left({plain}, 13) || left({chance}, 3) || '8' || substr({chance}, 4, 15))::uuid"


def copied_sequence(nth: int, copy: int, lived: int) -> int:
    """Return the number in its number of the `copy`-th copy of the `nth` ticket (from 0) of `lived`."""
    return FIRST_SEQUENCE + (copy - 1) * lived + nth


def number_sql(column: str, lived: int) -> str:
    """Return the number of the copy `k` of the row `b`, with its check digit, as `format_number` writes it."""
    day, sequence = f"left({column}, 8)", f"({FIRST_SEQUENCE} + (k - 1) * {lived} + b.nth)"
    product = "10"
    for text in (day, f"{sequence}::text"):
        for place in range(1, 9):
            product = f"((substr({text}, {place}, 1)::int + {product} + 9) % 10 + 1) * 2 % 11"
    return f"{day} || '-' || {sequence} || '-' || ((11 - {product}) % 10)"


def _unit(column: str) -> str:
    whens = " ".join(f"WHEN s.{what}_id THEN m.{what}_id" for what in ("grid", "village", "township"))
    return f"CASE b.{column} {whens} ELSE b.{column} END"


def _path(column: str) -> str:
    whens = " ".join(f"WHEN s.{what}_path THEN m.{what}_path" for what in ("grid", "village", "township"))
    return f"CASE b.{column} {whens} ELSE b.{column} END"


def _value(column: str, lived: int) -> str:
    """Return what a copy has in a column of the row `b` it is copied from."""
    if column in ("id", "ticket_id", "merged_into_id"):
        return copied_id_sql(f"b.{column}")
    if column == "number":
        return number_sql("b.number", lived)
    if column.endswith(("account_id", "member_id")):
        return "NULL"
    if column == "helped_by":
        return "'[]'"
    if column.endswith("unit_id") or column == "surface_to_id":
        return _unit(column)
    return _path(column) if column.endswith("_path") else f"b.{column}"


def insert_sql(model: type[Base], lived: int, copies: int) -> str:
    """Return the statement that adds all copies of the base rows of a table from the $1-th ticket up to the $2-th."""
    columns = [column.name for column in table_of(model).columns if column.name not in _OMITTED]
    values = ", ".join(_value(column, lived) for column in columns)
    name = table_of(model).name
    return (
        f"INSERT INTO {name} ({', '.join(_quoted(columns))}) SELECT {values} FROM {BASE}_{name} b"  # noqa: S608
        f" JOIN {SPOTS} s ON s.nth = b.spot CROSS JOIN generate_series(1, {copies - 1}) AS k"
        f" JOIN {SPOTS} m ON m.kind = s.kind AND m.place = (s.place + k * {STEP}) % s.size"
        " WHERE b.nth >= $1 AND b.nth < $2 ORDER BY b.nth, k"
    )


def _quoted(columns: list[str]) -> list[str]:
    return [f'"{column}"' for column in columns]


COPIED: Mapping[type[Base], str] = {Ticket: "id", ReportFact: "ticket_id", Clock: "ticket_id", Assignment: "ticket_id"}
"""What is copied, and the column that names the ticket."""


async def make_spots(connection: asyncpg.Connection, world: World) -> None:
    """Lay down every spot with its units, its kind, and its place among those of its kind."""
    await connection.execute(f"DROP TABLE IF EXISTS {SPOTS}")
    ends = ", ".join(f"{what}_id uuid, {what}_path text" for what in ("grid", "village", "township"))
    await connection.execute(f"CREATE UNLOGGED TABLE {SPOTS} (nth int PRIMARY KEY, kind int, place int, size int, {ends})")
    rows = []
    for kind, same in enumerate(world.same_kind.values()):
        for place, nth in enumerate(same):
            units = world.spots[nth].units()
            rows.append((nth, kind, place, len(same), *(part for unit in units for part in (unit.id, unit.path))))
    await connection.copy_records_to_table(SPOTS, records=rows)
    await connection.execute(f"ANALYZE {SPOTS}")


async def make_base(connection: asyncpg.Connection) -> None:
    """Lay the rows to be copied aside, each with the number of its ticket and its spot."""
    for model, key in COPIED.items():
        name = table_of(model).name
        await connection.execute(f"DROP TABLE IF EXISTS {BASE}_{name}")
        await connection.execute(
            f"CREATE UNLOGGED TABLE {BASE}_{name} AS SELECT p.nth, p.spot, t.* FROM {name} t JOIN {PLACES} p ON p.ticket_id = t.{key}"  # noqa: S608
        )
        await connection.execute(f"CREATE INDEX ON {BASE}_{name} (nth)")
        await connection.execute(f"ANALYZE {BASE}_{name}")


async def drop_base(connection: asyncpg.Connection) -> None:
    """Remove what was laid aside."""
    names = ", ".join(f"{BASE}_{table_of(model).name}" for model in COPIED)
    await connection.execute(f"DROP TABLE IF EXISTS {names}, {SPOTS}")


PLACES = "county_places"
"""Which number and which spot each ticket has that is to be copied."""
