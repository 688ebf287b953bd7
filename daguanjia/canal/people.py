"""The households of the story, and who looks after them: put into the register as a file would, where they are not there yet."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from daguanjia.loading import opened
from daguanjia.story.setting import MEMBERS, OFFICE, VILLAGE, Cast, StoryError
from services.households.models import Household
from services.households.parsing import parse_households
from services.households.references import household_key
from services.households.storing import put_households
from services.organization.queries import members_by_staff_number, read_unit_tree
from services.pairing.parsing import parse_pairings
from services.pairing.storing import put_pairings
from services.platform.actor import SYSTEM
from services.platform.clock import day_start
from services.platform.database import Database
from services.platform.unit_of_work import Work

HOMES = 16
"""The three of the article, the secretary's own, and twelve more that speak of the canal: forty would tell it slower."""
HEADS = ("黄培荣", "黄育昌", "黄朝栋", "黄书记")
_GIVEN = "山水田林石泉春秋光明福寿安康和顺富贵荣华"


@dataclass(frozen=True, slots=True)
class Home:
    """A household: its id, who heads it, and the login of whoever looks after it."""

    id: UUID
    head: str
    member: str


@dataclass(frozen=True)
class Village:
    """The village as the story finds it: its households in the order of their numbers, and the ids of colleagues by login."""

    homes: tuple[Home, ...]
    members: dict[str, UUID]


async def settle(cast: Cast, since: date) -> Village:
    """List the households and pair them since `since`. Repeating it changes nothing. Raises StoryError where somebody was not here then."""
    village, office = cast.unit(VILLAGE).code, cast.unit(OFFICE).code
    async with opened(seals=True) as database:
        await _here_then(database, cast, since)
        await _load(database, since, register_file(village), pairings_file(village, office, since))
        async with database.transaction() as session:
            tree = await read_unit_tree(session)
            members = await members_by_staff_number(session, since)
            keys = [household_key(tree.by_code[village], number_of(nth)) for nth in range(HOMES)]
            there = {row.reference: row.id for row in await session.execute(select(Household.reference, Household.id))}
    homes = tuple(Home(there[key], head_of(nth), MEMBERS[nth % len(MEMBERS)]) for nth, key in enumerate(keys))
    return Village(homes, {login: members[login] for login in cast.people})


async def _here_then(database: Database, cast: Cast, since: date) -> None:
    async with database.transaction() as session:
        tree = await read_unit_tree(session)
    if not all(tree.active_posts(tree.by_code[person.unit.code].id, since) for person in cast.people.values()):
        raise StoryError(
            "水渠故事从半年前讲起,而那时库中还没有人在岗:请在新库上讲。Nobody was here when this story begins; use a fresh database."
        )


async def _load(database: Database, since: date, register: str, pairings: str) -> None:
    async with database.transaction() as session:
        work = Work(SYSTEM, day_start(since), session)
        parsed = parse_households(register, await read_unit_tree(session))
        _require([*parsed.errors])
        await put_households(work, parsed.households)
    async with database.transaction() as session:
        work = Work(SYSTEM, day_start(since), session)
        found = parse_pairings(pairings, await read_unit_tree(session), await members_by_staff_number(session, since), since)
        _require([*found.errors, *(await put_pairings(work, found.pairings, transfer=True)).errors])


def register_file(village: str) -> str:
    """Return the register. The telephones are nobody's."""
    lines = [f"{village},{number_of(nth)},{head_of(nth)},1900076{nth:04},{number_of(nth)}号,{2 + nth % 5}" for nth in range(HOMES)]
    return "\n".join(["unit,number,head,phone,address,people", *lines])


def pairings_file(village: str, office: str, since: date) -> str:
    """Return who looks after whom: the county office after the village (B34), its members after every household."""
    lines = [f"{village},,,{office},{since}"]
    lines += [f"{village},{number_of(nth)},{MEMBERS[nth % len(MEMBERS)]},,{since}" for nth in range(HOMES)]
    return "\n".join(["unit,household,member,partner,from", *lines])


def number_of(nth: int) -> str:
    """Return the number of the n-th household in the village's register."""
    return f"水-{nth + 1:03}"


def head_of(nth: int) -> str:
    """Return who heads the n-th household: invented, but for the three of the article."""
    return HEADS[nth] if nth < len(HEADS) else f"黄{_GIVEN[nth % len(_GIVEN)]}{_GIVEN[(nth * 7 + 3) % len(_GIVEN)]}"


def _require(errors: list[object]) -> None:
    if errors:
        raise StoryError(f"水渠故事的户册读不进去:{errors[0]}")
