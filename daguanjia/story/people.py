"""The people of the story: made where they are missing, by the same actions as any other account. Repeating it changes nothing."""

import asyncio
import json
import os
import secrets
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select

from daguanjia.loading import opened
from daguanjia.story.setting import (
    ADMIN,
    ANALYST,
    COUNTY,
    DISCIPLINE,
    HOTLINE,
    MEMBERS,
    OFFICE,
    ORGANIZATION,
    TOWNSHIP,
    VILLAGE,
    WATER,
    Cast,
    Person,
    Seat,
    StoryError,
)
from services.identity.actions import add_account, change_password
from services.identity.models import Account
from services.identity.passwords import password_fits
from services.organization.actions import add_member, add_unit, give_post
from services.organization.commands import AddMember, AddUnit, GivePost
from services.organization.models import Member
from services.organization.naming import short_name
from services.organization.queries import forget_unit_tree, unit_tree
from services.organization.snapshots import CHECKED_EVERY
from services.organization.tree import UnitNode, UnitTree
from services.platform.actor import SYSTEM
from services.platform.clock import local_day
from services.platform.settings import settings
from services.platform.unit_of_work import Work, unit_of_work

_GRIDS_AT_MOST = 999
_HERE_FOR = timedelta(days=300)
"""Everybody has been in their post for so long: the story of the canal begins half a year ago."""
_DEPARTMENTS = {
    "water": ("SLJ", "{}水利局"),
    "organisation": ("ZZB", "中共{}委组织部"),
    "discipline": ("JW", "{}纪委监委"),
    "county_office": ("XZB", "{}人民政府办公室"),
}
"""Of each functional line of the story: the end of its code, and its name in a county that has none."""


async def gather(home: Path, village: str) -> Cast:
    """Return the cast for `village`; whoever and whatever is missing (a hotline station, a blank grid) is added.

    Needs DATABASE_URL with the owner's rights. The password is kept in ``<home>/story.json``, readable by its owner alone; accounts made
    with another one get this one. Raises StoryError where the county is not loaded.
    """
    password = _kept_password(home)
    async with opened(), unit_of_work(SYSTEM) as work:
        forget_unit_tree()
        tree = await unit_tree(work.session)
        cast = Cast(_people(await _units(work, tree, village)), password, await _blank_grid(work, tree, village))
        hired = [await _hire(work, tree, person, password, local_day(work.now) - _HERE_FOR) for person in cast.people.values()]
    if any(hired):
        await asyncio.sleep(CHECKED_EVERY + 0.5)  # until the doors and workers that run have seen who is new
    return cast


def _kept_password(home: Path) -> str:
    path = home / "story.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["password"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    password = secrets.token_urlsafe(12)
    home.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"story.json.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"password": password}, file)
    fresh.replace(path)
    return password


def _people(units: dict[str, Seat]) -> dict[str, Person]:
    everybody = (
        (HOTLINE, "林小听", "hotline_operator", False),
        (VILLAGE, "水书记", "village_secretary", True),
        (TOWNSHIP, "彭调度", "township_dispatcher", True),
        (WATER, "管修通", "department_officer", False),
        (COUNTY, "和督办", "county_supervisor", True),
        (ORGANIZATION, "组公道", "organization_inspector", True),
        (DISCIPLINE, "纪清正", "discipline_inspector", True),
        (ANALYST, "数分明", "analyst", False),
        (ADMIN, "管有章", "administrator", False),
        (OFFICE, "县政办主任", "department_officer", True),
        *((login, name, "service_member", True) for login, name in zip(MEMBERS, ("党一心", "党为民", "党务实"), strict=True)),
    )
    return {login: Person(login, name, role, units[login], party) for login, name, role, party in everybody}


async def _units(work: Work, tree: UnitTree, village_code: str) -> dict[str, Seat]:
    root, village = tree.root, tree.by_code.get(village_code)
    if root is None or village is None or village.kind not in ("village", "community"):
        raise StoryError(
            f"库中没有行政村 {village_code}:请先运行 daguanjia load-units,或用 --village 指定一个村。"
            f"There is no village {village_code}; load the units first, or name one with --village."
        )
    township = next((unit for unit in tree.ancestors(village) if unit.kind == "township"), None)
    if township is None:
        raise StoryError(f"{village.name} 不属于任何乡镇。{village_code} lies in no township.")
    return {
        HOTLINE: await _hotline(work, tree, root),
        VILLAGE: _seat(village),
        TOWNSHIP: _seat(township),
        WATER: await _department(work, tree, root, "water"),
        COUNTY: _seat(root),
        ORGANIZATION: await _department(work, tree, root, "organisation"),
        DISCIPLINE: await _department(work, tree, root, "discipline"),
        ANALYST: _seat(root),
        ADMIN: _seat(root),
        **dict.fromkeys((OFFICE, *MEMBERS), await _department(work, tree, root, "county_office")),
    }


def _seat(unit: UnitNode) -> Seat:
    return Seat(unit.code, short_name(unit.name, unit.kind))


async def _hotline(work: Work, tree: UnitTree, root: UnitNode) -> Seat:
    number = settings().hotline_number
    code = f"{root.code}-H-{number}"
    if known := tree.by_code.get(code):
        return _seat(known)
    name = f"村民大管家{number}热线"
    station = {"code": code, "name": name, "kind": "station", "aliases": [f"{number}热线"], "duty_phone": number}
    await add_unit(work, AddUnit.model_validate({**station, "parent_code": root.code, "tier": root.tier}))
    return Seat(code, name)


async def _department(work: Work, tree: UnitTree, root: UnitNode, function: str) -> Seat:
    if known := tree.with_function(function, root.path):
        return _seat(known)
    letters, called = _DEPARTMENTS[function]
    code, name = f"{root.code}-D-{letters}", called.format(root.name)
    bureau = {"code": code, "name": name, "kind": "department", "function": function}
    await add_unit(work, AddUnit.model_validate({**bureau, "parent_code": root.code, "tier": root.tier}))
    return Seat(code, name)


async def _blank_grid(work: Work, tree: UnitTree, village_code: str) -> Seat:
    village = tree.by_code[village_code]
    grids = [unit for unit in tree.children(village) if unit.kind == "grid"]
    for grid in grids:
        if not tree.staffed(grid.id):
            return _seat(grid)
    taken = set(tree.by_code)
    code = next(code for number in range(1, _GRIDS_AT_MOST + 1) if (code := f"{village_code}{number:03}") not in taken)
    await add_unit(work, AddUnit(code=code, parent_code=village_code, name="无人网格", kind="grid", tier="grid"))
    return Seat(code, "无人网格")


async def _hire(work: Work, tree: UnitTree, person: Person, password: str, since: date) -> bool:
    """Make sure that `person` is a member with this post (since `since`, where it is new) and an account that takes this password.

    Tell whether the post is new.
    """
    member = await work.session.scalar(select(Member).where(Member.staff_number == person.login))
    if member is None:
        member = await add_member(work, AddMember(name=person.name, staff_number=person.login, party_member=person.party_member))
    unit = tree.by_code.get(person.unit.code)
    held = tree.active_posts(unit.id) if unit else ()
    missing = not any(post.member_id == member.id and post.role == person.role for post in held)
    if missing:
        await give_post(work, member.id, GivePost.model_validate({"unit_code": person.unit.code, "role": person.role, "valid_from": since}))
    account = await work.session.scalar(select(Account).where(Account.member_id == member.id))
    if account is None:
        await add_account(work, member.id, person.login, password)
    elif not await password_fits(account.password_hash, password):
        await change_password(work, account, password)
    return missing
