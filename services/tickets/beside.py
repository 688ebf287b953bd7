"""What stands beside a ticket: tasks of co-handlers, instructions, whistles and pauses, as its reader sees them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.organization.tree import UnitTree
from services.tickets import views
from services.tickets.case import Case
from services.tickets.models import Assignment, Directive, Suspension, Whistle, WhistleCall


async def beside(session: AsyncSession, case: Case) -> dict[str, Any]:
    """Return the members of a `TicketView` about what was asked of other units and of time, oldest first."""
    ticket, tree = case.ticket, case.around.tree
    helping = await _rows(session, Assignment.__table__, ticket.id, Assignment.part == "co", Assignment.round == ticket.round)
    directives = await _rows(session, Directive.__table__, ticket.id)
    whistles = await _rows(session, Whistle.__table__, ticket.id)
    calls = await _rows(session, WhistleCall.__table__, ticket.id) if whistles else ()
    pauses = await _rows(session, Suspension.__table__, ticket.id) if case.suspensions else ()
    return {
        "tasks": [_task(case, row) for row in helping],
        "directives": [_directive(tree, row) for row in directives],
        "whistles": [_whistle(tree, row, [call for call in calls if call.whistle_id == row.id]) for row in whistles],
        "suspensions": [views.SuspensionView.model_validate(row) for row in pauses],
    }


async def _rows(session: AsyncSession, table: Any, ticket_id: UUID, *conditions: Any) -> Sequence[Row[Any]]:
    return (await session.execute(select(table).where(table.c.ticket_id == ticket_id, *conditions).order_by(table.c.id))).all()


def unit_name(tree: UnitTree, unit_id: UUID | None) -> views.TierUnitName | None:
    """Return a unit by code and name; None for none."""
    unit = tree.by_id.get(unit_id) if unit_id else None
    return views.TierUnitName(code=unit.code, name=unit.name, tier=unit.tier) if unit else None


def _task(case: Case, row: Row[Any]) -> views.TaskView:
    clocks = [clock for clock in case.clocks if clock.stage == "task" and clock.unit_id == row.unit_id]
    clock = next((clock for clock in clocks if clock.started_at == row.assigned_at), None)
    return views.TaskView(
        unit=unit_name(case.around.tree, row.unit_id),
        task=row.task,
        state=row.end or "open",
        assigned_at=row.assigned_at,
        due_at=clock.due_at if clock else None,
        ended_at=row.ended_at,
    )


def _directive(tree: UnitTree, row: Row[Any]) -> views.DirectiveView:
    by = {"from_unit": unit_name(tree, row.from_unit_id), "to_unit": unit_name(tree, row.to_unit_id)}
    asked = unit_name(tree, row.asked_unit_id) if row.asked_unit_id != row.to_unit_id else None
    same = ("id", "kind", "words", "given_at", "report_in_working_days", "acknowledged_at", "followed_at", "report")
    return views.DirectiveView(**{name: getattr(row, name) for name in same}, **by, instead_of=asked)


def _whistle(tree: UnitTree, row: Row[Any], calls: Sequence[Row[Any]]) -> views.WhistleView:
    same = ("id", "round", "kind", "words", "meet_at", "called_at", "ended_at", "end_kind", "outcome")
    return views.WhistleView(
        **{name: getattr(row, name) for name in same},
        place=row.place_words,
        called_by=unit_name(tree, row.called_by_unit_id),
        calls=[_call(tree, call) for call in calls],
    )


def _call(tree: UnitTree, row: Row[Any]) -> views.CallView:
    return views.CallView(
        unit=unit_name(tree, row.unit_id),
        instead_of=unit_name(tree, row.asked_unit_id) if row.asked_unit_id != row.unit_id else None,
        answer=row.answer,
        words=row.answer_words,
        answered_at=row.answered_at,
        arrived_at=row.arrived_at,
    )
