"""Calling the subscribers: at least once each, never inside a transaction, one worker at an endpoint at a time.

An endpoint is taken with a lease: `busy_until` is pushed beyond what the next calls can take, and that is committed first. So however many
workers there are, an endpoint sees at most `AT_ONCE` calls at a time; one that is slow or away keeps nobody else waiting; and a worker
that dies leaves an endpoint that somebody else takes up again. Only then can a delivery arrive twice, under the same ``webhook-id``.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import structlog
from sqlalchemy import Row, func, select, text, true, update

from services.connections.calling import open_client
from services.connections.directory import ConnectedSystem, connected_systems
from services.journal.noting import note
from services.notifications.webhooks.calls import Called, Endpoint, call_once, endpoint_of
from services.notifications.webhooks.extras import Extras, read_extras
from services.notifications.webhooks.models import WebhookDelivery, WebhookSubscription
from services.notifications.webhooks.retrying import Verdict, pause, verdict
from services.platform.actor import SYSTEM
from services.platform.bulk import one_of
from services.platform.unit_of_work import Work, unit_of_work

log = structlog.get_logger()

ENDPOINTS = 4
A_TURN = 16
AT_ONCE = 4
LEASE = timedelta(seconds=35)
"""Longer than `AT_ONCE` calls of 25 s at a time; renewed with their results, so that a worker that dies keeps an endpoint no longer."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """One endpoint, taken until `busy_until`, with the deliveries it is to get now."""

    endpoint: Endpoint
    failures: int
    busy_until: datetime
    deliveries: Sequence[Row[Any]]
    extras: Extras


@dataclass(slots=True)
class _Course:
    """How a turn goes: failures in a row, and how long the endpoint is to be left in peace after it."""

    failures: int
    busy_until: datetime
    rest: timedelta = field(default=timedelta(0))
    over: bool = False


async def call_due(*, allow_private: bool) -> int:
    """Call up to `ENDPOINTS` endpoints that have something due; return how many deliveries were tried."""
    async with unit_of_work(SYSTEM) as work:
        turns = await _claim(work)
    if not turns:
        return 0
    async with open_client() as client:
        tried = await asyncio.gather(*(_take_turn(client, turn, allow_private=allow_private) for turn in turns))
    return sum(tried)


async def _claim(work: Work) -> list[_Turn]:
    """Take endpoints that are free and have something due, those that waited longest first."""
    table = WebhookSubscription
    waiting = select(WebhookDelivery.id).where(
        WebhookDelivery.subscription_id == table.id, WebhookDelivery.state == "queued", WebhookDelivery.next_try_at <= func.now()
    )
    free = (
        select(table.id)
        .where(table.busy_until <= func.now(), waiting.exists())
        .order_by(table.busy_until, table.id)
        .limit(ENDPOINTS)
        .with_for_update(skip_locked=True, key_share=True)
    )
    taken = list(await work.session.scalars(free))
    if not taken:
        return []
    lease = update(table).where(one_of(table.id, taken)).values(busy_until=func.now() + LEASE).returning(table)
    endpoints = list(await work.session.scalars(lease, execution_options={"synchronize_session": False, "populate_existing": True}))
    await stop_queued(work, [row.id for row in endpoints if not row.active])
    active = [row for row in endpoints if row.active]
    due = await _due(work, [row.id for row in active])
    extras = await read_extras(work.session, {delivery.ticket_id for row in active if row.entitled for delivery in due[row.id]})
    systems = {one.code: one for one in (await connected_systems(work.session)).of_kind("platform")} if _for_platforms(active) else {}
    return [_turn(row, due[row.id], extras, systems, work.now) for row in active]


def _for_platforms(rows: Sequence[WebhookSubscription]) -> bool:
    return any(row.connection_code for row in rows)


def _turn(
    row: WebhookSubscription, deliveries: Sequence[Row[Any]], extras: Extras, systems: dict[str, ConnectedSystem], now: datetime
) -> _Turn:
    system = systems.get(row.connection_code) if row.connection_code else None
    return _Turn(endpoint_of(row, system, now), row.failures, row.busy_until, deliveries, extras if row.entitled else Extras({}))


async def _due(work: Work, subscription_ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """Return the oldest due deliveries of each subscription, in one statement."""
    table = WebhookDelivery
    oldest = (
        select(table.id, table.ticket_id, table.body, table.tries, table.next_try_at)
        .where(table.subscription_id == WebhookSubscription.id, table.state == "queued", table.next_try_at <= func.now())
        .order_by(table.next_try_at, table.id)
        .limit(A_TURN)
        .lateral("oldest")
    )
    query = select(WebhookSubscription.id.label("subscription_id"), oldest).join(oldest, true())
    found: dict[UUID, list[Row[Any]]] = {subscription_id: [] for subscription_id in subscription_ids}
    for row in await work.session.execute(query.where(one_of(WebhookSubscription.id, subscription_ids))):
        found[row.subscription_id].append(row)
    return found


async def stop_queued(work: Work, subscription_ids: Sequence[UUID]) -> None:
    """Stop what is queued for subscriptions that are disabled; the caller holds them locked."""
    if subscription_ids:
        queued = update(WebhookDelivery).where(one_of(WebhookDelivery.subscription_id, subscription_ids), WebhookDelivery.state == "queued")
        await work.session.execute(
            queued.values(state="stopped", last_error="subscription_disabled"), execution_options={"synchronize_session": False}
        )


async def _take_turn(client: httpx.AsyncClient, turn: _Turn, *, allow_private: bool) -> int:
    """Call some at a time and write down each result; an endpoint that is away or asks for peace gets no more in this turn."""
    course, tried = _Course(turn.failures, turn.busy_until), 0
    for start in range(0, len(turn.deliveries), AT_ONCE):
        chunk = turn.deliveries[start : start + AT_ONCE]
        calls = [
            call_once(client, turn.endpoint, row.id, row.body, turn.extras.of(row.ticket_id), allow_private=allow_private) for row in chunk
        ]
        called = await asyncio.gather(*calls)
        tried += len(chunk)
        await _record(turn, course, list(zip(chunk, called, strict=True)))
        if course.over:
            break
    await _release(turn, course)
    return tried


async def _record(turn: _Turn, course: _Course, results: Sequence[tuple[Row[Any], Called]]) -> None:
    verdicts = [(row, called, verdict(called.status, called.error, row.tries + 1, called.retry_after)) for row, called in results]
    gone = any(one.gone for _, _, one in verdicts)
    async with unit_of_work(SYSTEM) as work:
        kept = await _hold(work, turn, course, LEASE)  # before its deliveries, as everybody does
        subscription = await _locked(work, turn.endpoint.id) if gone else None
        found = [_outcome(row, called, one, work.now) for row, called, one in verdicts]
        await work.session.execute(_OUTCOMES, {name: [outcome[name] for outcome in found] for name in _OUTCOME})
        if subscription is not None:
            await _disable(work, subscription)
    course.over = gone or not kept
    _learn(course, [one for _, _, one in verdicts])
    for row, called, one in verdicts:
        if one.state != "sent":
            facts = {"subscription_id": str(turn.endpoint.id), "tries": row.tries + 1, "status": called.status, "error": called.error}
            log.warning("webhook.not_sent", delivery_id=str(row.id), **facts)


def _learn(course: _Course, verdicts: Sequence[Verdict]) -> None:
    """Count failures in a row; an endpoint that is away or overrun ends the turn. One call in many that fails is tried again by itself."""
    sent = any(one.state == "sent" for one in verdicts)
    if sent:
        course.failures = 0
    unwell = [one for one in verdicts if one.slow_down]
    if unwell and (not sent or any(one.insists for one in unwell)):
        course.failures += 1
        course.rest = max(pause(course.failures), *(one.at_least for one in unwell))
        course.over = True


async def _release(turn: _Turn, course: _Course) -> None:
    """Give the endpoint back, unless the lease ran out and somebody else has it by now."""
    async with unit_of_work(SYSTEM) as work:
        await _hold(work, turn, course, course.rest)


async def _hold(work: Work, turn: _Turn, course: _Course, longer: timedelta) -> bool:
    """Have the endpoint to ourselves for so much longer; False where the lease ran out and somebody else has it by now."""
    table = WebhookSubscription
    mine = update(table).where(table.id == turn.endpoint.id, table.busy_until == course.busy_until)
    held = mine.values(busy_until=func.now() + longer, failures=course.failures).returning(table.busy_until)
    until = await work.session.scalar(held, execution_options={"synchronize_session": False})
    course.busy_until = until or course.busy_until
    return until is not None


async def _locked(work: Work, subscription_id: UUID) -> WebhookSubscription | None:
    query = select(WebhookSubscription).where(WebhookSubscription.id == subscription_id)
    return await work.session.scalar(query.with_for_update(key_share=True))


async def _disable(work: Work, row: WebhookSubscription) -> None:
    """The endpoint said 410: never again. An administrator may activate the subscription again."""
    if not row.active:
        return
    row.active, row.disabled_at, row.disabled_reason = False, work.now, "http_410"
    row.version, row.updated_at = row.version + 1, work.now
    await work.session.flush()
    await stop_queued(work, [row.id])
    await note(work, "webhook_subscription", row.id, "webhook.disabled", {"reason": "http_410"})


_OUTCOME = {
    "id": "uuid",
    "tries": "int",
    "state": "text",
    "last_status": "int",
    "last_error": "text",
    "last_try_at": "timestamptz",
    "sent_at": "timestamptz",
    "next_try_at": "timestamptz",
}
_OUTCOMES = text(
    "UPDATE webhook_deliveries SET tries = found.tries, state = found.state, last_status = found.last_status,"  # noqa: S608
    " last_error = found.last_error, last_try_at = found.last_try_at, sent_at = found.sent_at, next_try_at = found.next_try_at"
    f" FROM unnest({', '.join(f'CAST(:{name} AS {kind}[])' for name, kind in _OUTCOME.items())}) AS found({', '.join(_OUTCOME)})"
    " WHERE webhook_deliveries.id = found.id AND webhook_deliveries.state = 'queued' AND webhook_deliveries.tries = found.tries - 1"
)


def _outcome(row: Row[Any], called: Called, one: Verdict, now: datetime) -> dict[str, Any]:
    """The new values of a delivery that was tried; they count only where nobody asked for it anew meanwhile."""
    return {
        "id": row.id,
        "tries": row.tries + 1,
        "state": one.state,
        "last_status": called.status,
        "last_error": called.error,
        "last_try_at": now,
        "sent_at": now if one.state == "sent" else None,
        "next_try_at": now + one.wait,
    }
