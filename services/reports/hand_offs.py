"""二传手: who passes matters on, and who does so without having done anything about them.

Counted over the dispatch orders given in the period, of whichever day the matter is. A unit *received* a ticket where it was made its
lead; it *passed it on* where it gave it back, handed it up, or had it transferred at its own wish; and it did so *idly* where it wrote no
work record of its own between getting it and passing it on. What a desk takes away, what lateness moves and what is renumbered is nobody's
passing on. Each ticket counts once a unit, however often it came by; `times` counts every time.

As of an instant in the past the orders count that were given by then, each with its end if it had ended by then, and tickets are the facts
that were known of them (`known.py`). An order that a unit has under another number since was still its predecessor's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Row, Select, Subquery, and_, cast, exists, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from services.identity.permissions import scope_of
from services.journal.models import Event
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.bulk import one_of
from services.platform.clock import day_end, day_start, local_day
from services.platform.errors import NotFound
from services.platform.rounding import percent_text
from services.platform.unit_of_work import Work
from services.reports.drilldown import place_name
from services.reports.figures import named, one_snapshot
from services.reports.hand_off_views import HandOffCounts, HandOffs, HandOffTicket, UnitHandOffs
from services.reports.known import Known, known_when, require_known
from services.reports.planning import Period
from services.reports.questions import find_holder, find_place
from services.reports.selecting import columns_of, in_area
from services.reports.views import PeriodView
from services.tickets.filters import TICKETS, Columns, TicketFilter, compile_filter, compile_scope
from services.tickets.models import Assignment, Ticket, WorkLog

PASSED_ON = ("returned", "handed_up", "transferred_at_wish")
"""Ends of an order by which a unit passes a ticket on itself."""
Part = Literal["received", "passed_on", "idle"]
Place = tuple[datetime, UUID]
_SHOWN = ("number", "status", "category_code", "area_path", "lead_unit_id", "received_at")
_COUNTS = ("received", "passed_on", "idle", "times")


@dataclass(frozen=True)
class AskedHandOffs:
    """A question as it came: a period, where the matters are, who was given them, and what they are about."""

    first: date | None = None
    last: date | None = None
    unit: str | None = None
    holder: str | None = None
    category: str | None = None
    as_of: datetime | None = None

    def period(self, today: date) -> Period:
        """Return the days in question: this month up to today, where nothing is said."""
        last = self.last or (max(today, self.first) if self.first else today)
        return Period(self.first or last.replace(day=1), last)


async def hand_offs(work: Work, asked: AskedHandOffs) -> HandOffs:
    """Return the counts of each unit that was given a ticket, the one that passed most on idly first, and of all together.

    Raises Invalid ``as_of.future``, and what `find_place` and `find_holder` raise; so does the list.
    """
    tree, known = await _begin(work, asked)
    period = asked.period(local_day(asked.as_of or work.now))
    given = _given(work, tree, asked, period, _tickets(known))
    by_unit = await work.session.execute(_counted(given).add_columns(given.c.unit_id).group_by(given.c.unit_id))
    units = [UnitHandOffs(unit=named(tree.by_id.get(row.unit_id)), **_counts(row).model_dump()) for row in by_unit]
    units.sort(key=lambda found: (-found.idle, -found.passed_on, -found.received, found.unit.code if found.unit else ""))
    total = (await work.session.execute(_counted(_once(given)))).one()
    return HandOffs(
        as_of=known.as_of if known else work.now, period=PeriodView(first=period.first, last=period.last), total=_counts(total), units=units
    )


async def handed_off(
    work: Work, asked: AskedHandOffs, *, of: str | None, part: Part, after: Place | None, limit: int, total: int | None = None
) -> tuple[int, list[HandOffTicket], Place | None]:
    """Return how many tickets `part` of the figure counts, a page of them, and where the next page goes on.

    `of` is the unit of a row; without it, all together. A row may be another unit's: what is listed are tickets the asker may see.
    `total`: where a page before, of the same snapshot, told it.
    """
    tree, known = await _begin(work, asked)
    tickets = _tickets(known)
    given = _given(work, tree, asked, asked.period(local_day(asked.as_of or work.now)), tickets)
    unit = tree.by_code.get(of) if of else None
    if of and unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    found = _once(given, [given.c.unit_id == unit.id] if unit else [])
    wanted = [] if part == "received" else [found.c.passed_on > 0 if part == "passed_on" else found.c.idle > 0]
    if total is None:
        total = await work.session.scalar(select(func.count()).select_from(found).where(*wanted))
    query = select(found, *(tickets[name] for name in _SHOWN))
    query = query.join_from(found, tickets["id"].table, tickets["id"] == found.c.ticket_id).where(*wanted)
    query = query.order_by(found.c.given_at, found.c.ticket_id).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(found.c.given_at, found.c.ticket_id) > tuple_(*after))
    rows = (await work.session.execute(query)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    returns = await _returns(work, [row.ticket_id for row in rows[:limit]], asked.as_of)
    items = [_ticket(tree, row, returns[row.ticket_id]) for row in rows[:limit]]
    return total or 0, items, (last.given_at, last.ticket_id) if last is not None else None


async def _begin(work: Work, asked: AskedHandOffs) -> tuple[UnitTree, Known | None]:
    """Return the tree, and what was known as of the instant asked for, where one is. Raises Invalid ``as_of.future``."""
    await one_snapshot(work.session)
    require_known(asked.as_of, work.now)
    return await unit_tree(work.session), await known_when(work, asked.as_of) if asked.as_of is not None else None


def _tickets(known: Known | None) -> Columns:
    return columns_of(known.facts) if known else TICKETS


def _given(work: Work, tree: UnitTree, asked: AskedHandOffs, period: Period, tickets: Columns) -> Subquery:
    """Return a row for each unit and ticket: given it as the lead in the period, how often passed on, how often idly. Under scope."""
    scope = scope_of(work.actor)
    place, holder = find_place(tree, scope, asked.unit), find_holder(tree, scope, asked.holder)
    wanted = TicketFilter(category=[asked.category] if asked.category else [])
    conditions = [*compile_filter(wanted, tickets), *in_area(place, tickets, asked.as_of)]
    conditions += [compile_scope(scope, tickets, as_of=asked.as_of), *_standing(asked.as_of)]
    if holder is not None:
        conditions.append(Assignment.unit_id.in_(select(Unit.id).where(Unit.path.startswith(holder.path, autoescape=True))))
    passed: ColumnElement[bool] = Assignment.end.in_(PASSED_ON)
    if asked.as_of is not None:
        passed = and_(passed, Assignment.ended_at <= asked.as_of)
    return (
        select(
            Assignment.unit_id,
            Assignment.ticket_id,
            func.min(Assignment.assigned_at).label("given_at"),
            func.count().filter(passed).label("passed_on"),
            func.count().filter(and_(passed, ~_worked())).label("idle"),
        )
        .join(tickets["id"].table, tickets["id"] == Assignment.ticket_id)
        .where(
            Assignment.part == "lead",
            Assignment.assigned_at >= day_start(period.first),
            Assignment.assigned_at < day_end(period.last),
            *conditions,
        )
        .group_by(Assignment.unit_id, Assignment.ticket_id)
        .subquery()
    )


def _standing(as_of: datetime | None) -> list[ColumnElement[bool]]:
    """Return the conditions that an order was given, and not to another unit whose number its own follows; as of then, where given."""
    if as_of is None:
        return [or_(Assignment.end.is_(None), Assignment.end != "renumbered")]
    before = aliased(Assignment)
    not_yet_followed = exists().where(
        before.ticket_id == Assignment.ticket_id,
        before.part == "lead",
        before.end == "renumbered",
        before.assigned_at == Assignment.assigned_at,
        before.sequence < Assignment.sequence,
        before.ended_at > as_of,
    )
    stood = or_(Assignment.end.is_(None), Assignment.end != "renumbered", Assignment.ended_at > as_of)
    return [Assignment.assigned_at <= as_of, stood, ~and_(Assignment.why["rule"].astext == "renumbered", not_yet_followed)]


def _worked() -> ColumnElement[bool]:
    """Return the condition that a unit wrote a work record between getting the ticket and the end, under an earlier number of its own too.

    What it was given before it was renumbered goes on as an order of the same instant (`services/tickets/following.py`).
    """
    before = aliased(Assignment)
    earlier = exists().where(
        before.ticket_id == Assignment.ticket_id,
        before.part == "lead",
        before.end == "renumbered",
        before.assigned_at == Assignment.assigned_at,
        before.unit_id == WorkLog.unit_id,
    )
    return exists().where(
        WorkLog.ticket_id == Assignment.ticket_id,
        or_(WorkLog.unit_id == Assignment.unit_id, earlier),
        WorkLog.recorded_at.between(Assignment.assigned_at, Assignment.ended_at),
    )


def _once(given: Subquery, conditions: Sequence[ColumnElement[bool]] = ()) -> Subquery:
    """Return a row for each ticket, over the units that were given it."""
    summed = [func.sum(given.c[name]).label(name) for name in ("passed_on", "idle")]
    query = select(given.c.ticket_id, func.min(given.c.given_at).label("given_at"), *summed)
    return query.where(*conditions).group_by(given.c.ticket_id).subquery()


def _counted(rows: Subquery) -> Select[Any]:
    """Return the query of how many rows there are, and of how many each part says something."""
    passed_on, idle = rows.c.passed_on, rows.c.idle
    return select(
        func.count().label("received"),
        func.count().filter(passed_on > 0).label("passed_on"),
        func.count().filter(idle > 0).label("idle"),
        func.coalesce(func.sum(passed_on), 0).label("times"),
    ).select_from(rows)


def _counts(row: Row[Any]) -> HandOffCounts:
    received, passed_on, idle, times = (int(getattr(row, name)) for name in _COUNTS)
    return HandOffCounts(
        received=received,
        passed_on=passed_on,
        idle=idle,
        times=times,
        passed_on_share=percent_text(passed_on, received),
        idle_share=percent_text(idle, received),
    )


async def _returns(work: Work, ids: Sequence[UUID], as_of: datetime | None) -> dict[UUID, int]:
    """Return how often each ticket was returned; as of then what its journal had said by then."""
    if as_of is None:
        found = await work.session.execute(select(Ticket.id, Ticket.returns).where(one_of(Ticket.id, ids)))
    else:
        now = Event.data["now"]
        told = select(Event.subject_id, cast(now["returns"].astext, Integer)).where(one_of(Event.subject_id, ids))
        told = told.where(Event.recorded_at <= as_of, now.has_key("returns"))
        found = await work.session.execute(told.order_by(Event.subject_id, Event.seq))  # of each the last one stays
    return dict.fromkeys(ids, 0) | {row[0]: row[1] for row in found}


def _ticket(tree: UnitTree, row: Row[Any], returns: int) -> HandOffTicket:
    return HandOffTicket(
        number=row.number,
        status=row.status,
        category=row.category_code,
        place=place_name(tree, row.area_path),
        holder=named(tree.by_id.get(row.lead_unit_id)),
        received_at=row.received_at,
        given_at=row.given_at,
        times_passed_on=int(row.passed_on),
        times_idly=int(row.idle),
        returns=returns,
    )
