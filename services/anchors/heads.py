"""Reading heads: those a day moved, from the journal; those of the newest tree, from the anchors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.anchors.statements import Head

_ALL = "SELECT DISTINCT subject_id FROM events WHERE recorded_at < $1 ORDER BY 1"
_SINCE = "SELECT DISTINCT subject_id FROM events WHERE recorded_at < $1 AND recorded_at >= $2 ORDER BY 1"
# A chain is anchored up to its first event that belongs to a later day, whatever clocks said of those behind it.
_MOVED = """
SELECT wanted.subject_id, head.subject_kind, head.seq, head.hash, old.seq IS NULL AS fresh
FROM unnest($1::uuid[]) AS wanted (subject_id)
LEFT JOIN LATERAL (
  SELECT seq FROM anchored_heads WHERE subject_id = wanted.subject_id ORDER BY day DESC LIMIT 1
) old ON true
LEFT JOIN LATERAL (
  SELECT seq FROM events WHERE subject_id = wanted.subject_id AND seq > coalesce(old.seq, 0) AND recorded_at >= $2 ORDER BY seq LIMIT 1
) later ON true
JOIN LATERAL (
  SELECT subject_kind, seq, hash FROM events
  WHERE subject_id = wanted.subject_id AND seq > coalesce(old.seq, 0) AND seq < coalesce(later.seq, 2147483647) ORDER BY seq DESC LIMIT 1
) head ON true
"""
_PAGE = 5000
_HEADS = text(
    "SELECT DISTINCT ON (subject_id) subject_id, subject_kind, seq, hash FROM anchored_heads"
    " WHERE subject_id > :after AND subject_id <= :last ORDER BY subject_id, day DESC LIMIT :most"
)
_LAST = UUID(int=2**128 - 1)
FIRST = UUID(int=0)


async def moved_heads(session: AsyncSession, until: datetime, since: datetime | None) -> list[tuple[Head, bool]]:
    """Return the heads that events recorded before `until` (and not before `since`) moved, and whether each is new to the tree."""
    connection = await session.connection()
    if since is None:
        found = await connection.exec_driver_sql(_ALL, (until,))
    else:
        found = await connection.exec_driver_sql(_SINCE, (until, since))
    subjects = [row[0] for row in found]
    moved = []
    for at in range(0, len(subjects), _PAGE):
        rows: Any = await connection.exec_driver_sql(_MOVED, (subjects[at : at + _PAGE], until))
        moved += [(Head(row[0], row[1], row[2], row[3]), bool(row[4])) for row in rows]
    return moved


async def anchored(session: AsyncSession, after: UUID, most: int, last: UUID = _LAST) -> Sequence[Head]:
    """Return the heads of the newest tree behind `after`, in the order of the leaves."""
    rows = await session.execute(_HEADS, {"after": after, "last": last, "most": most})
    return [Head(*row) for row in rows]
