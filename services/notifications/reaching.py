"""Reaching one recipient: trying ways one after the other, as :mod:`services.notifications.ways` says, outside any transaction.

Here, and only here, a contact is opened to be written to.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from sqlalchemy import Row

from services.complaints.contacts import OpenedContact, open_contact
from services.connections.wechat_people import PersonFacts
from services.notifications.senders import Letter, Sender, Senders, SendResult
from services.notifications.templates import TRACKING_CODE, discreet
from services.notifications.verdicts import CUSTOMER, FILE, PHONE, SMS, SUBSCRIPTION, TEMPLATE, WECHAT_WAYS
from services.notifications.ways import DISCREET, Attempt, Nothing, Reach, Try, Wait, in_message_window, next_step, pauses
from services.notifications.wechat_templates import STATUS
from services.platform import clock
from services.platform.secrets import tracking_code
from services.platform.settings import settings

log = structlog.get_logger()

_LONGEST_SEND = 40.0


@dataclass(frozen=True, slots=True)
class Tried:
    """A message, the way that was tried last, how it went, and every try of this turn that failed."""

    message: Row[Any]
    carrier: str | None
    result: SendResult
    failures: tuple[Attempt, ...] = ()
    by_message: bool = False


@dataclass
class Turn:
    """What one batch of messages knows of people and ways; each message adds what it learns."""

    senders: Senders
    now: datetime
    people: dict[bytes, PersonFacts] = field(default_factory=dict)
    paused: dict[str, datetime] = field(default_factory=dict)


async def reach(turn: Turn, message: Row[Any]) -> Tried:
    """Try to send `message`; never raises for what the other side does."""
    if message.audience == "unit":
        return await _reach_unit(turn.senders, message)
    try:
        contact = open_contact(message.complaint_id, message.row_key, message.sealed)
    except InvalidTag:
        return Tried(message, None, SendResult("refused", error="contact_unreadable"))
    if contact is None:
        return Tried(message, None, SendResult("refused", error="no_carrier"))
    return await _reach_person(turn, message, contact)


async def _reach_unit(senders: Senders, message: Row[Any]) -> Tried:
    sender, address = (senders.webhook, message.unit_code) if senders.webhook else (senders.file, f"unit:{message.unit_code}")
    if sender is None:
        return Tried(message, None, SendResult("refused", error="no_carrier"))
    return Tried(message, sender.carrier, await _sent(sender, _letter(message, address, sender.carrier)))


async def _reach_person(turn: Turn, message: Row[Any], contact: OpenedContact) -> Tried:
    failures: list[Attempt] = []
    asked: timedelta | None = None
    while True:
        known = _reach(turn, message, contact, tuple(failures))
        step = next_step(known)
        if isinstance(step, Wait):
            return _waiting(message, failures, _longer(asked, step.until, turn.now))
        if isinstance(step, Nothing):
            return _nowhere(message, failures)
        result = await _tried(turn.senders, message, contact, step)
        if result.outcome == "sent":
            return Tried(message, step.way, result, tuple(failures), by_message=_counted(turn, message, step.way))
        asked = result.wait
        failures.append(Attempt(step.way, result.outcome, result.error, turn.now))
        _learn(turn, message, failures[-1])


def _reach(turn: Turn, message: Row[Any], contact: OpenedContact, failures: tuple[Attempt, ...]) -> Reach:
    person = turn.people.get(message.openid_index) if message.openid_index else None
    forms = turn.senders.templates.get(message.template)
    subscription = forms.subscription if forms else None
    consents = person.consents if person else {}
    return Reach(
        now=turn.now,
        channel=message.channel,
        occasion=message.template,
        urgent=message.urgency in ("urgent", "emergency"),
        openid=bool(contact.openid),
        phone=bool(contact.phone),
        carriers=frozenset(_carriers(turn.senders, message.template)),
        person=person,
        consented=subscription is not None and (subscription.long_term or int(consents.get(subscription.template_id, 0)) > 0),
        paused=turn.paused,
        tried=tuple(_remembered(entry) for entry in message.ways),
        tried_now=failures,
    )


def _carriers(senders: Senders, occasion: str) -> list[str]:
    forms = senders.templates.get(occasion)
    there: Mapping[str, object] = {
        CUSTOMER: senders.wechat,
        TEMPLATE: senders.wechat_template and forms and forms.template,
        SUBSCRIPTION: senders.wechat_subscription and forms and forms.subscription,
        SMS: senders.sms,
        FILE: senders.file,
    }
    return [way for way, is_there in there.items() if is_there]


def _remembered(entry: Mapping[str, Any]) -> Attempt:
    return Attempt(entry["way"], entry["outcome"], entry["error"], datetime.fromisoformat(entry["at"]))


def _longer(asked: timedelta | None, until: datetime | None, now: datetime) -> timedelta | None:
    """Return how long to wait: as long as the other side asked for, and not before `until`."""
    waits = [wait for wait in (asked, until - now if until else None) if wait is not None]
    return max(waits, default=None)


def _waiting(message: Row[Any], failures: list[Attempt], wait: timedelta | None) -> Tried:
    if not failures:
        return Tried(message, None, SendResult("later", error="paused", wait=wait))
    last = failures[-1]
    return Tried(message, last.way, SendResult("later", error=last.error, wait=wait), tuple(failures))


def _nowhere(message: Row[Any], failures: list[Attempt]) -> Tried:
    """Return that no way is left: the last one that was tried has refused, or there never was one."""
    if failures:
        last = failures[-1]
        return Tried(message, last.way, SendResult("refused", error=last.error), tuple(failures))
    if message.ways:
        last = _remembered(message.ways[-1])
        return Tried(message, last.way, SendResult("refused", error=last.error))
    return Tried(message, None, SendResult("refused", error="no_carrier"))


async def _tried(senders: Senders, message: Row[Any], contact: OpenedContact, step: Try) -> SendResult:
    if step.way == PHONE:
        return SendResult("sent")  # the task is written with the message's outcome, in one transaction
    sender: Sender | None = getattr(senders, step.way)
    assert sender is not None
    kept = f"complaint:{message.complaint_id}"
    address = contact.openid if step.way in WECHAT_WAYS else contact.phone if step.way == SMS else kept
    return await _sent(sender, _letter(message, address or kept, step.way))


def _in_confidence(message: Row[Any]) -> bool:
    """Tell whether nothing of the matter is said where others may look: the person asked for it, or the matter is of that kind."""
    return bool(message.confidential) or any(privacy not in (None, "normal") for privacy in (message.privacy, message.own_privacy))


def _letter(message: Row[Any], address: str, way: str) -> Letter:
    hotline = settings().hotline_number
    hidden = way in DISCREET and _in_confidence(message)
    words = discreet(message.template, message.said.words, message.number, hotline) if hidden else message.said.words
    code = tracking_code(message.own_ticket_id) if message.template == "received" and message.own_ticket_id else ""
    words = words.replace(TRACKING_CODE, code) if code else words
    facts = {
        "number": message.number,
        "status": STATUS.get(message.template, ""),
        "time": clock.local_text(message.created_at),
        "category": "群众诉求" if hidden else message.category or "",
        "unit": "承办单位" if hidden else message.lead_unit or "",
        "words": words,
        "hotline": hotline,
        "code": code,
    }
    return Letter(str(message.id), address, words, message.number, message.template, facts)


async def _sent(sender: Sender, letter: Letter) -> SendResult:
    try:
        async with asyncio.timeout(_LONGEST_SEND):
            return await sender.send(letter)
    except TimeoutError:
        return SendResult("later", error="timeout")
    except Exception as error:  # one letter that breaks its carrier must not hold up the others
        log.exception("message.broken", message_id=letter.reference, carrier=sender.carrier, error=type(error).__name__)
        return SendResult("later", error=type(error).__name__)


def _counted(turn: Turn, message: Row[Any], way: str) -> bool:
    """Count a customer message for the rest of the turn; tell whether it was sent in the window of the person's own message."""
    person = turn.people.get(message.openid_index) if message.openid_index else None
    if way != CUSTOMER or person is None:
        return False
    by_message = in_message_window(person, turn.now)
    more = {"message_sends": person.message_sends + 1} if by_message else {"touch_sends": person.touch_sends + 1}
    turn.people[message.openid_index] = replace(person, **more)  # type: ignore[arg-type]  # both are counts
    return by_message


def _learn(turn: Turn, message: Row[Any], attempt: Attempt) -> None:
    """Spare the rest of the turn a way that is closed to everybody, and call for somebody where something has to be put right."""
    turn.paused.update(pauses(attempt))
    if attempt.verdict.alarm:
        log.error("message.way_alarm", way=attempt.way, error=attempt.error, occasion=message.template, message_id=str(message.id))
