"""What a ticket's journal tells of its clocks."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.journal.models import Event
from services.platform.bulk import one_of


async def deeds_of(session: AsyncSession, ticket_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Return, for each ticket, the data of its events that tell of clocks, in order."""
    events = select(Event.subject_id, Event.data).where(one_of(Event.subject_id, ticket_ids), Event.data.has_key("clocks"))
    found: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in await session.execute(events.order_by(Event.subject_id, Event.seq)):
        found[row.subject_id].append(row.data)
    return found
