"""From which office somebody acted: what a complainant is told in place of a colleague's name."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import Account
from services.identity.permissions import ROLE_WEIGHT
from services.organization.leave_models import Acting
from services.organization.models import Post, Unit
from services.organization.naming import short_name
from services.platform.bulk import one_of
from services.platform.clock import local_day


class _Sat(NamedTuple):
    """A role in a unit, from a day until the day before `over_on`."""

    role: str
    unit: Unit
    first: date
    over_on: date | None


NO_OFFICE = "工作人员"
"""Who sat in no office on that day: a program of ours, or somebody whose post was taken out."""


class Offices:
    """The names of the offices in which some accounts sat, day by day: in their own posts, and in those they acted for (代班)."""

    def __init__(self, seats: dict[UUID, list[_Sat]]) -> None:
        self._seats = seats

    def of(self, account_id: UUID | None, at: datetime) -> str:
        """Return the name of the office of an account at an instant: of several that of its main post, as the actor's main seat is."""
        day = local_day(at)
        held = [
            (ROLE_WEIGHT.index(sat.role), sat.unit.path.count("/"), sat.unit.code, sat.unit)
            for sat in self._seats.get(account_id, ())  # type: ignore[arg-type]  # None is no account
            if sat.first <= day and (sat.over_on is None or day < sat.over_on)
        ]
        if not held:
            return NO_OFFICE
        unit = min(held, key=lambda seat: seat[:3])[3]
        return short_name(unit.name, unit.kind)


async def offices_of(session: AsyncSession, account_ids: Iterable[UUID | None]) -> Offices:
    """Return the offices of these accounts, of all times; two statements."""
    wanted = {account_id for account_id in account_ids if account_id is not None}
    query = (
        select(Account.id, Post, Unit)
        .join(Post, Post.member_id == Account.member_id)
        .join(Unit, Unit.id == Post.unit_id)
        .where(one_of(Account.id, wanted))
    )
    acted = (
        select(Account.id, Acting, Post.role, Unit)
        .join(Acting, Acting.deputy_id == Account.member_id)
        .join(Post, Post.id == Acting.post_id)
        .join(Unit, Unit.id == Post.unit_id)
        .where(one_of(Account.id, wanted))
    )
    seats: dict[UUID, list[_Sat]] = {}
    if wanted:
        for account_id, post, unit in await session.execute(query):
            seats.setdefault(account_id, []).append(_Sat(post.role, unit, post.valid_from, post.valid_to))
        for account_id, acting, role, unit in await session.execute(acted):
            seats.setdefault(account_id, []).append(_Sat(role, unit, acting.valid_from, acting.over_on))
    return Offices(seats)
