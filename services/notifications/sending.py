"""Sending what was composed: at least once, one row a message, never inside a transaction.

A message is taken with a lease: its next try is pushed beyond what a send can take, and that is committed first. So a worker that dies
while sending leaves a message that somebody else takes up again; only then can it arrive twice, under the same reference.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from sqlalchemy import Row, Select, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from services.catalogue.models import Category
from services.complaints.models import Complainant, Complaint
from services.complaints.phone_tasks import open_phone_tasks
from services.connections.wechat_people import close_consent, count_customer_message, person_facts, use_consent
from services.notifications.late_failures import take_late_failures
from services.notifications.models import Message, PausedWay, StoppedEndpoint
from services.notifications.reaching import Tried, Turn, reach
from services.notifications.senders import Senders
from services.notifications.verdicts import CUSTOMER, PHONE, SUBSCRIPTION
from services.notifications.ways import pauses
from services.organization.models import Unit
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.models import Ticket

log = structlog.get_logger()

LADDER = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600))
"""How long to wait after each failure (Standard Webhooks 1.0.0), give or take a tenth; after the last the message is given up."""

LEASE = timedelta(seconds=300)
"""Longer than all ways of one message together may take: five of 40 seconds each."""
_AT_ONCE = 16


async def send_due(senders: Senders, limit: int) -> int:
    """Try up to `limit` messages that are due, oldest first; return how many were tried."""
    async with unit_of_work(SYSTEM) as work:
        await take_late_failures(work)
        claimed = await _claim(work, limit)
        stopped = set(await work.session.scalars(select(StoppedEndpoint.fingerprint)))
        turn = Turn(senders, work.now)
        if claimed:
            turn.people = await person_facts(work.session, {row.openid_index for row in claimed if row.openid_index})
            paused = select(PausedWay.way, PausedWay.until).where(PausedWay.until > work.now)
            turn.paused = {row.way: row.until for row in await work.session.execute(paused)}
    if senders.webhook is not None and senders.webhook.fingerprint in stopped:
        turn.senders = replace(senders, webhook=None)
    if claimed:
        await _send_all(turn, claimed)
    return len(claimed)


async def _send_all(turn: Turn, claimed: list[Row[Any]]) -> None:
    """Send some at once, and write down each result as soon as it is there: those that come in meanwhile share the next commit."""
    slots = asyncio.Semaphore(_AT_ONCE)
    done: asyncio.Queue[Tried] = asyncio.Queue()

    async def one(message: Row[Any]) -> None:
        async with slots:
            done.put_nowait(await reach(turn, message))

    async with asyncio.TaskGroup() as group:
        for message in claimed:
            group.create_task(one(message))
        left = len(claimed)
        while left:
            tried = [await done.get()]
            while not done.empty():
                tried.append(done.get_nowait())
            await _record(turn, tried)
            left -= len(tried)


async def requeue(work: Work) -> int:
    """Queue again what was given up or found no carrier, as if never tried, and open what was closed; return how many messages."""
    again = (
        update(Message)
        .where(Message.state.in_(["given_up", "no_carrier"]))
        .values(state="queued", tries=0, ways=[], next_try_at=func.now())
        .returning(Message.id)
    )
    await work.session.execute(delete(StoppedEndpoint))
    await work.session.execute(delete(PausedWay))
    return len((await work.session.execute(again)).all())


async def _claim(work: Work, limit: int) -> list[Row[Any]]:
    due = (
        select(Message.id)
        .where(Message.state == "queued", Message.next_try_at <= func.now())
        .order_by(Message.next_try_at, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    lease = update(Message).where(Message.id.in_(due.scalar_subquery())).values(next_try_at=func.now() + LEASE, tries=Message.tries + 1)
    taken = list(await work.session.scalars(lease.returning(Message.id)))
    if not taken:
        return []
    return list(await work.session.execute(_letters().where(Message.id.in_(taken)).order_by(Message.id)))


def _letters() -> Select[*tuple[Any, ...]]:
    """Return the query for all that is to be known of messages that are sent."""
    lead, own = aliased(Unit), aliased(Ticket)
    columns = (
        *(Message.id, Message.event_id, Message.audience, Message.template, Message.said, Message.tries, Message.ways, Message.created_at),
        *(Message.ticket_id, Message.complaint_id, func.coalesce(Ticket.number, "").label("number"), Ticket.urgency, Ticket.privacy),
        *(Unit.code.label("unit_code"), Category.name.label("category"), lead.name.label("lead_unit")),
        *(Complaint.channel, Complaint.confidential, Complaint.ticket_id.label("own_ticket_id"), own.privacy.label("own_privacy")),
        *(Complainant.row_key, Complainant.sealed, Complainant.openid_index),
    )
    return (
        select(*columns)
        .join(Ticket, Ticket.id == Message.ticket_id, isouter=True)
        .join(Category, Category.code == Ticket.category_code, isouter=True)
        .join(lead, lead.id == Ticket.lead_unit_id, isouter=True)
        .join(Unit, Unit.id == Message.unit_id, isouter=True)
        .join(Complaint, Complaint.id == Message.complaint_id, isouter=True)
        .join(own, own.id == Complaint.ticket_id, isouter=True)
        .join(Complainant, Complainant.complaint_id == Complaint.id, isouter=True)
    )


_OUTCOME = {
    "id": "uuid",
    "tries": "int",
    "carrier": "text",
    "last_error": "text",
    "provider_reference": "text",
    "state": "text",
    "sent_at": "timestamptz",
    "next_try_at": "timestamptz",
    "failures": "text",
}
_OUTCOMES = text(
    "UPDATE messages SET carrier = found.carrier, last_error = found.last_error, provider_reference = found.provider_reference,"  # noqa: S608
    " state = found.state, sent_at = found.sent_at, next_try_at = found.next_try_at, ways = messages.ways || found.failures::jsonb"
    f" FROM unnest({', '.join(f'CAST(:{name} AS {kind}[])' for name, kind in _OUTCOME.items())}) AS found({', '.join(_OUTCOME)})"
    " WHERE messages.id = found.id AND messages.state = 'queued' AND messages.tries = found.tries RETURNING messages.id"
)


async def _record(turn: Turn, tried: list[Tried]) -> None:
    """Write down how it went, unless a lease ran out and somebody else has the message by now."""
    async with unit_of_work(SYSTEM) as work:
        outcomes = [_outcome(one, work.now) for one in tried]
        written = set(await work.session.scalars(_OUTCOMES, {name: [outcome[name] for outcome in outcomes] for name in _OUTCOME}))
        await open_phone_tasks(work, [_phone_task(one) for one in tried if one.carrier == PHONE and one.message.id in written])
        await _count_people(work, turn, tried)
        await _pause(work, tried)
        await _stop(work, turn, tried)
    for one in tried:
        if one.result.outcome != "sent":
            facts = {"carrier": one.carrier, "error": one.result.error, "tries": one.message.tries}
            log.warning("message.not_sent", message_id=str(one.message.id), **facts)


def _outcome(tried: Tried, now: datetime) -> dict[str, Any]:
    """Return the new values of a message that was tried, and which row they are for."""
    message, result = tried.message, tried.result
    if result.outcome == "sent":
        state = "sent"
    elif tried.carrier is None and result.error == "no_carrier":
        state = "no_carrier"
    else:
        state = "queued" if result.outcome == "later" and message.tries <= len(LADDER) else "given_up"
    failures = [
        {"way": failed.way, "outcome": failed.outcome, "error": failed.error, "at": failed.at.isoformat()} for failed in tried.failures
    ]
    return {
        "id": message.id,
        "tries": message.tries,
        "carrier": tried.carrier,
        "last_error": result.error,
        "provider_reference": result.reference,
        "state": state,
        "sent_at": now if state == "sent" else None,
        "next_try_at": now + waiting_time(message.tries, result.wait) if state == "queued" else now,
        "failures": orjson.dumps(failures).decode(),
    }


def _phone_task(tried: Tried) -> dict[str, Any]:
    message = tried.message
    return {
        "message_id": message.id,
        "ticket_id": message.own_ticket_id or message.ticket_id,
        "complaint_id": message.complaint_id,
        "purpose": "tell",
        # who is called back about an answer is told it then: the event and person have one task
        "event_id": message.event_id if message.template == "answered" else None,
        "words": message.said.words,
    }


async def _count_people(work: Work, turn: Turn, tried: Sequence[Tried]) -> None:
    """Count what was sent against people's windows and consents, in one order whoever counts."""
    known = sorted((one for one in tried if one.message.openid_index), key=lambda one: bytes(one.message.openid_index))
    for one in known:
        openid_index = one.message.openid_index
        forms = turn.senders.templates.get(one.message.template)
        if one.result.outcome == "sent" and one.carrier == CUSTOMER:
            await count_customer_message(work, openid_index, by_message=one.by_message)
        elif one.result.outcome == "sent" and one.carrier == SUBSCRIPTION and one.result.reference:
            await use_consent(work, openid_index, one.result.reference)
        if forms and forms.subscription and any(failed.verdict.kind == "spent" for failed in one.failures):
            await close_consent(work, openid_index, forms.subscription.template_id)


async def _pause(work: Work, tried: Sequence[Tried]) -> None:
    """Close to everybody the ways that a quota, a ban or a wrong setting has closed."""
    for failed in (failed for one in tried for failed in one.failures):
        for way, until in sorted(pauses(failed).items()):
            row = {"way": way, "reason": failed.error or "", "paused_at": work.now, "until": until}
            later = {"reason": row["reason"], "until": func.greatest(PausedWay.until, until)}
            await work.session.execute(insert(PausedWay).values(row).on_conflict_do_update(index_elements=["way"], set_=later))


def waiting_time(tries: int, at_least: timedelta | None) -> timedelta:
    """Return how long to wait after the `tries`-th failure: the ladder's step with jitter, or longer where the other side asked for it."""
    step = LADDER[min(tries, len(LADDER)) - 1] * random.uniform(0.9, 1.1)
    return max(step, at_least) if at_least else step


async def _stop(work: Work, turn: Turn, tried: Sequence[Tried]) -> None:
    """Remember an endpoint that wants nothing more."""
    webhook = turn.senders.webhook
    for one in tried:
        if webhook is not None and one.result.outcome == "stopped":
            row = {"fingerprint": webhook.fingerprint, "carrier": one.carrier, "reason": one.result.error or "", "stopped_at": work.now}
            await work.session.execute(insert(StoppedEndpoint).values(row).on_conflict_do_nothing())
