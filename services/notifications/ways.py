"""By which ways a message can reach a complainant, which comes next, and when to wait: the degradation table. Pure.

The answer goes first where the complaint came from. A way that is closed to this person is not tried again, one that is closed to
everybody is passed over while it is, and one that only says "later" has a few tries before the next way is taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.connections.wechat_people import PersonFacts
from services.notifications.verdicts import CUSTOMER, FILE, PHONE, SMS, SUBSCRIPTION, TEMPLATE, WECHAT_WAYS, Verdict, verdict_of
from services.platform.clock import day_end, local_day

ORDERS: Mapping[str, tuple[str, ...]] = {
    "wechat": (*WECHAT_WAYS, SMS, PHONE),
    "hotline": (SMS, *WECHAT_WAYS, PHONE),
    "petition": (PHONE, SMS, *WECHAT_WAYS),
    "letter": (PHONE, SMS, *WECHAT_WAYS),
}
"""Ways by the complaint's channel, best first; every other channel is answered as the hotline is."""

CALLED_FOR = frozenset({"informed", "extended", "answered", "rejected", "cancelled", "merged"})
"""Occasions worth a telephone call: the outcome, and what has to be told by law. Its number was told when it was filed, the rest can be
looked up."""

DISCREET = frozenset({SMS, TEMPLATE, SUBSCRIPTION})
"""Ways that others may look at: of a confidential matter they carry the number only."""

MESSAGE_WINDOW, MESSAGES_AT_MOST = timedelta(hours=48), 5
TOUCH_WINDOW, TOUCHES_AT_MOST = timedelta(minutes=1), 3
PATIENT = 3
"""How often a way may say "later" before the next one is taken; once where the matter is urgent."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try that failed."""

    way: str
    outcome: str
    error: str | None
    at: datetime

    @property
    def verdict(self) -> Verdict:
        """What it meant."""
        return verdict_of(self.outcome, self.error)


@dataclass(frozen=True, slots=True)
class Reach:
    """What is known when a message is to be sent. `carriers` are set up here and, on WeChat, have a template for this occasion.

    `person`: what WeChat's pushes told of the complainant, None where none came. `consented`: the subscription template needs no consent
    of its own (long-term), or one is left. `tried`: failures of earlier turns; `tried_now`: of this one.
    """

    now: datetime
    channel: str
    occasion: str
    urgent: bool
    openid: bool
    phone: bool
    carriers: frozenset[str]
    person: PersonFacts | None = None
    consented: bool = False
    paused: Mapping[str, datetime] = field(default_factory=dict)
    tried: tuple[Attempt, ...] = ()
    tried_now: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Try:
    """Try this way now."""

    way: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again later: by the ladder, and not before `until`."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """No way is left; or there never was one, where nothing was tried."""


def next_step(reach: Reach) -> Try | Wait | Nothing:
    """Return what to do now with a message that has not been sent."""
    usable = [way for way in order(reach) if _has_address(way, reach) and not _closed(way, reach)]
    held_up = _held_up(reach)
    if held_up is not None:
        return held_up
    left = [way for way in usable if not _is_paused(way, reach) and all(attempt.way != way for attempt in reach.tried_now)]
    if left:
        return Try(next((way for way in left if not _tired(way, reach)), left[0]))
    if any(not _is_paused(way, reach) for way in usable):
        return Wait()
    return Wait(min(reach.paused[way] for way in usable)) if usable else Nothing()


def order(reach: Reach) -> tuple[str, ...]:
    """Return all ways that are set up, best first. In a local run, with neither WeChat nor SMS, the file stands for them."""
    ways = ORDERS.get(reach.channel, ORDERS["hotline"])
    usual = tuple(way for way in ways if way in reach.carriers or (way == PHONE and reach.occasion in CALLED_FOR))
    if FILE not in reach.carriers:
        return usual
    local = not reach.carriers & {SMS, *WECHAT_WAYS}
    return (FILE, *usual) if local else (*usual, FILE)


def in_message_window(person: PersonFacts, now: datetime) -> bool:
    """Tell whether the person wrote within 48 hours and fewer than five customer messages were sent since."""
    return person.last_message_at is not None and now - person.last_message_at < MESSAGE_WINDOW and person.message_sends < MESSAGES_AT_MOST


def in_touch_window(person: PersonFacts, now: datetime) -> bool:
    """Tell whether the person clicked, followed or scanned within the minute and fewer than three customer messages were sent since."""
    return person.touched_at is not None and now - person.touched_at < TOUCH_WINDOW and person.touch_sends < TOUCHES_AT_MOST


def pauses(attempt: Attempt) -> dict[str, datetime]:
    """Return which ways an answer closes to everybody, and until when."""
    verdict = attempt.verdict
    if verdict.kind == "quota":
        return {attempt.way: day_end(local_day(attempt.at))}
    if verdict.kind == "paused" and verdict.wait is not None:
        return dict.fromkeys(WECHAT_WAYS if verdict.whole else (attempt.way,), attempt.at + verdict.wait)
    return {}


def _has_address(way: str, reach: Reach) -> bool:
    if way in WECHAT_WAYS:
        return reach.openid
    return reach.phone if way in (SMS, PHONE) else True


def _closed(way: str, reach: Reach) -> bool:
    if way == SUBSCRIPTION and not reach.consented:
        return True
    if way == CUSTOMER and reach.person is not None:
        person, now = reach.person, reach.now
        if not in_message_window(person, now) and not in_touch_window(person, now):
            return True
    return any(_closes(attempt, way, reach.person) for attempt in (*reach.tried, *reach.tried_now))


def _closes(attempt: Attempt, way: str, person: PersonFacts | None) -> bool:
    verdict = attempt.verdict
    if attempt.way != way:
        return verdict.kind == "closed" and verdict.whole and way in WECHAT_WAYS
    if verdict.kind == "window":
        return not _stirred_since(person, attempt.at)
    return verdict.kind in ("closed", "spent", "wrong")


def _stirred_since(person: PersonFacts | None, at: datetime) -> bool:
    """Tell whether the person did something after `at`, which opens a new window."""
    return person is not None and any(stirred is not None and stirred > at for stirred in (person.last_message_at, person.touched_at))


def _is_paused(way: str, reach: Reach) -> bool:
    return way in reach.paused and reach.now < reach.paused[way]


def _tired(way: str, reach: Reach) -> bool:
    """Tell whether a way said "later" too often."""
    laters = sum(attempt.way == way and attempt.verdict.kind in ("again", "busy") for attempt in (*reach.tried, *reach.tried_now))
    return laters >= (1 if reach.urgent else PATIENT)


def _held_up(reach: Reach) -> Wait | None:
    """Return the wait that the try just made asks for, while patience lasts."""
    if not reach.tried_now:
        return None
    last = reach.tried_now[-1]
    verdict = last.verdict
    if verdict.kind not in ("again", "busy") or _tired(last.way, reach):
        return None
    return Wait(reach.now + verdict.wait if verdict.wait else None)
