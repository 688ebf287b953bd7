"""Making, changing and ending subscriptions, and telling again; each leaves an event. A secret is shown once, when it is made."""

import ipaddress
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.complaints.models import Channel
from services.complaints.platform_numbers import CHANNEL
from services.connections.calling import AddressRefused, is_public, split_url
from services.connections.signatures import new_secret
from services.identity.persons import is_same_person
from services.journal.noting import note
from services.notifications.webhooks.commands import ChangeSubscription, Entitle, RotateSecret, Subscribe
from services.notifications.webhooks.matching import ALL, TEST, trial_body
from services.notifications.webhooks.models import WebhookDelivery, WebhookSubscription
from services.notifications.webhooks.secrets import sealed_secret
from services.notifications.webhooks.sending import stop_queued
from services.organization.models import Unit
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound, PreconditionFailed
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

_LOCAL_NAMES = ("localhost", ".localhost", ".local", ".internal")


async def subscription_of(work: Work, subscription_id: UUID, *, lock: bool = False) -> WebhookSubscription:
    """Return a subscription; raise NotFound ``webhook.unknown``."""
    query = select(WebhookSubscription).where(WebhookSubscription.id == subscription_id)
    found = await work.session.scalar(query.with_for_update(key_share=True) if lock else query)
    if found is None:
        raise NotFound("webhook.unknown", "There is no subscription with this id.")
    return found


async def subscribe(work: Work, command: Subscribe, *, allow_private: bool) -> tuple[WebhookSubscription, str]:
    """Make a subscription; return it with its secret in clear. Every event that is written after the commit is told.

    Raises Invalid ``webhook.url_refused``, ``unit.unknown`` and ``channel.unknown``.
    """
    require_callable(command.url, allow_private=allow_private)
    secret, subscription_id = new_secret(), new_id()
    row = WebhookSubscription(
        id=subscription_id,
        name=command.name,
        format="standard",
        url=command.url,
        event_types=list(command.event_types),
        unit_id=await _unit_id(work, command.unit),
        channel=await _channel(work, command.channel),
        entitled=False,
        set_by_account_id=work.actor.account_id,
        secret=sealed_secret(subscription_id, secret),
        active=True,
        since=work.now,
        busy_until=work.now,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(row)
    await _noted(work, row, "webhook.added")
    return row, secret


async def change_subscription(
    work: Work, subscription_id: UUID, command: ChangeSubscription, version: int | None, *, allow_private: bool
) -> WebhookSubscription:
    """Change a subscription. Another address, unit or channel takes its entitlement away: it was given to whoever was there, for that.

    Raises what `subscribe` raises, Conflict ``webhook.of_a_platform`` for what only the connected system decides, and PreconditionFailed.
    """
    row = await _locked(work, subscription_id, version)
    given = command.model_fields_set
    if row.connection_code is not None and given & {"url", "unit", "channel", "event_types"}:
        raise Conflict("webhook.of_a_platform", "Address and steps of a platform are options of its connected system; change those.")
    if command.url is not None and command.url != row.url:
        require_callable(command.url, allow_private=allow_private)
        row.url, row.entitled, row.set_by_account_id = command.url, False, work.actor.account_id
    if command.name is not None:
        row.name = command.name
    if command.event_types is not None:
        row.event_types = list(command.event_types)
    before = (row.unit_id, row.channel)
    if "unit" in given:
        row.unit_id = await _unit_id(work, command.unit)
    if "channel" in given:
        row.channel = await _channel(work, command.channel)
    if (row.unit_id, row.channel) != before:
        row.entitled, row.set_by_account_id = False, work.actor.account_id
    if command.active is not None and command.active != row.active:
        await _activate(work, row) if command.active else await _deactivate(work, row)
    await _changed(work, row, "webhook.changed")
    return row


async def end_subscription(work: Work, subscription_id: UUID, version: int | None) -> WebhookSubscription:
    """Disable a subscription; its log stays. What was still queued is stopped."""
    row = await _locked(work, subscription_id, version)
    if row.active:
        await _deactivate(work, row)
        await _changed(work, row, "webhook.changed")
    return row


async def entitle(work: Work, subscription_id: UUID, command: Entitle, version: int | None) -> WebhookSubscription:
    """Give or take the right to words and contacts; whoever named the address does not give it.

    Raises Conflict ``webhook.of_a_platform``: a platform has what it sent us. Raises Forbidden ``webhook.own_subscription``.
    """
    row = await _locked(work, subscription_id, version)
    if row.connection_code is not None:
        raise Conflict("webhook.of_a_platform", "A platform is told how its own orders stand, and nothing else.")
    if command.entitled and not row.entitled:
        if await is_same_person(work.session, work.actor.account_id, row.set_by_account_id):
            raise Forbidden("webhook.own_subscription", "You named where this goes; somebody else has to say that words may go there.")
        row.entitled_by_account_id = work.actor.account_id
    row.entitled = command.entitled
    row.version, row.updated_at = row.version + 1, work.now
    await work.session.flush()
    what = "webhook.entitled" if command.entitled else "webhook.entitlement_ended"
    await note(work, "webhook_subscription", row.id, what, {"reason": command.reason})
    return row


async def rotate(work: Work, subscription_id: UUID, command: RotateSecret, version: int | None) -> tuple[WebhookSubscription, str]:
    """Give a subscription a new secret; return it with the secret in clear. For a while both sign."""
    row = await _locked(work, subscription_id, version)
    if row.secret is None:
        raise Conflict("webhook.of_a_platform", "The secret of a platform is its connected system's; rotate it there.")
    secret = new_secret()
    row.previous_secret, row.previous_until = row.secret, work.now + timedelta(hours=command.grace_hours)
    row.secret = sealed_secret(row.id, secret)
    await _changed(work, row, "webhook.secret_rotated")
    return row, secret


async def tell_again(work: Work, subscription_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """Queue a delivery again, whatever became of it, with all its tries; it keeps its ``webhook-id``.

    Raises NotFound ``webhook.delivery_unknown`` and Conflict ``webhook.inactive``.
    """
    await _require_active(work, subscription_id)
    query = select(WebhookDelivery).where(WebhookDelivery.id == delivery_id, WebhookDelivery.subscription_id == subscription_id)
    row = await work.session.scalar(query.with_for_update())
    if row is None:
        raise NotFound("webhook.delivery_unknown", "There is no delivery with this id; the log keeps them for 30 days.")
    row.state, row.tries, row.next_try_at, row.sent_at = "queued", 0, work.now, None
    await work.session.flush()
    await note(work, "webhook_subscription", subscription_id, "webhook.told_again", {"delivery_id": str(delivery_id)})
    return row


async def try_out(work: Work, subscription_id: UUID) -> WebhookDelivery:
    """Queue a trial delivery, ``webhook.test``."""
    subscription = await _require_active(work, subscription_id)
    if subscription.connection_code is not None:
        raise Conflict("webhook.of_a_platform", "A platform knows no trial call; tell it an order again.")
    row = WebhookDelivery(
        id=new_id(),
        subscription_id=subscription_id,
        event_type=TEST,
        body=trial_body(subscription_id, work.now),
        state="queued",
        tries=0,
        next_try_at=work.now,
        created_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    return row


async def keep_platform_subscription(work: Work, code: str) -> None:
    """Have the platform of a connected system told how its orders stand; once, however many orders come."""
    table = WebhookSubscription
    if await work.session.scalar(select(table.id).where(table.connection_code == code)):
        return
    row = {
        "id": new_id(),
        "name": code,
        "format": "platform",
        "connection_code": code,
        "event_types": [ALL],
        "channel": None,  # an order may be merged into a ticket that came another way
        "entitled": False,
        "active": True,
        "since": work.now,
        "busy_until": work.now,
        "version": 1,
        "created_at": work.now,
        "updated_at": work.now,
    }
    made = await work.session.execute(insert(table).values(row).on_conflict_do_nothing().returning(table.id))
    found = made.scalar_one_or_none()
    if found is not None:
        await note(work, "webhook_subscription", found, "webhook.added", {"connection": code, "channel": CHANNEL})


def require_callable(url: str, *, allow_private: bool) -> None:
    """Refuse an address that can be seen to be none to call; what its name leads to is looked at before every call.

    Without `allow_private` only https will do: bodies are signed, not sealed.
    """
    try:
        parts = split_url(url)
    except AddressRefused:
        raise _refused("must look like https://host/path, without user or fragment") from None
    if parts.username is not None or parts.password is not None:
        raise _refused("must not hold a user or a password")
    if allow_private:
        return
    if parts.scheme != "https":
        raise _refused("must be https")
    if _is_local(str(parts.hostname)):
        raise _refused("leads to an address that is not of the open Internet")


def _is_local(host: str) -> bool:
    try:
        return not is_public(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        name = host.rstrip(".").lower()
        return name == _LOCAL_NAMES[0] or name.endswith(_LOCAL_NAMES[1:])


def _refused(detail: str) -> Invalid:
    return Invalid("webhook.url_refused", "This address is not called. Give one that is.", errors=[Fault("/url", detail)])


async def _locked(work: Work, subscription_id: UUID, version: int | None) -> WebhookSubscription:
    row = await subscription_of(work, subscription_id, lock=True)
    if version is not None and row.version != version:
        raise PreconditionFailed("webhook.version_conflict", "Somebody changed this meanwhile; read it again.")
    return row


async def _require_active(work: Work, subscription_id: UUID) -> WebhookSubscription:
    subscription = await subscription_of(work, subscription_id, lock=True)
    if not subscription.active:
        raise Conflict("webhook.inactive", "The subscription is disabled; activate it first.")
    return subscription


async def _activate(work: Work, row: WebhookSubscription) -> None:
    row.active, row.disabled_at, row.disabled_reason = True, None, None
    row.since, row.busy_until, row.failures = work.now, work.now, 0


async def _deactivate(work: Work, row: WebhookSubscription) -> None:
    row.active, row.disabled_at, row.disabled_reason = False, work.now, "asked"
    await stop_queued(work, [row.id])


async def _changed(work: Work, row: WebhookSubscription, what: str) -> None:
    row.version, row.updated_at = row.version + 1, work.now
    await _noted(work, row, what)


async def _noted(work: Work, row: WebhookSubscription, what: str) -> None:
    """Note what was done; of the address only the host, since the rest may hold a token."""
    await work.session.flush()
    data = {
        "name": row.name,
        "host": urlsplit(row.url).hostname if row.url else None,
        "event_types": list(row.event_types),
        "unit_id": str(row.unit_id) if row.unit_id else None,
        "channel": row.channel,
        "entitled": row.entitled,
        "active": row.active,
    }
    await note(work, "webhook_subscription", row.id, what, data)


async def _unit_id(work: Work, code: str | None) -> UUID | None:
    if code is None:
        return None
    found = await work.session.scalar(select(Unit.id).where(Unit.code == code))
    if found is None:
        raise Invalid("unit.unknown", f"There is no unit with the code {code}.", errors=[Fault("/unit", "no such unit")])
    return found


async def _channel(work: Work, code: str | None) -> str | None:
    if code is not None and await work.session.get(Channel, code) is None:
        raise Invalid("channel.unknown", "There is no such way in.", errors=[Fault("/channel", "no such channel")])
    return code
