"""What stood open at an instant in the past: the tickets that were open and their clocks, as they were known then.

Tickets are the facts that were known then, and clocks are made from the deeds that the journal had recorded by then
(`services/deadlines/clocks.py`). What is open now: `backlog_known.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, FromClause, select, text

from services.deadlines.clocks import ClockState, clocks_of
from services.deadlines.models import Clock
from services.deadlines.queries import clock_rules
from services.journal.models import Event
from services.platform.bulk import one_of
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work
from services.reports.known import known_when, require_known
from services.reports.selecting import columns_of
from services.tickets.filters import Columns
from services.tickets.lifecycle import OPEN

MOST = 20_000
"""Open tickets whose clocks are made again for one answer."""
Wanted = Callable[[Columns], Sequence[ColumnElement[bool]]]
_CLOCK = ("id", "ticket_id", "stage", "state", "due_at")


@dataclass(frozen=True)
class Standing:
    """Where tickets and clocks are read from, the instant they are looked at, and up to when everything that was known then is in them."""

    tickets: Columns
    clocks: FromClause
    at: datetime
    until: datetime
    stale_seconds: int

    def is_open(self) -> ColumnElement[bool]:
        """Return the condition that a ticket was open then."""
        return self.tickets["status"].in_(OPEN)


async def standing(work: Work, as_of: datetime, wanted: Wanted) -> Standing:
    """Return what stood open `as_of`, with only the clocks of tickets that meet the conditions `wanted` makes over columns.

    Raises Invalid ``as_of.future``, and ``as_of.too_much`` where so many of those that are wanted were open.
    """
    require_known(as_of, work.now)
    known = await known_when(work, as_of)
    facts, columns = known.facts, columns_of(known.facts)
    query = select(facts.c.ticket_id).where(facts.c.status.in_(OPEN), *wanted(columns)).limit(MOST + 1)
    ids = list(await work.session.scalars(query))
    if len(ids) > MOST:
        raise Invalid("as_of.too_much", f"More than {MOST} tickets were open then: ask for a smaller area, or for one holder.")
    clocks = _clock_rows(await clocks_then(work, ids, as_of))
    return Standing(columns, clocks, as_of, known.as_of, known.stale_seconds)


def joined(stand: Standing, *conditions: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """Return the conditions that a running clock of a ticket was past due then, beside `conditions`."""
    clocks = stand.clocks.c
    return [clocks.ticket_id == stand.tickets["id"], clocks.state == "running", clocks.due_at < stand.at, *conditions]


async def clocks_then(work: Work, ids: Sequence[UUID], as_of: datetime) -> list[ClockState]:
    """Return the clocks of these tickets as they were known then; none that was started before deeds were written to the journal."""
    told: dict[UUID, list[dict[str, object]]] = {}
    events = select(Event.subject_id, Event.data).where(one_of(Event.subject_id, ids), Event.recorded_at <= as_of)
    for row in await work.session.execute(events.where(Event.data.has_key("clocks")).order_by(Event.subject_id, Event.seq)):
        told.setdefault(row.subject_id, []).append(row.data)
    rules = await clock_rules(work.session)
    return [clock for ticket_id, data in told.items() for clock in clocks_of(ticket_id, data, rules)]


def _clock_rows(clocks: Sequence[ClockState]) -> FromClause:
    """Return clocks of our own making as rows to select from."""
    types = {name: Clock.__table__.c[name].type for name in _CLOCK}
    given = orjson.dumps([{name: getattr(clock, name) for name in _CLOCK} for clock in clocks], default=str).decode()
    query = text(f"SELECT {', '.join(_CLOCK)} FROM jsonb_populate_recordset(NULL::clocks, CAST(:clocks AS jsonb))")  # noqa: S608
    return query.bindparams(clocks=given).columns(**types).subquery("clocks_then")
