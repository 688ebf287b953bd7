"""What the escalation scan costs beside many clocks that are not due: ``python -m bench.escalation_scan [--open 1000000] [--due 1000]``.

Two databases on one temporary PostgreSQL: one with 10,000 open clocks, one with a million, four for each ticket. In turns, a thousand in
each fall due and the worker's own duty (`escalate_due`, batches of a hundred, under the worker's role) records their levels: events,
deliveries and all. Printed are the clocks a second of each, their ratio, and the plan of the scan. Exit code 1 where the scan beside a
million takes more than twice as long, or the plan does not take the index in order.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time

import asyncpg

from bench.county import fill_county
from daguanjia.servers import temporary_servers
from services.platform.settings import settings

SMALL, MOST, PER_TICKET, BATCH, ROUNDS, WORST = 10_000, 5_000_000, 4, 100, 2, 2.0
STAGES = ("resolve", "first_contact", "answer", "verify")
SCAN = """
    SELECT ticket_id FROM clocks WHERE state IN ('running', 'stopped') AND next_level_at <= now() ORDER BY next_level_at, id LIMIT 100
"""


async def grow(url: str, clocks: int) -> None:
    """Copy the one ticket there is until there are so many open clocks, none of them due within a day."""
    owner = await asyncpg.connect(url)
    columns = await owner.fetch("SELECT column_name FROM information_schema.columns WHERE table_name = 'tickets' ORDER BY ordinal_position")
    own = {"id": "gen_random_uuid()", "number": "'bench-' || n"}
    names = [row["column_name"] for row in columns]
    chosen = ", ".join(own.get(name, f't."{name}"') for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    await owner.execute("DELETE FROM deliveries")
    await owner.execute("DELETE FROM clocks")
    await owner.execute(
        f"INSERT INTO tickets ({listed}) SELECT {chosen} FROM tickets t, generate_series(1, $1) n",
        clocks // PER_TICKET,
    )
    await owner.execute(
        """
        INSERT INTO clocks (id, ticket_id, round, stage, turn, state, started_at, first_due_at, due_at, limit_amount, limit_unit,
            provisional, ladder_rule, next_level_at)
        SELECT gen_random_uuid(), t.id, 1, t.s, 1, 'running', now() - interval '1 day', t.d, t.d, 5, 'working_days', false, 'days', t.d
        FROM (SELECT id, s, now() + interval '1 day' + random() * interval '30 days' AS d
              FROM tickets, unnest($1::text[]) s WHERE number LIKE 'bench-%') t
        """,
        list(STAGES),
    )
    await owner.execute("VACUUM ANALYZE tickets")
    await owner.execute("VACUUM ANALYZE clocks")
    await owner.close()


async def fall_due(url: str, due: int, turn: int) -> None:
    """Let one clock of each of `due` tickets, other ones each turn, be due an hour ago."""
    owner = await asyncpg.connect(url)
    await owner.execute(
        """
        UPDATE clocks SET due_at = t.d, next_level_at = t.d
        FROM (SELECT id, n, now() - interval '1 hour' - n * interval '1 second' AS d
              FROM (SELECT id, split_part(number, '-', 2)::int AS n FROM tickets WHERE number LIKE 'bench-%') numbered) t
        WHERE t.id = clocks.ticket_id AND stage = 'resolve' AND t.n > $1 AND t.n <= $2
        """,
        turn * due,
        (turn + 1) * due,
    )
    await owner.close()


async def scan(url: str, due: int) -> tuple[float, float]:
    """Return the seconds in which all levels were recorded, and the middle time of the bare scan, in milliseconds."""
    from services.platform.actor import SYSTEM
    from services.platform.database import WORKER, Database, use_database
    from services.platform.doorbell import Doorbell, use_doorbell
    from services.platform.unit_of_work import unit_of_work
    from services.tickets.escalating import escalate_due

    owner = await asyncpg.connect(url)
    bare = []
    for _ in range(20):
        began = time.perf_counter()
        await owner.fetch(SCAN)
        bare.append((time.perf_counter() - began) * 1000)
    database, before = Database(url, WORKER), await owner.fetchval("SELECT count(*) FROM escalations")
    use_database(database)
    use_doorbell(Doorbell(""))
    began = time.perf_counter()
    while True:
        async with unit_of_work(SYSTEM) as work:
            if not await escalate_due(work, BATCH):
                break
    took = time.perf_counter() - began
    recorded = await owner.fetchval("SELECT count(*) FROM escalations") - before
    await database.close()
    await owner.close()
    if recorded != due:
        sys.exit(f"{recorded} levels were recorded of {due}")
    return took, statistics.median(bare)


async def plan(url: str) -> str:
    """Return how PostgreSQL scans."""
    owner = await asyncpg.connect(url)
    rows = await owner.fetch(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) {SCAN}")
    await owner.close()
    return "\n".join(row[0] for row in rows)


async def one_ticket(url: str) -> None:
    """File one ticket and dispatch it, to be copied."""
    from services.complaints.commands import FileComplaint, Place, Telling
    from services.complaints.filing_desk import file_complaint
    from services.platform.actor import SYSTEM
    from services.platform.database import OWNER, Database, use_database
    from services.platform.ids import new_id
    from services.platform.unit_of_work import unit_of_work
    from services.tickets import dispatching
    from tests.county import STAFFED_GRID

    database = Database(url, OWNER)
    use_database(database)
    telling = Telling(words="路灯不亮", category="water.pipe_burst", place=Place(unit_code=STAFFED_GRID))
    await file_complaint(FileComplaint("hotline", str(new_id()), telling), SYSTEM)

    async def no_hints(*_: object) -> dict[object, object]:
        return {}

    owner = await asyncpg.connect(url)
    async with unit_of_work(SYSTEM) as work:
        await dispatching.route_received(work, [await owner.fetchval("SELECT id FROM tickets")], no_hints)
    await owner.close()
    await database.close()


async def measure(given: argparse.Namespace) -> bool:
    """Measure; tell whether the scan took no longer for what was not due."""
    with temporary_servers(durable=True) as servers:
        os.environ.update(DATABASE_URL=servers.database_url, REDIS_URL=servers.redis_url)
        settings.cache_clear()
        await fill_county(servers.database_url)
        await one_ticket(servers.database_url)
        base, name = servers.database_url.rsplit("/", 1)
        urls = {clocks: f"{base}/bench_{clocks}" for clocks in (SMALL, given.open)}
        for clocks, url in urls.items():
            owner = await asyncpg.connect(f"{base}/postgres")
            await owner.execute(f"CREATE DATABASE bench_{clocks} TEMPLATE {name}")
            await owner.close()
            await grow(url, clocks)
        took: dict[int, list[float]] = {clocks: [] for clocks in urls}
        bare: dict[int, list[float]] = {clocks: [] for clocks in urls}
        for turn in range(ROUNDS):
            for clocks, url in urls.items():
                await fall_due(url, given.due, turn)
                if turn == 0:
                    print(f"{clocks:,} open clocks, {given.due:,} due: the scan\n{await plan(url)}\n", flush=True)
                seconds, milliseconds = await scan(url, given.due)
                took[clocks].append(seconds)
                bare[clocks].append(milliseconds)
        plans = [await plan(url) for url in urls.values()]
    return report(given, took, bare) and all("ix_clocks_next_level" in text and "Sort" not in text for text in plans)


def report(given: argparse.Namespace, took: dict[int, list[float]], bare: dict[int, list[float]]) -> bool:
    """Print the runs side by side; tell whether the larger took no more than `WORST` times as long."""
    for clocks, seconds in took.items():
        runs = ", ".join(f"{given.due / one:,.0f}/s" for one in seconds)
        print(f"{clocks:>10,} open, {given.due:,} due: {runs} recorded; the bare scan {min(bare[clocks]):.2f} ms for {BATCH}")
    whole, scans = (min(part[given.open]) / min(part[SMALL]) for part in (took, bare))
    print(f"beside {given.open:,} clocks instead of {SMALL:,}: recording takes {whole:.2f} times as long, the bare scan {scans:.2f} times")
    return whole <= WORST


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--open", type=int, default=1_000_000, help=f"open clocks, at most {MOST:,}")
    parser.add_argument("--due", type=int, default=1_000, help="clocks that fall due in each turn, at most 1,000")
    given = parser.parse_args()
    given.open, given.due = min(max(given.open, SMALL * 2), MOST), min(given.due, SMALL // PER_TICKET // ROUNDS)
    sys.exit(0 if asyncio.run(measure(given)) else 1)


if __name__ == "__main__":
    main()
