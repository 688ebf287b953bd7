"""Running the statements that copy and add up: on two connections, the heavy indexes made at the end."""

import asyncio
from collections.abc import Callable, Sequence

import asyncpg

from daguanjia.county.copying import COPIED, insert_sql
from daguanjia.county.sums import statements
from services.platform.bulk import table_of

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""
_ROWS_AT_ONCE = 150_000
_QUICK = (
    # a copy of a row that passed every check passes them too; the owner of the schema must be a superuser for it
    "SET session_replication_role = replica",
    "SET synchronous_commit = off",
    "SET work_mem = '1GB'",
    "SET maintenance_work_mem = '1GB'",
    "SET max_parallel_maintenance_workers = 1",
    "SET statement_timeout = 0",
)
_INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made
FROM pg_index WHERE indrelid = $1::regclass AND NOT indisprimary AND NOT indisunique
"""
Connections = Sequence[asyncpg.Connection]


async def multiply(connections: Connections, lived: int, copies: int, progress: Progress) -> None:
    """Add every copy of every ticket that was lived, with what goes with it, and make the indexes anew."""
    await _quickly(connections)
    indexes = []
    for model in COPIED:
        for row in await connections[0].fetch(_INDEXES, table_of(model).name):
            await connections[0].execute(f"DROP INDEX {row['name']}")
            indexes.append(row["made"])
    at_once = max(1, _ROWS_AT_ONCE // copies)
    jobs = []
    for start in range(0, lived, at_once):
        jobs += [(insert_sql(model, lived, copies), start, start + at_once) for model in COPIED]
    await _all(connections, jobs, lambda done: progress("Copying", done, len(jobs)))
    await _all(connections, [(made,) for made in indexes], lambda done: progress("Indexing", done, len(indexes)))


async def add_up(connections: Connections, copies: int, progress: Progress) -> None:
    """Add up all sums."""
    if copies > 1:
        await _quickly(connections)
    first, then = statements(copies)
    total = len(first) + len(then)
    await _all(connections, [(statement,) for statement in first], lambda done: progress("Adding up", done, total))
    await _all(connections[:1], [(statement,) for statement in then], lambda done: progress("Adding up", len(first) + done, total))


async def _quickly(connections: Connections) -> None:
    for connection in connections:
        for setting in _QUICK:
            await connection.execute(setting)


async def _all(connections: Connections, jobs: Sequence[tuple[object, ...]], done: Callable[[int], None]) -> None:
    """Run every job, each on whichever connection is free, in their order."""
    waiting, finished = list(reversed(jobs)), 0

    async def run(connection: asyncpg.Connection) -> None:
        nonlocal finished
        while waiting:
            statement, *values = waiting.pop()
            await connection.execute(str(statement), *values, timeout=None)
            finished += 1
            done(finished)

    await asyncio.gather(*(run(connection) for connection in connections))
