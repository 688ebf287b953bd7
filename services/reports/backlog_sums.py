"""Keeping what is open: one row for each open ticket, the sums of them, and the line up to which late ones are summed up.

Whether a ticket is late changes with no event, by time alone. So the sums say how many are due before an instant, the *line*; a duty of the
worker moves it on every few seconds (`sweep`), and whoever asks adds the few tickets that are due between the line and now
(`backlog_known.py`). Rows are made from the tickets and clocks themselves.

Locks, in this order: tickets as `counting.py` takes them, the line (shared by whoever counts, alone for whoever moves it, so that nobody
counts meanwhile), cells by key.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.platform.unit_of_work import Work
from services.reports.backlog_models import NOBODY, BacklogCell, OpenMatter
from services.tickets.lifecycle import OPEN

COLUMNS = tuple(column.name for column in OpenMatter.__table__.columns)
CELL_SUMS = (*OPEN, "late")
assert set(BacklogCell.__table__.columns.keys()) == {"area", "holder", "member", *CELL_SUMS}
_LINE = (0x6261_636B, 1)  # "back": apart from other users of advisory locks
_NAMES = ", ".join(COLUMNS)
OPEN_STATUSES = ", ".join(f"'{status}'" for status in OPEN)

FRESH = f"""
SELECT t.id AS ticket_id, t.number, t.version, t.status, t.urgency, t.channel, t.category_code, t.area_path COLLATE "C" AS area_path,
       t.lead_unit_id, t.lead_member_id, t.received_at, c.dues[1] AS due_at, c.stages, c.dues, g.given_to
FROM tickets t
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(k.stage ORDER BY k.due_at, k.stage), '{{}}') AS stages,
           coalesce(array_agg(k.due_at ORDER BY k.due_at, k.stage), '{{}}') AS dues
    FROM clocks k WHERE k.ticket_id = t.id AND k.state = 'running') c
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT u.unit_id ORDER BY u.unit_id), '{{}}') AS given_to FROM (
        SELECT a.unit_id FROM assignments a WHERE a.ticket_id = t.id
        UNION ALL SELECT w.unit_id FROM whistles h JOIN whistle_calls w ON w.whistle_id = h.id WHERE h.ticket_id = t.id
        UNION ALL SELECT d.to_unit_id FROM directives d WHERE d.ticket_id = t.id AND d.kind = 'instruct') u
    WHERE u.unit_id IS NOT NULL) g
WHERE t.status IN ({OPEN_STATUSES})
"""  # noqa: S608  names of our own
"""What open tickets are now, as rows of `open_matters`."""
_OF_SOME = "AND t.id = ANY(CAST(:ids AS uuid[]))"
FRESH_OF_SOME = f"{FRESH} {_OF_SOME}"

_CELL_NAMES = ", ".join(("area", "holder", "member", *CELL_SUMS))
_BY_STATUS = ", ".join(f"coalesce(sum(n) FILTER (WHERE status = '{status}'), 0)::int AS {status}" for status in OPEN)
_ADDED = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in CELL_SUMS)
_NOTHING = f"({', '.join(CELL_SUMS)}) = ({', '.join('0' for _ in CELL_SUMS)})"
# The areas a path lies in: /a/b/ is in /a/ and in /a/b/.
_AREAS = (
    "LATERAL (SELECT '/' || array_to_string(p.parts[1:depth], '/') || '/' AS area"
    " FROM (SELECT string_to_array(trim(BOTH '/' FROM area_path), '/') AS parts) p, generate_series(1, cardinality(p.parts)) AS depth) AS a"
)


def _cells_of(net: str) -> str:
    """Return what rows of (area_path, holder, member, status, late, n) come to in cells."""
    return (
        f'SELECT a.area COLLATE "C" AS area, holder, member, {_BY_STATUS}, coalesce(sum(n) FILTER (WHERE late), 0)::int AS late'  # noqa: S608
        f" FROM ({net}) AS net, {_AREAS} GROUP BY 1, 2, 3"
    )


def _summed(rows: str, late: str) -> str:
    """Return the query of (area_path, holder, member, status, late, n) over rows with a `sign`, of which something is left."""
    return (
        f"SELECT area_path, coalesce(lead_unit_id, '{NOBODY}') AS holder, coalesce(lead_member_id, '{NOBODY}') AS member, status,"  # noqa: S608
        f" coalesce({late}, false) AS late, sum(sign) AS n FROM ({rows}) AS signed GROUP BY 1, 2, 3, 4, 5 HAVING sum(sign) <> 0"
    )


_ADD = (
    f"INSERT INTO backlog_cells AS kept ({_CELL_NAMES}) SELECT {_CELL_NAMES} FROM difference"  # noqa: S608
    f" WHERE NOT {_NOTHING} ORDER BY area, holder, member ON CONFLICT (area, holder, member) DO UPDATE SET {_ADDED}"
)
_LINE_AT = "(SELECT line_at FROM backlog_line)"
_SIGNED = "area_path, lead_unit_id, lead_member_id, status, due_at"
_KEEP = text(f"""
WITH was AS MATERIALIZED (SELECT {_NAMES} FROM open_matters WHERE ticket_id = ANY(CAST(:ids AS uuid[]))),
is_now AS MATERIALIZED ({FRESH_OF_SOME}),
gone AS (DELETE FROM open_matters m USING was w WHERE m.ticket_id = w.ticket_id AND NOT EXISTS (
    SELECT FROM is_now i WHERE i.ticket_id = w.ticket_id)),
kept AS (
    INSERT INTO open_matters ({_NAMES}) SELECT {", ".join(f"i.{name}" for name in COLUMNS)} FROM is_now i LEFT JOIN was w USING (ticket_id)
    WHERE w.ticket_id IS NULL OR ({", ".join(f"i.{name}" for name in COLUMNS[1:])}) IS DISTINCT FROM ({
    ", ".join(f"w.{name}" for name in COLUMNS[1:])
})
    ON CONFLICT (ticket_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])}),
difference AS MATERIALIZED ({
    _cells_of(_summed(f"SELECT -1 AS sign, {_SIGNED} FROM was UNION ALL SELECT 1, {_SIGNED} FROM is_now", f"due_at < {_LINE_AT}"))
}),
added AS ({_ADD} RETURNING area, holder, member, {_NOTHING} AS empty)
SELECT area, holder, member FROM added WHERE empty
""")  # noqa: S608  names of our own
_DROP_EMPTY = text(
    "DELETE FROM backlog_cells c USING unnest(CAST(:areas AS text[]), CAST(:holders AS uuid[]), CAST(:members AS uuid[]))"  # noqa: S608
    f" AS k(area, holder, member) WHERE c.area = k.area AND c.holder = k.holder AND c.member = k.member AND {_NOTHING}"
)
_SHARE_LINE = text("SELECT pg_advisory_xact_lock_shared(:room, :key)")
_HOLD_LINE = text("SELECT pg_advisory_xact_lock(:room, :key)")
_SWEEP = text(f"""
WITH swept AS MATERIALIZED (
    SELECT m.area_path, m.lead_unit_id, m.lead_member_id, m.status, CASE WHEN m.due_at >= l.line_at THEN 1 ELSE -1 END AS sign
    FROM backlog_line l JOIN open_matters m ON m.due_at >= least(l.line_at, :now) AND m.due_at < greatest(l.line_at, :now)),
net AS (
    SELECT area_path, coalesce(lead_unit_id, '{NOBODY}') AS holder, coalesce(lead_member_id, '{NOBODY}') AS member, sum(sign)::int AS n
    FROM swept GROUP BY 1, 2, 3),
difference AS MATERIALIZED (
    SELECT a.area COLLATE "C" AS area, holder, member, sum(n)::int AS late FROM net, {_AREAS} GROUP BY 1, 2, 3),
moved AS (
    UPDATE backlog_cells c SET late = c.late + d.late FROM difference d
    WHERE c.area = d.area AND c.holder = d.holder AND c.member = d.member),
line AS (UPDATE backlog_line SET line_at = :now WHERE line_at <> :now)
SELECT count(*) FROM swept
""")  # noqa: S608  names of our own
_FILL = text(f"INSERT INTO open_matters ({_NAMES}) SELECT {_NAMES} FROM ({FRESH}) AS fresh ORDER BY area_path, ticket_id")  # noqa: S608
_ALL = _cells_of(_summed(f"SELECT 1 AS sign, {_SIGNED} FROM open_matters", f"due_at < {_LINE_AT}"))  # noqa: S608
_ADD_UP = text(f"WITH difference AS ({_ALL}) {_ADD}")
_AT_LEAST_A_LINE = text("INSERT INTO backlog_line (line_at) VALUES (:now) ON CONFLICT DO NOTHING")


async def keep_backlog(work: Work, ticket_ids: Sequence[UUID]) -> None:
    """Bring the rows and sums of these tickets to what tickets and clocks say; whoever calls has them locked as `count` does."""
    session = work.session
    await session.execute(_SHARE_LINE, _line())
    emptied = (await session.execute(_KEEP, {"ids": list(ticket_ids)})).all()
    if emptied:
        areas, holders, members = zip(*sorted(tuple(row) for row in emptied), strict=True)
        await session.execute(_DROP_EMPTY, {"areas": list(areas), "holders": list(holders), "members": list(members)})


async def sweep(work: Work) -> int:
    """Move the line to now, whichever way that is; return how many tickets it passed. Safe to repeat, and for several at once."""
    await work.session.execute(_HOLD_LINE, _line())
    return int(await work.session.scalar(_SWEEP, {"now": work.now}) or 0)


async def refill(work: Work) -> None:
    """Make every row and sum anew from the tickets and clocks; whoever calls keeps `count` out. The line stays where it is."""
    session = work.session
    await session.execute(text("SET LOCAL statement_timeout = 0"))
    await session.execute(_HOLD_LINE, _line())
    for table in ("backlog_cells", "open_matters"):
        await session.execute(text(f"DELETE FROM {table}"))  # noqa: S608  names of our own
    await session.execute(_AT_LEAST_A_LINE, {"now": work.now})
    await session.execute(_FILL)
    await session.execute(_ADD_UP)


def _line() -> dict[str, Any]:
    room, key = _LINE
    return {"room": room, "key": key}
