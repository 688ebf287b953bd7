"""What became of the opinions that were heard, as it was known at an instant; and those nothing became of, one by one.

One statement says how each opinion stood then: its words in force, the strongest confirmation of them, what it ended in, with the status
its ticket had then. Figures and lists are made of it, so that what is listed is what was counted. The rules are those of
`opinions_rules.py`, said in SQL; a test holds the two together. A ticket about whoever asks (举报) is none to them.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.platform.clock import day_end, day_start
from services.platform.settings import settings
from services.platform.unit_of_work import Work
from services.visits.asking import Within, within
from services.visits.opinions_confidence import hidden_tickets
from services.visits.opinions_rules import ENDED_IN_NOTHING, KINDS, is_late
from services.visits.opinions_views import OpenOpinion, OpinionFigures

Place = tuple[datetime, UUID]
_STRENGTH = " ".join(f"WHEN '{kind}' THEN {one.strength}" for kind, one in KINDS.items())
_DROPPED = ", ".join(f"'{status}'" for status in ENDED_IN_NOTHING)
_STATUS = (
    "(SELECT e.data->>'to_status' FROM events e WHERE e.subject_id = {ticket} AND e.recorded_at <= :as_of"
    " AND jsonb_exists(e.data, 'to_status') ORDER BY e.seq DESC LIMIT 1)"
)
_HELD = (
    "SELECT x.kind, x.recorded_at, x.id, CASE t.privacy WHEN 'normal' THEN t.number END AS number,"  # noqa: S608  our own words
    f" coalesce(CASE WHEN {_STATUS.format(ticket='t.id')} = 'merged'"
    f" THEN {_STATUS.format(ticket='t.merged_into_id')} ELSE {_STATUS.format(ticket='t.id')} END, 'received') AS status"
    " FROM opinion_outcomes x LEFT JOIN tickets t ON t.id = x.ticket_id WHERE x.opinion_id = o.id AND x.recorded_at <= :as_of"
    " AND (t.id IS NULL OR NOT t.id = ANY (CAST(:hidden AS uuid[])))"
)
_STOOD = f"""
SELECT o.id, o.member_id, o.heard_at, u.code, u.name AS unit_name, m.name AS member,
  coalesce(a.withdrawn_at <= :as_of, false) AS withdrawn,
  coalesce(ended.kind, 'open') AS ended_in, dropped.number AS dropped_ticket,
  CASE WHEN by_them.kind IS NOT NULL THEN by_them.kind WHEN told.ever THEN 'void' ELSE 'unconfirmed' END AS confirmed
FROM opinions o
JOIN activities a ON a.id = o.id
JOIN units u ON u.id = o.unit_id
JOIN members m ON m.id = o.member_id
CROSS JOIN LATERAL (
  SELECT w.words_hash FROM opinion_wordings w WHERE w.opinion_id = o.id AND w.recorded_at <= :as_of ORDER BY w.sequence DESC LIMIT 1
) present
CROSS JOIN LATERAL (
  SELECT count(*) > 0 AS ever FROM opinion_confirmations c WHERE c.opinion_id = o.id AND c.recorded_at <= :as_of
) told
LEFT JOIN LATERAL (
  SELECT c.kind FROM opinion_confirmations c
  WHERE c.opinion_id = o.id AND c.recorded_at <= :as_of AND c.words_hash = present.words_hash
  ORDER BY CASE c.kind {_STRENGTH} END DESC LIMIT 1
) by_them ON true
LEFT JOIN LATERAL (
  SELECT h.kind FROM ({_HELD}) h WHERE h.kind <> 'ticket' OR h.status NOT IN ({_DROPPED}) ORDER BY h.recorded_at DESC, h.id DESC LIMIT 1
) ended ON true
LEFT JOIN LATERAL (
  SELECT h.number FROM ({_HELD}) h WHERE h.kind = 'ticket' AND h.status IN ({_DROPPED}) ORDER BY h.recorded_at DESC, h.id DESC LIMIT 1
) dropped ON ended.kind IS NULL
WHERE o.recorded_at <= :as_of AND u.path ^@ ANY (CAST(:areas AS text[]))
  AND (CAST(:since AS timestamptz) IS NULL OR o.heard_at >= :since) AND (CAST(:until AS timestamptz) IS NULL OR o.heard_at < :until)
"""  # noqa: S608  our own words
_COUNTED = f"""
SELECT withdrawn, ended_in, confirmed, heard_at <= :late AS old, count(*) AS many FROM ({_STOOD}) stood GROUP BY 1, 2, 3, 4
"""  # noqa: S608  our own words
_OPEN = f"SELECT * FROM ({_STOOD}) stood WHERE NOT withdrawn AND ended_in = 'open'"  # noqa: S608  our own words
_PAGE = f"""
{_OPEN} AND (CAST(:after_at AS timestamptz) IS NULL OR (heard_at, id) > (:after_at, CAST(:after_id AS uuid)))
ORDER BY heard_at, id LIMIT :many
"""
_TOTAL = f"SELECT count(*) FROM ({_OPEN}) open"  # noqa: S608  our own words


@dataclass(frozen=True, slots=True)
class AskedOpinions:
    """Which opinions: heard in an area, from a day until another (both included), as it was known at an instant."""

    unit: str | None = None
    first: date | None = None
    last: date | None = None
    as_of: datetime | None = None


async def figures(work: Work, asked: AskedOpinions) -> OpinionFigures:
    """Return how many opinions were heard, what they ended in and how they are confirmed.

    Raises 403 ``permission.denied`` and ``unit.outside_scope``, 404 ``unit.unknown``, 422 ``as_of.future``.
    """
    where = await within(work, asked.unit, asked.as_of)
    rows = (
        await work.session.execute(text(_COUNTED), _bound(asked, where, await hidden_tickets(work)) | {"late": _late_before(where.as_of)})
    ).all()
    standing = [row for row in rows if not row.withdrawn]
    ended_in, confirmed = Counter[str](), Counter[str]()
    for row in standing:
        ended_in[row.ended_in] += row.many
        confirmed[row.confirmed] += row.many
    return OpinionFigures(
        heard=sum(row.many for row in standing),
        withdrawn=sum(row.many for row in rows if row.withdrawn),
        ended_in=dict(ended_in),
        confirmed=dict(confirmed),
        late=sum(row.many for row in standing if row.old and row.ended_in == "open"),
    )


async def open_opinions(work: Work, asked: AskedOpinions, *, after: Place | None, limit: int) -> tuple[list[OpenOpinion], int]:
    """Return up to `limit` opinions nothing became of, the oldest first, and how many there are: as many as the figures say."""
    where = await within(work, asked.unit, asked.as_of)
    bound = _bound(asked, where, await hidden_tickets(work))
    page = bound | {"after_at": after[0] if after else None, "after_id": after[1] if after else None, "many": limit}
    rows = (await work.session.execute(text(_PAGE), page)).all()
    total = await work.session.scalar(text(_TOTAL), bound) or 0
    days = settings().opinion_open_days
    return [_open(row, where.as_of, days) for row in rows], total


async def open_of_member(work: Work, member_id: UUID, month: date) -> int:
    """Return how many opinions that a member heard in a month (its first day) nothing became of: what the month's summary says."""
    mine = f"SELECT count(*) FROM ({_OPEN} AND member_id = :member_id) open"  # noqa: S608  our own words
    following = (month + timedelta(days=31)).replace(day=1)
    bound: dict[str, Any] = {"as_of": work.now, "areas": ["/"], "member_id": member_id, "hidden": await hidden_tickets(work)}
    bound |= {"since": day_start(month), "until": day_start(following)}
    return int(await work.session.scalar(text(mine), bound) or 0)


def _bound(asked: AskedOpinions, where: Within, hidden: list[UUID]) -> dict[str, Any]:
    return {
        "hidden": hidden,
        "as_of": where.as_of,
        "areas": list(where.areas),
        "since": day_start(asked.first) if asked.first else None,
        "until": day_end(asked.last) if asked.last else None,
    }


def _late_before(as_of: datetime) -> datetime:
    return as_of - timedelta(days=settings().opinion_open_days)


def _open(row: Any, as_of: datetime, days: int) -> OpenOpinion:
    return OpenOpinion(
        id=row.id, unit=row.code, unit_name=row.unit_name, member_id=row.member_id, member=row.member, heard_at=row.heard_at,
        days=(as_of - row.heard_at).days, late=is_late(row.heard_at, as_of, days), dropped_ticket=row.dropped_ticket,
    )  # fmt: skip
