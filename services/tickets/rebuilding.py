"""Every clock again from the journal alone, and where the rows say something else.

The rows of `clocks` are what the deeds in the events come to (`services/deadlines/clocks.py`); so a verdict can be checked by anybody who
has the journal and the policies, and a row that was changed past the application is found.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.deadlines.clocks import ClockRules, ClockState, clocks_of
from services.deadlines.models import Clock
from services.deadlines.queries import clock_rules
from services.platform.bulk import one_of
from services.tickets.escalating import PUT_OFF
from services.tickets.models import Ticket
from services.tickets.told_deeds import deeds_of

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """A clock whose row is not what the journal says. `columns` gives the row's value and the journal's; None where one side has none."""

    number: str
    clock_id: UUID
    stage: str
    columns: dict[str, tuple[Any, Any]] | None
    in_journal: bool
    in_table: bool

    def said(self) -> str:
        """Return what differs, in a line."""
        if self.columns is None:
            return "only in the journal" if self.in_journal else "only in the table"
        return "; ".join(f"{name} is {row}, by the journal {journal}" for name, (row, journal) in self.columns.items())


@dataclass(frozen=True, slots=True)
class Checked:
    """What one page of tickets came to. `untold` clocks were started before deeds were written to the journal."""

    tickets: int
    clocks: int
    untold: int
    differences: tuple[Difference, ...]


async def check_clocks(session: AsyncSession) -> AsyncIterator[Checked]:
    """Compare the clocks of every ticket with those the journal makes, page by page. Reads only."""
    last: UUID | None = None
    put_off = (await session.execute(select(func.now()))).scalar_one() + PUT_OFF
    while True:
        query = select(Ticket.id, Ticket.number).order_by(Ticket.id).limit(_PAGE)
        page = (await session.execute(query.where(Ticket.id > last) if last else query)).all()
        if not page:
            return
        last = page[-1].id
        yield await _checked(session, {row.id: row.number for row in page}, await clock_rules(session), put_off)


async def _checked(session: AsyncSession, numbers: dict[UUID, str], rules: ClockRules, put_off: datetime) -> Checked:
    rows = await session.execute(select(Clock.__table__).where(one_of(Clock.ticket_id, numbers)))
    kept = {row.id: ClockState.of(row) for row in rows}
    events = await deeds_of(session, list(numbers))
    told = {clock.id: clock for ticket_id, data in events.items() for clock in clocks_of(ticket_id, data, rules)}
    untold = {clock.id for clock in kept.values() if clock.id not in told and clock.started_at < _since(events.get(clock.ticket_id))}
    found = []
    for clock_id in sorted((kept.keys() | told.keys()) - untold):
        row, journal = kept.get(clock_id), told.get(clock_id)
        columns = _columns(row, journal, put_off) if row and journal else None
        if columns or not (row and journal):
            known = row or journal
            assert known is not None
            found.append(Difference(numbers[known.ticket_id], clock_id, known.stage, columns, journal is not None, row is not None))
    return Checked(len(numbers), len(kept), len(untold), tuple(found))


def _since(events: Sequence[dict[str, Any]] | None) -> datetime:
    """Return from when on the clocks of a ticket are told of in its journal: from its beginning, where that tells of one."""
    first = events[0] if events else None
    if first is not None and "number" in first:  # the event it was received with
        return datetime.min.replace(tzinfo=UTC)
    return datetime.max.replace(tzinfo=UTC)


def _columns(row: ClockState, journal: ClockState, put_off: datetime) -> dict[str, tuple[Any, Any]]:
    told = asdict(journal)
    differing = {name: (value, told[name]) for name, value in asdict(row).items() if value != told[name]}
    if row.next_level_at and journal.next_level_at and journal.next_level_at < row.next_level_at <= put_off:
        differing.pop("next_level_at", None)  # a level that could not be recorded is looked at again in a while, and not in years
    return differing
