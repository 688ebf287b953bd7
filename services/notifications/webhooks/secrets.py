"""Secrets of subscriptions: sealed under a key of the installation, bound to their row."""

from datetime import datetime
from uuid import UUID

from services.notifications.webhooks.models import WebhookSubscription
from services.platform.secrets import derived_key, seal, unseal


def sealed_secret(subscription_id: UUID, secret: str) -> bytes:
    """Return a secret as it is kept."""
    return seal(derived_key("webhook"), secret.encode(), subscription_id.bytes)


def good_secrets(row: WebhookSubscription, now: datetime) -> tuple[str, ...]:
    """Return the secrets that are good at `now`, the current one first. A platform's are those of its connected system: none here."""
    still = row.previous_until is not None and now < row.previous_until
    sealed = [row.secret, row.previous_secret if still else None]
    return tuple(unseal(derived_key("webhook"), one, row.id.bytes).decode() for one in sealed if one is not None)
