"""The seats somebody holds for others who are on leave (代班), beside their own."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import Account
from services.identity.permissions import NEVER_ACTED_FOR
from services.organization.leave_models import Acting
from services.organization.leaves import acted_posts, covers
from services.platform.actor import ActingFor, Seat


def acting_ids(day: date) -> Any:
    """Return the subquery, beside an account, of what its member acts for on `day`: nearly always nothing."""
    return select(Acting.id).where(Acting.deputy_id == Account.member_id, covers(Acting, day)).correlate(Account).scalar_subquery()


async def acting_seats(session: AsyncSession, member_id: UUID, day: date) -> list[Seat]:
    """Return the seats a member holds for others on `day`. What must not be acted for is none, whatever was entered before."""
    query = acted_posts(day).where(Acting.deputy_id == member_id)
    return [
        Seat(
            row.role, row.unit_id, row.code, row.path, row.tier, row.kind, row.function,
            acting=ActingFor(row.post_id, row.holder_id, row.holder_name, row.over_on),
        )
        for row in await session.execute(query)
        if row.role not in NEVER_ACTED_FOR
    ]  # fmt: skip
