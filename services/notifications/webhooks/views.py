"""What is shown of subscriptions and their deliveries: never a secret, but once, to whoever made it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.notifications.webhooks.models import WebhookDelivery, WebhookSubscription

_ID = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d50"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class SubscriptionView(_View):
    """A subscription. `secret` is there only in the answer that made it."""

    id: UUID = Field(examples=[_ID])
    name: str = Field(examples=["县数据局工单镜像"])
    format: str = Field(
        description="`standard`, or `platform` for telling an upper-level platform how its orders stand.", examples=["standard"]
    )
    connection: str | None = Field(default=None, description="Code of the platform's connected system.", examples=[None])
    url: str | None = Field(description="Null where it is the connected system's.", examples=["https://county.example.org/hooks/580"])
    event_types: list[str] = Field(examples=[["ticket.dispatched", "ticket.closed"]])
    unit: str | None = Field(default=None, examples=["441624108"])
    channel: str | None = Field(default=None, examples=[None])
    entitled: bool = Field(description="Whether words and contacts are told too.", examples=[False])
    active: bool = Field(examples=[True])
    since: datetime = Field(description="Events from then on are told.", examples=["2026-11-22T02:10:00Z"])
    disabled_at: datetime | None = Field(default=None, examples=[None])
    disabled_reason: str | None = Field(default=None, description="`http_410`, or `asked`.", examples=[None])
    previous_until: datetime | None = Field(default=None, description="Until when the secret before signs too.", examples=[None])
    version: int = Field(examples=[1])
    secret: str | None = Field(
        default=None, description="Shown once. Keep it.", examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="]
    )


class DeliveryView(_View):
    """One event told to one subscription, and how the last try went."""

    id: UUID = Field(description="The `webhook-id` of every try.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d51"])
    event_id: UUID | None = Field(default=None, examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d52"])
    event_type: str = Field(examples=["ticket.closed"])
    ticket: str | None = Field(default=None, examples=["20261122-000123-6"])
    state: str = Field(
        description="queued, sent, given_up (the last try failed), stopped (the subscription was disabled).", examples=["sent"]
    )
    tries: int = Field(examples=[1])
    next_try_at: datetime | None = Field(default=None, examples=[None])
    last_try_at: datetime | None = Field(default=None, examples=["2026-11-22T02:10:01Z"])
    last_status: int | None = Field(default=None, examples=[204])
    last_error: str | None = Field(default=None, description="A short code; what the other side answered is not kept.", examples=[None])
    sent_at: datetime | None = Field(default=None, examples=["2026-11-22T02:10:01Z"])
    created_at: datetime = Field(examples=["2026-11-22T02:10:00Z"])


def subscription_view(row: WebhookSubscription, unit_code: str | None) -> SubscriptionView:
    """Return the view of a row, without its secret."""
    return SubscriptionView(
        id=row.id,
        name=row.name,
        format=row.format,
        connection=row.connection_code,
        url=row.url,
        event_types=list(row.event_types),
        unit=unit_code,
        channel=row.channel,
        entitled=row.entitled,
        active=row.active,
        since=row.since,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
        previous_until=row.previous_until,
        version=row.version,
    )


def delivery_view(row: WebhookDelivery, number: str | None) -> DeliveryView:
    """Return the view of a row."""
    return DeliveryView(
        id=row.id,
        event_id=row.event_id,
        event_type=row.event_type,
        ticket=number,
        state=row.state,
        tries=row.tries,
        next_try_at=row.next_try_at if row.state == "queued" else None,
        last_try_at=row.last_try_at,
        last_status=row.last_status,
        last_error=row.last_error,
        sent_at=row.sent_at,
        created_at=row.created_at,
    )
