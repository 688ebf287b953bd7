"""Making the county: the land, then every ticket, by as many processes as are wanted, then the sums over all of them.

Which process makes which block changes nothing: a block follows from the seed and its number, and sums are added up in the end.
"""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from math import ceil
from queue import Empty
from typing import Any

import asyncpg

from daguanjia.county import population as p
from daguanjia.county.copying import copies_of, drop_base, make_base, make_spots
from daguanjia.county.drawing import Drawing, Wanted
from daguanjia.county.multiplying import Progress, add_up, multiply
from daguanjia.county.playing import play
from daguanjia.county.settling import refuse_what_is_real, settle
from daguanjia.county.sums import Tally, drop_tables, make_tables, marked
from daguanjia.county.world import World, read_world
from daguanjia.county.writing import digest, write_block
from daguanjia.loading import opened
from services.platform.actor import SYSTEM
from services.platform.clock import day_start
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.reports.backlog_sums import refill, sweep

_LAID_DOWN_EVERY = 25
"""Blocks after which a process lays down its sums: it holds no more of them than of so many tickets."""


@dataclass(frozen=True, slots=True)
class Making:
    """What to make and how: with journals or without, by how many processes, and the password everybody signs in with."""

    wanted: Wanted
    journal: bool
    processes: int
    password: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: tickets, and the hash of all they say; whether people were hired, who sign in with the password."""

    tickets: int
    content: str
    hired: bool


def make(making: Making, progress: Progress = lambda _what, _done, _total: None) -> Made:
    """Make the county in the database of DATABASE_URL. Raises Conflict where real people work there, or tickets are there already."""
    url, wanted = settings().database_url, making.wanted
    copies = copies_of(wanted.tickets, journal=making.journal)
    lived = replace(making, wanted=replace(wanted, tickets=wanted.tickets // copies))
    progress("Settling the county", 0, 1)
    first, hired = asyncio.run(_prepare(url, making, copies))
    progress("Settling the county", 1, 1)
    found: dict[int, bytes] = {}
    for number, content in _blocks(url, lived, first, copies):
        found[number] = content
        progress("Living", min(len(found) * p.BLOCK, lived.wanted.tickets), lived.wanted.tickets)
    asyncio.run(_finish(url, lived, copies, progress))
    whole = sha256(b"".join(found[number] for number in sorted(found)) + copies.to_bytes(4, "big"))
    return Made(wanted.tickets, whole.hexdigest(), hired)


async def _prepare(url: str, making: Making, copies: int) -> tuple[int, bool]:
    """Settle the land and make ready; return the number the first ticket gets, less one, and whether people were hired."""
    async with opened(), unit_of_work(SYSTEM) as work:
        await refuse_what_is_real(work, force=making.force and copies == 1)
        hired = await settle(work, making.wanted.since, making.password)
    async with _connected(url) as connection:
        await make_tables(connection)
        there = await connection.fetchval("SELECT EXISTS (SELECT FROM tickets WHERE received_at < $1)", day_start(making.wanted.until))
        last = await connection.fetchval("SELECT last_value FROM ticket_numbers")
        return int(last) if there else 0, hired


async def _finish(url: str, making: Making, copies: int, progress: Progress) -> None:
    """Copy where there is something to copy, add the sums up, and leave the database as if the tickets had come one by one."""
    async with _connected(url) as connection, _connected(url) as other:
        if copies > 1:
            await make_spots(connection, await _world(making))
            await make_base(connection)
            await multiply((connection, other), making.wanted.tickets, copies, progress)
        await add_up((connection, other), copies, progress)
        await drop_tables(connection)
        await drop_base(connection)
        await connection.execute("SELECT setval('ticket_numbers', greatest(last_value, $1)) FROM ticket_numbers", making.wanted.tickets)
        await _fill_backlog()
        await connection.execute("ANALYZE")


async def _fill_backlog() -> None:
    """Make rows and sums of what is open, as of now."""
    async with opened(), unit_of_work(SYSTEM) as work:
        await refill(work)
        await sweep(work)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def _blocks(url: str, making: Making, first: int, copies: int) -> Iterator[tuple[int, bytes]]:
    """Make every block; yield the number of each that is written, and the hash of what it says."""
    total = ceil(making.wanted.tickets / p.BLOCK)
    if making.processes == 1:
        done: list[tuple[int, bytes]] = []
        asyncio.run(_make_blocks(url, making, (first, copies), range(total), done.append))
        yield from done
        return
    context = multiprocessing.get_context("spawn")
    queue: Any = context.Queue()
    shares = [range(rank, total, making.processes) for rank in range(making.processes)]
    workers = [context.Process(target=_work, args=(url, making, (first, copies), share, queue), daemon=True) for share in shares]
    for worker in workers:
        worker.start()
    for _ in range(total):
        number, content = _next(queue, workers)
        yield number, content
    for worker in workers:
        worker.join()


def _next(queue: Any, workers: Sequence[Any]) -> tuple[int, bytes]:
    """Return the next block that is written; raise RuntimeError where a process failed, or ended without a word."""
    while True:
        try:
            number, content = queue.get(timeout=5)
        except Empty:
            if any(worker.exitcode not in (None, 0) for worker in workers):
                raise RuntimeError("a process that makes tickets ended") from None
            continue
        if number < 0:
            raise RuntimeError(content)
        return number, content


def _work(url: str, making: Making, numbers: tuple[int, int], share: range, queue: Any) -> None:
    def done(block: tuple[int, bytes]) -> None:
        above = multiprocessing.parent_process()
        if above is None or not above.is_alive():
            raise SystemExit("nobody waits for it")
        queue.put(block)

    try:
        asyncio.run(_make_blocks(url, making, numbers, share, done))
    except BaseException as error:
        queue.put((-1, f"{type(error).__name__}: {error}"))
        raise


async def _make_blocks(url: str, making: Making, numbers: tuple[int, int], share: range, done: Callable[[tuple[int, bytes]], None]) -> None:
    """Make the blocks of `share`. `numbers`: the number the first ticket gets, less one, and how often each life is used."""
    world, (first, copies) = await _world(making), numbers
    drawing, tally = Drawing(making.wanted, world), Tally()
    async with _connected(url) as connection:
        for turn, number in enumerate(share, 1):
            lives = play(world, drawing.block(number), making.wanted.seed, first)
            facts = [living.life.facts() for living in lives]
            if copies > 1:
                tally.take(marked(versions[-1], living.plan.spot, living.spot) for living, versions in zip(lives, facts, strict=True))
            else:
                tally.take(versions[-1] for versions in facts)
            await write_block(connection, lives, facts, journal=making.journal)
            if turn % _LAID_DOWN_EVERY == 0 or turn == len(share):
                await tally.lay_down(connection)
            done((number, digest(world, lives, facts)))


async def _world(making: Making) -> World:
    async with opened() as database, database.transaction() as session:
        return await read_world(session, day_start(making.wanted.until), making.wanted.until)
