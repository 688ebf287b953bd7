"""What a carrier is given, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol

import httpx


@dataclass(frozen=True, slots=True)
class Letter:
    """One message on its way. `address` is an openid, a phone number or a unit's code, and is never printed; `reference` is ours.

    `ticket_number` is '' where it is about no ticket. `facts` are what the fields of a WeChat template may show.
    """

    reference: str
    address: str = field(repr=False)
    words: str = field(repr=False)
    ticket_number: str
    template: str
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SendResult:
    """How it went: sent; to be tried ``later`` (not before `wait`); ``refused`` for this recipient; the endpoint has ``stopped``.

    `error` is a short code without personal data.
    """

    outcome: Literal["sent", "later", "refused", "stopped"]
    reference: str | None = None
    error: str | None = None
    wait: timedelta | None = None


class Sender(Protocol):
    """A carrier."""

    @property
    def carrier(self) -> str:
        """Its name: what `messages.carrier` says."""

    async def send(self, letter: Letter) -> SendResult:
        """Try to send once; never raises for what the other side does."""


def by_status(response: httpx.Response) -> SendResult:
    """Return what an HTTP status other than 2xx says. 3xx is a failure: nothing is followed."""
    error = f"http_{response.status_code}"
    return SendResult("later", error=error, wait=_retry_after(response))


def failed(error: httpx.HTTPError) -> SendResult:
    """Return what a transport error says; its words may hold the URL, so only its kind is kept."""
    return SendResult("later", error=type(error).__name__)


def _retry_after(response: httpx.Response) -> timedelta | None:
    """Return the seconds of ``Retry-After``, a day at most. The form with a date is left to our own ladder."""
    given = response.headers.get("retry-after", "")
    if not (given.isascii() and given.isdigit()):
        return None
    return timedelta(seconds=min(int(given[:9]), 86_400))
