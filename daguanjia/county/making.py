"""Making the county: the land, then every ticket, by as many processes as are wanted, then the sums over all of them.

Which process makes which block changes nothing: a block follows from the seed and its number, and sums are added up in the end.
"""

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from math import ceil
from typing import Any

import asyncpg

from daguanjia.county import population as p
from daguanjia.county.copying import copies_of, multiply
from daguanjia.county.drawing import Drawing, Wanted
from daguanjia.county.living import Living
from daguanjia.county.playing import play
from daguanjia.county.settling import refuse_what_is_real, settle
from daguanjia.county.sums import add_up, make_tables
from daguanjia.county.world import World, read_world
from daguanjia.county.writing import Tally, digest, write_block
from daguanjia.loading import opened
from services.platform.actor import SYSTEM
from services.platform.clock import day_start
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work

_LAID_DOWN_EVERY = 25
"""Blocks after which a process lays down its sums: it holds no more of them than of so many tickets."""
Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


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
    """What was made: tickets, and the hash of all they say."""

    tickets: int
    content: str


def make(making: Making, progress: Progress = lambda _what, _done, _total: None) -> Made:
    """Make the county in the database of DATABASE_URL. Raises a problem where real people work there, or where numbers do not fit."""
    url = settings().database_url
    base = replace(making.wanted, tickets=making.wanted.tickets // copies_of(making.wanted.tickets, journal=making.journal))
    progress("Settling the county", 0, 1)
    first = asyncio.run(_prepare(url, making))
    making = replace(making, wanted=base)
    blocks = ceil(base.tickets / p.BLOCK)
    found: dict[int, bytes] = {}
    for number, content in _blocks(url, making, first):
        found[number] = content
        progress("Living", min(len(found) * p.BLOCK, base.tickets), base.tickets)
    whole = sha256(b"".join(found[number] for number in range(blocks)))
    copies = copies_of(making.wanted.tickets, journal=True)
    del copies
    return Made(base.tickets, whole.hexdigest())


async def _prepare(url: str, making: Making) -> int:
    """Settle the land and make ready; return the number the first ticket gets, less one."""
    async with opened(), unit_of_work(SYSTEM) as work:
        await refuse_what_is_real(work, force=making.force)
        await settle(work, making.wanted.since, making.password)
    connection = await asyncpg.connect(url)
    try:
        await make_tables(connection)
        there = await connection.fetchval("SELECT EXISTS (SELECT FROM tickets WHERE received_at < $1)", day_start(making.wanted.until))
        last = await connection.fetchval("SELECT last_value FROM ticket_numbers")
        return int(last) if there else 0
    finally:
        await connection.close()


def _blocks(url: str, making: Making, first: int) -> Iterator[tuple[int, bytes]]:
    """Make every block; yield the number of each that is written, and the hash of what it says."""
    total = ceil(making.wanted.tickets / p.BLOCK)
    if making.processes == 1:
        done: list[tuple[int, bytes]] = []
        asyncio.run(_make_blocks(url, making, first, range(total), done.append))
        yield from done
        return
    context = multiprocessing.get_context("spawn")
    queue: Any = context.Queue()
    shares = [range(rank, total, making.processes) for rank in range(making.processes)]
    workers = [context.Process(target=_work, args=(url, making, first, share, queue), daemon=True) for share in shares]
    for worker in workers:
        worker.start()
    for _ in range(total):
        number, content = queue.get()
        if number < 0:
            raise RuntimeError(content)
        yield number, content
    for worker in workers:
        worker.join()


def _work(url: str, making: Making, first: int, share: range, queue: Any) -> None:
    try:
        asyncio.run(_make_blocks(url, making, first, share, queue.put))
    except BaseException as error:
        queue.put((-1, f"{type(error).__name__}: {error}"))
        raise


async def _make_blocks(url: str, making: Making, first: int, share: range, done: Callable[[tuple[int, bytes]], None]) -> None:
    world = await _world(making)
    drawing, tally = Drawing(making.wanted, world), Tally()
    connection = await asyncpg.connect(url)
    try:
        for turn, number in enumerate(share, 1):
            lives = play(world, drawing.block(number), making.wanted.seed, first)
            facts = [living.life.facts() for living in lives]
            tally.take(versions[-1] for versions in facts)
            await write_block(connection, lives, facts, journal=making.journal)
            if turn % _LAID_DOWN_EVERY == 0 or turn == len(share):
                await tally.lay_down(connection)
            done((number, digest(world, lives, facts)))
    finally:
        await connection.close()


async def _world(making: Making) -> World:
    async with opened() as database, database.transaction() as session:
        return await read_world(session, day_start(making.wanted.until), making.wanted.until)


__all__ = ["Living", "Made", "Making", "add_up", "make", "multiply"]
