"""What it comes to that a clock runs out: who is spoken to at each level, and what moves. Pure.

Levels: `urge` 催办 speaks to the seat that is late, `supervise` 督办 to the desk that watches over it, `raise` 上报 to the next tier that
has people, which also takes over what was not accepted or not dispatched, `list` 通报 to the county. Where nobody sits in the late seat,
the seat itself is passed over: its ticket goes to the next tier with people as soon as it is late.

However many levels a ticket reaches between two looks, each unit is to be told once: the last event says whom of what (`tells`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.deadlines.clocks import ClockState, running
from services.deadlines.clocks import deed as clock_deed
from services.deadlines.escalation import ReachedLevel, next_level_at, reached_levels
from services.deadlines.models import Clock, Escalation
from services.organization.tree import UnitNode
from services.platform.clock import local_day
from services.platform.ids import new_id
from services.routing.rules import WORKING_ROLES
from services.tickets import timing
from services.tickets.case import Case, Deed
from services.tickets.changes import Change, EventDraft, Insert, Row, Update
from services.tickets.moving import assign_lead, desk_over, root

_DESKS = ("dispatch", "verify", "review", "adjudicate")
"""Finding a unit, verifying the result, reviewing a suspension and adjudicating are the desk's own duties: there the desk is late."""
_TELLING = frozenset({"start", "level", "stop", "follow"})
"""Deeds after which a clock still tells what it had reached before; a pause, an end, or another due instant makes it forget."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A level a clock reached. `late` is late, `seat` answers for it, `above` is the next tier with people, `unit` is spoken to."""

    clock: ClockState
    reached: ReachedLevel
    late: UnitNode
    seat: UnitNode
    above: UnitNode
    unit: UnitNode

    @property
    def over(self) -> bool:
        """Whether the clock was stopped since: then it is on record, and nobody is spoken to."""
        return self.clock.state == "stopped"

    @property
    def name(self) -> str:
        """What is done at this level."""
        return self.reached.level.name

    @property
    def early(self) -> bool:
        """Whether the clock is not late yet."""
        return self.reached.level.early


def escalated(case: Case, deed: Deed) -> Change | None:
    """Return what the due clocks of a ticket do to it: one event for each level, in true order; None where none is reached."""
    due = [clock for clock in case.clocks if owes(clock, deed.now)]
    steps = _steps(case, due, deed.now)
    if not steps:
        return None
    moving = next((step for step in steps if _moves(case, step)), None)
    advanced = _advanced(case, steps)
    values, inserts, updates = _moved_up(_with(case, advanced), moving, deed) if moving else ({}, (), ())
    return Change(
        case.ticket,
        _events(case, steps, moving, _tells(case, steps, moving)),
        values,
        (*(Insert(Escalation, _row(case, step, deed.now)) for step in steps), *inserts),
        _joined((*advanced, *updates)),
    )


def owed_before(case: Case, updates: Sequence[Update], now: datetime) -> Change | None:
    """Return what must be recorded before `updates` may happen: levels that clocks had reached which they pause, move or end.

    So what the history says does not depend on whether somebody looked in between. Nothing moves by it and nobody is told: whoever acts on
    the ticket is at it. None where nothing is owed.
    """
    touched = {update.id for update in updates if update.model is Clock and any(one["do"] not in _TELLING for one in update.deeds)}
    steps = _steps(case, [clock for clock in case.clocks if clock.id in touched and clock.state == "running"], now)
    if not steps:
        return None
    inserts = tuple(Insert(Escalation, _row(case, step, now)) for step in steps)
    return Change(case.ticket, _events(case, steps, None, []), inserts=inserts, updates=_advanced(case, steps))


def owes(clock: ClockState, now: datetime) -> bool:
    """Tell whether, by its row, a clock has reached a level that is not recorded."""
    return clock.state in ("running", "stopped") and clock.next_level_at is not None and clock.next_level_at <= now


def put_right(case: Case, now: datetime) -> list[Row]:
    """Return new values for clocks that owe a level by their row and none by their deeds: else they would be taken again for ever."""
    rules = case.around.rules
    late = [clock for clock in case.clocks if owes(clock, now) and not _reached(case, clock, now)]
    return [{"id": clock.id, "next_level_at": next_level_at(running(clock), rules.ladder(clock), rules.calendar(clock))} for clock in late]


def _reached(case: Case, clock: ClockState, now: datetime) -> tuple[ReachedLevel, ...]:
    rules = case.around.rules
    return reached_levels(running(clock), rules.ladder(clock), now, rules.calendar(clock))


def _steps(case: Case, clocks: Sequence[ClockState], now: datetime) -> list[_Step]:
    """Return the levels that `clocks` reached, in true order. Who is late is who was so before anything moved."""
    found: list[_Step] = []
    for clock in clocks:
        reached = _reached(case, clock, now)
        if reached:
            late = _late(case, clock)
            above = _above(case, late, now)
            seat = late if case.around.tree.staffed(late.id, WORKING_ROLES, local_day(now)) else above
            found += [_Step(clock, one, late, seat, above, _addressed(case, one.level.name, late, seat, now)) for one in reached]
    return sorted(found, key=lambda step: (step.reached.at, step.clock.id, step.reached.level.index))


def _late(case: Case, clock: ClockState) -> UnitNode:
    """Return the unit that is late: whose clock it is, the desk in what desks have to do, else the holder."""
    tree = case.around.tree
    if clock.unit_id is not None and clock.unit_id in tree.by_id:
        return tree.by_id[clock.unit_id]
    holder = case.ticket.lead_unit_id if clock.stage not in _DESKS else None
    return tree.by_id[holder] if holder is not None and holder in tree.by_id else desk_over(case)


def _above(case: Case, unit: UnitNode, now: datetime) -> UnitNode:
    """Return the next unit above that has people; the county where none has."""
    tree = case.around.tree
    above = (found for found in tree.ancestors(unit) if tree.staffed(found.id, WORKING_ROLES, local_day(now)))
    return next(above, root(case))


def _addressed(case: Case, level: str, late: UnitNode, seat: UnitNode, now: datetime) -> UnitNode:
    if level == "urge":
        return seat
    if level == "list":
        return root(case)
    if level == "supervise":
        desk = desk_over(case)
        watches = desk.id != late.id and late.path.startswith(desk.path)
        if watches and case.around.tree.staffed(desk.id, WORKING_ROLES, local_day(now)):
            return desk
    return _above(case, late, now)


def _moves(case: Case, step: _Step) -> bool:
    """Tell whether a level moves the ticket: from a seat that holds it unaccepted, or from a desk that holds it undispatched.

    A seat where nobody sits is passed over as soon as it is late. An acceptance that a seat never gave before it returned the ticket is
    late on the record, and moves nothing: the desk has it.
    """
    if step.early or step.over or step.clock.state != "running" or not (step.name == "raise" or step.seat.id != step.late.id):
        return False
    if step.clock.stage == "accept":
        return case.ticket.status == "dispatched" and case.ticket.lead_unit_id not in (None, step.above.id)
    return step.clock.stage == "dispatch" and case.ticket.status == "received" and case.ticket.desk_unit_id != step.above.id


def _moved_up(case: Case, step: _Step, deed: Deed) -> tuple[Row, tuple[Insert, ...], tuple[Update, ...]]:
    """Move an unaccepted ticket to the next tier's seat, an undispatched one to the next tier's desk. Its clocks go on.

    Once at a time, however many levels were missed: who could not know of it is not passed over.
    """
    if step.clock.stage == "dispatch":
        return {"desk_unit_id": step.above.id}, (), ()
    because = "not accepted in time" if step.seat.id == step.late.id else "nobody holds a post there"
    why = {"rule": "escalated", "because": because, "chosen": {"code": step.above.code, "name": step.above.name}}
    outcome = assign_lead(case, step.above, why, deed, hand_off=False, ended="escalated")
    return dict(outcome.values), outcome.inserts, outcome.updates


def _advanced(case: Case, steps: Sequence[_Step]) -> tuple[Update, ...]:
    """Return the clocks with the highest level each has reached."""
    highest = {step.clock.id: step for step in steps}
    return tuple(
        timing.done(case, step.clock, clock_deed(step.clock, "level", level=step.reached.level.index)) for step in highest.values()
    )


def _with(case: Case, updates: Sequence[Update]) -> Case:
    """Return the case with its clocks as `updates` make them."""
    new = {update.id: update.values for update in updates}
    return replace(case, clocks=tuple(replace(clock, **new.get(clock.id, {})) for clock in case.clocks))


def _events(case: Case, steps: Sequence[_Step], moving: _Step | None, tells: list[Row]) -> tuple[EventDraft, ...]:
    """Return one event for each level; the last says whom of what."""
    events = []
    for step in steps:
        data = _data(step) | {"moved": step is moving, "tells": tells if step is steps[-1] else []}
        if step is moving:
            data["from_unit_id"] = str(case.ticket.lead_unit_id) if case.ticket.lead_unit_id else None
            data["to_unit_id"] = str(step.above.id)
        events.append(EventDraft("ticket.escalated", data, step.reached.at))
    return tuple(events)


def _data(step: _Step) -> Row:
    return {
        "clock_id": str(step.clock.id),
        "stage": step.clock.stage,
        "level": step.reached.level.index,
        "name": step.name,
        "early": step.early,
        "due_at": step.clock.due_at.isoformat(),
        "late_unit_id": str(step.late.id),
        "unit_id": str(step.unit.id),
        "provisional": step.reached.provisional,
        "over": step.over,
    }


def _tells(case: Case, steps: Sequence[_Step], moving: _Step | None) -> list[Row]:
    """Return, for each unit that is to be told, as what and of which levels; of clocks that are over nobody is."""
    told: dict[UUID, list[Row]] = {}
    if moving is not None:
        told[moving.above.id] = []
    for step in steps:
        if not step.over:
            for unit_id in dict.fromkeys((step.seat.id, step.unit.id)):
                told.setdefault(unit_id, []).append(_told(step))
    left = case.ticket.lead_unit_id if moving is not None and moving.clock.stage == "accept" else None
    if left is not None:
        told[left] = [_told(moving)] if moving is not None else []
    return [{"unit_id": str(unit_id), "as": _as(unit_id, steps, moving, left), "levels": levels} for unit_id, levels in told.items()]


def _as(unit_id: UUID, steps: Sequence[_Step], moving: _Step | None, left: UUID | None) -> str:
    if unit_id == left:
        return "relieved"
    if moving is not None and unit_id == moving.above.id:
        return "holder"
    return "late" if any(unit_id == step.seat.id for step in steps if not step.over) else "above"


def _told(step: _Step) -> Row:
    kept = ("clock_id", "stage", "name", "early", "due_at", "late_unit_id")
    return {key: value for key, value in _data(step).items() if key in kept}


def _row(case: Case, step: _Step, now: datetime) -> Row:
    return {
        "id": new_id(),
        "clock_id": step.clock.id,
        "ticket_id": case.ticket.id,
        "level": step.reached.level.index,
        "name": step.name,
        "reached_at": step.reached.at,
        "recorded_at": now,
        "unit_id": step.unit.id,
        "late_unit_id": step.late.id,
        "due_at": step.clock.due_at,
    }


def _joined(updates: Sequence[Update]) -> tuple[Update, ...]:
    """Return one update a row: later values over earlier ones."""
    joined: dict[tuple[Any, UUID], Update] = {}
    for update in updates:
        key = (update.model, update.id)
        before = joined.get(key, Update(update.model, update.id, {}))
        joined[key] = Update(update.model, update.id, {**before.values, **update.values}, before.deeds + update.deeds)
    return tuple(joined.values())
