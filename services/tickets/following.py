"""Tickets follow their units: a division that was renumbered or moved takes its matters along.

What a ticket knows of units is copied from the tree of its day: the path of its place, and seats by id. People's seats change with the
tree, so a ticket that stayed behind would be held and seen by nobody. What a unit was called to or told and has not done yet is its
successor's, with the clock that watches it. No due instant is touched, and what was done stays on record as it was.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, false, func, or_, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession

from services.deadlines.clocks import deed
from services.organization.models import Unit
from services.organization.queries import forget_unit_tree, heirs
from services.organization.tree import UnitNode
from services.platform.bulk import one_of
from services.platform.unit_of_work import Work
from services.tickets import timing
from services.tickets.case import AssignmentState, CallState, Case, DirectiveState
from services.tickets.changes import Change, EventDraft, Insert, Row, Update
from services.tickets.loading import lock, plain_cases
from services.tickets.models import Assignment, Directive, Ticket, Whistle, WhistleCall
from services.tickets.moving import assignment_row, root
from services.tickets.recording import write

_PAGE = 500
_ENDED = ("closed", "rejected", "cancelled")
_SEATS = ("lead_unit_id", "desk_unit_id", "surface_to_id", "resolved_by_unit_id")
"""Who did the work follows too: under its new number a unit still cannot close what it did itself."""

_UNFOLLOWED = (Directive.kind == "instruct", Directive.followed_at.is_(None))

Successors = Mapping[UUID, UUID]


async def follow_units(work: Work) -> int:
    """Bring every ticket to the units that took the place of its own; return how many changed. What has ended keeps its seats."""
    forget_unit_tree()
    successors = await heirs(work.session)
    ids = await _left_behind(work.session, successors)
    done = 0
    for start in range(0, len(ids), _PAGE):
        cases = await plain_cases(work.session, await lock(work.session, ids[start : start + _PAGE]))
        cases = await _with_what_is_open(work.session, cases)
        changes = [change for case in cases if (change := followed(case, successors, work.now)) is not None]
        await write(work, changes)
        done += len(changes)
    return done


def followed(case: Case, successors: Successors, at: datetime) -> Change | None:
    """Return what the change of the tree does to a ticket; None where it is with the units of today already. Pure."""
    ticket, tree = case.ticket, case.around.tree
    names = ("place_unit_id",) if ticket.status in _ENDED else ("place_unit_id", *_SEATS)
    values: Row = {name: successors[held] for name in names if (held := getattr(ticket, name)) in successors}
    helped = sorted({str(successors.get(UUID(unit), unit)) for unit in ticket.helped_by})
    if helped != ticket.helped_by and ticket.status not in _ENDED:
        values["helped_by"] = helped
    if ticket.accused and (renumbered := _still_about(case, successors)) != sorted(ticket.accused):
        values["accused"] = renumbered
    place_id: UUID | None = values.get("place_unit_id", ticket.place_unit_id)
    place = tree.by_id.get(place_id) if place_id else None
    if place is not None and place.path != ticket.area_path:
        values["area_path"] = place.path
        values |= _desk(case, place, values)
    seats = [] if ticket.status in _ENDED else [row for row in case.assignments if row.unit_id in successors]
    asked = () if ticket.status in _ENDED else _asked(case, successors)
    if not values and not seats and not asked:
        return None
    data = {name: value if isinstance(value, list) else str(value) for name, value in values.items()}
    inserts = tuple(Insert(Assignment, _again(case, row, successors, offset)) for offset, row in enumerate(seats))
    updates = tuple(Update(Assignment, row.id, {"ended_at": at, "end": "renumbered"}) for row in seats)
    return Change(ticket, (EventDraft("ticket.followed", data),), values, inserts, (*updates, *asked))


def _asked(case: Case, successors: Successors) -> tuple[Update, ...]:
    """Return the taking over of what a unit is called to or told, and of the clocks of its own."""
    calls = (Update(WhistleCall, call.id, {"unit_id": successors[call.unit_id]}) for call in case.calls if call.unit_id in successors)
    told = [(row.id, row.to_unit_id) for row in case.instructions]
    orders = (Update(Directive, row_id, {"to_unit_id": successors[unit]}) for row_id, unit in told if unit and unit in successors)
    own = [(clock, clock.unit_id) for clock in case.clocks if clock.runs]
    taken = [(clock, successors[unit]) for clock, unit in own if unit and unit in successors]
    clocks = (timing.done(case, clock, deed(clock, "follow", unit_id=str(unit))) for clock, unit in taken)
    return (*calls, *orders, *clocks)


async def _with_what_is_open(session: AsyncSession, cases: Sequence[Case]) -> list[Case]:
    """Return the cases with the calls of their open whistles and the instructions that were not followed yet."""
    ids = [case.ticket.id for case in cases]
    calls: defaultdict[UUID, list[CallState]] = defaultdict(list)
    open_calls = select(WhistleCall.__table__).join(Whistle, Whistle.id == WhistleCall.whistle_id).where(Whistle.ended_at.is_(None))
    for row in await session.execute(open_calls.where(one_of(WhistleCall.ticket_id, ids))):
        calls[row.ticket_id].append(CallState.of(row))
    told: defaultdict[UUID, list[DirectiveState]] = defaultdict(list)
    for row in await session.execute(select(Directive.__table__).where(*_UNFOLLOWED, one_of(Directive.ticket_id, ids))):
        told[row.ticket_id].append(DirectiveState.of(row))
    return [replace(case, calls=tuple(calls[case.ticket.id]), instructions=tuple(told[case.ticket.id])) for case in cases]


def _still_about(case: Case, successors: Successors) -> list[str]:
    """Return whom a matter is about, with the units that took the place of those named: under its new number it is the same unit."""
    tree, accused = case.around.tree, set(case.ticket.accused or ())
    later = {new.code for old, new_id in successors.items() if tree.by_id[old].code in accused and (new := tree.by_id.get(new_id))}
    return sorted(accused | later)


def _desk(case: Case, place: UnitNode, values: Row) -> Row:
    """Return the township that a matter came under with its place, where its desk was a township that no longer lies above."""
    desk_id: UUID | None = values.get("desk_unit_id", case.ticket.desk_unit_id)
    desk = case.around.tree.by_id.get(desk_id) if desk_id else None
    if case.ticket.status in _ENDED or desk is None or desk.kind != "township" or place.path.startswith(desk.path):
        return {}
    above = (unit for unit in (place, *case.around.tree.ancestors(place)) if unit.kind == "township" and unit.active)
    return {"desk_unit_id": next(above, root(case)).id}


def _again(case: Case, row: AssignmentState, successors: Successors, offset: int) -> Row:
    """Return the same order to the unit that follows: as old as it was, and as far."""
    old, unit = case.around.tree.by_id[row.unit_id], case.around.tree.by_id[successors[row.unit_id]]
    why = {"rule": "renumbered", "from": {"code": old.code, "name": old.name}, "chosen": {"code": unit.code, "name": unit.name}}
    again = assignment_row(case, unit, row.part, why, row.assigned_at, task=row.task, offset=offset)
    return {**again, "accepted_at": row.accepted_at, "member_id": case.ticket.lead_member_id if row.part == "lead" else None}


async def _left_behind(session: AsyncSession, successors: Successors) -> list[UUID]:
    ticket = Ticket.__table__.c
    seats = or_(*(one_of(ticket[name], successors) for name in _SEATS))
    helping = select(Assignment.ticket_id).where(Assignment.ended_at.is_(None), one_of(Assignment.unit_id, successors))
    helped = ticket.helped_by.has_any(array([str(unit) for unit in successors])) if successors else false()
    open_call = exists().where(Whistle.id == WhistleCall.whistle_id, Whistle.ended_at.is_(None))
    called = select(WhistleCall.ticket_id).where(one_of(WhistleCall.unit_id, successors), open_call)
    told = select(Directive.ticket_id).where(*_UNFOLLOWED, one_of(Directive.to_unit_id, successors))
    at_old_seats = and_(
        ticket.status.not_in(_ENDED), or_(seats, helped, ticket.id.in_(helping), ticket.id.in_(called), ticket.id.in_(told))
    )
    query = select(ticket.id).outerjoin(Unit, Unit.id == ticket.place_unit_id)
    renumbered = select(Unit.code).where(one_of(Unit.id, successors))
    about = ticket.accused.has_any(func.array(renumbered.scalar_subquery())) if successors else false()
    query = query.where(or_(about, Unit.path != ticket.area_path, one_of(ticket.place_unit_id, successors), at_old_seats))
    return list(await session.scalars(query.order_by(ticket.id)))
