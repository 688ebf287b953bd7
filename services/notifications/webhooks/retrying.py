"""What an answer means for a delivery and for its endpoint (Standard Webhooks 1.0.0). Pure but for the jitter."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LADDER = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600))
"""How long to wait after each failure, give or take a tenth; the first try is at once, after the last the delivery is given up."""

_GONE = 410
_TOO_MANY = 429
_SLOW_DOWN = frozenset({_TOO_MANY, 502, 503, 504})
_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
_LONGEST_WAIT = timedelta(days=1)
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a delivery: its state, and how long until the next try.

    `slow_down`: the endpoint is away or overrun, and is left in peace where nothing else gets through to it, or where it `insists` (429,
    ``Retry-After``), `at_least` as long as it asked; `gone`: for good.
    """

    state: str
    wait: timedelta = _NONE
    slow_down: bool = False
    insists: bool = False
    at_least: timedelta = _NONE
    gone: bool = False


def verdict(status: int | None, error: str | None, tries: int, retry_after: timedelta | None) -> Verdict:
    """Return what the `tries`-th call came to: `status` is HTTP's, None where there was no answer and `error` says why.

    2xx is sent; 410 stops the endpoint; everything else, redirects too, is tried again.
    """
    if status is not None and 200 <= status < 300:  # noqa: PLR2004  success, as HTTP counts it
        return Verdict("sent")
    if status == _GONE:
        return Verdict("given_up", gone=True)
    if error == "not_told":
        return Verdict("stopped")
    asked = retry_after or _NONE
    slow_down, insists = status is None or status in _SLOW_DOWN, status == _TOO_MANY or asked > _NONE
    if tries > len(LADDER):
        return Verdict("given_up", slow_down=slow_down, insists=insists, at_least=asked)
    return Verdict("queued", max(_jittered(LADDER[tries - 1]), asked), slow_down, insists, asked)


def pause(failures: int) -> timedelta:
    """Return how long an endpoint is left in peace after `failures` turns in a row that found it away or overrun: from 5 s to 5 min."""
    return _jittered(timedelta(seconds=min(_LONGEST_PAUSE, _PAUSE * 2.0 ** min(failures - 1, 10))))


def read_retry_after(given: str, now: datetime) -> timedelta | None:
    """Return how long a ``Retry-After`` header asks to wait, a day at most; None where it cannot be read."""
    text = given.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a zone of four hundred digits is no date either
        return None
    wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    return min(max(wait, _NONE), _LONGEST_WAIT)


def _jittered(step: timedelta) -> timedelta:
    return step * random.uniform(0.9, 1.1)
