"""One message where there would be many: the overdue tickets that a unit is told of at once, as one digest.

Every single message is written all the same, under its own key, but as `digested`: told within the digest. So handling an event again
tells nobody twice, and each ticket shows what was told of it.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, bindparam, select

from services.notifications.models import Message
from services.notifications.occasions import Notice
from services.notifications.overdue import FEW, digest_of
from services.notifications.templates import SIGNED
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

Row = dict[str, Any]


async def digested(work: Work, written: Sequence[tuple[Row, Notice]]) -> list[Row]:
    """Return the rows of messages to insert: those given, and a digest for each unit that would be told of more than a few late tickets."""
    late: defaultdict[UUID, list[tuple[Row, Notice]]] = defaultdict(list)
    for row, notice in written:
        if notice.late is not None:
            late[notice.recipient_id].append((row, notice))
    many = [pair for pairs in late.values() if len(pairs) > FEW for pair in pairs]
    known = await _known(work, [row["unique_key"] for row, _notice in many])
    rows = [row for row, _notice in written]
    for unit_id in late:
        fresh = [(row, notice) for row, notice in late[unit_id] if row["unique_key"] not in known]
        if len(fresh) > FEW:
            rows.insert(0, _digest(unit_id, fresh))
    return rows


def _digest(unit_id: UUID, fresh: Sequence[tuple[Row, Notice]]) -> Row:
    """Return the digest, and make the single messages part of it."""
    told = [(row, notice.late) for row, notice in fresh if notice.late is not None]
    first, _late = min(told, key=lambda pair: pair[1].urgency)
    digest = {
        **first,
        "id": new_id(),
        "unique_key": f"digest:{min(str(row['event_id']) for row, _late in told)}:unit:{unit_id}",
        "template": "escalated_digest",
        "words": SIGNED + digest_of([late for _row, late in told]),
    }
    for row, _late in told:
        row |= {"state": "digested", "digest_id": digest["id"]}
    return digest


async def _known(work: Work, keys: Sequence[str]) -> set[str]:
    """Return those of `keys` that a message has already."""
    if not keys:
        return set()
    there = select(Message.unique_key).where(Message.unique_key == any_(bindparam("keys", list(keys), ARRAY(Text()))))
    return set(await work.session.scalars(there))
