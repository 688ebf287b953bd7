"""Totals declared from paper, for the time before the system: kept apart from what was counted, and always shown apart."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, false, func, or_, select, true, update

from services.activities.commands import DeclareTotal, Reason
from services.activities.metrics import FIGURES_TO_DECLARE, METRICS, amount_text
from services.activities.models import DeclaredTotal
from services.activities.rules import require_past
from services.activities.views import DeclaredView
from services.identity.permissions import Scope, require, scope_of
from services.journal.noting import note
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.platform.bulk import insert_many
from services.platform.clock import local_day
from services.platform.errors import Conflict, Forbidden, Invalid, NotFound
from services.platform.unit_of_work import Work


async def declare(work: Work, command: DeclareTotal) -> tuple[DeclaredView, bool]:
    """Keep a total from paper; return it, and whether it was there before.

    Raises Conflict ``declared.overlaps`` where the unit has one of that figure for some of these days.
    """
    require(work.actor, "activity.declare")
    unit = await _unit(work, command.unit)
    require_past(command.last_day, local_day(work.now))
    if command.figure not in FIGURES_TO_DECLARE:
        known = {"known": list(FIGURES_TO_DECLARE)}
        raise Invalid("declared.figure_unknown", "Only counts and sums are declared; `known` lists them.", extra=known)
    key = int.from_bytes(unit.id.bytes[8:], "big", signed=True)
    await work.session.execute(select(func.pg_advisory_xact_lock(key)))
    there = (await work.session.execute(_query().where(DeclaredTotal.id == command.declared_id))).one_or_none()
    if there is not None:
        if _said(there.DeclaredTotal, there.code) == _asked(command):
            return _view(there), True
        raise Conflict("declared.id_taken", "Another total has this id; make a new one.")
    await _require_free(work, command, unit)
    row = {
        "id": command.declared_id, "unit_id": unit.id, "figure": command.figure, "first_day": command.first_day,
        "last_day": command.last_day, "amount": command.amount, "basis": command.basis, "recorded_at": work.now,
        "recorded_by_account_id": work.actor.account_id,
    }  # fmt: skip
    await insert_many(work.session, DeclaredTotal, [row])
    data = {"figure": command.figure, "unit_id": str(unit.id), "first": str(command.first_day), "last": str(command.last_day)}
    await note(work, "declared_total", command.declared_id, "declared_total.recorded", {**data, "amount": command.amount})
    return await read_declared(work, command.declared_id), False


async def withdraw_declared(work: Work, declared_id: UUID, reason: Reason) -> DeclaredView:
    """Take a total back, once; it stays to be seen."""
    require(work.actor, "activity.declare")
    found = await read_declared(work, declared_id)
    await _unit(work, found.unit_code)
    values = {"withdrawn_at": work.now, "withdrawn_because": reason, "withdrawn_by_account_id": work.actor.account_id}
    still = (DeclaredTotal.id == declared_id, DeclaredTotal.withdrawn_at.is_(None))
    done = await work.session.scalar(update(DeclaredTotal).where(*still).values(values).returning(DeclaredTotal.id))
    if done is None:
        raise Conflict("declared.withdrawn", "This total was withdrawn before.")
    await note(work, "declared_total", declared_id, "declared_total.withdrawn", {"reason": reason})
    return await read_declared(work, declared_id)


async def read_declared(work: Work, declared_id: UUID) -> DeclaredView:
    """Return one total; raise NotFound ``declared.unknown``."""
    query = _query().where(DeclaredTotal.id == declared_id, _within_scope(scope_of(work.actor))).execution_options(populate_existing=True)
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("declared.unknown", "There is no declared total with this id, or none that you may know of.")
    return _view(row)


async def declared_totals(
    work: Work, *, unit_path: str | None = None, first: date | None = None, last: date | None = None, as_of: datetime | None = None
) -> list[DeclaredView]:
    """Return totals of units in `unit_path` whose period touches these days, as known at `as_of`; without it withdrawn ones too."""
    conditions = [_within_scope(scope_of(work.actor))]
    if unit_path is not None:
        conditions.append(Unit.path.startswith(unit_path, autoescape=True))
    if first is not None:
        conditions.append(DeclaredTotal.last_day >= first)
    if last is not None:
        conditions.append(DeclaredTotal.first_day <= last)
    if as_of is not None:
        conditions += [DeclaredTotal.recorded_at <= as_of, or_(DeclaredTotal.withdrawn_at.is_(None), DeclaredTotal.withdrawn_at > as_of)]
    query = _query().where(*conditions).order_by(DeclaredTotal.first_day, Unit.path, DeclaredTotal.figure, DeclaredTotal.id).limit(1000)
    return [_view(row) for row in await work.session.execute(query)]


async def _unit(work: Work, code: str) -> UnitNode:
    """Return the unit a total is of; raise unless it is an area inside one's own."""
    unit = (await unit_tree(work.session)).by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    scope = scope_of(work.actor)
    if not scope.everything and not any(unit.path.startswith(prefix) for prefix in scope.prefixes):
        raise Forbidden("unit.outside_scope", "Your posts do not reach this unit.")
    return unit


async def _require_free(work: Work, command: DeclareTotal, unit: UnitNode) -> None:
    query = select(DeclaredTotal.id).where(
        DeclaredTotal.unit_id == unit.id,
        DeclaredTotal.figure == command.figure,
        DeclaredTotal.withdrawn_at.is_(None),
        DeclaredTotal.first_day <= command.last_day,
        DeclaredTotal.last_day >= command.first_day,
    )
    other = await work.session.scalar(query.limit(1))
    if other is not None:
        detail = "This unit has a declared total of this figure for some of these days; withdraw that first."
        raise Conflict("declared.overlaps", detail, extra={"other": str(other)})


def _within_scope(scope: Scope) -> ColumnElement[bool]:
    if scope.everything:
        return true()
    return or_(false(), *(Unit.path.startswith(prefix, autoescape=True) for prefix in scope.prefixes))


def _query() -> Any:
    return select(DeclaredTotal, Unit.code, Unit.name).join(Unit, Unit.id == DeclaredTotal.unit_id)


def _said(row: DeclaredTotal, code: str) -> Sequence[object]:
    return code, row.figure, row.first_day, row.last_day, row.amount, row.basis


def _asked(command: DeclareTotal) -> Sequence[object]:
    return command.unit, command.figure, command.first_day, command.last_day, command.amount, command.basis


def _view(row: Row[Any]) -> DeclaredView:
    total, metric = row.DeclaredTotal, METRICS[row.DeclaredTotal.figure]
    same = ("id", "first_day", "last_day", "amount", "basis", "recorded_at", "withdrawn_at", "withdrawn_because")
    return DeclaredView(
        **{name: getattr(total, name) for name in same}, unit_code=row.code, unit_name=row.name, figure=metric.key, name=metric.name,
        counting_unit=metric.unit, shown=amount_text(metric.unit, total.amount),
    )  # fmt: skip
