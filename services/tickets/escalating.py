"""Nobody is late unnoticed: due clocks are taken in due order, and every level they reached is written down at its true time.

The index (next_level_at, id) gives the most overdue first, however many newer tickets there are. A level is recorded once for each clock
(unique key). Levels: urge 催办 the seat that is late, raise 上报 to the next tier that has people, supervise 督办 by the county.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from services.deadlines.clocks import ClockState, deed, running
from services.deadlines.escalation import ReachedLevel, reached_levels
from services.deadlines.models import Clock, Escalation
from services.organization.tree import UnitNode
from services.platform.bulk import update_many
from services.platform.clock import local_day
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.routing.rules import WORKING_ROLES
from services.tickets import timing
from services.tickets.case import Case, Deed
from services.tickets.changes import Change, EventDraft, Insert, Row, Update
from services.tickets.loading import lock, plain_cases
from services.tickets.moving import assign_lead, desk_over, root
from services.tickets.recording import write

log = structlog.get_logger()

PUT_OFF = timedelta(minutes=10)
"""When a ticket that could not be escalated is looked at again."""


async def escalate_due(work: Work, limit: int) -> int:
    """Record the levels reached of up to `limit` clocks, the longest overdue first; return how many tickets were taken."""
    tickets = await lock(work.session, await _most_overdue(work, limit), skip_locked=True)
    cases = await plain_cases(work.session, tickets)
    if not await _recorded(work, cases):
        for case in cases:
            if not await _recorded(work, [case]):
                await _put_off(work, case)
    return len(tickets)


async def _recorded(work: Work, cases: Sequence[Case]) -> bool:
    """Write down what the due clocks of `cases` reached; on any failure write nothing and tell so, so that no ticket holds up another."""
    try:
        async with work.session.begin_nested():
            changes = [change for case in cases if (change := escalated(case, Deed(work.actor, work.now))) is not None]
            await write(work, changes)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        log.warning("clocks.apart", tickets=len(cases), error=type(error).__name__, exc_info=True)
    except Exception as error:
        log.warning("clocks.apart", tickets=len(cases), error=type(error).__name__, exc_info=True)
    else:
        return True
    return False


async def _put_off(work: Work, case: Case) -> None:
    """Look at this ticket's clocks again later. What they reached keeps its true time: levels follow from due instants alone."""
    log.error("clocks.put_off", ticket=str(case.ticket.id))
    due = [clock for clock in case.clocks if clock.next_level_at is not None and clock.next_level_at <= work.now]
    later = work.now + PUT_OFF
    await update_many(work.session, Clock, [{"id": clock.id, "next_level_at": later} for clock in due])


async def _most_overdue(work: Work, limit: int) -> list[UUID]:
    """Return the tickets of the clocks that reached a level longest ago.

    Nothing is locked yet: tickets are always locked before their clocks, so that nobody waits in a ring. What another worker locks
    meanwhile is skipped, and the clocks are read again under the lock. The instant is the one levels are decided by: by the
    database's own clock a level could be due that is not due here, and would be taken again and again.
    """
    table = Clock.__table__
    due = (
        select(table.c.ticket_id)
        .where(table.c.state.in_(("running", "stopped")), table.c.next_level_at <= work.now)
        .order_by(table.c.next_level_at, table.c.id)
        .limit(limit)
    )
    return list(dict.fromkeys(await work.session.scalars(due)))


def escalated(case: Case, deed: Deed) -> Change | None:
    """Return what the due clocks of a ticket do to it: one event for each level, in true order; None where none is due. Pure."""
    steps: list[tuple[ClockState, ReachedLevel]] = []
    updates: list[Update] = []
    for clock in case.clocks:
        if clock.state in ("running", "stopped") and clock.next_level_at is not None and clock.next_level_at <= deed.now:
            reached = _reached(case, clock, deed.now)
            steps += [(clock, level) for level in reached]
            updates.append(_advanced(case, clock, reached))
    if not steps:
        return None
    return _change(case, sorted(steps, key=lambda item: (item[1].at, item[0].id)), updates, deed)


def _reached(case: Case, clock: ClockState, now: datetime) -> tuple[ReachedLevel, ...]:
    rules = case.around.rules
    return reached_levels(running(clock), rules.ladder(clock), now, rules.calendar(clock))


def _advanced(case: Case, clock: ClockState, reached: Sequence[ReachedLevel]) -> Update:
    level = max((item.level.index for item in reached), default=clock.level)
    return timing.done(case, clock, deed(clock, "level", level=level))


def _change(case: Case, steps: list[tuple[ClockState, ReachedLevel]], updates: list[Update], deed: Deed) -> Change:
    values: dict[str, Any] = {}
    inserts: list[Insert] = []
    events: list[EventDraft] = []
    present = case
    for clock, reached in steps:
        moved, unit = None, _addressed(present, clock.stage, reached.level.name, deed.now)
        if reached.level.name == "raise" and clock.state == "running" and _climbs(present, clock.stage, unit):
            moved = _moved_up(present, clock, unit, deed)
        data = _data(clock, reached, unit, moved=moved is not None)
        if moved is not None:
            data["from_unit_id"] = str(present.ticket.lead_unit_id) if present.ticket.lead_unit_id else None
            present, more_values, more_inserts, more_updates = moved
            values |= more_values
            inserts += more_inserts
            updates += more_updates
        inserts.append(Insert(Escalation, _row(case, clock, reached, unit, deed)))
        events.append(EventDraft("ticket.escalated", data, reached.at))
    return Change(case.ticket, tuple(events), values, tuple(inserts), tuple(_joined(updates)))


def _climbs(case: Case, stage: str, unit: UnitNode) -> bool:
    """Tell whether lateness moves the ticket to `unit`: from a seat that holds it unaccepted, or from a desk that holds it undispatched.

    An acceptance that a seat never gave before it returned the ticket is late on the record, and moves nothing: the desk has it.
    """
    if stage == "accept":
        return case.ticket.status == "dispatched" and case.ticket.lead_unit_id != unit.id
    return stage == "dispatch" and case.ticket.status == "received"


_Moved = tuple[Case, Row, list[Insert], list[Update]]


def _moved_up(case: Case, clock: ClockState, unit: UnitNode, deed: Deed) -> _Moved:
    """Move an unaccepted ticket to the next tier's seat, an undispatched one to the next tier's desk. Its clocks go on."""
    if clock.stage == "dispatch":
        values: Row = {"desk_unit_id": unit.id}
        return replace(case, ticket=replace(case.ticket, **values)), values, [], []
    why = {"rule": "escalated", "because": "not accepted in time", "chosen": {"code": unit.code, "name": unit.name}}
    outcome = assign_lead(case, unit, why, deed, hand_off=False, ended="escalated")
    ticket = replace(case.ticket, lead_unit_id=unit.id, tier=unit.tier)
    after = replace(case, ticket=ticket, next_sequence=case.next_sequence + 1, assignments=case.co_handlers)
    return after, dict(outcome.values), list(outcome.inserts), list(outcome.updates)


def _addressed(case: Case, stage: str, level: str, now: datetime) -> UnitNode:
    """Return who a level speaks to: the late seat, the next tier above it that has people, or the county.

    Finding a unit, verifying the result and reviewing a suspension are the desk's own duties: there the desk is late.
    """
    tree, lead = case.around.tree, case.ticket.lead_unit_id
    holder = tree.by_id.get(lead) if lead and stage not in ("dispatch", "verify", "review") else None
    late = holder or desk_over(case)
    if level == "supervise":
        return root(case)
    if level == "urge":
        return late
    above = (unit for unit in tree.ancestors(late) if tree.staffed(unit.id, WORKING_ROLES, local_day(now)))
    return next(above, root(case))


def _data(clock: ClockState, reached: ReachedLevel, unit: UnitNode, *, moved: bool) -> Row:
    return {
        "clock_id": str(clock.id),
        "stage": clock.stage,
        "level": reached.level.index,
        "name": reached.level.name,
        "unit_id": str(unit.id),
        "moved": moved,
        "provisional": reached.provisional,
        "over": clock.state == "stopped",
    }


def _row(case: Case, clock: ClockState, reached: ReachedLevel, unit: UnitNode, deed: Deed) -> Row:
    return {
        "id": new_id(),
        "clock_id": clock.id,
        "ticket_id": case.ticket.id,
        "level": reached.level.index,
        "name": reached.level.name,
        "reached_at": reached.at,
        "recorded_at": deed.now,
        "unit_id": unit.id,
    }


def _joined(updates: list[Update]) -> list[Update]:
    """Return one update a row: later values over earlier ones."""
    joined: dict[tuple[Any, UUID], Update] = {}
    for update in updates:
        key = (update.model, update.id)
        before = joined.get(key, Update(update.model, update.id, {}))
        joined[key] = Update(update.model, update.id, {**before.values, **update.values}, before.deeds + update.deeds)
    return list(joined.values())
