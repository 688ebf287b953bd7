"""What the channels are called, kept in this process."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.models import Channel
from services.organization.snapshots import Snapshots


async def channel_names(session: AsyncSession) -> dict[str, str]:
    """Return the name of each channel by its code, in order of codes; at most two seconds behind the database."""
    return await _names.get(session)


async def _stamp(session: AsyncSession) -> Any:
    found = await session.execute(select(Channel.code, Channel.name).order_by(Channel.code))
    return tuple((row.code, row.name) for row in found)


async def _load(session: AsyncSession) -> dict[str, str]:
    return dict(await _stamp(session))


_names = Snapshots(_stamp, _load)
