"""Sending what was composed: at least once, one row a message, never inside a transaction.

A message is taken with a lease: its next try is pushed beyond what a send can take, and that is committed first. So a worker that dies
while sending leaves a message that somebody else takes up again; only then can it arrive twice, under the same reference.
"""

import asyncio
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from sqlalchemy import Row, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.complaints.contacts import open_contact
from services.complaints.models import Complainant, Complaint
from services.notifications.models import Message, StoppedEndpoint
from services.notifications.senders import Letter, Sender, Senders, SendResult
from services.notifications.templates import TRACKING_CODE
from services.organization.models import Unit
from services.platform.actor import SYSTEM
from services.platform.secrets import tracking_code
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.models import Ticket

log = structlog.get_logger()

LADDER = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600))
"""How long to wait after each failure (Standard Webhooks 1.0.0), give or take a tenth; after the last the message is given up."""

LEASE = timedelta(seconds=120)
_LONGEST_SEND = 40.0
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class _Way:
    """One carrier that can take a message, and the address it knows the recipient by."""

    sender: Sender
    address: str


@dataclass(frozen=True, slots=True)
class _Tried:
    """A message that was tried, by which carrier, and how it went."""

    message: Row[Any]
    carrier: str | None
    result: SendResult


async def send_due(senders: Senders, limit: int) -> int:
    """Try up to `limit` messages that are due, oldest first; return how many were tried."""
    async with unit_of_work(SYSTEM) as work:
        claimed = await _claim(work, limit)
        stopped = set(await work.session.scalars(select(StoppedEndpoint.fingerprint)))
    webhook = senders.webhook
    if webhook is not None and webhook.fingerprint in stopped:
        senders = Senders(senders.wechat, senders.sms, None, senders.file)
    if claimed:
        await _send_all(senders, claimed)
    return len(claimed)


async def _send_all(senders: Senders, claimed: list[Row[Any]]) -> None:
    """Send some at once, and write down each result as soon as it is there: those that come in meanwhile share the next commit."""
    slots = asyncio.Semaphore(_AT_ONCE)
    done: asyncio.Queue[_Tried] = asyncio.Queue()

    async def one(message: Row[Any]) -> None:
        async with slots:
            done.put_nowait(await _send_one(senders, message))

    async with asyncio.TaskGroup() as group:
        for message in claimed:
            group.create_task(one(message))
        left = len(claimed)
        while left:
            tried = [await done.get()]
            while not done.empty():
                tried.append(done.get_nowait())
            await _record(tried)
            left -= len(tried)


async def requeue(work: Work) -> int:
    """Queue again what was given up or found no carrier, and forget stopped endpoints; return how many messages."""
    again = (
        update(Message)
        .where(Message.state.in_(["given_up", "no_carrier"]))
        .values(state="queued", tries=0, next_try_at=func.now())
        .returning(Message.id)
    )
    await work.session.execute(delete(StoppedEndpoint))
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
    query = (
        select(
            Message.id,
            Message.audience,
            Message.template,
            Message.words,
            Message.tries,
            Message.complaint_id,
            Ticket.number,
            Unit.code.label("unit_code"),
            Complaint.ticket_id.label("own_ticket_id"),
            Complainant.row_key,
            Complainant.sealed,
        )
        .join(Ticket, Ticket.id == Message.ticket_id)
        .join(Unit, Unit.id == Message.unit_id, isouter=True)
        .join(Complaint, Complaint.id == Message.complaint_id, isouter=True)
        .join(Complainant, Complainant.complaint_id == Complaint.id, isouter=True)
        .where(Message.id.in_(taken))
        .order_by(Message.id)
    )
    return list(await work.session.execute(query))


async def _send_one(senders: Senders, message: Row[Any]) -> _Tried:
    try:
        ways = _ways(senders, message)
    except InvalidTag:
        return _Tried(message, None, SendResult("refused", error="contact_unreadable"))
    result, carrier = SendResult("refused", error="no_carrier"), None
    for way in ways:
        carrier = way.sender.carrier
        result = await _tried(way, message)
        if result.outcome != "refused":
            break
    if result.outcome == "stopped" and senders.webhook is not None:
        await _stop(senders.webhook.fingerprint, str(carrier), result)
    return _Tried(message, carrier, result)


def _ways(senders: Senders, message: Row[Any]) -> list[_Way]:
    """Return the carriers for a message, best first. Here, and only here, a contact is opened."""
    if message.audience == "unit":
        usual = [_Way(senders.webhook, message.unit_code)] if senders.webhook else []
        kept = f"unit:{message.unit_code}"
    else:
        contact = open_contact(message.complaint_id, message.row_key, message.sealed)
        if contact is None:
            return []
        usual = [_Way(senders.wechat, contact.openid)] if senders.wechat and contact.openid else []
        usual += [_Way(senders.sms, contact.phone)] if senders.sms and contact.phone else []
        kept = f"complaint:{message.complaint_id}"
    return usual or ([_Way(senders.file, kept)] if senders.file else [])


async def _tried(way: _Way, message: Row[Any]) -> SendResult:
    words = message.words
    if message.template == "received":
        words = words.replace(TRACKING_CODE, tracking_code(message.own_ticket_id))
    letter = Letter(str(message.id), way.address, words, message.number, message.template)
    try:
        async with asyncio.timeout(_LONGEST_SEND):
            return await way.sender.send(letter)
    except TimeoutError:
        return SendResult("later", error="timeout")
    except Exception as error:  # one letter that breaks its carrier must not hold up the others
        log.exception("message.broken", message_id=str(message.id), carrier=way.sender.carrier, error=type(error).__name__)
        return SendResult("later", error=type(error).__name__)


_OUTCOME = {
    "id": "uuid",
    "tries": "int",
    "carrier": "text",
    "last_error": "text",
    "provider_reference": "text",
    "state": "text",
    "sent_at": "timestamptz",
    "next_try_at": "timestamptz",
}
_OUTCOMES = text(
    "UPDATE messages SET carrier = found.carrier, last_error = found.last_error, provider_reference = found.provider_reference,"  # noqa: S608
    " state = found.state, sent_at = found.sent_at, next_try_at = found.next_try_at"
    f" FROM unnest({', '.join(f'CAST(:{name} AS {kind}[])' for name, kind in _OUTCOME.items())}) AS found({', '.join(_OUTCOME)})"
    " WHERE messages.id = found.id AND messages.state = 'queued' AND messages.tries = found.tries"
)


async def _record(tried: list[_Tried]) -> None:
    """Write down how it went, unless a lease ran out and somebody else has the message by now."""
    async with unit_of_work(SYSTEM) as work:
        outcomes = [_outcome(one, work.now) for one in tried]
        await work.session.execute(_OUTCOMES, {name: [outcome[name] for outcome in outcomes] for name in _OUTCOME})
    for one in tried:
        if one.result.outcome != "sent":
            facts = {"carrier": one.carrier, "error": one.result.error, "tries": one.message.tries}
            log.warning("message.not_sent", message_id=str(one.message.id), **facts)


def _outcome(tried: _Tried, now: datetime) -> dict[str, Any]:
    """Return the new values of a message that was tried, and which row they are for."""
    message, result = tried.message, tried.result
    if result.outcome == "sent":
        state = "sent"
    elif tried.carrier is None and result.error == "no_carrier":
        state = "no_carrier"
    else:
        state = "queued" if result.outcome == "later" and message.tries <= len(LADDER) else "given_up"
    return {
        "id": message.id,
        "tries": message.tries,
        "carrier": tried.carrier,
        "last_error": result.error,
        "provider_reference": result.reference,
        "state": state,
        "sent_at": now if state == "sent" else None,
        "next_try_at": now + waiting_time(message.tries, result.wait) if state == "queued" else now,
    }


def waiting_time(tries: int, at_least: timedelta | None) -> timedelta:
    """Return how long to wait after the `tries`-th failure: the ladder's step with jitter, or longer where the other side asked for it."""
    step = LADDER[min(tries, len(LADDER)) - 1] * random.uniform(0.9, 1.1)
    return max(step, at_least) if at_least else step


async def _stop(endpoint: bytes, carrier: str, result: SendResult) -> None:
    async with unit_of_work(SYSTEM) as work:
        row = {"fingerprint": endpoint, "carrier": carrier, "reason": result.error or "", "stopped_at": work.now}
        await work.session.execute(insert(StoppedEndpoint).values(row).on_conflict_do_nothing())
