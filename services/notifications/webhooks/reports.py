"""Telling a saved report to a subscription: signed, retried and logged like every event."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.notifications.webhooks.matching import REPORT
from services.notifications.webhooks.models import WebhookDelivery, WebhookSubscription
from services.platform.errors import NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work


async def queue_report(work: Work, subscription_id: UUID, body: dict[str, Any]) -> UUID:
    """Queue one delivery of ``report.delivered``; return its id, the ``webhook-id``.

    `body` holds figures and codes, no personal data. Raises NotFound ``webhook.unknown`` where the subscription is inactive or no longer
    takes reports.
    """
    query = select(WebhookSubscription).where(WebhookSubscription.id == subscription_id).with_for_update(key_share=True)
    found = await work.session.scalar(query)
    if found is None or not found.active or REPORT not in found.event_types:
        raise NotFound("webhook.unknown", f"There is no active subscription with this id that takes `{REPORT}`.")
    row = WebhookDelivery(
        id=new_id(),
        subscription_id=subscription_id,
        event_type=REPORT,
        body=body,
        state="queued",
        tries=0,
        next_try_at=work.now,
        created_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    return row.id
