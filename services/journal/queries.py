"""How much is owed, and since when."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_COUNTS = text(
    "SELECT count(*) FILTER (WHERE parked_at IS NULL AND due_at <= now()) AS due,"
    " count(*) FILTER (WHERE parked_at IS NULL AND due_at > now()) AS put_off,"
    " count(*) FILTER (WHERE parked_at IS NOT NULL) AS parked FROM deliveries"
)
# delivery ids are made with their events and in order of time, so the first of the primary key is the oldest
_OLDEST = text(
    "SELECT extract(epoch FROM now() - events.recorded_at) FROM deliveries JOIN events ON events.id = deliveries.event_id"
    " WHERE deliveries.parked_at IS NULL ORDER BY deliveries.id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Deliveries that are due, that failed and wait for their next try, and that are parked; the age of the oldest unparked event in s."""

    due: int
    put_off: int
    parked: int
    oldest_seconds: float | None


async def backlog(session: AsyncSession) -> Backlog:
    """Return what is owed now."""
    counts = (await session.execute(_COUNTS)).one()
    oldest = await session.scalar(_OLDEST)
    return Backlog(counts.due, counts.put_off, counts.parked, None if oldest is None else max(float(oldest), 0.0))
