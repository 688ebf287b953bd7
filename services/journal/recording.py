"""Writing down what happened: the event and its deliveries, in the transaction of the change itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.journal.chain import START, event_hash
from services.journal.models import Delivery, Event
from services.journal.subscriptions import WANTED, owed
from services.platform.actor import Actor
from services.platform.bulk import insert_many
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

Row = dict[str, Any]
_COUNTED = frozenset({"now", "clocks"})
"""What an event says that figures are made of: what a ticket is after it, and what was done to its clocks."""


def new_event(  # noqa: PLR0913  an event is exactly these facts
    actor: Actor,
    recorded_at: datetime,
    *,
    subject_kind: str,
    subject_id: UUID,
    seq: int,
    type: str,  # noqa: A002  the column's name
    data: Row,
    previous_hash: bytes = START,
    happened_at: datetime | None = None,
    unit_id: UUID | None = None,
) -> Row:
    """Return the row of an event by `actor`, chained to `previous_hash`. `data` holds ids, codes and words of ours: no personal data.

    `unit_id` is the seat acted from; the actor's main seat where not given. Whoever acted for somebody on leave (代班) is the actor all the
    same, and `data` says for whom.
    """
    seat = actor.main_seat
    acting = actor.acting_from(unit_id)
    if acting:
        data = {**data, "acting_for": [{"post_id": str(post.post_id), "member_id": str(post.member_id)} for post in acting]}
    event: Row = {
        "id": new_id(),
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "seq": seq,
        "type": type,
        "happened_at": happened_at or recorded_at,
        "recorded_at": recorded_at,
        "actor_kind": actor.kind,
        "actor_account_id": actor.account_id,
        "actor_unit_id": unit_id or (seat.unit_id if seat else None),
        "data": data,
        "previous_hash": previous_hash,
    }
    event["hash"] = event_hash(event)
    return event


def deliveries_for(event: Row) -> list[Row]:
    """Return the delivery rows owed for `event`; of those only what is `WANTED` is written."""
    return [
        {"id": new_id(), "event_id": event["id"], "handler": handler, "subject_id": event["subject_id"], "due_at": event["recorded_at"]}
        for handler in owed(event["type"], counts=not event["data"].keys().isdisjoint(_COUNTED))
    ]


async def record(work: Work, events: Sequence[Row]) -> None:
    """Insert `events` and what is owed for them; the doorbell rings after the commit."""
    if not events:
        return
    await insert_many(work.session, Event, events)
    deliveries = [delivery for event in events for delivery in deliveries_for(event)]
    if deliveries:
        await insert_many(work.session, Delivery, deliveries, condition=f"WHERE {WANTED}")
        work.rings = True
