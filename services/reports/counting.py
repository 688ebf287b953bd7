"""Keeping the figures: the effect of every `count` delivery.

What a ticket counts for follows from its events (`folding.py`), and what it counted for so far stands in its row of `report_facts`. So a
delivery folds the ticket's journal (`journals.py`), adds the difference to the cells, and replaces the fact, in one transaction with its
acknowledgement: repeated, late or reordered deliveries change nothing, and the cells are always exactly the sums of the facts. What the
ticket was before goes to `report_history`, from when on it was known until when: every report can be asked for as it was known then.

Locks are taken in one order everywhere (tickets by key, then cells by key) and held to the end of the transaction. Therefore `count`
must be the last effect in a transaction, and be called once in it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.platform.unit_of_work import Work
from services.reports.backlog_sums import keep_backlog
from services.reports.durations import DurationKey, duration_difference
from services.reports.facts import Fact
from services.reports.journals import grown
from services.reports.measures import COUNTERS, KEY, Sums, difference
from services.reports.models import PastFact, ReportFact, RollupCell

_LOCK = text(
    "SELECT pg_advisory_xact_lock_shared(:room, -1),"
    " (SELECT count(pg_advisory_xact_lock(:room, key)) FROM unnest(CAST(:keys AS int[])) AS k(key))"
)
_COLUMNS = Fact._fields
_FACTS = text(f"SELECT {', '.join(_COLUMNS)} FROM report_facts WHERE ticket_id = ANY(CAST(:ids AS uuid[]))")  # noqa: S608
LOCK_ROOM = 0x7265_706F  # "repo": apart from other users of advisory locks. Key -1 is everything: upkeep shares it, a rebuild has it alone.
_KEY_BITS = 0x7FFF_FFFF


_KINDS: dict[type, str] = {UUID: "uuid", str: "text", int: "int", bool: "bool", datetime: "timestamptz", date: "date"}


def _names(columns: Sequence[str], form: str) -> str:
    return ", ".join(form.format(column) for column in columns)


# A row travels as one line of text: many times quicker to hand over than an array for each column.
_APART, _NULL = "\x1f", "\x1e"
_LINES = (
    "FROM unnest(CAST(:lines AS text[])) AS l(line),"
    f" LATERAL (SELECT string_to_array(line, chr({ord(_APART)}), chr({ord(_NULL)})) AS k OFFSET 0) AS s"
)


def _casts(table: type[ReportFact | PastFact | RollupCell], columns: Sequence[str]) -> str:
    kinds = {column.name: _KINDS[column.type.python_type] for column in table.__table__.columns}
    return ", ".join(f"CAST(k[{place}] AS {kinds[column]})" for place, column in enumerate(columns, 1))


_KEEP_FACTS = text(
    f"INSERT INTO report_facts ({_names(_COLUMNS, '{0}')}) SELECT {_casts(ReportFact, _COLUMNS)} {_LINES} "
    f"ON CONFLICT (ticket_id) DO UPDATE SET {_names(_COLUMNS[1:], '{0} = excluded.{0}')}"
)
_PAST_COLUMNS = (*_COLUMNS, "known_until")
_KEEP_PAST = text(
    f"INSERT INTO report_history ({_names(_PAST_COLUMNS, '{0}')}) SELECT {_casts(PastFact, _PAST_COLUMNS)} {_LINES} ON CONFLICT DO NOTHING"
)
_SUPERSEDE = text(
    f"INSERT INTO report_history ({_names(_PAST_COLUMNS, '{0}')}) SELECT {_names(_COLUMNS, 'f.{0}')}, u.until FROM report_facts f"  # noqa: S608
    " JOIN unnest(CAST(:ids AS uuid[]), CAST(:until AS timestamptz[])) AS u(id, until) ON u.id = f.ticket_id ON CONFLICT DO NOTHING"
)
_SUMMED = tuple(COUNTERS)
_COLUMN = {counter: place for place, counter in enumerate(_SUMMED)}
_LINE_KEY = _casts(RollupCell, KEY)
# Of so many small numbers an array is read three times as fast as words, and one of fixed width found at once.
_CELL_LINES = (
    "FROM unnest(CAST(:lines AS text[]), CAST(:sums AS text[])) AS l(line, sums), LATERAL"
    f" (SELECT string_to_array(line, chr({ord(_APART)})) AS k, CAST(sums AS int[]) AS n OFFSET 0) AS s"
)
_CELL_SUMS = ", ".join(f"n[{place}]" for place in range(1, len(_SUMMED) + 1))
# What a line came to is told by the row itself: looked for by their keys, cells that are empty would cost more than the sums.
_KEEP_CELLS = text(
    f"WITH kept AS (INSERT INTO rollup_cells AS c ({_names(KEY + _SUMMED, '{0}')}) SELECT {_LINE_KEY}, {_CELL_SUMS} {_CELL_LINES} "  # noqa: S608  our own names
    f"ON CONFLICT ({_names(KEY, '{0}')}) DO UPDATE SET {_names(_SUMMED, '{0} = c.{0} + excluded.{0}')} "
    f"RETURNING c.ctid AS place, ({_names(_SUMMED, 'c.{0}')}) = ({_names(_SUMMED, '0')}) AS empty) SELECT place FROM kept WHERE empty"
)
_DROP_EMPTY = text("DELETE FROM rollup_cells WHERE ctid = ANY(CAST(:places AS tid[]))")
_DURATION_KEY = ("measure", "area", "month", "source", "demand", "minutes")
_KEEP_DURATIONS = text(
    "INSERT INTO duration_cells (measure, area, month, source, demand, minutes, tickets) SELECT * FROM unnest("  # noqa: S608
    "CAST(:measure AS text[]), CAST(:area AS text[]), CAST(:month AS date[]), CAST(:source AS text[]), CAST(:demand AS text[]),"
    " CAST(:minutes AS int[]), CAST(:tickets AS int[]))"
    f" ON CONFLICT ({', '.join(_DURATION_KEY)}) DO UPDATE SET tickets = duration_cells.tickets + excluded.tickets"
)
_DROP_DURATIONS = text(
    "DELETE FROM duration_cells c USING unnest(CAST(:measure AS text[]), CAST(:area AS text[]), CAST(:month AS date[]),"  # noqa: S608
    f" CAST(:source AS text[]), CAST(:demand AS text[]), CAST(:minutes AS int[])) AS k({', '.join(_DURATION_KEY)})"
    f" WHERE ({_names(_DURATION_KEY, 'c.{0}')}) = ({_names(_DURATION_KEY, 'k.{0}')}) AND c.tickets = 0"
)
Past = tuple[Fact, datetime]
"""What a ticket was, and until when that was all that was known."""


async def count(work: Work, ticket_ids: Sequence[UUID]) -> None:
    """Bring the facts of these tickets, their history and all sums to what the journal says. Unknown ids count for nothing."""
    ids = sorted(set(ticket_ids))
    if not ids:
        return
    session = work.session
    keys = sorted({ticket_id.int & _KEY_BITS for ticket_id in ids})
    await session.execute(_LOCK, {"room": LOCK_ROOM, "keys": keys})
    # A statement of its own after the lock: under READ COMMITTED it sees what the holder before us committed.
    before = {row[0]: Fact._make(row) for row in await session.execute(_FACTS, {"ids": ids})}
    changes: list[tuple[Fact | None, Fact]] = []
    past: list[Past] = []
    superseded: list[tuple[UUID, datetime]] = []
    for ticket_id, facts in (await grown(session, ids, before)).items():
        known, fact = before.get(ticket_id), facts[-1]
        if known == fact:
            continue
        changes.append((known, fact))
        for was, until in past_of(facts, known.known_at if known else None):
            if was == known:
                superseded.append((ticket_id, until))
            else:
                past.append((was, until))
    if changes:
        await _keep_superseded(session, superseded)
        await keep_facts(session, [after for _before, after in changes])
        await keep_past(session, past)
        await keep_sums(session, difference(changes))
        await keep_durations(session, duration_difference(changes))
    await keep_backlog(work, ids)


def past_of(facts: Sequence[Fact], since: datetime | None) -> list[Past]:
    """Return what `facts`, oldest first, were before the last: only what was superseded after `since`, where that is given."""
    return [(fact, later.known_at) for fact, later in pairwise(facts) if since is None or later.known_at > since]


async def keep_facts(session: AsyncSession, facts: Sequence[Fact]) -> None:
    """Insert or replace these rows of `report_facts`, in one statement."""
    await session.execute(_KEEP_FACTS, {"lines": [_line(fact) for fact in facts]})


async def keep_past(session: AsyncSession, past: Sequence[Past]) -> None:
    """Add these rows to `report_history`, in one statement; those that are there stay."""
    if past:
        await session.execute(_KEEP_PAST, {"lines": [_line((*fact, until)) for fact, until in past]})


def _line(values: Sequence[object]) -> str:
    return _APART.join([_NULL if value is None else str(value) for value in values])


async def _keep_superseded(session: AsyncSession, superseded: Sequence[tuple[UUID, datetime]]) -> None:
    """Copy the present facts of these tickets to their history, before they are replaced."""
    if superseded:
        ids, until = zip(*superseded, strict=True)
        await session.execute(_SUPERSEDE, {"ids": list(ids), "until": list(until)})


async def keep_sums(session: AsyncSession, sums: Sums) -> None:
    """Add `sums` to the cells, in key order, in one statement; cells that come to nothing go."""
    if not sums:
        return
    lines, amounts = [], []
    for key, cell in sorted(sums.items()):
        lines.append(_APART.join((key[0], key[1].isoformat(), *key[2:])))
        numbers = ["0"] * len(_SUMMED)
        for counter, amount in cell.items():
            numbers[_COLUMN[counter]] = str(amount)
        amounts.append("{" + ",".join(numbers) + "}")
    empty = (await session.scalars(_KEEP_CELLS, {"lines": lines, "sums": amounts})).all()
    if empty:  # theirs until the commit: nobody else can have moved them
        await session.execute(_DROP_EMPTY, {"places": empty})


async def keep_durations(session: AsyncSession, sums: Mapping[DurationKey, int]) -> None:
    """Add `sums` to the cells of durations, in key order, in one statement; cells that come to nothing go."""
    if not sums:
        return
    found = sorted(sums.items())
    await session.execute(_KEEP_DURATIONS, _duration_arrays([key for key, _amount in found]) | {"tickets": [amount for _, amount in found]})
    lessened = [key for key, amount in found if amount < 0]
    if lessened:
        await session.execute(_DROP_DURATIONS, _duration_arrays(lessened))


def _duration_arrays(keys: Sequence[DurationKey]) -> dict[str, Any]:
    return dict(zip(_DURATION_KEY, map(list, zip(*keys, strict=True)), strict=True))
