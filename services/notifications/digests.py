"""One message where there would be many: the overdue tickets that a unit is told of at once, as one digest.

Every single message is written all the same, under its own key, but as `digested`: told within the digest. So handling an event again
tells nobody twice, and each ticket shows what was told of it.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, bindparam, select

from services.notifications.models import Message
from services.notifications.occasions import Notice
from services.notifications.overdue import FEW, Late, Tally, digest_of, tally_of
from services.notifications.templates import SIGNED
from services.platform.bulk import one_of, update_many
from services.platform.database import Json
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

Row = dict[str, Any]
TEMPLATE = "escalated_digest"
GATHERS = timedelta(minutes=2)
"""How long a digest waits for more before it goes."""


async def digested(work: Work, written: Sequence[tuple[Row, Notice]]) -> list[Row]:
    """Return the rows of messages to insert: those given, and a digest for each unit that would be told of more than a few late tickets.

    A digest waits a little before it goes. What comes for its unit until then is told within it as well: an outage of days, which is
    worked off in many batches, is one message and not one for each batch.
    """
    late: defaultdict[UUID, list[tuple[Row, Late]]] = defaultdict(list)
    for row, notice in written:
        if notice.late is not None:
            late[notice.recipient_id].append((row, notice.late))
    waiting = await _waiting(work, late)
    many = {unit_id: pairs for unit_id, pairs in late.items() if unit_id in waiting or len(pairs) > FEW}
    known = await _known(work, [row["unique_key"] for pairs in many.values() for row, _late in pairs])
    rows, grown = [row for row, _notice in written], []
    for unit_id, pairs in many.items():
        fresh = [(row, found) for row, found in pairs if row["unique_key"] not in known]
        if fresh and unit_id in waiting:
            grown.append(_grown(*waiting[unit_id], fresh))
        elif len(fresh) > FEW:
            rows.insert(0, _digest(work, unit_id, fresh))
    await update_many(work.session, Message, grown)
    return rows


def _digest(work: Work, unit_id: UUID, fresh: Sequence[tuple[Row, Late]]) -> Row:
    """Return a new digest, and make the single messages part of it."""
    first, _late = min(fresh, key=lambda pair: pair[1].urgency)
    tally = tally_of([late for _row, late in fresh])
    digest = {
        **first,
        "id": new_id(),
        "unique_key": f"digest:{min(str(row['event_id']) for row, _late in fresh)}:unit:{unit_id}",
        "template": TEMPLATE,
        "words": SIGNED + digest_of(tally),
        "next_try_at": work.now + GATHERS,
        "tally": asdict(tally),
    }
    _put_into(digest["id"], fresh)
    return digest


def _grown(digest_id: UUID, tally: Tally, fresh: Sequence[tuple[Row, Late]]) -> Row:
    """Return new values of a digest that waits, and make the single messages part of it."""
    tally += tally_of([late for _row, late in fresh])
    _put_into(digest_id, fresh)
    return {"id": digest_id, "words": SIGNED + digest_of(tally), "tally": asdict(tally)}


def _put_into(digest_id: UUID, fresh: Sequence[tuple[Row, Late]]) -> None:
    for row, _late in fresh:
        row |= {"state": "digested", "digest_id": digest_id}


async def _waiting(work: Work, unit_ids: Collection[UUID]) -> dict[UUID, tuple[UUID, Tally]]:
    """Return, for each unit, the digest that waits to be sent, locked; not one that is about to go, or that another batch is adding to."""
    if not unit_ids:
        return {}
    query = (
        select(Message.unit_id, Message.id, Message.tally)
        .where(Message.state == "queued", Message.next_try_at > work.now, Message.template == TEMPLATE, Message.tries == 0)
        .where(one_of(Message.unit_id, sorted(unit_ids)))
        .order_by(Message.id)
        .with_for_update(skip_locked=True)
    )
    return {row.unit_id: (row.id, _read(row.tally)) for row in await work.session.execute(query)}


def _read(tally: Json) -> Tally:
    return Tally(**{**tally, "top": tuple((rank, due, number) for rank, due, number in tally["top"])})


async def _known(work: Work, keys: Sequence[str]) -> set[str]:
    """Return those of `keys` that a message has already."""
    if not keys:
        return set()
    there = select(Message.unique_key).where(Message.unique_key == any_(bindparam("keys", list(keys), ARRAY(Text()))))
    return set(await work.session.scalars(there))
