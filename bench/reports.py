"""How fast figures are kept and read at 100,000 tickets: ``python -m bench.reports [--tickets 100000] [--seconds 25]``.

Builds Heping county with that many tickets of two years in a temporary server, keeps their figures through the `count` handler as the
worker does (batches of 200), and then asks metrics, groupings, drill-down and backlog over real HTTP from the reporting door.
"""

import argparse
import asyncio
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.county import fill_county
from daguanjia.servers import temporary_servers

BATCH = 200
MONTHS = 24
CHANNELS = ("hotline", "wechat", "field", "petition")
STATES = ("closed",) * 96 + ("rejected",) * 3 + ("accepted",)
FRESH = ("closed", "closed", "accepted", "dispatched")
COLUMNS = (
    "id", "number", "status", "version", "chain_head", "round", "source", "channel", "category_code", "urgency", "privacy", "area_path",
    "lead_unit_id", "desk_unit_id", "received_at", "recorded_at", "updated_at", "closed_at",
)  # fmt: skip
CLOCK_COLUMNS = (
    "id", "ticket_id", "round", "stage", "turn", "state", "started_at", "first_due_at", "due_at", "stopped_at",
    "limit_amount", "limit_unit", "provisional",
)  # fmt: skip
console = Console()


async def make_tickets(url: str, how_many: int) -> list[UUID]:
    """Write tickets with a resolve clock each, spread over the grids, leaves, channels and two years, oldest first."""
    owner = await asyncpg.connect(url)
    dice = random.Random(20261122)
    grids = await owner.fetch("SELECT id, path FROM units WHERE kind = 'grid'")
    leaves = [row["code"] for row in await owner.fetch("SELECT code FROM categories WHERE leaf")]
    now = datetime.now(UTC)
    minutes = sorted((dice.randrange(MONTHS * 30 * 24 * 60) for _ in range(how_many)), reverse=True)
    ids: list[UUID] = []
    for start in track(range(0, how_many, 10_000), "Writing tickets", console=console, transient=True):
        made = [_ticket(dice, now, now - timedelta(minutes=ago), dice.choice(grids), leaves) for ago in minutes[start : start + 10_000]]
        await owner.copy_records_to_table("tickets", records=[ticket for ticket, _clock in made], columns=COLUMNS)
        await owner.copy_records_to_table("clocks", records=[clock for _ticket, clock in made], columns=CLOCK_COLUMNS)
        ids += [ticket[0] for ticket, _clock in made]
    await owner.execute("ANALYZE")
    await owner.close()
    return ids


def _ticket(
    dice: random.Random, now: datetime, received: datetime, grid: asyncpg.Record, leaves: Sequence[str]
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    from services.platform.ids import new_id

    ticket_id, clock_id = new_id(), new_id()
    due = received + timedelta(days=dice.randrange(2, 15))
    status = dice.choice(STATES) if received < now - timedelta(days=20) else dice.choice(FRESH)
    closed = received + timedelta(hours=dice.randrange(5, 400)) if status == "closed" else None
    closed = min(closed, now) if closed else None
    source = "discovered" if dice.random() < 0.1 else "complaint"
    ticket = (
        ticket_id, ticket_id.hex, status, 1, b"", 1, source, dice.choice(CHANNELS), dice.choice(leaves), "normal", "normal", grid["path"],
        grid["id"], None, received, received, received, closed,
    )  # fmt: skip
    state = "stopped" if closed else "running"
    return ticket, (clock_id, ticket_id, 1, "resolve", 1, state, received, due, due, closed, 5, "working_days", False)


@asynccontextmanager
async def worker(url: str) -> AsyncIterator[None]:
    """Open this process as a worker is: its role, its pool."""
    from services.platform.database import WORKER, Database, use_database
    from services.platform.doorbell import Doorbell, use_doorbell

    database = Database(url, WORKER)
    use_database(database)
    use_doorbell(Doorbell(""))
    yield
    await database.close()


async def count_new(url: str, ids: list[UUID]) -> float:
    """Count every ticket for the first time; return how many a second."""
    async with worker(url):
        began = time.perf_counter()
        for start in track(range(0, len(ids), BATCH), "Counting", console=console, transient=True):
            await _count(ids[start : start + BATCH])
        return len(ids) / (time.perf_counter() - began)


async def count_changed(url: str, ids: list[UUID], seconds: float) -> float:
    """Close or reopen tickets by chance and count them on one connection; return changes a second, the changing itself apart."""
    dice = random.Random(1)
    owner = await asyncpg.connect(url)
    changed, spent = 0, 0.0
    async with worker(url):
        while spent < seconds:
            batch = dice.sample(ids, BATCH)
            await owner.execute(_TOGGLE, batch)
            began = time.perf_counter()
            await _count(batch)
            spent += time.perf_counter() - began
            changed += BATCH
    await owner.execute("VACUUM ANALYZE")
    await owner.close()
    return changed / spent


async def rebuild_all(url: str) -> None:
    """Make all figures anew, and see that nothing differs from what upkeep kept."""
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work
    from services.reports.rebuilding import rebuild

    before = await _checksum(url)
    async with worker(url), unit_of_work(SYSTEM) as work:
        await rebuild(work)
    assert await _checksum(url) == before, "a rebuild gave other figures than upkeep"


async def _checksum(url: str) -> Any:
    owner = await asyncpg.connect(url)
    found = await owner.fetchrow(
        "SELECT (SELECT sum(hashtext(f::text)) FROM report_facts f), (SELECT sum(hashtext(c::text)) FROM rollup_cells c),"
        " (SELECT count(*) FROM rollup_cells)"
    )
    await owner.close()
    return tuple(found or ())


async def _count(batch: list[UUID]) -> None:
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work
    from services.reports.counting import count

    async with unit_of_work(SYSTEM) as work:
        await count(work, batch)


_TOGGLE = """
UPDATE tickets SET version = version + 1,
    status = CASE WHEN status = 'closed' THEN 'accepted' ELSE 'closed' END,
    closed_at = CASE WHEN status = 'closed' THEN NULL ELSE received_at + interval '3 days' END
WHERE id = ANY($1)
"""


@contextmanager
def reporting_door(url: str) -> Iterator[str]:
    """Run the reporting door as operators do, one process; give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "reporting_api.app:app", "--port", str(port), "--log-level", "error", "--no-access-log"]
    settings = {**os.environ, "DATABASE_URL": url}
    with tempfile.TemporaryFile() as log, subprocess.Popen(command, env=settings, stderr=log, stdout=log) as door:
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(200):
                try:
                    if httpx.get(f"{address}/readyz").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield address
        finally:
            door.terminate()
            door.wait(10)


async def token(url: str, login: str) -> dict[str, str]:
    """Return the headers of somebody signed in."""
    from services.identity.tokens import write_token

    owner = await asyncpg.connect(url)
    account = await owner.fetchrow("SELECT id, session_epoch FROM accounts WHERE login = $1", login)
    await owner.close()
    assert account
    written, _ends = write_token(account["id"], account["session_epoch"], datetime.now(UTC), 60)
    return {"Authorization": f"Bearer {written}"}


def questions() -> list[tuple[str, str, str]]:
    """Return (what, address, login) of everything that is timed."""
    from services.reports.metrics import METRICS
    from services.reports.questions import GROUPINGS

    today = datetime.now(UTC).date()
    year, month = f"from={today - timedelta(days=700)}&to={today}", f"from={today - timedelta(days=29)}&to={today}"
    # a grouping by day is asked for 30 days, every other one for 700
    spans = {by: month if by == "day" else year for by in GROUPINGS}
    found = [(f"{metric}, 700 days", f"/v1/reports/{metric}?{year}", "analyst") for metric in METRICS]
    for by in GROUPINGS:
        days = 30 if by == "day" else 700
        found.append((f"completion_rate_due by {by}, {days} days", f"/v1/reports/completion_rate_due?{spans[by]}&by={by}", "analyst"))
        found.append((f"received by {by}, 30 days", f"/v1/reports/received?{month}&by={by}", "analyst"))
    inside = "unit=441624108"
    found += [
        ("township by village, 30 days", f"/v1/reports/on_time_rate?{month}&{inside}&by=unit:village", "pengzhai"),
        ("township by grid, 700 days", f"/v1/reports/received?{year}&{inside}&by=unit:grid", "pengzhai"),
        ("village by category, 700 days (facts)", f"/v1/reports/received?{year}&unit=441624108213&by=category", "shuikou"),
        ("county by village, one category, 700 days (facts)", f"/v1/reports/received?{year}&by=unit:village&category=water", "analyst"),
        ("functional line by township, 700 days (facts)", f"/v1/reports/received?{year}&by=unit:township", "water"),
        ("own scope of a dispatcher, 700 days (facts)", f"/v1/reports/received?{year}", "pengzhai"),
        ("tickets behind a figure, 700 days", f"/v1/reports/completion_rate_due/tickets?{year}", "analyst"),
        ("tickets behind a row, 30 days", f"/v1/reports/received/tickets?{month}&by=unit:township&key=441624108", "analyst"),
        ("overdue, county", "/v1/overdue", "analyst"),
        ("overdue, township", f"/v1/overdue?{inside}", "pengzhai"),
        ("workload, county", "/v1/workload", "analyst"),
        ("metrics", "/v1/metrics", "analyst"),
    ]
    return found


async def ask_all(address: str, url: str, seconds: float) -> list[tuple[str, float, float]]:
    """Ask each question again and again, one caller; return (what, p50, p95) in milliseconds."""
    headers = {login: await token(url, login) for login in ("analyst", "pengzhai", "shuikou", "water")}
    asked = questions()
    timed = []
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        for what, path, login in track(asked, "Asking", console=console, transient=True):
            taken: list[float] = []
            until = time.perf_counter() + seconds / len(asked)
            while len(taken) < 5 or time.perf_counter() < until:
                began = time.perf_counter()
                answer = await client.get(path, headers=headers[login])
                taken.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, answer.text
            taken.sort()
            timed.append((what, statistics.median(taken), taken[int(0.95 * (len(taken) - 1))]))
    return timed


async def bench(url: str, tickets: int, seconds: float) -> None:
    """Run everything and print it."""
    await fill_county(url)
    ids = await make_tickets(url, tickets)
    fresh = await count_new(url, ids)
    console.print(f"upkeep, batches of {BATCH}: {fresh:,.0f} new tickets a second")
    for recent, words in ((2000, "tickets of the last weeks"), (len(ids), "tickets of all two years")):
        rate = await count_changed(url, ids[-recent:], seconds / 5)
        console.print(f"upkeep, batches of {BATCH}: {rate:,.0f} changes a second of {words}")
    began = time.perf_counter()
    await rebuild_all(url)
    console.print(f"rebuild: {tickets / (time.perf_counter() - began):,.0f} tickets a second")
    with reporting_door(url) as address:
        timed = await ask_all(address, url, seconds)
    table = Table("report, over HTTP", "p50 ms", "p95 ms", title=f"{tickets:,} tickets, {MONTHS} months, one caller")
    for what, middle, high in timed:
        table.add_row(what, f"{middle:.1f}", f"{high:.1f}")
    console.print(table)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=25, help="for the questions together; upkeep takes a third of it more")
    given = parser.parse_args()
    os.environ.setdefault("DAGUANJIA_SECRET", "a secret for the bench only, 32 characters and more")
    with temporary_servers(durable=True) as servers:
        os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = servers.database_url, servers.redis_url
        asyncio.run(bench(servers.database_url, given.tickets, given.seconds))


if __name__ == "__main__":
    main()
