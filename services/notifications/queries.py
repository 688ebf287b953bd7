"""How the messages stand."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.models import Message, StoppedEndpoint


@dataclass(frozen=True, slots=True)
class Mail:
    """Messages by state, and endpoints that asked to be left alone."""

    queued: int
    sent: int
    given_up: int
    no_carrier: int
    stopped_endpoints: int


async def mail(session: AsyncSession) -> Mail:
    """Return the counts of now."""
    states = select(Message.state, func.count()).group_by(Message.state)
    counts = dict((await session.execute(states)).tuples().all())
    stopped = await session.scalar(select(func.count()).select_from(StoppedEndpoint)) or 0
    return Mail(counts.get("queued", 0), counts.get("sent", 0), counts.get("given_up", 0), counts.get("no_carrier", 0), stopped)
