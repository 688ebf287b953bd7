"""Reading subscriptions and their delivery log."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select

from services.notifications.webhooks.models import WebhookDelivery, WebhookSubscription
from services.notifications.webhooks.views import DeliveryView, SubscriptionView, delivery_view, subscription_view
from services.organization.models import Unit
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket

KEPT = timedelta(days=30)
"""How long the log keeps what is done with."""


async def show(work: Work, row: WebhookSubscription) -> SubscriptionView:
    """Return one subscription as it is shown."""
    code = await work.session.scalar(select(Unit.code).where(Unit.id == row.unit_id)) if row.unit_id else None
    return subscription_view(row, code)


async def all_subscriptions(work: Work) -> list[SubscriptionView]:
    """Return every subscription, the newest first; there are a handful."""
    query = select(WebhookSubscription, Unit.code).join(Unit, Unit.id == WebhookSubscription.unit_id, isouter=True)
    rows = (await work.session.execute(query.order_by(WebhookSubscription.id.desc()))).all()
    return [subscription_view(row, code) for row, code in rows]


async def delivery_log(
    work: Work, subscription_id: UUID, *, state: str | None, event_type: str | None, ticket: str | None, before: UUID | None, limit: int
) -> Sequence[DeliveryView]:
    """Return up to `limit` deliveries of a subscription, the newest first, from behind `before`."""
    table = WebhookDelivery
    query = select(table, Ticket.number).join(Ticket, Ticket.id == table.ticket_id, isouter=True)
    query = query.where(table.subscription_id == subscription_id)
    if state is not None:
        query = query.where(table.state == state)
    if event_type is not None:
        query = query.where(table.event_type == event_type)
    if ticket is not None:
        query = query.where(Ticket.number == ticket)
    if before is not None:
        query = query.where(table.id < before)
    rows = (await work.session.execute(query.order_by(table.id.desc()).limit(limit))).all()
    return [delivery_view(row, number) for row, number in rows]


async def show_delivery(work: Work, row: WebhookDelivery) -> DeliveryView:
    """Return one delivery as it is shown."""
    number = await work.session.scalar(select(Ticket.number).where(Ticket.id == row.ticket_id)) if row.ticket_id else None
    return delivery_view(row, number)


async def forget_told(work: Work) -> None:
    """Delete deliveries that are done with and older than the log keeps them; what is still queued stays."""
    table = WebhookDelivery
    old = delete(table).where(table.state != "queued", table.created_at < work.now - KEPT)
    await work.session.execute(old, execution_options={"synchronize_session": False})
