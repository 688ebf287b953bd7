"""Trying changed rules on the matters of a period: reading them, in one look at the database that writes nothing, and reporting."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.catalogue.definition import catalogue_of, read_definition
from services.catalogue.queries import catalogue
from services.deadlines.calendars import calendars_from
from services.deadlines.ladders import ladders_from
from services.deadlines.models import Clock, ClockMove
from services.deadlines.queries import calendar_book, ladder_book
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.bulk import one_of
from services.platform.clock import day_end, day_start
from services.platform.database import Json
from services.platform.errors import Invalid, Unavailable
from services.policies.actions import Kind
from services.policies.findings import MALFORMED, blocked
from services.simulation.matters import Matter, MatterClock, Period, RuleSet
from services.simulation.trial import Trial
from services.simulation.views import Simulation, simulation_view
from services.tickets.models import Ticket

BATCH = 500

_MATTER = (
    Ticket.id, Ticket.number, Ticket.category_code, Ticket.urgency, Ticket.terms, Ticket.place_unit_id, Ticket.area_path,
    Ticket.surface_to_id, Ticket.received_at,
)  # fmt: skip
_CORRECTED = (
    select(func.coalesce(func.sum(ClockMove.due_after - ClockMove.due_before), timedelta()))
    .where(ClockMove.clock_id == Clock.id, ClockMove.kind == "correction")
    .scalar_subquery()
)
"""By how much a corrected category or urgency brought a clock forward: its limit says that already."""
_CLOCK = (
    Clock.stage, Clock.round, Clock.started_at, Clock.stopped_at, Clock.limit_amount, Clock.limit_unit, Clock.start_rule,
    (Clock.due_at - Clock.first_due_at - _CORRECTED).label("granted"), Clock.paused_for, Clock.unit_id, Clock.paused_at,
)  # fmt: skip

Progress = Callable[[int, int], None]
"""Is told how many matters were tried, and of how many."""


async def read_only(session: AsyncSession) -> None:
    """Have this transaction see one state of the database and write nothing; before anything else is done in it."""
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


async def simulate(
    session: AsyncSession,
    kind: Kind,
    definition: Json,
    period: Period,
    now: datetime,
    *,
    at_most: int | None = None,
    progress: Progress = lambda done, total: None,  # noqa: ARG005  the plainest one: it tells nobody
) -> Simulation:
    """Try rules of one kind on the matters received in `period`, beside the rules in force at `now`.

    Rules that a lint blocks can be tried, rules that cannot be read cannot (409 ``policy.blocked``). Raises 422 ``simulation.too_many``
    where there are more matters than `at_most`, 422 ``simulation.nothing_to_try`` for rules of reports, 503 where no county is loaded.
    """
    tree = await unit_tree(session)
    if tree.root is None:
        raise Unavailable("organization.not_loaded", f"There is no unit {tree.root_code}. Load the county first: `daguanjia load-units`.")
    findings = await kind.check(session, definition)
    if any(finding.kind == MALFORMED for finding in findings):
        raise blocked(findings)
    received = (Ticket.received_at >= day_start(period.first)) & (Ticket.received_at < day_end(period.last))
    total = await session.scalar(select(func.count()).select_from(Ticket).where(received)) or 0
    if at_most is not None and total > at_most:
        raise Invalid(
            "simulation.too_many",
            f"There are {total} matters in this period, and {at_most} are tried here at most. Take a shorter one, or run "
            "`daguanjia simulate`.",
            extra={"matters": total, "at_most": at_most},
        )
    before = await _present(session, now)
    trial = Trial(before, _changed(before, kind.name, definition, tree), tree, now)
    async for matters in _matters(session, received):
        await asyncio.to_thread(trial.take, matters)  # a door goes on answering meanwhile
        progress(trial.outcome.matters, total)
    return simulation_view(kind.name, period, trial.outcome, findings, tree)


async def _present(session: AsyncSession, now: datetime) -> RuleSet:
    calendars, ladders = await calendar_book(session), await ladder_book(session)
    return RuleSet(await catalogue(session), calendars.at(now), ladders.at(now))


def _changed(before: RuleSet, kind: str, definition: Json, tree: UnitTree) -> RuleSet:
    """Return the rules in force with those of one kind in place of their own."""
    if kind == "catalogue":
        read, _findings = read_definition(definition)
        return RuleSet(catalogue_of(read, tree), before.calendars, before.ladders)
    if kind == "calendar":
        return RuleSet(before.catalogue, calendars_from(0, definition), before.ladders)
    if kind != "ladder":
        raise Invalid("simulation.nothing_to_try", "These rules judge what was done; they move no matter and no deadline.")
    return RuleSet(before.catalogue, before.calendars, ladders_from(0, definition))


async def _matters(session: AsyncSession, received: ColumnElement[bool]) -> AsyncIterator[list[Matter]]:
    """Yield the matters in the order in which they came, in batches."""
    after: tuple[datetime, UUID] | None = None
    while True:
        query: Any = select(*_MATTER).where(received).order_by(Ticket.received_at, Ticket.id).limit(BATCH)
        if after is not None:
            query = query.where(tuple_(Ticket.received_at, Ticket.id) > after)
        rows = (await session.execute(query)).all()
        if not rows:
            return
        after = (rows[-1].received_at, rows[-1].id)
        clocks = await _clocks(session, [row.id for row in rows])
        yield [replace(Matter(*row), clocks=tuple(clocks[row.id])) for row in rows]


async def _clocks(session: AsyncSession, ids: list[UUID]) -> defaultdict[UUID, list[MatterClock]]:
    """Return the clocks of some matters; without those that ended without a verdict."""
    found: defaultdict[UUID, list[MatterClock]] = defaultdict(list)
    query = select(Clock.ticket_id, *_CLOCK).where(one_of(Clock.ticket_id, ids), Clock.state != "cancelled").order_by(Clock.id)
    for ticket_id, *clock in await session.execute(query):
        found[ticket_id].append(MatterClock(*clock))
    return found
