"""Keeping the figures: the effect of every `count` delivery.

What a ticket counts for is a pure function of its present state, and what it counted for so far is that function of its row in
`report_facts`. So a delivery adds the difference to the cells and replaces the fact, in one transaction with its acknowledgement:
repeated, late or reordered deliveries change nothing, and the cells are always exactly the sums of the facts.

Locks are taken in one order everywhere (tickets by key, then cells by key) and held to the end of the transaction. Therefore `count`
must be the last effect in a transaction, and be called once in it.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.organization.models import Unit
from services.platform.unit_of_work import Work
from services.reports.facts import Fact, Places, fact_of
from services.reports.measures import COUNTERS, KEY, Sums, difference
from services.reports.models import ReportFact, RollupCell

TICKET_STATE = """
SELECT t.id, t.number, t.version, t.round, t.status, t.source, t.channel, t.category_code, t.urgency, t.area_path,
       t.lead_unit_id, t.desk_unit_id, t.received_at, t.closed_at, c.due_at, c.first_due_at, c.stopped_at AS disposed_at,
       w.called_at, w.reached, w.contacted, w.solved, w.satisfied,
       EXISTS (SELECT FROM demand_exclusions e WHERE e.ticket_id = t.id AND e.round = t.round AND e.state IN ('granted', 'upheld'))
           AS unreasonable
FROM tickets t
LEFT JOIN LATERAL (
    SELECT due_at, first_due_at, stopped_at FROM clocks
    WHERE ticket_id = t.id AND round = t.round AND stage = 'resolve' AND state <> 'cancelled'
    ORDER BY turn DESC LIMIT 1
) c ON true
LEFT JOIN LATERAL (
    SELECT max(b.called_at) AS called_at, bool_or(b.reached) AS reached,
           (array_agg(b.contacted ORDER BY b.called_at DESC, b.id DESC) FILTER (WHERE b.contacted IS NOT NULL))[1] AS contacted,
           (array_agg(b.solved ORDER BY b.called_at DESC, b.id DESC) FILTER (WHERE b.solved IS NOT NULL))[1] AS solved,
           (array_agg(b.satisfied ORDER BY b.called_at DESC, b.id DESC) FILTER (WHERE b.satisfied IS NOT NULL))[1] AS satisfied
    FROM call_backs b WHERE b.ticket_id = t.id GROUP BY b.round ORDER BY b.round DESC LIMIT 1
) w ON true
"""
_LOCK = text(
    "SELECT pg_advisory_xact_lock_shared(:room, -1),"
    " (SELECT count(pg_advisory_xact_lock(:room, key)) FROM unnest(CAST(:keys AS int[])) AS k(key))"
)
_STATES = text(TICKET_STATE + " WHERE t.id = ANY(CAST(:ids AS uuid[])) ORDER BY t.id")
_COLUMNS = Fact._fields
_FACTS = text(f"SELECT {', '.join(_COLUMNS)} FROM report_facts WHERE ticket_id = ANY(CAST(:ids AS uuid[]))")  # noqa: S608
LOCK_ROOM = 0x7265_706F  # "repo": apart from other users of advisory locks. Key -1 is everything: upkeep shares it, a rebuild has it alone.
_KEY_BITS = 0x7FFF_FFFF


_KINDS: dict[type, str] = {UUID: "uuid", str: "text", int: "int", bool: "bool", datetime: "timestamptz", date: "date"}


def _arrays(table: type[ReportFact], columns: Sequence[str]) -> str:
    kinds = {column.name: _KINDS[column.type.python_type] for column in table.__table__.columns}
    return ", ".join(f"CAST(:{column} AS {kinds[column]}[])" for column in columns)


def _names(columns: Sequence[str], form: str) -> str:
    return ", ".join(form.format(column) for column in columns)


_KEEP_FACTS = text(
    f"INSERT INTO report_facts ({_names(_COLUMNS, '{0}')}) SELECT * FROM unnest({_arrays(ReportFact, _COLUMNS)}) "  # noqa: S608
    f"ON CONFLICT (ticket_id) DO UPDATE SET {_names(_COLUMNS[1:], '{0} = excluded.{0}')}"
)
_SUMMED = tuple(COUNTERS)
# A cell travels as one line of text: many times quicker to hand over than an array for each column.
_APART = "\x1f"
_LINES = f"FROM unnest(CAST(:lines AS text[])) AS l(line), LATERAL (SELECT string_to_array(line, chr({ord(_APART)})) AS k OFFSET 0) AS s"
_LINE_KEY = ", ".join(f"CAST(k[{place}] AS {_KINDS[RollupCell.__table__.c[name].type.python_type]})" for place, name in enumerate(KEY, 1))
_LINE_SUMS = ", ".join(f"CAST(k[{place}] AS int)" for place in range(len(KEY) + 1, len(KEY) + len(_SUMMED) + 1))
_KEEP_CELLS = text(
    f"INSERT INTO rollup_cells ({_names(KEY + _SUMMED, '{0}')}) SELECT {_LINE_KEY}, {_LINE_SUMS} {_LINES} "
    f"ON CONFLICT ({_names(KEY, '{0}')}) DO UPDATE SET {_names(_SUMMED, '{0} = rollup_cells.{0} + excluded.{0}')}"
)
_DROP_EMPTY = text(
    f"DELETE FROM rollup_cells c USING (SELECT {_LINE_KEY} {_LINES}) AS k({_names(KEY, '{0}')}) "  # noqa: S608
    f"WHERE ({_names(KEY, 'c.{0}')}) = ({_names(KEY, 'k.{0}')}) AND ({_names(_SUMMED, 'c.{0}')}) = ({_names(_SUMMED, '0')})"
)


async def count(work: Work, ticket_ids: Sequence[UUID]) -> None:
    """Bring the facts of these tickets and all sums to the tickets' present state. Unknown ids count for nothing."""
    ids = sorted(set(ticket_ids))
    if not ids:
        return
    session = work.session
    keys = sorted({ticket_id.int & _KEY_BITS for ticket_id in ids})
    await session.execute(_LOCK, {"room": LOCK_ROOM, "keys": keys})
    # A statement of its own after the lock: under READ COMMITTED it sees what the holder before us committed.
    before = {row[0]: Fact._make(row) for row in await session.execute(_FACTS, {"ids": ids})}
    states = (await session.execute(_STATES, {"ids": ids})).mappings().all()
    places = await places_for(session, (state["area_path"] for state in states))
    changes = []
    for state in states:
        fact = fact_of(dict(state), places)
        known = before.get(fact.ticket_id)
        if known != fact:
            changes.append((known, fact))
    if changes:
        await keep_facts(session, [after for _before, after in changes])
        await keep_sums(session, difference(changes))


async def places_for(session: AsyncSession, paths: Iterable[str]) -> Places:
    """Return which tier each unit is of, kept in the process; read afresh where a unit on one of `paths` is not known yet."""
    engine = session.get_bind().engine
    places = _known_places.get(engine)
    if places is None or not all(places.knows(path) for path in set(paths)):
        units = await session.execute(select(Unit.code, Unit.kind, Unit.tier))
        places = _known_places[engine] = Places.of_units(units.all())
    return places


_known_places: WeakKeyDictionary[Engine, Places] = WeakKeyDictionary()


async def keep_facts(session: AsyncSession, facts: Sequence[Fact]) -> None:
    """Insert or replace these rows of `report_facts`, in one statement."""
    columns = zip(*facts, strict=True)
    await session.execute(_KEEP_FACTS, dict(zip(_COLUMNS, map(list, columns), strict=True)))


async def keep_sums(session: AsyncSession, sums: Sums) -> None:
    """Add `sums` to the cells, in key order, in one statement; cells that come to nothing go."""
    if not sums:
        return
    lines, lessened = [], []
    for key, cell in sorted(sums.items()):
        parts = [key[0], key[1], key[2].isoformat(), *key[3:]]
        if min(cell.values()) < 0:
            lessened.append(_APART.join(parts))
        amounts = ["0"] * len(_SUMMED)
        for counter, amount in cell.items():
            amounts[_COLUMN[counter]] = str(amount)
        lines.append(_APART.join(parts + amounts))
    await session.execute(_KEEP_CELLS, {"lines": lines})
    if lessened:
        await session.execute(_DROP_EMPTY, {"lines": lessened})


_COLUMN = {counter: place for place, counter in enumerate(_SUMMED)}
