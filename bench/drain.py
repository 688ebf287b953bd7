"""How fast one worker dispatches, notifies and counts: ``python -m bench.drain [--complaints 5000] [--seconds 15]``.

First a standing backlog: complaints are filed while no worker runs, then one real ``python -m dispatch_worker`` drains them with all the
real effects. Then live: 100 complaints a second come in through the real intake (prepare, letterbox, doorbell), and each is timed from the
moment its filing is durable to the moment its dispatch can be read.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from bench.county import fill_county
from daguanjia.servers import temporary_servers

CALLERS = 64
CATEGORIES = ("water.pipe_burst", "water.outage", "water.drinking_water", None)
PLACES = ("441624108213001", "441624108213", "441624108", "441624100001", None)


@asynccontextmanager
async def intake(url: str, redis_url: str) -> AsyncIterator[None]:
    """Open this process as the intake door is: its role, its pool, its doorbell."""
    from services.platform.database import INTAKE, Database, use_database
    from services.platform.doorbell import Doorbell, use_doorbell

    database, bell = Database(url, INTAKE), Doorbell(redis_url)
    use_database(database)
    use_doorbell(bell)
    yield
    await bell.close()
    await database.close()


async def file_one(dice: random.Random) -> UUID:
    """File one complaint of a villager with a telephone."""
    from services.complaints.commands import Contact, FileComplaint, Place, Telling
    from services.complaints.filing_desk import file_complaint
    from services.platform.actor import SYSTEM

    code = dice.choice(PLACES)
    place = Place(unit_code=code) if code else Place(words="彭寨镇水口村老水井旁")
    telling = Telling(
        words="家门口的自来水管破了，水漫到路上，请派人来看一看。",
        category=dice.choice(CATEGORIES),
        place=place,
        contact=Contact(name="王某", phone=f"138{dice.randrange(10**8):08}"),
    )
    outcome = await file_complaint(FileComplaint("hotline", str(uuid4()), telling), SYSTEM)
    return outcome.ticket_id


async def file_many(complaints: int) -> None:
    """File with many callers at once, as fast as it goes."""
    left = iter(range(complaints))
    dice = random.Random(7)

    async def caller() -> None:
        for _ in left:
            await file_one(dice)

    await asyncio.gather(*(caller() for _ in range(CALLERS)))


def start_worker(url: str, redis_url: str, home: str) -> "subprocess.Popen[bytes]":
    """Start the real worker."""
    environment = dict(os.environ, DATABASE_URL=url, REDIS_URL=redis_url, DAGUANJIA_HOME=home, DAGUANJIA_OUTBOX_FILE=f"{home}/outbox.jsonl")
    return subprocess.Popen([sys.executable, "-m", "dispatch_worker"], env=environment)


async def drained(owner: asyncpg.Connection) -> tuple[float, int, int]:
    """Wait until nothing is owed; return the seconds from the first delivery to the last, and the events and deliveries there were."""
    standing = await owner.fetchval("SELECT count(*) FROM deliveries")
    events_before = await owner.fetchval("SELECT count(*) FROM events")
    while await owner.fetchval("SELECT count(*) FROM deliveries") == standing:  # noqa: ASYNC110  we watch from outside
        await asyncio.sleep(0.005)
    began = time.perf_counter()
    while await owner.fetchval("SELECT count(*) FROM deliveries"):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    seconds = time.perf_counter() - began
    followed = await owner.fetchval("SELECT count(*) FROM events") - events_before
    # an event that followed (ticket.dispatched) is owed two deliveries of its own
    return seconds, events_before + followed, standing + 2 * followed


async def live(owner: asyncpg.Connection, seconds: int, a_second: int) -> list[float]:
    """File at a steady rate; return the milliseconds from durable to dispatched of each."""
    waiting: dict[UUID, float] = {}
    took: list[float] = []
    dice = random.Random(8)
    over = False

    async def file_and_remember() -> None:
        ticket = await file_one(dice)
        waiting[ticket] = time.perf_counter()

    async def watch() -> None:
        while not over or waiting:
            seen = list(waiting)
            rows = await owner.fetch("SELECT id FROM tickets WHERE id = ANY($1) AND status <> 'received'", seen)
            now = time.perf_counter()
            took.extend((now - waiting.pop(row["id"])) * 1000 for row in rows)
            await asyncio.sleep(0.004)

    watching = asyncio.create_task(watch())
    filings = []
    began = time.perf_counter()
    for number in range(seconds * a_second):
        await asyncio.sleep(max(0.0, began + number / a_second - time.perf_counter()))
        filings.append(asyncio.create_task(file_and_remember()))
    await asyncio.gather(*filings)
    over = True
    await watching
    return sorted(took)


async def run(complaints: int, seconds: int, a_second: int, url: str, redis_url: str, home: str) -> None:
    """Measure and print."""
    await fill_county(url)
    owner = await asyncpg.connect(url)
    async with intake(url, ""):
        began = time.perf_counter()
        await file_many(complaints)
        print(f"filed {complaints} complaints in {time.perf_counter() - began:.1f} s")
    worker = start_worker(url, redis_url, home)
    try:
        before = cpu_seconds(worker.pid)
        took, events, deliveries = await drained(owner)
        spent = cpu_seconds(worker.pid) - before
        print(f"standing backlog: {events} events, {deliveries} deliveries in {took:.2f} s:", end=" ")
        print(f"{events / took:,.0f} events/s, {deliveries / took:,.0f} deliveries/s, one worker")
        print(f"  of that the worker itself computed {spent:.2f} s (its start included); the machine's load was {os.getloadavg()[0]:.1f}")
        print("dispatched:", await owner.fetchval("SELECT count(*) FROM tickets WHERE status = 'dispatched'"))
        print("messages:  ", await owner.fetchval("SELECT count(*) FROM messages"))
        await quiet(owner)
        async with intake(url, redis_url):
            await live(owner, 2, a_second // 4)  # the intake reads the county and fills its pool
            waited = await live(owner, seconds, a_second)
        middle, late = waited[len(waited) // 2], waited[int(len(waited) * 0.99)]
        print(f"live, {a_second} complaints/s for {seconds} s, load {os.getloadavg()[0]:.1f}: committed to dispatched", end=" ")
        print(f"p50 {middle:.0f} ms, p99 {late:.0f} ms, max {waited[-1]:.0f} ms")
    finally:
        worker.terminate()
        print("worker exits with", await asyncio.to_thread(worker.wait))
        await owner.close()


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def quiet(owner: asyncpg.Connection) -> None:
    """Wait until the messages of the backlog are sent."""
    while await owner.fetchval("SELECT count(*) FROM messages WHERE state = 'queued'"):  # noqa: ASYNC110
        await asyncio.sleep(0.2)


def main() -> None:
    """Run on servers of our own, or on DATABASE_URL and REDIS_URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--complaints", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--rate", type=int, default=100)
    chosen = parser.parse_args()
    os.environ.setdefault("DAGUANJIA_SECRET", "a secret for this bench only, 32 characters and more")
    with temporary_servers(durable=True) as servers, tempfile.TemporaryDirectory() as home:
        os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = servers.database_url, servers.redis_url
        os.environ["DAGUANJIA_HOME"] = home  # the worker opens what is filed here
        asyncio.run(run(chosen.complaints, chosen.seconds, chosen.rate, servers.database_url, servers.redis_url, home))


if __name__ == "__main__":
    main()
