"""What it costs a worker to keep the figures: the same work drained with `count`, without its sums, and without it, in turn.

A worker's rate shows where work is waiting, so each time a backlog stands. Filings: found a unit for, told of, counted. What follows in a
ticket's life (on average a dozen events, few of which anybody is told of) is fed in the order of time, two thousand events of lives all
over the county at once: few tickets have more than one event in such a backlog, so hardly any is counted together with what comes later.
"""

import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import asyncpg

from bench.drain import file_many, intake

BATCH, BACKLOG = 200, 2000
FILINGS, LIVES, TURNS = 1000, 1500, 3
_BEGINNING = ("ticket.received", "ticket.dispatched")
Events = Sequence[dict[str, Any]]


Keeping = Literal["everything", "facts", "nothing"]
"""What is kept while draining: all that reports need; facts and what they were before, without sums; nothing."""
KEEPING: tuple[Keeping, ...] = ("everything", "facts", "nothing")


@dataclass(frozen=True)
class Kept:
    """Seconds of a worker for each ticket, by what is kept: for its filing, and for what follows; and how many events follow."""

    filing: dict[Keeping, float]
    following: dict[Keeping, float]
    events: float

    def rate(self, keeping: Keeping) -> float:
        """Return tickets a second over their whole lives."""
        return 1 / (self.filing[keeping] + self.following[keeping])

    def cost(self, more: Keeping, less: Keeping) -> float:
        """Return by what share the drain rate is lower for keeping more."""
        return 1 - self.rate(more) / self.rate(less)


class Worker:
    """A worker in this process: its role, its pool, and what it keeps of the county from one batch to the next."""

    def __init__(self, url: str) -> None:
        from services.platform.database import WORKER, Database

        self.url = url
        self._database = Database(url, WORKER)

    async def drained(self, keeping: Keeping) -> float:
        """Drain everything owed; return the seconds. Where nothing is kept no count is owed afterwards; sums left out are made up for."""
        from dispatch_worker.handlers import HANDLERS
        from services.journal.draining import drain
        from services.platform.database import use_database
        from services.platform.doorbell import Doorbell, use_doorbell

        use_database(self._database)
        use_doorbell(Doorbell(""))
        handlers = {name: handler for name, handler in HANDLERS.items() if keeping != "nothing" or name != "count"}
        gc.collect()
        gc.freeze()  # what this process made lives with is not a worker's to look through
        with _sums_left_out(keeping == "facts") as left_out:
            began = time.perf_counter()
            while (done := await drain(handlers, batch=BATCH)).taken:
                assert not done.failed
            took = time.perf_counter() - began
        gc.unfreeze()
        await _made_up_for(left_out)
        owner = await asyncpg.connect(self.url)
        await owner.execute("DELETE FROM deliveries")
        await owner.execute("VACUUM deliveries")
        await owner.close()
        return took

    async def close(self) -> None:
        """Close every connection."""
        await self._database.close()


LeftOut = list[tuple[Callable[..., Awaitable[None]], Any]]


@contextmanager
def _sums_left_out(wanted: bool) -> Iterator[LeftOut]:
    """Keep no sums meanwhile, but note them, where that is `wanted`."""
    from services.reports import counting

    left_out: LeftOut = []
    names = ("keep_sums", "keep_durations", "keep_backlog") if wanted else ()
    real = {name: getattr(counting, name) for name in names}

    def noting(keep: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def note(_where: Any, what: Any) -> None:
            left_out.append((keep, what))

        return note

    for name, keep in real.items():
        setattr(counting, name, noting(keep))
    try:
        yield left_out
    finally:
        for name, keep in real.items():
            setattr(counting, name, keep)


async def _made_up_for(left_out: LeftOut) -> None:
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work

    for keep, what in left_out:
        async with unit_of_work(SYSTEM) as work:
            await keep(work if keep.__name__ == "keep_backlog" else work.session, what)


async def upkeep(url: str, until: date) -> Kept:
    """Measure on the database as it stands. The first turn is for warming up; the order is another in each."""
    filing: dict[Keeping, list[float]] = {keeping: [] for keeping in KEEPING}
    following: dict[Keeping, list[float]] = {keeping: [] for keeping in KEEPING}
    events, worker = 0, Worker(url)
    for turn in range(TURNS + 1):
        for place in range(len(KEEPING)):
            keeping = KEEPING[(turn + place) % len(KEEPING)]
            async with intake(url, ""):
                await file_many(1)  # alone: whoever is first reads the county
                await file_many(FILINGS - 1)
            filed = await worker.drained(keeping) / FILINGS
            seconds, events = await _lived(worker, until, seed=len(KEEPING) * turn + place, keeping=keeping)
            if turn:
                filing[keeping].append(filed)
                following[keeping].append(seconds / LIVES)
    await worker.close()
    middle = [{keeping: statistics.median(took) for keeping, took in which.items()} for which in (filing, following)]
    return Kept(middle[0], middle[1], events / LIVES)


async def _lived(worker: Worker, until: date, *, seed: int, keeping: Keeping) -> tuple[float, int]:
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
    await worker.drained(keeping)
    known = {event["id"] for event in first}
    rest, seconds = [event for event in events if event["id"] not in known], 0.0
    for start in range(0, len(rest), BACKLOG):
        await _fed(owner, rest[start : start + BACKLOG])
        seconds += await worker.drained(keeping)
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
