"""How the messages stand."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.phone_tasks import PhoneTask
from services.notifications.models import Message, PausedWay, StoppedEndpoint
from services.notifications.views import MessagesView, MessageView, WayView
from services.organization.models import Unit

_MOST = 500


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


async def messages_of(session: AsyncSession, ticket_id: UUID) -> MessagesView:
    """Return how the messages about a ticket stand."""
    query = (
        select(Message, Unit.name, PhoneTask.state)
        .join(Unit, Unit.id == Message.unit_id, isouter=True)
        .join(PhoneTask, PhoneTask.message_id == Message.id, isouter=True)
        .where(Message.ticket_id == ticket_id)
        .order_by(Message.id.desc())
        .limit(_MOST)
    )
    rows = (await session.execute(query)).all()
    return MessagesView(items=[_view(message, unit, task) for message, unit, task in reversed(rows)])


def _view(message: Message, unit: str | None, phone_task: str | None) -> MessageView:
    return MessageView(
        id=message.id,
        audience=message.audience,
        complaint_id=message.complaint_id,
        unit=unit,
        template=message.template,
        state=message.state,
        carrier=message.carrier,
        tries=message.tries,
        error=message.last_error,
        created_at=message.created_at,
        sent_at=message.sent_at,
        next_try_at=message.next_try_at if message.state == "queued" else None,
        phone_task=phone_task,
        ways=[WayView(way=entry["way"], error=entry["error"], at=entry["at"]) for entry in message.ways],
    )
