"""Rows of webhooks: subscriptions, and one delivery for each event and subscription."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.database import Base, Json

STATES = ("queued", "sent", "given_up", "stopped")


class WebhookSubscription(Base):
    """Who is told of which events. The secret is sealed; after a rotation the previous one signs beside it until `previous_until`.

    `event_types` are types or ``ticket.*``; `unit_id` narrows to an area or a holder, `channel` to a way in. `since` is when it was made
    or activated again: earlier events are not told. Of `format` ``platform``: address, secret and words are those of the connected system
    `connection_code`, and only its own orders are told. `entitled`: words and contacts too, as
    `entitled_by_account_id` says, who is another than `set_by_account_id`, who named address, area and channel.

    `busy_until` is the lease of whoever calls the endpoint, or how long it is left in peace after `failures` calls that came to nothing.
    """

    __tablename__ = "webhook_subscriptions"
    __table_args__ = (
        CheckConstraint("format IN ('standard', 'platform')", name="format"),
        CheckConstraint(
            "(format = 'platform') = (connection_code IS NOT NULL) AND (format = 'platform') = (url IS NULL)"
            " AND (format = 'platform') = (secret IS NULL)",
            name="platform_is_a_connection",
        ),
        CheckConstraint("active = (disabled_at IS NULL)", name="disabled_at_some_time"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    format: Mapped[str]
    connection_code: Mapped[str | None] = mapped_column(unique=True)
    url: Mapped[str | None]
    event_types: Mapped[list[str]]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    channel: Mapped[str | None] = mapped_column(ForeignKey("channels.code"))
    entitled: Mapped[bool]
    set_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    entitled_by_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    secret: Mapped[bytes | None]
    previous_secret: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    active: Mapped[bool]
    since: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    busy_until: Mapped[datetime]
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class WebhookDelivery(Base):
    """One event told to one subscription. Its id is the ``webhook-id``: the same for every try, however late.

    `body` holds no personal data: what an entitled subscription gets besides is read at the moment of sending. `complaint_id` is the
    order it is told about, for a platform. What the other side answers is kept as a status only: bodies may hold secrets.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES!r}", name="state"),
        Index(
            "uq_webhook_deliveries_event",
            "subscription_id",
            "event_id",
            unique=True,
            postgresql_where=text("complaint_id IS NULL"),
        ),
        Index(
            "uq_webhook_deliveries_order",
            "subscription_id",
            "event_id",
            "complaint_id",
            unique=True,
            postgresql_where=text("complaint_id IS NOT NULL"),
        ),
        Index("ix_webhook_deliveries_due", "subscription_id", "next_try_at", "id", postgresql_where=text("state = 'queued'")),
        Index(None, "subscription_id", "id"),
        Index("ix_webhook_deliveries_done", "created_at", postgresql_where=text("state <> 'queued'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_subscriptions.id"))
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.id"))
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    complaint_id: Mapped[UUID | None] = mapped_column(ForeignKey("complaints.id"))
    event_type: Mapped[str]
    body: Mapped[Json]
    state: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime]
    last_try_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
