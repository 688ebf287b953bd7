"""What an answer of WeChat's, or another carrier's, means for the message, the person and everybody else. Pure: one table.

Codes: WeChat's documentation of the interfaces for customer, template and subscription messages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

CUSTOMER, TEMPLATE, SUBSCRIPTION = "wechat", "wechat_template", "wechat_subscription"
WECHAT_WAYS = (CUSTOMER, TEMPLATE, SUBSCRIPTION)
SMS, PHONE, FILE = "sms", "phone", "file"

Kind = Literal["sent", "again", "busy", "window", "closed", "spent", "wrong", "quota", "paused"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one answer means.

    ``sent``: it is on its way · ``again``: the ladder's next step · ``busy``: not within `wait` · ``window``: closed until the person does
    something · ``closed``: never by this way to this person, or with `whole` by none of WeChat's · ``spent``: no consent is left ·
    ``wrong``: the message does not fit its template · ``quota``: nobody by this way before the next day · ``paused``: nobody by this way,
    or with `whole` by none of WeChat's, within `wait`. `alarm`: somebody has to put something right.
    """

    kind: Kind
    whole: bool = False
    wait: timedelta | None = None
    alarm: bool = False

    @property
    def outcome(self) -> Literal["sent", "later", "refused"]:
        """The verdict as a carrier tells it."""
        if self.kind == "sent":
            return "sent"
        return "later" if self.kind in ("again", "busy") else "refused"


AGAIN = Verdict("again")
CLOSED = Verdict("closed")
_BANNED = timedelta(hours=1)
_MISCONFIGURED = Verdict("paused", whole=True, wait=timedelta(minutes=10), alarm=True)

WECHAT_VERDICTS: Mapping[int, tuple[Verdict, str]] = {
    0: (Verdict("sent"), "taken"),
    45065: (Verdict("sent"), "taken before under the same client_msg_id"),
    -1: (AGAIN, "busy"),
    40001: (AGAIN, "token wrong, though it was replaced once"),
    40014: (AGAIN, "token wrong, though it was replaced once"),
    42001: (AGAIN, "token expired, though it was replaced once"),
    45011: (Verdict("busy", wait=timedelta(minutes=1)), "quota of the minute"),
    45015: (Verdict("window"), "outside of 48 hours"),
    45047: (Verdict("window"), "all messages of the window were sent"),
    48002: (CLOSED, "wants no messages"),
    40003: (Verdict("closed", whole=True), "unknown openid"),
    43004: (Verdict("closed", whole=True), "does not follow"),
    43019: (Verdict("closed", whole=True), "on the blacklist"),
    43101: (Verdict("spent"), "no consent, or used up"),
    40037: (Verdict("wrong", alarm=True), "unknown template"),
    47001: (Verdict("wrong", alarm=True), "not in WeChat's form"),
    47003: (Verdict("wrong", alarm=True), "a value does not fit the template"),
    45009: (Verdict("quota"), "quota of the day"),
    48001: (Verdict("paused", wait=_BANNED, alarm=True), "interface not authorised"),
    48004: (Verdict("paused", wait=_BANNED, alarm=True), "interface banned"),
    50002: (Verdict("paused", whole=True, wait=_BANNED, alarm=True), "account restricted"),
    40013: (_MISCONFIGURED, "AppID wrong"),
    40125: (_MISCONFIGURED, "AppSecret wrong"),
    40164: (_MISCONFIGURED, "this machine's address is not on the list"),
    41001: (_MISCONFIGURED, "no token"),
}
"""By errcode: what it means, and why."""

_ERRCODE = re.compile(r"(?:wechat|token)_(-?[0-9]{1,9})")


def by_errcode(errcode: int) -> Verdict:
    """Return what an errcode means; of one that is not in the table, that it may go better another time."""
    found = WECHAT_VERDICTS.get(errcode)
    return found[0] if found else AGAIN


def verdict_of(outcome: str, error: str | None) -> Verdict:
    """Return what a carrier's result means: ``wechat_45015`` and ``token_40164`` by the table, everything else by its outcome."""
    errcode = _ERRCODE.fullmatch(error or "")
    if errcode:
        return by_errcode(int(errcode[1]))
    return Verdict("sent") if outcome == "sent" else AGAIN if outcome == "later" else CLOSED
