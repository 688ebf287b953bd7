"""Adding up what the processes laid down: into `rollup_cells` and `duration_cells`, beside what is there already."""

import asyncpg

from services.reports.measures import COUNTERS, KEY

CELLS, DURATIONS = "county_cells", "county_durations"
DURATION_KEY = ("measure", "area", "month", "source", "demand", "minutes")


async def make_tables(connection: asyncpg.Connection) -> None:
    """Make the tables that sums are laid down in, empty. They are not logged: a crash costs the run, nothing else."""
    await drop_tables(connection)
    await connection.execute(f"CREATE UNLOGGED TABLE {CELLS} (LIKE rollup_cells INCLUDING DEFAULTS)")
    await connection.execute(f"CREATE UNLOGGED TABLE {DURATIONS} (LIKE duration_cells INCLUDING DEFAULTS)")


async def drop_tables(connection: asyncpg.Connection) -> None:
    """Remove them."""
    await connection.execute(f"DROP TABLE IF EXISTS {CELLS}, {DURATIONS}")


async def add_up(connection: asyncpg.Connection) -> None:
    """Add everything that was laid down to the cells."""
    names = tuple(COUNTERS)
    keys, sums = ", ".join(KEY), ", ".join(f"sum({name})" for name in names)
    added = ", ".join(f"{name} = c.{name} + excluded.{name}" for name in names)
    await connection.execute(
        f"INSERT INTO rollup_cells AS c ({keys}, {', '.join(names)}) SELECT {keys}, {sums} FROM {CELLS} GROUP BY {keys}"  # noqa: S608
        f" ON CONFLICT ({keys}) DO UPDATE SET {added}",
        timeout=None,
    )
    keys = ", ".join(DURATION_KEY)
    await connection.execute(
        f"INSERT INTO duration_cells AS c ({keys}, tickets) SELECT {keys}, sum(tickets) FROM {DURATIONS} GROUP BY {keys}"  # noqa: S608
        f" ON CONFLICT ({keys}) DO UPDATE SET tickets = c.tickets + excluded.tickets"
    )
