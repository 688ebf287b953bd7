"""Asterisk's manager events (AMI) as JSON: one object, an array, or one a line, as a small forwarder posts them. Pure.

They carry no time unless ``timestampevents`` is set; then what counts is when we hear of them. The order of ``Cdr`` and ``Hangup`` differs
between versions, and nothing here depends on it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from services.calls.adapters.asterisk import record_event
from services.calls.adapters.values import Post, Source, each, epoch, needed, parties, whole, word
from services.calls.events import ABANDONED, ANSWERED, COMPLETED, ENDED, NOTED, QUEUED, RINGING, STARTED, CallEvent, Facts, Told

_KINDS = {
    "Newchannel": STARTED, "QueueCallerJoin": QUEUED, "AgentCalled": RINGING, "AgentConnect": ANSWERED, "AgentComplete": COMPLETED,
    "QueueCallerAbandon": ABANDONED, "Hangup": ENDED,
}  # fmt: skip
_SIDES = {"caller": "caller", "agent": "agent"}
_CDR = {
    "src": "Source", "dst": "Destination", "dstchannel": "DestinationChannel", "start": "StartTime", "answer": "AnswerTime",
    "end": "EndTime",
    "disposition": "Disposition", "uniqueid": "UniqueID", "linkedid": "Linkedid", "userfield": "UserField",
}  # fmt: skip


def read_post(post: Post, source: Source) -> tuple[Told, ...]:
    """Return what the manager events of a post say, each as an item of its own."""
    body = post.body.strip()
    lines = [line for line in body.split(b"\n") if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith(b"{") and line.rstrip().endswith(b"}") for line in lines):
        return tuple(item for line in lines for item in each(line, lambda record: _events(record, source)))
    return each(post.body, lambda record: _events(record, source))


def _events(record: Mapping[str, Any], source: Source) -> Iterator[CallEvent]:
    name = word(record, "Event")
    if name == "Cdr":
        renamed = {ours: record.get(theirs) for ours, theirs in _CDR.items()}
        yield record_event(renamed, source, agent_known=False)  # the same event as the posted end and the line in the file
        return
    kind = _KINDS.get(name or "", NOTED)
    call_id, linked_id = needed(record, "Uniqueid", "UniqueID"), word(record, "Linkedid")
    own = linked_id in (None, call_id)
    number, dnis = parties(source, "inbound", word(record, "CallerIDNum"), word(record, "Exten")) if own else (None, None)
    facts = Facts(
        dnis=dnis if kind == STARTED else None,
        queue=word(record, "Queue"),
        agent=word(record, "Interface") if kind in (ANSWERED, COMPLETED) else None,
        agent_name=word(record, "MemberName") if kind in (ANSWERED, COMPLETED) else None,
        wait_seconds=whole(word(record, "HoldTime")),
        talk_seconds=whole(word(record, "TalkTime")),
        hang_up_side="caller" if kind == ABANDONED else _SIDES.get(word(record, "Reason") or ""),
    )
    part = (name or "") if kind == NOTED else "hangup" if kind == ENDED else facts.queue or ""
    at = epoch(word(record, "Timestamp"))
    yield CallEvent(call_id, kind, part, linked_id, at, facts, number if kind in (STARTED, QUEUED) else None)
