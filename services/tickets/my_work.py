"""My work: the tickets that wait for somebody in their seats, due soon first, and exactly what changed since they looked.

What is mine: tickets my seats hold (handed out, taken on, or done and still to be answered), open tasks of my seats as co-handler, and at
a dispatching desk what was given back or reopened and waits there to be handed out again.

Since when: times do not say in which order transactions became visible. One that began before a look and was committed after it has the
earlier time and was not seen. So the cursor is the snapshot the look was taken in (``pg_current_snapshot``), and each ticket carries the
number of the transaction that changed it last: what that snapshot did not see is what changed since, exactly, however long a transaction
took. Tickets that changed and were mine before are told as gone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Row,
    Text,
    Uuid,
    and_,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    tuple_,
    union,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncSession

from services.deadlines.models import Clock
from services.identity.permissions import DESKS, scope_of
from services.platform.actor import Actor
from services.platform.bulk import one_of
from services.platform.secrets import fingerprint
from services.routing.rules import WORKING_ROLES
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.lifecycle import OPEN
from services.tickets.models import Assignment, Directive, Ticket, Whistle, WhistleCall
from services.tickets.queries import lines
from services.tickets.views import GoneTicket, WorkItem

STAGES = ("accept", "first_contact", "resolve", "answer")
"""Limits of whoever holds the ticket. Verifying is for somebody else, and a review is put off on purpose."""
AT_THE_DESK = ("dispatch", "adjudicate")
OF_A_UNIT = ("task", "respond", "instruct")
"""Limits of a unit beside the holder: of a co-handler, of one that a whistle calls, of one that was instructed."""
_WORKING = ("dispatched", "accepted")
_T = Ticket.__table__


class Since(NamedTuple):
    """Where a look was: the database it was taken in, its snapshot, for which seats, and when (in seconds)."""

    database: int
    snapshot: str
    seats: str
    at: int


class Page(NamedTuple):
    """Up to so many rows in the order of the list, and whether there are more. `ends` is where the last one stands in that order."""

    items: list[WorkItem]
    gone: list[GoneTicket]
    ends: tuple[str, str] | None


async def look(session: AsyncSession, actor: Actor, now: datetime) -> Since:
    """Return where a look is taken: before the list is read, so that what changes in between is told the next time."""
    found = (await session.execute(_LOOK)).one()
    return Since(found.database, found.snapshot, seats_of(actor), int(now.timestamp()))


async def follows(session: AsyncSession, since: Since, present: Since, *, days: int) -> bool:
    """Tell whether what changed since a look can be said at `present`: in the same database, not put back since, for the same seats."""
    if (since.database, since.seats) != (present.database, present.seats) or not 0 <= present.at - since.at <= days * 86_400:
        return False
    return bool(await session.scalar(_AHEAD, {"since": since.snapshot, "present": present.snapshot}))


_LOOK = text("SELECT pg_current_snapshot()::text AS snapshot, oid::bigint AS database FROM pg_database WHERE datname = current_database()")
_AHEAD = text(
    "SELECT pg_snapshot_xmax(CAST(CAST(:since AS text) AS pg_snapshot)) <= pg_snapshot_xmax(CAST(CAST(:present AS text) AS pg_snapshot))"
)


def seats_of(actor: Actor) -> str:
    """Return what stands for the seats of `actor`: with other seats other work is theirs, and they look afresh."""
    return fingerprint(*(f"{seat.unit_id}:{seat.role}".encode() for seat in actor.seats))[:6].hex()


async def work_of(session: AsyncSession, actor: Actor, now: datetime, *, limit: int, after: tuple[str, str] | None) -> Page:
    """Return up to `limit` tickets that wait for `actor`: the one due first before all, what is overdue so by itself; undated ones last."""
    mine = union(*(select(_T.c.id).where(condition) for condition in _mine(actor))).subquery()
    due = func.coalesce(_next_due(_units(actor, WORKING_ROLES)), _INFINITY).label("next_due")
    query = select(_T, due).where(_T.c.id.in_(select(mine.c.id)), compile_scope(scope_of(actor), TICKETS))
    found = query.subquery()
    ordered = select(found).order_by(found.c.next_due, found.c.id).limit(limit + 1)
    if after is not None:
        ends = (cast(literal(after[0]), TIMESTAMP(timezone=True)), cast(literal(after[1]), Uuid()))
        ordered = ordered.where(tuple_(found.c.next_due, found.c.id) > tuple_(*ends))
    ordered = ordered.add_columns(cast(found.c.next_due, Text).label("stands"))
    rows = (await session.execute(ordered)).all()
    shown = rows[:limit]
    ends_at = (shown[-1].stands, str(shown[-1].id)) if len(rows) > limit else None
    return Page(await _items(session, actor, shown, now), [], ends_at)


async def changed_work(
    session: AsyncSession, actor: Actor, since: Since, now: datetime, *, limit: int, after: tuple[str, str] | None
) -> Page:
    """Return up to `limit` tickets that changed since a look: those that wait for `actor` now, and those that did before and are gone."""
    here = and_(or_(*_mine(actor)), compile_scope(scope_of(actor), TICKETS)).label("here")
    query = (
        select(_T, here)
        .where(text(_UNSEEN).bindparams(seen=since.snapshot), _ever_mine(actor))
        .order_by(_T.c.changed_in, _T.c.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(tuple_(_T.c.changed_in, _T.c.id) > tuple_(cast(literal(after[0]), BigInteger), cast(literal(after[1]), Uuid())))
    rows = (await session.execute(query)).all()
    shown = rows[:limit]
    gone = [GoneTicket(id=row.id, number=row.number) for row in shown if not row.here]
    ends_at = (str(shown[-1].changed_in), str(shown[-1].id)) if len(rows) > limit else None
    return Page(await _items(session, actor, [row for row in shown if row.here], now), gone, ends_at)


_SEEN = "CAST(CAST(:seen AS text) AS pg_snapshot)"
_UNSEEN = (
    f"tickets.changed_in >= CAST(CAST(pg_snapshot_xmin({_SEEN}) AS text) AS bigint)"
    " AND tickets.changed_in < CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)"
    f" AND NOT pg_visible_in_snapshot(CAST(CAST(tickets.changed_in AS text) AS xid8), {_SEEN})"
)
"""What a snapshot did not see. The oldest transaction that was under way bounds the look into the index; numbers from a database this one
was restored from may lie ahead of all of ours, and are no changes."""


def _mine(actor: Actor) -> list[ColumnElement[bool]]:
    """What is `actor`'s, as conditions on tickets any of which suffices: held, helped with, called or instructed about, at the desk."""
    working, desks = _units(actor, WORKING_ROLES), _units(actor, DESKS)
    answering = exists().where(
        Clock.ticket_id == _T.c.id, Clock.round == _T.c.round, Clock.stage == "answer", Clock.state.in_(("running", "paused"))
    )
    helping = exists().where(
        Assignment.ticket_id == _T.c.id, Assignment.part == "co", Assignment.ended_at.is_(None), one_of(Assignment.unit_id, working)
    )
    return [
        and_(one_of(_T.c.lead_unit_id, working), _T.c.status.in_(_WORKING)),
        and_(one_of(_T.c.lead_unit_id, working), _T.c.status == "resolved", answering),
        and_(_T.c.status.in_(OPEN[:3]), helping),
        and_(_T.c.status.in_(OPEN[:3]), _called(working)),
        and_(_T.c.status.in_(OPEN), _instructed(working)),
        and_(one_of(_T.c.desk_unit_id, desks), _T.c.status == "received"),
    ]


def _called(units: list[UUID]) -> ColumnElement[bool]:
    """A whistle calls one of `units`, which is not there yet."""
    whistle = exists().where(Whistle.id == WhistleCall.whistle_id, Whistle.ended_at.is_(None))
    return exists().where(WhistleCall.ticket_id == _T.c.id, one_of(WhistleCall.unit_id, units), WhistleCall.arrived_at.is_(None), whistle)


def _instructed(units: list[UUID]) -> ColumnElement[bool]:
    """One of `units` has an instruction that it has not followed yet."""
    told = (Directive.kind == "instruct", one_of(Directive.to_unit_id, units), Directive.followed_at.is_(None))
    return exists().where(Directive.ticket_id == _T.c.id, *told)


def _ever_mine(actor: Actor) -> ColumnElement[bool]:
    """Whatever was in the list of `actor` at any time: what a seat of theirs was ever given, and what waited at a desk of theirs."""
    working = _units(actor, WORKING_ROLES)
    given = or_(
        exists().where(Assignment.ticket_id == _T.c.id, one_of(Assignment.unit_id, working)),
        exists().where(WhistleCall.ticket_id == _T.c.id, one_of(WhistleCall.unit_id, working)),
        exists().where(Directive.ticket_id == _T.c.id, Directive.kind == "instruct", one_of(Directive.to_unit_id, working)),
    )
    desks = _units(actor, DESKS)
    waited = _T.c.waited_at_ids.op("&&")(cast(desks, ARRAY(Uuid())))
    return or_(given, waited, and_(one_of(_T.c.desk_unit_id, desks), _T.c.status == "received"))


def _units(actor: Actor, roles: Sequence[str] | frozenset[str]) -> list[UUID]:
    return list(dict.fromkeys(seat.unit_id for seat in actor.seats if seat.role in roles))


_INFINITY: ColumnElement[datetime] = literal_column("'infinity'::timestamptz")


def _next_due(working: list[UUID]) -> Any:
    asked = or_(
        and_(_T.c.status != "received", Clock.stage.in_(STAGES)),
        and_(_T.c.status == "received", Clock.stage.in_(AT_THE_DESK)),
        and_(Clock.stage.in_(OF_A_UNIT), one_of(Clock.unit_id, working)),
    )
    running = (Clock.ticket_id == _T.c.id, Clock.round == _T.c.round, Clock.state == "running", asked)
    return select(func.min(Clock.due_at)).where(*running).scalar_subquery()


async def _items(session: AsyncSession, actor: Actor, rows: Sequence[Row[Any]], now: datetime) -> list[WorkItem]:
    """The rows as the list shows them: with what is due next, and in which part they are `actor`'s."""
    if not rows:
        return []
    ids = [row.id for row in rows]
    clocks = await _running(session, ids)
    tasks = await _tasks(session, actor, ids)
    working, desks = _units(actor, WORKING_ROLES), _units(actor, DESKS)
    found = []
    for row, line in zip(rows, await lines(session, rows, now), strict=True):
        asked = AT_THE_DESK if row.status == "received" else STAGES
        running = clocks.get((row.id, row.round), ())
        clock = next((one for one in running if one.stage in asked or (one.stage in OF_A_UNIT and one.unit_id in working)), None)
        part = _part(row, working, desks, tasks)
        beside = {"part": part, "task": tasks.get(row.id), "next_stage": clock.stage if clock else None}
        found.append(WorkItem(**line, **beside, next_due_at=clock.due_at if clock else None))
    return found


def _part(row: Row[Any], working: list[UUID], desks: list[UUID], tasks: Mapping[UUID, str | None]) -> str:
    """In which part a ticket is somebody's: the weightiest of those it is."""
    if row.lead_unit_id in working and row.status in (*_WORKING, "resolved"):
        return "lead"
    if row.id in tasks:
        return "co"
    return "desk" if row.status == "received" and row.desk_unit_id in desks else "called"


async def _tasks(session: AsyncSession, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, str | None]:
    query = select(Assignment.ticket_id, Assignment.task).where(
        one_of(Assignment.ticket_id, ids),
        Assignment.part == "co",
        Assignment.ended_at.is_(None),
        one_of(Assignment.unit_id, _units(actor, WORKING_ROLES)),
    )
    return {row.ticket_id: row.task for row in await session.execute(query)}


async def _running(session: AsyncSession, ids: Sequence[UUID]) -> dict[tuple[UUID, int], list[Any]]:
    """The running clocks of tickets, by ticket and round, the one due first before all."""
    query = select(Clock.ticket_id, Clock.round, Clock.stage, Clock.unit_id, Clock.due_at)
    rows = await session.execute(query.where(one_of(Clock.ticket_id, ids), Clock.state == "running").order_by(Clock.due_at, Clock.stage))
    found: defaultdict[tuple[UUID, int], list[Any]] = defaultdict(list)
    for row in rows:
        found[row.ticket_id, row.round].append(row)
    return found
