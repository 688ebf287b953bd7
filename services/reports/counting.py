"""Keeping the figures: the effect of every `count` delivery.

What a ticket counts for is a pure function of its present state, and what it counted for so far is that function of its row in
`report_facts`. So a delivery adds the difference to the cells and replaces the fact, in one transaction with its acknowledgement:
repeated, late or reordered deliveries change nothing, and the cells are always exactly the sums of the facts.

Locks are taken in one order everywhere (tickets by key, then cells by key) and held to the end of the transaction. Therefore `count`
must be the last effect in a transaction, and be called once in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.organization.models import Unit
from services.platform.unit_of_work import Work
from services.reports.facts import Fact, Places, fact_of
from services.reports.measures import COUNTERS, Key, Sums, difference
from services.reports.models import ReportFact, RollupCell

TICKET_STATE = """
SELECT t.id, t.number, t.version, t.round, t.status, t.source, t.channel, t.category_code, t.urgency, t.area_path,
       t.lead_unit_id, t.desk_unit_id, t.received_at, t.closed_at, c.due_at, c.first_due_at, c.stopped_at AS disposed_at
FROM tickets t
LEFT JOIN LATERAL (
    SELECT due_at, first_due_at, stopped_at FROM clocks
    WHERE ticket_id = t.id AND round = t.round AND stage = 'resolve' AND state <> 'cancelled'
    ORDER BY turn DESC LIMIT 1
) c ON true
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


_ARRAYS: dict[type, str] = {UUID: "uuid", str: "text", int: "int", bool: "bool", datetime: "timestamptz", date: "date"}


def _arrays(table: type[ReportFact | RollupCell], columns: Sequence[str]) -> str:
    kinds = {column.name: _ARRAYS[column.type.python_type] for column in table.__table__.columns}
    return ", ".join(f"CAST(:{column} AS {kinds[column]}[])" for column in columns)


def _names(columns: Sequence[str], form: str) -> str:
    return ", ".join(form.format(column) for column in columns)


_KEEP_FACTS = text(
    f"INSERT INTO report_facts ({_names(_COLUMNS, '{0}')}) SELECT * FROM unnest({_arrays(ReportFact, _COLUMNS)}) "  # noqa: S608
    f"ON CONFLICT (ticket_id) DO UPDATE SET {_names(_COLUMNS[1:], '{0} = excluded.{0}')}"
)
_SUMMED = tuple(COUNTERS)
_KEEP_CELLS = text(
    f"INSERT INTO rollup_cells ({_names(Key._fields + _SUMMED, '{0}')}) "  # noqa: S608
    f"SELECT * FROM unnest({_arrays(RollupCell, Key._fields + _SUMMED)}) "
    f"ON CONFLICT ({_names(Key._fields, '{0}')}) DO UPDATE SET {_names(_SUMMED, '{0} = rollup_cells.{0} + excluded.{0}')}"
)
_DROP_EMPTY = text(
    "DELETE FROM rollup_cells c "  # noqa: S608
    f"USING unnest({_arrays(RollupCell, Key._fields)}) AS k({_names(Key._fields, '{0}')}) "
    f"WHERE ({_names(Key._fields, 'c.{0}')}) = ({_names(Key._fields, 'k.{0}')}) AND ({_names(_SUMMED, 'c.{0}')}) = ({_names(_SUMMED, '0')})"
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
    ordered = sorted(sums)
    values: dict[str, list[Any]] = _key_arrays(ordered)
    for counter in _SUMMED:
        values[counter] = [sums[key].get(counter, 0) for key in ordered]
    await session.execute(_KEEP_CELLS, values)
    lessened = [key for key in ordered if min(sums[key].values()) < 0]
    if lessened:
        await session.execute(_DROP_EMPTY, _key_arrays(lessened))


def _key_arrays(keys: Sequence[Key]) -> dict[str, list[Any]]:
    columns: Mapping[str, list[Any]] = dict(zip(Key._fields, map(list, zip(*keys, strict=True)), strict=True))
    return dict(columns)
