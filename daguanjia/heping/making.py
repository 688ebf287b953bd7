"""Making the year in an empty database: the county as it is, its register, twelve months township by township, petitions, matters."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256

import asyncpg
from sqlalchemy import select

from daguanjia.county.settling import refuse_what_is_real, settle_as_it_is
from daguanjia.county.sums import drop_tables, make_tables
from daguanjia.county.world import World, read_world
from daguanjia.heping import register
from daguanjia.heping.drawing import MONTHS, Home, Year, draw, homes_of, months_of
from daguanjia.heping.ground import Ground, Place, places_of
from daguanjia.heping.matters import register as register_matter
from daguanjia.heping.petitions import petitions, write_petitions
from daguanjia.heping.proportions import Proportions
from daguanjia.heping.rows import Ids, Page, fill, shares_of
from daguanjia.heping.writing import write
from daguanjia.loading import opened
from services.households.models import Household
from services.platform.actor import SYSTEM
from services.platform.clock import SHANGHAI, day_start, local_day, now
from services.platform.errors import Conflict
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.reports.rebuilding import rebuild

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The year to make: how much of everything, from which month on, by which seed, and the password of its people."""

    proportions: Proportions
    first: date
    seed: int
    password: str


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: the first and the last day, a hash of what happened, and whether people were hired who sign in with the password."""

    first: date
    last: date
    content: str
    hired: bool


def last_year(today: date) -> date:
    """Return the first day of the twelve whole months before the month of `today`."""
    months = today.year * 12 + today.month - 1 - MONTHS
    return date(months // 12, months % 12 + 1, 1)


async def make(wanted: Wanted, progress: Progress) -> Made:
    """Make the year in the database of DATABASE_URL. Raises Conflict where real people work there, or a register of households is there."""
    progress("The county", 0, 1)
    hired = await _settle(wanted)
    progress("The county", 1, 1)
    world = await _world()
    places = places_of(world)
    homes = homes_of(wanted.proportions, [[grid.code for grid in place.grids] for place in places])
    year = draw(wanted.seed, wanted.proportions, wanted.first, homes)
    await _load(wanted, world, places, homes, progress)
    ids, ground = Ids(), await _ground(wanted, world, places, homes)
    await _write(ground, year, ids, progress)
    await _register(ground, year, ids, progress)
    await _petition(wanted, world, progress)
    content = sha256("".join(map(repr, (year.calls, year.said, year.done, year.helped, year.quarrels, year.matters))).encode())
    return Made(year.first, year.last, content.hexdigest(), hired)


async def _settle(wanted: Wanted) -> bool:
    async with opened(), unit_of_work(SYSTEM) as work:
        if await work.session.scalar(select(Household.id).limit(1)) is not None:
            raise Conflict("heping.there", "There is a register of households here already; the year goes into an empty database.")
        await refuse_what_is_real(work, force=False)
        return await settle_as_it_is(work, wanted.first.replace(year=wanted.first.year - 2), wanted.password)


async def _world() -> World:
    today = local_day(now())
    async with opened() as database, database.transaction() as session:
        return await read_world(session, day_start(today), today)


async def _load(wanted: Wanted, world: World, places: list[Place], homes: list[Home], progress: Progress) -> None:
    """Load members, households and pairings, written down in the two weeks before the year begins."""
    offices, since = register.offices_of(world.tree), wanted.first - timedelta(days=7)
    townships = sorted({place.township.code for place in places})
    at = [datetime.combine(wanted.first - timedelta(days=days), time(9), SHANGHAI) for days in (14, 10, 7)]
    await register.load_members(register.members_file(wanted.proportions, offices), at[0], progress)
    await register.load_households(register.households_file(homes, places), at[1], progress)
    await register.load_pairings(register.pairings_file(homes, places, offices, townships, since), at[2], progress)


async def _ground(wanted: Wanted, world: World, places: list[Place], homes: list[Home]) -> Ground:
    tree = world.tree
    offices = [tree.by_code[code].id for code in register.offices_of(tree)]
    async with opened() as database, database.transaction() as session:
        members = await register.members(session, wanted.proportions, wanted.first)
        return Ground(world, places, members, offices, await register.listed(session, homes, places))


async def _write(ground: Ground, year: Year, ids: Ids, progress: Progress) -> None:
    """Write the year month by month, each township's in a transaction of its own."""
    ends = dict(zip((months := months_of(year.first)), months[1:], strict=False))
    shares = shares_of(year, ground.places)
    async with opened(seals=True) as database:
        for nth, ((month, code), share) in enumerate(shares.items()):
            at = datetime.combine(ends[month] - timedelta(days=1), time(20), SHANGHAI)
            desk = ground.desks(ground.world.tree.by_code[code])[0]
            async with database.transaction() as session:
                await write(session, fill(Page(ground, year, ids, desk, at), share))
            progress("Months of townships", nth + 1, len(shares))


async def _register(ground: Ground, year: Year, ids: Ids, progress: Progress) -> None:
    async with opened() as database:
        for nth, one in enumerate(year.matters):
            async with database.transaction() as session:
                await register_matter(session, ground, year, ids, one)
            progress("Matters", nth + 1, len(year.matters))


async def _petition(wanted: Wanted, world: World, progress: Progress) -> None:
    connection = await asyncpg.connect(settings().database_url)
    try:
        number = int(await connection.fetchval("SELECT last_value FROM ticket_numbers"))
        lives = petitions(wanted.seed, world, wanted.first, number)
        await make_tables(connection)
        await write_petitions(connection, world, wanted.seed, lives)
        await drop_tables(connection)
        await connection.execute("SELECT setval('ticket_numbers', $1)", number + len(lives))
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    progress("Petitions", len(lives), len(lives))
    async with opened(), unit_of_work(SYSTEM) as work:
        await rebuild(work)
