"""Asterisk: form posts of the dial plan (``CURL()``), the same as JSON (``System(curl …)``), queue_log and call records as CSV. Pure.

Times have no zone, the server's is meant. A call record alone says ANSWERED as soon as the voice menu picked up: whether a person was
reached is seen from the agent's channel, and the talk is not ``billsec``.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from services.calls.adapters.values import (
    Post,
    Source,
    direction_of,
    epoch,
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
    RINGING,
    STARTED,
    CallEvent,
    Facts,
    Told,
    Unreadable,
)

_CHANNEL_NUMBER = re.compile(r"-[0-9a-f]{8}(;[12])?$")
_KINDS = {
    "ringing": STARTED, "start": STARTED, "started": STARTED, "queue": QUEUED, "queued": QUEUED, "agent_ringing": RINGING,
    "answered": ANSWERED, "connect": ANSWERED, "completed": COMPLETED, "complete": COMPLETED, "abandon": ABANDONED, "abandoned": ABANDONED,
    "hangup": ENDED, "end": ENDED, "ended": ENDED, "recording": RECORDING, "recording_ready": RECORDING,
    "rated": RATED, "rating": RATED, "satisfaction": RATED,
}  # fmt: skip
_BY_STEP = {"start": STARTED, "queue": QUEUED, "answer": ANSWERED, "end": ENDED, "recording": RECORDING, "rating": RATED, "json": NOTED}
CUSTOM_COLUMNS = (
    "clid", "src", "dst", "start", "answer", "end", "duration", "billsec", "disposition", "uniqueid", "linkedid", "userfield", "dstchannel",
)  # fmt: skip
"""The columns of our `cdr_custom.conf` (docs/channels/hotline-exchange.md)."""
MASTER_COLUMNS = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer", "end", "duration",
    "billsec", "disposition", "amaflags", "uniqueid", "userfield",
)  # fmt: skip
"""The columns of Asterisk's own ``Master.csv`` with ``loguniqueid`` and ``loguserfield``."""


def read_post(post: Post, source: Source) -> tuple[Told, ...]:
    """Return what a post of the dial plan says."""
    return (told(post.body, lambda: iter((_event(record_of(post), post.step, source),))),)


def _event(record: Mapping[str, Any], step: str, source: Source) -> CallEvent:
    said = word(record, "event")
    kind = _KINDS.get(said) if said else _BY_STEP.get(step, NOTED)
    if kind is None:
        raise Unreadable("event.unknown")
    if kind == ENDED:
        return record_event(record, source, agent_known="agent" in record)
    direction = direction_of(word(record, "direction"), source.direction)
    number, dnis = parties(source, direction, word(record, "caller"), word(record, "callee"))
    facts = Facts(
        direction=direction if number or dnis else None,
        dnis=dnis,
        queue=word(record, "queue"),
        agent=word(record, "agent"),
        agent_name=word(record, "member"),
        wait_seconds=whole(word(record, "holdtime")),
        talk_seconds=whole(word(record, "talktime")),
        satisfaction=key_pressed(word(record, "digit", "satisfaction")) if kind == RATED else None,
    )
    return CallEvent(
        needed(record, "call_id", "uniqueid"),
        kind,
        (word(record, "via") or "") if kind == NOTED else (facts.queue or ""),
        word(record, "linkedid"),
        local_time(word(record, "time", "start"), source.zone),
        facts,
        number,
        word(record, "recording") if kind == RECORDING else None,
    )


def record_event(record: Mapping[str, Any], source: Source, *, agent_known: bool) -> CallEvent:
    """Return the end of a call from its record, be it posted or a line of a file. `agent_known`: it names who answered."""
    direction = direction_of(word(record, "direction"), source.direction)
    number, dnis = parties(source, direction, word(record, "caller", "src"), word(record, "callee", "dst"))
    agent, far_side = word(record, "agent"), _interface(word(record, "dstchannel"))
    ended_at = local_time(word(record, "end"), source.zone)
    facts = Facts(
        direction=direction,
        dnis=dnis,
        arrived_at=local_time(word(record, "start"), source.zone),
        ended_at=ended_at,
        agent=agent,
        extension=far_side,
        outcome=_outcome(
            word(record, "disposition"), answer=word(record, "answer"), agent=agent, far_side=far_side, agent_known=agent_known
        ),
    )
    call_id, linked_id = needed(record, "call_id", "uniqueid"), word(record, "linkedid")
    return CallEvent(call_id, ENDED, "", linked_id, ended_at, facts, number, word(record, "recording", "userfield"))


def _outcome(disposition: str | None, *, answer: str | None, agent: str | None, far_side: str | None, agent_known: bool) -> str:
    """What a record makes of a call, without the queue's word. Its ANSWERED means no more than that the voice menu picked up."""
    if agent:
        return "answered"
    if far_side:  # somebody's telephone rang; a record that cannot name who answered is believed
        return "answered" if disposition == "ANSWERED" and not agent_known else "abandoned_in_queue"
    if disposition == "BUSY":
        return "busy"
    if disposition in ("FAILED", "CONGESTION"):
        return "failed"
    return "ivr_only" if answer and disposition == "ANSWERED" else "abandoned_in_ivr"


def _interface(channel: str | None) -> str | None:
    """``PJSIP/agent1001-00000001`` is a channel of ``PJSIP/agent1001``."""
    return _CHANNEL_NUMBER.sub("", channel) if channel else None


def read_record_line(line: str, source: Source) -> Iterator[CallEvent]:
    """Return the event of a line of call records; the columns are told by their number. Raises Unreadable ``record.columns``."""
    cells = next(iter(csv.reader([line], strict=False)), [])
    columns = CUSTOM_COLUMNS if len(cells) == len(CUSTOM_COLUMNS) else MASTER_COLUMNS
    if len(cells) < len(MASTER_COLUMNS) - 1 and columns is MASTER_COLUMNS:
        raise Unreadable("record.columns")
    yield record_event(dict(zip(columns, cells, strict=False)), source, agent_known=False)


def read_queue_line(line: str) -> Iterator[CallEvent]:
    """Return the events of a line of queue_log; none for what is not about a call. Raises Unreadable ``queue_log.columns``."""
    cells = line.split("|")
    if len(cells) < 5:  # noqa: PLR2004  epoch, call, queue, agent, event
        raise Unreadable("queue_log.columns")
    stamp, call_id, queue, agent, name = cells[:5]
    if call_id in ("", "NONE") or name not in _QUEUE_EVENTS:
        return
    at = epoch(stamp.strip())
    if at is None:
        raise Unreadable("time.malformed")
    data = [*cells[5:], "", "", "", ""]
    kind, wait, talk, side = _QUEUE_EVENTS[name]
    waited, talked = whole(data[wait] or None) if wait is not None else None, whole(data[talk] or None) if talk is not None else None
    number, happened = None, at
    if kind == QUEUED:
        number = word({"number": data[1]}, "number")
    elif kind == RINGING:
        happened = at - timedelta(milliseconds=whole(data[0] or None) or 0)
    answered_at = at - timedelta(seconds=talked) if talked is not None else None
    named = agent if agent != "NONE" and kind in (ANSWERED, COMPLETED) else None
    facts = Facts(
        queue=queue, agent_name=named, wait_seconds=waited, talk_seconds=talked, hang_up_side=side, queued=True,
        answered_at=answered_at,
    )  # fmt: skip
    yield CallEvent(call_id, kind, queue, None, happened, facts, number)


_QUEUE_EVENTS: dict[str, tuple[str, int | None, int | None, str | None]] = {
    "ENTERQUEUE": (QUEUED, None, None, None),
    "CONNECT": (ANSWERED, 0, None, None),
    "COMPLETECALLER": (COMPLETED, 0, 1, "caller"),
    "COMPLETEAGENT": (COMPLETED, 0, 1, "agent"),
    "BLINDTRANSFER": (COMPLETED, 2, 3, None),
    "ATTENDEDTRANSFER": (COMPLETED, 2, 3, None),
    "ABANDON": (ABANDONED, 2, None, "caller"),
    "EXITWITHTIMEOUT": (LEFT, 2, None, None),
    "EXITEMPTY": (LEFT, 2, None, None),
    "EXITWITHKEY": (LEFT, 3, None, None),
    "RINGCANCELED": (RINGING, None, None, None),
    "RINGNOANSWER": (RINGING, None, None, None),
}
"""Event → kind, which data field is the wait, which the talk, who hung up. ENTERQUEUE is `url|caller|position`, ABANDON
`position|original position|wait`, COMPLETE… `hold|talk|position`, EXITWITHKEY `key|position|original position|wait`."""
