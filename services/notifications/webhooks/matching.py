"""Which subscription is told of which event, and what every subscriber may know of it. Pure.

A body says which event it was and how its ticket stands now (`version` tells how far it has come since): numbers, codes and instants. No
words of a villager, no person. Deliveries may come in any order: whoever keeps the highest `version` is right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.anchors.closing import CLOSED
from services.journal.draining import Owed
from services.tickets.deciding import EVENT_TYPES

BESIDES = (
    "ticket.received",
    "ticket.escalated",
    "ticket.absorbed",
    "ticket.released",
    "ticket.followed",
    "ticket.supplemented",
    "ticket.repeated",
    "ticket.recalculated",
    "ticket.evidence_flagged",
    "ticket.exclusion_proposed",
    "ticket.exclusion_decided",
    "ticket.exclusion_appealed",
    "ticket.exclusion_closed",
)
"""Events of tickets that no action of the lifecycle's table makes."""
REPORT = "report.delivered"
"""What saved reports are told as. Who subscribes to it lets people have their reports told here; `ticket.*` is not that."""
ANCHORED = CLOSED
"""A day of the journal was closed: about no ticket, so `ticket.*` is not that, and neither unit nor channel narrows it."""
KNOWN = frozenset({*EVENT_TYPES.values(), *BESIDES, REPORT, ANCHORED})
ALL = "ticket.*"
TEST = "webhook.test"
SKEW = timedelta(minutes=1)
"""How far the clocks of two doors may be apart: so much older an event may be told to a fresh subscription, but none is missed."""


@dataclass(frozen=True, slots=True)
class Interest:
    """A subscription as the decision sees it. `path` and `channel` narrow; None: all."""

    id: UUID
    event_types: frozenset[str]
    path: str | None
    channel: str | None
    since: datetime
    connection_code: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A ticket as subscribers may know it. `paths` are those of its place and of who holds it."""

    id: UUID
    number: str
    status: str
    version: int
    round: int
    urgency: str
    channel: str
    source: str
    category: str | None
    place: str | None
    holder: str | None
    holder_name: str | None
    desk: str | None
    received_at: datetime
    due_at: datetime | None
    paths: tuple[str, ...]
    about_somebody: bool = False


def interested(interest: Interest, event: Owed, standing: Standing, left: str | None) -> bool:
    """Tell whether a subscription is told of an event; `left` is the path of the unit the event took the ticket from."""
    if event.recorded_at < interest.since - SKEW:
        return False
    if ALL not in interest.event_types and event.type not in interest.event_types:
        return False
    if interest.channel is not None and interest.channel != standing.channel:
        return False
    if interest.path is None:
        return True
    return any(path.startswith(interest.path) for path in (*standing.paths, left) if path)


def thin_body(event: Owed, seq: int, standing: Standing) -> dict[str, Any]:
    """Return what everybody who subscribed may know of an event."""
    return {
        "type": event.type,
        "timestamp": instant(event.happened_at),
        "data": {
            "event": {"id": str(event.event_id), "seq": seq, "recorded_at": instant(event.recorded_at)},
            "ticket": {
                "number": standing.number,
                "status": standing.status,
                "version": standing.version,
                "round": standing.round,
                "urgency": standing.urgency,
                "channel": standing.channel,
                "source": standing.source,
                "category": standing.category,
                "place": standing.place,
                "holder": standing.holder,
                "desk": standing.desk,
                "received_at": instant(standing.received_at),
                "due_at": instant(standing.due_at),
            },
        },
    }


def takes_anchor(interest: Interest, event: Owed) -> bool:
    """Tell whether a subscription is told that a day of the journal was closed: where it asked for that by name."""
    return event.recorded_at >= interest.since - SKEW and ANCHORED in interest.event_types


def anchor_body(event: Owed) -> dict[str, Any]:
    """Return the anchor as `/anchors` shows it."""
    anchor = {name: value for name, value in event.data.items() if name != "print"}
    told = {"event": {"id": str(event.event_id), "recorded_at": instant(event.recorded_at)}, "anchor": anchor}
    return {"type": event.type, "timestamp": instant(event.happened_at), "data": told}


def trial_body(subscription_id: UUID, now: datetime) -> dict[str, Any]:
    """Return the body of a trial call."""
    return {"type": TEST, "timestamp": instant(now), "data": {"subscription": str(subscription_id), "words": "试投递"}}


def instant(at: datetime | None) -> str | None:
    """Return an instant as bodies spell it: UTC, ``Z``."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def left_unit(data: Mapping[str, Any]) -> UUID | None:
    """Return the unit an event took the ticket from, where it says one."""
    found = data.get("from_unit_id")
    return UUID(found) if isinstance(found, str) else None
