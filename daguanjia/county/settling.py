"""Settling the county: the units, people and accounts that are missing, written into a database.

Repeating it changes nothing. Everybody signs in with one password; logins begin with ``demo-``.
"""

import random
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from daguanjia.county import land
from daguanjia.county import population as p
from daguanjia.county.ids import Ids, of_name
from services.catalogue.actions import load_category_file
from services.catalogue.models import Category
from services.deadlines.changing import ensure_calendar
from services.identity.models import Account
from services.identity.passwords import hash_password
from services.journal.models import Event
from services.journal.noting import note
from services.organization.loading import ORGANIZATION, load_unit_file, load_units
from services.organization.models import Member, Post, Unit
from services.organization.parsing import UnitDefinition, grids_below
from services.organization.queries import forget_unit_tree
from services.platform.bulk import insert_many, update_many
from services.platform.errors import Conflict
from services.platform.ids import ids_made_by
from services.platform.settings import settings
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket

DATA = Path(__file__).resolve().parents[1] / "data"
EVENT = "organization.simulated"
_OURS = ("demo-", "story-")
_OF_THE_STORY = 20
"""So many tickets the story leaves at most, when it is told a few times."""
_GRIDS_AS_IT_IS = 2
_ACCOUNTS_SINCE = datetime.fromisoformat("2024-01-01T00:00:00+08:00")


async def refuse_what_is_real(work: Work, *, force: bool) -> None:
    """Raise Conflict where people work with this database: an account that is no demonstration's, or more tickets than the story leaves.

    With `force` tickets are no hindrance; accounts of real people always are.
    """
    foreign = select(func.count()).select_from(Account).where(*(~Account.login.startswith(own) for own in _OURS))
    if not await marked(work) and await work.session.scalar(foreign):
        raise Conflict(
            "county.real", "Somebody has an account here that is no demonstration's. A made-up county goes into an empty database."
        )
    there = select(func.count()).select_from(select(Ticket.id).limit(_OF_THE_STORY + 1).subquery())
    if not force and (await work.session.scalar(there) or 0) > _OF_THE_STORY:
        raise Conflict("county.has_tickets", "There are tickets here already; give --force to add made-up ones all the same.")


async def marked(work: Work) -> bool:
    """Tell whether the database was marked as a made-up county before."""
    return bool(await work.session.scalar(select(Event.id).where(Event.subject_id == ORGANIZATION, Event.type == EVENT).limit(1)))


async def settle(work: Work, since: date, password: str) -> bool:
    """Add the units and people that are missing, in their posts since `since`, with `password`; tell whether anybody was hired."""
    await _load(work)
    await _add_divisions(work)
    return await _people(work, since, password)


async def settle_as_it_is(work: Work, since: date, password: str) -> bool:
    """The same with the divisions as they are: Heping's 17 townships and 248 villages, each with two grids where it has none."""
    await _load(work)
    rows = await work.session.execute(select(Unit.code, Unit.name, Unit.kind).where(Unit.kind.in_(("village", "community"))))
    villages = [UnitDefinition(row.code, None, row.name, row.kind, "village") for row in rows]
    with await _ids(work, "grids"):
        await load_units(work, [grid for village in villages for grid in grids_below(village, _GRIDS_AS_IT_IS)])
        await load_units(work, [_hotline(settings().jurisdiction)])
    return await _people(work, since, password)


async def _people(work: Work, since: date, password: str) -> bool:
    kinds, hotline = await _codes(work)
    await _place_grids(work)
    hired = await _hire(work, land.hands(kinds, hotline), since, password)
    if not await marked(work):
        await note(work, "organization", ORGANIZATION, EVENT, {"units": sum(map(len, kinds.values()))})
    forget_unit_tree()
    return hired


async def _load(work: Work) -> None:
    """Load what `daguanjia up` loads, where it is not there."""
    for name in ("divisions-heping-441624.csv", "heping-departments.csv"):
        with await _ids(work, name):
            await load_unit_file(work, _file(name))
    if not await work.session.scalar(select(Category.code).limit(1)):
        await load_category_file(work, _file("categories.csv"))
    await ensure_calendar(work)


async def _add_divisions(work: Work) -> None:
    root = settings().jurisdiction
    counted = select(func.count()).select_from(Unit)
    townships = await work.session.scalar(counted.where(Unit.kind == "township")) or 0
    villages = await work.session.scalar(counted.where(Unit.tier == "village")) or 0
    added = land.more_divisions(root, townships, villages)
    if added.count("\n") > 1:
        with await _ids(work, "divisions"):
            await load_unit_file(work, added)
    rows = await work.session.execute(select(Unit.code, Unit.parent_id, Unit.name, Unit.kind).where(Unit.tier == "village"))
    inhabited = [UnitDefinition(row.code, None, row.name, row.kind, "village") for row in rows]
    with await _ids(work, "grids"):
        await load_units(work, [*land.grids(inhabited), _hotline(root)])


async def _ids(work: Work, step: str) -> AbstractContextManager[None]:
    """Have ids made from what is loaded and what was loaded before: the same in every empty database."""
    there = await work.session.scalar(select(func.count()).select_from(Unit))
    loads = await work.session.scalar(select(func.count()).where(Event.subject_id == ORGANIZATION))
    return ids_made_by(Ids(random.Random(f"land/{step}/{there}/{loads}"), _ACCOUNTS_SINCE))


def _hotline(root: str) -> UnitDefinition:
    return UnitDefinition(f"{root}-H-580", root, "村民大管家580热线", "station", "county", ("580热线",), duty_phone="580")


async def _codes(work: Work) -> tuple[dict[str, Sequence[str]], str]:
    found: dict[str, list[str]] = {kind: [] for kind in ("grid", "village", "township", "department", "county")}
    for kind, tier, code in await work.session.execute(select(Unit.kind, Unit.tier, Unit.code).order_by(Unit.code)):
        place = "village" if tier == "village" else kind
        if place in found:
            found[place].append(code)
    return dict(found), f"{settings().jurisdiction}-H-580"


async def _place_grids(work: Work) -> None:
    """Give each grid an invented point and its households, each village its people, where they have none."""
    rows = (await work.session.execute(select(Unit.id, Unit.code, Unit.parent_id, Unit.tier, Unit.lat).order_by(Unit.code))).all()
    below: dict[Any, list[Any]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    grids = [row for row in rows if row.tier == "grid"]
    homes = land.households_of(row.code for row in grids)
    townships = [row for row in rows if row.tier == "township"]
    changes, people = [], []
    for t, township in enumerate(townships):
        villages = [row for row in below.get(township.id, ()) if row.tier == "village"]
        for v, village in enumerate(villages):
            inside = below.get(village.id, [])
            total = sum(homes[grid.code] for grid in inside)
            people.append({"id": village.id, "households": total, "population": total * p.PEOPLE_PER_HOUSEHOLD})
            for g, grid in enumerate(inside):
                lat, lon = land.spot(t, v, g, len(villages), len(inside))
                changes.append({"id": grid.id, "lat": lat, "lon": lon, "households": homes[grid.code]})
    await update_many(work.session, Unit, changes)
    await update_many(work.session, Unit, people)
    await work.session.execute(update(Unit).where(Unit.tier.in_(("grid", "village"))).values(version=Unit.version + 1))


async def _hire(work: Work, hands: Sequence[land.Hand], since: date, password: str) -> bool:
    known = set(await work.session.scalars(select(Account.login).where(Account.login.startswith("demo-"))))
    units = {row.code: row.id for row in await work.session.execute(select(Unit.code, Unit.id))}
    fresh = [hand for hand in hands if hand.login not in known]
    if not fresh:
        return False
    hashed = await hash_password(password)
    members, posts, accounts = [], [], []
    for hand in fresh:
        at, (member, post, account) = (
            _ACCOUNTS_SINCE,
            (of_name(_ACCOUNTS_SINCE, what, hand.login) for what in ("member", "post", "account")),
        )
        members.append(
            {"id": member, "name": hand.name, "party_member": hand.party_member, "version": 1, "created_at": at, "updated_at": at}
        )
        posts.append(
            {"id": post, "member_id": member, "unit_id": units[hand.unit_code], "role": hand.role, "valid_from": since, "created_at": at}
        )
        accounts.append({"id": account, "login": hand.login, "password_hash": hashed, "member_id": member, "created_at": at})
    await insert_many(work.session, Member, members)
    await insert_many(work.session, Post, posts)
    await insert_many(work.session, Account, accounts)
    return True


def _file(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")
