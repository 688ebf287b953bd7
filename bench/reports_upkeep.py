"""What it costs a worker to keep the figures: the same work drained with the `count` effect and without it, turn by turn.

A worker's rate shows where work is waiting, so each time a backlog stands. Filings: found a unit for, told of, counted. What follows in a
ticket's life (on average a dozen events, few of which anybody is told of) is fed in the order of time, two thousand events of lives all over
the county at once: few tickets have more than one event in such a backlog, so hardly any is counted together with what comes after it.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import asyncpg

from bench.drain import file_many, intake

BATCH, BACKLOG = 200, 2000
FILINGS, LIVES, TURNS = 1000, 1500, 3
_BEGINNING = ("ticket.received", "ticket.dispatched")
Events = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Kept:
    """Seconds of a worker for each ticket, with `count` and without: for its filing, and for what follows; and how many events follow."""

    filing: tuple[float, float]
    following: tuple[float, float]
    events: float

    @property
    def cost(self) -> float:
        """By how much the drain rate over a ticket's whole life is lower for keeping the figures."""
        return 1 - (self.filing[1] + self.following[1]) / (self.filing[0] + self.following[0])


class Worker:
    """A worker in this process: its role, its pool, and what it keeps of the county from one batch to the next."""

    def __init__(self, url: str) -> None:
        from services.platform.database import WORKER, Database

        self.url = url
        self._database = Database(url, WORKER)

    async def drained(self, *, counted: bool) -> float:
        """Drain everything owed; return the seconds. Without `counted` nothing is counted, and no count is owed afterwards."""
        from dispatch_worker.handlers import HANDLERS
        from services.journal.draining import drain
        from services.platform.database import use_database
        from services.platform.doorbell import Doorbell, use_doorbell

        use_database(self._database)
        use_doorbell(Doorbell(""))
        handlers = {name: handler for name, handler in HANDLERS.items() if counted or name != "count"}
        began = time.perf_counter()
        while (done := await drain(handlers, batch=BATCH)).taken:
            assert not done.failed
        took = time.perf_counter() - began
        owner = await asyncpg.connect(self.url)
        await owner.execute("DELETE FROM deliveries")
        await owner.close()
        return took

    async def close(self) -> None:
        """Close every connection."""
        await self._database.close()


async def upkeep(url: str, until: date) -> Kept:
    """Measure on the database as it stands. The first turn is for warming up."""
    filing: dict[bool, list[float]] = {True: [], False: []}
    following: dict[bool, list[float]] = {True: [], False: []}
    events, worker = 0, Worker(url)
    for turn in range(TURNS + 1):
        for counted in (True, False) if turn % 2 else (False, True):
            async with intake(url, ""):
                await file_many(1)  # alone: whoever is first reads the county
                await file_many(FILINGS - 1)
            filed = await worker.drained(counted=counted) / FILINGS
            seconds, events = await _lived(worker, until, seed=2 * turn + counted, counted=counted)
            if turn:
                filing[counted].append(filed)
                following[counted].append(seconds / LIVES)
    await worker.close()
    middle = {counted: (statistics.median(filing[counted]), statistics.median(following[counted])) for counted in (True, False)}
    return Kept((middle[True][0], middle[False][0]), (middle[True][1], middle[False][1]), events / LIVES)


async def _lived(worker: Worker, until: date, *, seed: int, counted: bool) -> tuple[float, int]:
    """Feed the events of lives of the last month in their order; return the seconds it took to drain what follows, and its events."""
    from daguanjia.county.drawing import Drawing, Wanted
    from daguanjia.county.playing import play
    from daguanjia.county.population import BLOCK
    from daguanjia.county.world import read_world
    from daguanjia.county.writing import write_beside
    from daguanjia.loading import opened
    from services.platform.clock import day_start

    async with opened() as database, database.transaction() as session:
        world = await read_world(session, day_start(until), until)
    run = time.time_ns() // 10**9  # a kept county keeps what was lived in it before
    wanted = Wanted(run * 100 + seed, LIVES, 3, until - timedelta(days=20))
    drawing, first_number = Drawing(wanted, world), run % 10**7 * LIVES
    plans = [drawing.block(number) for number in range(-(-LIVES // BLOCK))]
    lives = [life for block in plans for life in play(world, block, wanted.seed, first_number)]
    owner = await asyncpg.connect(worker.url)
    await write_beside(owner, lives)
    events = sorted((event for one in lives for event in one.life.events), key=lambda event: (event["recorded_at"], event["seq"]))
    first = [event for event in events if event["type"] in _BEGINNING and event["seq"] <= 2]
    await _fed(owner, first)
    await worker.drained(counted=counted)
    known = {event["id"] for event in first}
    rest, seconds = [event for event in events if event["id"] not in known], 0.0
    for start in range(0, len(rest), BACKLOG):
        await _fed(owner, rest[start : start + BACKLOG])
        seconds += await worker.drained(counted=counted)
    await owner.close()
    return seconds, len(rest)


async def _fed(owner: asyncpg.Connection, events: Events) -> None:
    from daguanjia.county.writing import copy_rows
    from services.journal.models import Delivery, Event
    from services.journal.recording import deliveries_for

    await copy_rows(owner, Event, events)
    await copy_rows(
        owner, Delivery, [delivery for event in events for delivery in deliveries_for(event) if delivery["handler"] != "publish"]
    )
