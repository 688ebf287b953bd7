"""Chinese vendors: one report at the end of a call, each with its own names, units and empty values. Pure.

Aliyun posts an array with Beijing times; Volcengine counts milliseconds; small CTI vendors write ``""`` for a call nobody answered; XSwitch
writes local times of its own zone. What their codes for "who hung up" mean is not published alike: the connection's option `sides` says it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from services.calls.adapters.values import Post, Source, direction_of, each, epoch, local_time, needed, parties, told, whole, word
from services.calls.adapters.values import record_of as record_of_post
from services.calls.events import ENDED, CallEvent, Facts, Told

_MILLI = 1000
_BUSY = ("USER_BUSY", "486", "17")


def read_aliyun(post: Post, source: Source) -> tuple[Told, ...]:
    """Return what an array of Aliyun's call reports says."""
    return each(post.body, lambda record: _aliyun(record, source))


def _aliyun(record: Mapping[str, Any], source: Source) -> Iterator[CallEvent]:
    instants = [local_time(word(record, name), source.zone) for name in ("originate_time", "ring_time", "start_time", "end_time")]
    began, rang, answered, ended = instants
    code = word(record, "status_code")
    outcome = "answered" if answered and (whole(word(record, "duration")) or code in (None, "200000")) else _failure(code)
    yield from _report(
        source,
        needed(record, "call_id"),
        word(record, "direction"),
        (word(record, "caller"), word(record, "callee")),
        (began or rang or answered, rang, answered, ended),
        outcome,
        whole(word(record, "duration")),
        side=word(record, "hangup_direction"),
        recording=word(record, "record_url", "recording"),
    )


def read_volcengine(post: Post, source: Source) -> tuple[Told, ...]:
    """Return what Volcengine's call reports say."""
    return each(post.body, lambda record: _volcengine(record, source))


def _volcengine(record: Mapping[str, Any], source: Source) -> Iterator[CallEvent]:
    began, rang, answered, ended = (epoch(word(record, name), _MILLI) for name in ("beginCallTime", "ringTime", "startTime", "endTime"))
    yield from _report(
        source,
        needed(record, "callId"),
        word(record, "direction"),
        (word(record, "caller"), word(record, "callee")),
        (began or rang or answered, rang, answered, ended),
        "answered" if answered else _failure(word(record, "callResult")),
        whole(word(record, "callDuration")),
        side=word(record, "releaseType"),
        recording=word(record, "audioRecordUrl", "recordUrl"),
    )


def read_cti(post: Post, source: Source) -> tuple[Told, ...]:
    """Return what a small CTI vendor's report says."""
    return (told(post.body, lambda: _cti(record_of_post(post), source)),)


def _cti(record: Mapping[str, Any], source: Source) -> Iterator[CallEvent]:
    began, answered, ended = (local_time(word(record, name), source.zone) for name in ("starttime", "answertime", "endtime"))
    direction = direction_of(word(record, "direction"), source.direction)
    ours, theirs = ("destnumber", "disnumber") if direction == "inbound" else ("disnumber", "destnumber")
    ours, theirs = source.fields.get("ours", ours), source.fields.get("theirs", theirs)
    caller, callee = word(record, theirs), word(record, ours)
    yield from _report(
        source,
        needed(record, "uuid", "customuuid", "id"),
        direction,
        (caller, callee) if direction == "inbound" else (callee, caller),
        (began, None, answered, ended),
        "answered" if answered else _failure(word(record, "hangupcause")),
        whole(word(record, "billsec")),
        side=word(record, "hangupdirection"),
        recording=word(record, "recordfilename"),
        agent=word(record, "ext"),
    )


def read_xswitch(post: Post, source: Source) -> tuple[Told, ...]:
    """Return what XSwitch's record says."""
    return (told(post.body, lambda: _xswitch(record_of_post(post), source)),)


def _xswitch(record: Mapping[str, Any], source: Source) -> Iterator[CallEvent]:
    names = ("start_stamp", "ring_stamp", "answer_stamp", "end_stamp")
    began, rang, answered, ended = (local_time(word(record, name), source.zone) for name in names)
    to_a_person = answered is not None and word(record, "bleg_uuid") is not None
    yield from _report(
        source,
        needed(record, "uuid"),
        word(record, "direction"),
        (word(record, "caller_id_number"), word(record, "destination_number")),
        (began, rang, answered if to_a_person else None, ended),
        "answered" if to_a_person else "ivr_only" if answered else _failure(word(record, "hangup_cause")),
        whole(word(record, "billsec")) if to_a_person else None,
        recording=word(record, "media_file_id"),
    )


def _report(  # noqa: PLR0913  one report's fields
    source: Source,
    call_id: str,
    said_direction: str | None,
    numbers: tuple[str | None, str | None],
    instants: tuple[datetime | None, datetime | None, datetime | None, datetime | None],
    outcome: str,
    talked: int | None,
    *,
    side: str | None = None,
    recording: str | None = None,
    agent: str | None = None,
) -> Iterator[CallEvent]:
    """A report as the end of its call. It is a record, not a queue: that somebody answered is believed, the wait is that of the ringing."""
    began, rang, answered, ended = instants
    direction = direction_of(said_direction, source.direction)
    number, dnis = parties(source, direction, *numbers)
    reached = outcome == "answered"
    facts = Facts(
        direction=direction,
        dnis=dnis,
        arrived_at=began,
        ringing_at=rang,
        answered_at=answered if reached else None,
        ended_at=ended,
        agent=agent if reached else None,
        outcome=outcome,
        wait_seconds=_between(rang, answered) if reached else None,
        talk_seconds=talked if reached else None,
        hang_up_side=source.sides.get(side or ""),
    )
    yield CallEvent(call_id, ENDED, "", None, ended, facts, number, recording)


def _between(begin: datetime | None, end: datetime | None) -> int | None:
    return int((end - begin).total_seconds()) if begin is not None and end is not None and end >= begin else None


def _failure(code: str | None) -> str:
    """A call nobody answered: busy where the code says so, else not connected."""
    return "busy" if code in _BUSY else "failed"
