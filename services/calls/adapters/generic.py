"""Our own JSON for exchanges that can be taught what to send: one event, an array of them, or ``{"events": [...]}``. Pure.

Documented in docs/channels/hotline-exchange.md. Times are RFC 3339, or local ones of the connection's zone.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from services.calls.adapters.values import Post, Source, each, key_pressed, local_time, needed, parties, whole, word
from services.calls.events import ENDED, KINDS, NOTED, QUEUED, CallEvent, Facts, Told, Unreadable


def read_post(post: Post, source: Source) -> tuple[Told, ...]:
    """Return what the events of a post say, each as an item of its own."""
    return each(post.body, lambda record: _events(record, source))


def _events(record: Mapping[str, Any], source: Source) -> Iterator[CallEvent]:
    inner = record.get("events")
    if isinstance(inner, list):
        for one in inner:
            if not isinstance(one, dict):
                raise Unreadable("body.not_an_object")
            yield _event(one, source)
        return
    yield _event(record, source)


def _event(record: Mapping[str, Any], source: Source) -> CallEvent:
    kind = word(record, "event") or NOTED
    if kind not in KINDS:
        raise Unreadable("event.unknown")
    direction = word(record, "direction")
    number, dnis = parties(source, direction or source.direction, word(record, "caller"), word(record, "callee"))
    at = local_time(word(record, "at"), source.zone)
    facts = Facts(
        direction=direction,
        dnis=dnis,
        queue=word(record, "queue"),
        arrived_at=local_time(word(record, "arrived_at"), source.zone),
        ended_at=at if kind == ENDED else None,
        agent=word(record, "agent"),
        extension=word(record, "extension"),
        outcome=word(record, "outcome"),
        queued=True if kind == QUEUED else None,
        wait_seconds=whole(word(record, "wait_seconds")),
        talk_seconds=whole(word(record, "talk_seconds")),
        hang_up_side=word(record, "hang_up_side"),
        satisfaction=key_pressed(word(record, "satisfaction")),
    )
    part = facts.queue or "" if kind != ENDED else ""
    call_id, linked_id = needed(record, "call_id"), word(record, "linked_id")
    return CallEvent(call_id, kind, part, linked_id, at, facts, number, word(record, "recording"))
