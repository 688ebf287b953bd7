"""Tickets whose journal is older than what it tells of figures get one event that says what they are: ``ticket.restated``.

Their history begins with it: what was known of them before cannot be asked for. Everything since then follows from the journal alone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.platform.unit_of_work import Work
from services.reports.folding import RESTATED
from services.tickets.changes import Change, EventDraft
from services.tickets.loading import lock
from services.tickets.recording import write
from services.tickets.telling import JUDGED, values_told

_PAGE = 500
_UNTOLD = text(
    "SELECT t.id FROM tickets t WHERE t.id > :after AND NOT EXISTS (SELECT FROM events e WHERE e.subject_id = t.id"
    " AND (e.type = :restated OR (e.seq = 1 AND e.data ? 'area_path'))) ORDER BY t.id LIMIT :page"
)
_STATES = text("""
SELECT t.*,
       EXISTS (SELECT FROM extensions x WHERE x.ticket_id = t.id AND x.granted) AS extended,
       EXISTS (SELECT FROM suspensions s WHERE s.ticket_id = t.id AND s.began_at IS NOT NULL) AS paused,
       EXISTS (SELECT FROM rounds r WHERE r.ticket_id = t.id AND r.number < t.round AND r.closed_at IS NOT NULL) AS reopened,
       EXISTS (SELECT FROM demand_exclusions e WHERE e.ticket_id = t.id AND e.round = t.round AND e.state IN ('granted', 'upheld'))
           AS unreasonable,
       coalesce((SELECT min(a.accepted_at) FROM assignments a WHERE a.ticket_id = t.id AND a.part = 'lead'), t.accepted_at)
           AS first_accepted_at,
       coalesce((SELECT min(r.closed_at) FROM rounds r WHERE r.ticket_id = t.id), t.closed_at) AS settled_at,
       CASE WHEN t.status = 'closed' AND t.round = 1 THEN t.tier END AS settled_tier,
       w.called_round, w.called_at, w.reached, w.contacted, w.solved, w.satisfied
FROM tickets t
LEFT JOIN LATERAL (
    SELECT b.round AS called_round, max(b.called_at) AS called_at, bool_or(b.reached) AS reached,
           (array_agg(b.contacted ORDER BY b.called_at DESC, b.id DESC) FILTER (WHERE b.contacted IS NOT NULL))[1] AS contacted,
           (array_agg(b.solved ORDER BY b.called_at DESC, b.id DESC) FILTER (WHERE b.solved IS NOT NULL))[1] AS solved,
           (array_agg(b.satisfied ORDER BY b.called_at DESC, b.id DESC) FILTER (WHERE b.satisfied IS NOT NULL))[1] AS satisfied
    FROM call_backs b WHERE b.ticket_id = t.id GROUP BY b.round ORDER BY b.round DESC LIMIT 1
) w ON true
WHERE t.id = ANY(CAST(:ids AS uuid[]))
""")
_CLOCKS = text(
    "SELECT ticket_id, stage, round, turn, state, first_due_at, due_at, stopped_at, floor(extract(epoch FROM paused_for))::bigint AS paused"
    " FROM clocks WHERE ticket_id = ANY(CAST(:ids AS uuid[])) AND stage = ANY(CAST(:stages AS text[])) ORDER BY ticket_id, started_at, id"
)
_SO_FAR = (
    "extended", "paused", "reopened", "unreasonable", "first_accepted_at", "settled_at", "settled_tier",
    "called_round", "called_at", "reached", "contacted", "solved", "satisfied",
)  # fmt: skip


async def restate(work: Work) -> int:
    """Write the event for every ticket that needs it; return how many did. Safe to repeat: none gets a second."""
    after, done = UUID(int=0), 0
    while True:
        found = await work.session.execute(_UNTOLD, {"after": after, "restated": RESTATED, "page": _PAGE})
        ids = [row.id for row in found]
        if not ids:
            return done
        tickets = await lock(work.session, ids)
        said = await what_they_are(work, ids)
        await write(work, [Change(ticket, (EventDraft(RESTATED, said[ticket.id]),)) for ticket in tickets])
        after, done = ids[-1], done + len(ids)


async def what_they_are(work: Work, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return for each ticket what its rows say: the data of the event."""
    found = {}
    for row in (await work.session.execute(_STATES, {"ids": ids})).mappings():
        now = {name: row[name] for name in ("number", "channel", "source")} | {"received_at": row["received_at"].isoformat()}
        found[row["id"]] = {"now": now | values_told(dict(row)), "so_far": {name: _plain(row[name]) for name in _SO_FAR}}
    for clock in await work.session.execute(_CLOCKS, {"ids": ids, "stages": sorted(JUDGED)}):
        instants = [_plain(instant) for instant in (clock.first_due_at, clock.due_at, clock.stopped_at)]
        told = [clock.round, clock.turn, clock.state, *instants, clock.paused]
        found[clock.ticket_id]["now"].setdefault(clock.stage, []).append(told)
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
