"""Twilio-style status callbacks: signed form posts (or JSON with ``bodySHA256``), one for each state. Pure.

``in-progress`` means the platform picked up, not that a person did: that is told by the queue (``QueueResult``), by ``DialCallStatus``
or by the leg that was dialled to the agent.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from services.calls.adapters.values import (
    Post,
    Source,
    direction_of,
    key_pressed,
    local_time,
    needed,
    parties,
    record_of,
    told,
    whole,
    word,
)
from services.calls.events import (
    ABANDONED,
    ANSWERED,
    COMPLETED,
    ENDED,
    LEFT,
    NOTED,
    QUEUED,
    RATED,
    RECORDING,
    STARTED,
    CallEvent,
    Facts,
    Told,
)

_OUTCOMES = {"completed": "ivr_only", "busy": "busy", "failed": "failed", "no-answer": "failed", "canceled": "abandoned_in_ivr"}
_BEGINNING = frozenset({"queued", "initiated", "ringing"})
_BRIDGED = frozenset({"bridged", "bridging-in-process"})
_DIALLED_IN_VAIN = frozenset({"busy", "no-answer", "failed", "canceled"})


def read_post(post: Post, source: Source) -> tuple[Told, ...]:
    """Return what a callback says."""
    return (told(post.body, lambda: _events(record_of(post), post.step, source)),)


def _events(record: Mapping[str, Any], step: str, source: Source) -> Iterator[CallEvent]:
    call_id, parent = needed(record, "CallSid"), word(record, "ParentCallSid")
    at = _timestamp(word(record, "Timestamp"), source)
    if step == "rating":
        yield CallEvent(call_id, RATED, "", parent, at, Facts(satisfaction=key_pressed(word(record, "Digits"))))
        return
    status = word(record, "CallStatus") or ""
    if word(record, "RecordingUrl"):
        sid = word(record, "RecordingSid") or ""
        yield CallEvent(call_id, RECORDING, sid, parent, at, recording=word(record, "RecordingUrl"))
        return
    if parent is not None:
        yield from _leg(record, call_id, parent, status, at)
        return
    direction = direction_of(word(record, "Direction"), source.direction)
    number, dnis = parties(source, direction, word(record, "From", "Caller"), word(record, "To", "Called"))
    facts = Facts(direction=direction, dnis=dnis)
    result = word(record, "QueueResult")
    if result is not None:
        yield _left_the_queue(record, call_id, result, at)
    elif word(record, "QueuePosition", "QueueSid") is not None:
        yield CallEvent(call_id, QUEUED, word(record, "QueueSid") or "", None, at, facts, number)
    elif word(record, "DialCallStatus") is not None:
        yield from _dialled(record, call_id, at)
    elif status in _OUTCOMES:
        ended = Facts(direction=direction, dnis=dnis, ended_at=at, arrived_at=_begun(at, record), outcome=_OUTCOMES[status])
        yield CallEvent(call_id, ENDED, "", None, at, ended, number)
    else:
        beginning = status in _BEGINNING
        yield CallEvent(call_id, STARTED if beginning else NOTED, "" if beginning else status, None, at, facts, number)


def _leg(record: Mapping[str, Any], call_id: str, parent: str, status: str, at: datetime | None) -> Iterator[CallEvent]:
    """A leg that was dialled to reach somebody for the caller."""
    talked = whole(word(record, "CallDuration"))
    if status == "in-progress":
        yield CallEvent(call_id, ANSWERED, "leg", parent, at, Facts(agent=word(record, "To"), queued=True))
    elif status == "completed" and talked:
        answered = at - timedelta(seconds=talked) if at is not None else None
        facts = Facts(agent=word(record, "To"), talk_seconds=talked, answered_at=answered, queued=True)
        yield CallEvent(call_id, COMPLETED, "leg", parent, at, facts)
    else:
        yield CallEvent(call_id, NOTED, f"leg-{status}", parent, at, Facts(queued=True))


def _left_the_queue(record: Mapping[str, Any], call_id: str, result: str, at: datetime | None) -> CallEvent:
    kind = ANSWERED if result in _BRIDGED else ABANDONED if result == "hangup" else LEFT
    waited = whole(word(record, "QueueTime"))
    side = "caller" if kind == ABANDONED else None
    return CallEvent(call_id, kind, word(record, "QueueSid") or "", None, at, Facts(wait_seconds=waited, hang_up_side=side))


def _dialled(record: Mapping[str, Any], call_id: str, at: datetime | None) -> Iterator[CallEvent]:
    status, talked = word(record, "DialCallStatus") or "", whole(word(record, "DialCallDuration"))
    if status in _DIALLED_IN_VAIN:
        yield CallEvent(call_id, LEFT, "dial", None, at, Facts(queued=True))
    else:
        answered = at - timedelta(seconds=talked) if at is not None and talked is not None else None
        yield CallEvent(call_id, COMPLETED, "dial", None, at, Facts(talk_seconds=talked, answered_at=answered, queued=True))


def _begun(at: datetime | None, record: Mapping[str, Any]) -> datetime | None:
    lasted = whole(word(record, "CallDuration"))
    return at - timedelta(seconds=lasted) if at is not None and lasted is not None else None


def _timestamp(text: str | None, source: Source) -> datetime | None:
    """``Sun, 22 Nov 2026 01:58:14 +0000`` (RFC 2822), as callbacks carry it, or ISO 8601."""
    if text is None or text[:1].isdigit():
        return local_time(text, source.zone)
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return local_time(text, source.zone)  # which says what is wrong with it
