"""The county as files: its members, households, and who looks after whom; loaded as anybody loads them. Pure but for the loading."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from daguanjia.heping.drawing import Home
from daguanjia.heping.ground import Listed, Place, staff_number
from daguanjia.heping.proportions import Proportions
from daguanjia.loading import opened
from services.households.models import Household
from services.households.parsing import parse_households
from services.households.references import household_key
from services.households.storing import PORTION, put_households
from services.organization.member_files import parse_members, put_members
from services.organization.queries import forget_unit_tree, members_by_staff_number, read_unit_tree
from services.organization.tree import UnitTree
from services.pairing.parsing import parse_pairings
from services.pairing.storing import put_pairings
from services.platform.actor import SYSTEM
from services.platform.database import database
from services.platform.errors import Problem
from services.platform.unit_of_work import Work

Progress = Callable[[str, int, int], None]
_NAMES = "张李王黄陈叶朱徐何曾"
_OF_SHUIKOU, _ITS_OFFICE = "441624108213", "441624-D-XZB"


def members_file(wanted: Proportions, offices: Sequence[str]) -> str:
    """Return everybody who looks after households, with a post in an office of the county."""
    lines = ["staff_number,name,party_member,unit,role"]
    lines += [
        f"{staff_number(nth)},{_NAMES[nth % len(_NAMES)]}挂钩,是,{offices[nth % len(offices)]},service_member"
        for nth in range(wanted.members)
    ]
    return "\n".join(lines)


def households_file(homes: Sequence[Home], places: Sequence[Place]) -> str:
    """Return every household. Its telephone is nobody's."""
    grids = [grid.code for place in places for grid in place.grids]
    lines = ["unit,number,head,phone,address,people"]
    lines += [
        f"{grids[home.grid]},{home.number},{_NAMES[nth % len(_NAMES)]}某某,190{nth:08},{home.number}号,{home.people}"
        for nth, home in enumerate(homes)
    ]
    return "\n".join(lines)


def pairings_file(homes: Sequence[Home], places: Sequence[Place], offices: Sequence[str], townships: Sequence[str], since: date) -> str:
    """Return who looks after whom since `since`: a leader each township, a secretary and an office each village, a member each home."""
    lines = ["unit,household,member,partner,from"]
    lines += [f"{code},,{staff_number(nth)},,{since}" for nth, code in enumerate(townships)]
    members = homes[-1].member + 1
    for nth, place in enumerate(places):
        office = _ITS_OFFICE if place.unit.code == _OF_SHUIKOU else offices[nth % len(offices)]
        lines += [f"{place.unit.code},,{staff_number(nth % members)},,{since}", f"{place.unit.code},,,{office},{since}"]
    lines += [f"{places[home.village].unit.code},{home.number},{staff_number(home.member)},,{since}" for home in homes]
    return "\n".join(lines)


async def load_members(text: str, at: datetime, progress: Progress) -> None:
    """Have everybody in a post since the day of `at`."""
    async with opened(), database().transaction() as session:
        placed, errors = parse_members(text, await read_unit_tree(session))
        _require(errors)
        progress("Members", 0, len(placed))
        await put_members(Work(SYSTEM, at, session), placed)
        progress("Members", len(placed), len(placed))
    forget_unit_tree()


async def load_households(text: str, at: datetime, progress: Progress) -> None:
    """List every household at `at`, in portions."""
    async with opened(seals=True) as opening:
        async with opening.transaction() as session:
            parsed = parse_households(text, await read_unit_tree(session))
        _require(parsed.errors)
        for first in range(0, len(parsed.households), PORTION):
            async with opening.transaction() as session:
                await put_households(
                    Work(SYSTEM, at + timedelta(seconds=first // PORTION), session), parsed.households[first : first + PORTION]
                )
            progress("Households", min(first + PORTION, len(parsed.households)), len(parsed.households))


async def load_pairings(text: str, at: datetime, progress: Progress) -> None:
    """Have everybody paired, written down at `at`."""
    async with opened() as opening:
        async with opening.transaction() as session:
            today = at.date()
            parsed = parse_pairings(text, await read_unit_tree(session), await members_by_staff_number(session, today), today)
        _require(parsed.errors)
        for first in range(0, len(parsed.pairings), PORTION):
            async with opening.transaction() as session:
                work = Work(SYSTEM, at + timedelta(seconds=first // PORTION), session)
                _require((await put_pairings(work, parsed.pairings[first : first + PORTION], transfer=False)).errors)
            progress("Pairings", min(first + PORTION, len(parsed.pairings)), len(parsed.pairings))


async def listed(session: AsyncSession, homes: Sequence[Home], places: Sequence[Place]) -> list[Listed]:
    """Return the households as they stand in the register, in the order of `homes`."""
    there = {row.reference: row.id for row in await session.execute(select(Household.reference, Household.id))}
    keys = (household_key(places[home.village].unit, home.number) for home in homes)
    return [Listed(there[key], key) for key in keys]


async def members(session: AsyncSession, wanted: Proportions, day: date) -> list[UUID]:
    """Return the members in the order of their numbers."""
    found = await members_by_staff_number(session, day)
    return [found[staff_number(nth)] for nth in range(wanted.members)]


def offices_of(tree: UnitTree) -> list[str]:
    """Return the codes of the county's offices."""
    return sorted(unit.code for unit in tree.by_id.values() if unit.kind == "department" and unit.active)


def _require(errors: Sequence[object]) -> None:
    if errors:
        raise Problem("heping.not_loaded", f"The made-up register could not be loaded: {errors[0]}")
