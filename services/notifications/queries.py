"""How the messages stand."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.phone_tasks import PhoneTask
from services.notifications.models import Message, PausedWay, StoppedEndpoint


@dataclass(frozen=True, slots=True)
class Mail:
    """Messages by state, endpoints that asked to be left alone, ways closed to everybody for a while, and calls the hotline owes."""

    queued: int
    sent: int
    given_up: int
    no_carrier: int
    stopped_endpoints: int
    paused_ways: int
    phone_tasks: int


async def mail(session: AsyncSession) -> Mail:
    """Return the counts of now."""
    states = select(Message.state, func.count()).group_by(Message.state)
    counts = {row[0]: row[1] for row in await session.execute(states)}
    stopped = await session.scalar(select(func.count()).select_from(StoppedEndpoint)) or 0
    paused = await session.scalar(select(func.count()).select_from(PausedWay).where(PausedWay.until > func.now())) or 0
    calls = await session.scalar(select(func.count()).select_from(PhoneTask).where(PhoneTask.state == "open")) or 0
    by_state = (counts.get("queued", 0), counts.get("sent", 0), counts.get("given_up", 0), counts.get("no_carrier", 0))
    return Mail(*by_state, stopped_endpoints=stopped, paused_ways=paused, phone_tasks=calls)
