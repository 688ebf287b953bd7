"""Reading warnings, and saying what the desk above knows of one."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, true, tuple_
from sqlalchemy.orm import aliased

from services.identity.permissions import area_of, scope_of
from services.journal.noting import note
from services.platform.actor import Actor
from services.platform.errors import Conflict, Forbidden, Invalid, NotFound
from services.platform.unit_of_work import Work
from services.reports.figures import one_snapshot
from services.reports.known import require_known
from services.warnings.commands import AcknowledgeWarning
from services.warnings.models import EarlyWarning, WarningLook, WarningState
from services.warnings.views import WarningView, warning_then, warning_view
from services.warnings.watching import SUBJECT

Place = tuple[date, UUID]
State = Literal["open", "ended"]
_Rows = TypeVar("_Rows", bound=Select[*tuple[Any, ...]])


_ORDER = (EarlyWarning.opened_on, EarlyWarning.id)


async def list_warnings(
    work: Work, *, state: State | None, measure: str | None, after: Place | None, limit: int, as_of: datetime | None = None
) -> tuple[list[WarningView], Place | None]:
    """Return a page of the warnings one may see, the newest first, and where the next page goes on.

    `as_of`: as each was known then, in a transaction that has read nothing yet. Raises Invalid ``as_of.future``, and ``as_of.not_kept``
    where of any that is asked for it was not kept how it stood.
    """
    conditions = [_visible(work.actor), *([EarlyWarning.measure == measure] if measure is not None else [])]
    if as_of is not None:
        return await _list_then(work, as_of, conditions, state=state, after=after, limit=limit)
    if state is not None:
        conditions.append(EarlyWarning.ended_on.is_(None) if state == "open" else EarlyWarning.ended_on.is_not(None))
    found = (await work.session.scalars(_page(select(EarlyWarning).where(*conditions), after, limit))).all()
    return [warning_view(row) for row in found[:limit]], _following(found, limit)


async def _list_then(
    work: Work, as_of: datetime, conditions: Sequence[ColumnElement[bool]], *, state: State | None, after: Place | None, limit: int
) -> tuple[list[WarningView], Place | None]:
    await one_snapshot(work.session)
    require_known(as_of, work.now)
    newest = select(WarningState).where(WarningState.warning_id == EarlyWarning.id, WarningState.known_at <= as_of)
    then = newest.order_by(WarningState.day.desc()).limit(1).lateral("state_then")
    query = select(EarlyWarning, aliased(WarningState, then)).outerjoin(then, true()).where(EarlyWarning.opened_at <= as_of, *conditions)
    unknown = then.c.last_outside_on.is_(None)
    if state is not None:
        query = query.where(then.c.ended_on.is_(None) if state == "open" else or_(then.c.ended_on.is_not(None), then.c.day.is_(None)))
    if await work.session.scalar(select(exists(query.where(unknown).with_only_columns(EarlyWarning.id)))):
        told = "Some of these warnings were looked at then, and how they stood was not kept before this release. Ask for another instant."
        raise Invalid("as_of.not_kept", told)
    found = (await work.session.execute(_page(query, after, limit))).all()
    return [warning_then(row, stood, as_of) for row, stood in found[:limit]], _following([row for row, _stood in found], limit)


def _page(query: _Rows, after: Place | None, limit: int) -> _Rows:
    if after is not None:
        query = query.where(tuple_(*_ORDER) < tuple_(*after))
    return query.order_by(*(column.desc() for column in _ORDER)).limit(limit + 1)


def _following(found: Sequence[EarlyWarning], limit: int) -> Place | None:
    return (found[limit - 1].opened_on, found[limit - 1].id) if len(found) > limit else None


async def looked_until(work: Work, as_of: datetime | None = None) -> date | None:
    """Return the last day that was looked at; by an instant, where given."""
    query = select(func.max(WarningLook.day))
    return await work.session.scalar(query if as_of is None else query.where(WarningLook.looked_at <= as_of))


async def acknowledge(work: Work, warning_id: UUID, command: AcknowledgeWarning) -> WarningView:
    """Say what is known of a warning, once, from a desk above whom it is about.

    Raises 404 ``warning.unknown``, 403 ``warning.own_unit`` and 409 ``warning.acknowledged``.
    """
    query = select(EarlyWarning).where(EarlyWarning.id == warning_id, _visible(work.actor)).with_for_update()
    row = await work.session.scalar(query)
    if row is None:
        raise NotFound("warning.unknown", "There is no such warning, or it is not yours to see.")
    if not _above(work.actor, row):
        raise Forbidden("warning.own_unit", "A warning is acknowledged by the desk above whom it is about.")
    if row.acknowledged_at is not None:
        raise Conflict("warning.acknowledged", "Somebody has acknowledged this warning already; their words stand beside it.")
    row.acknowledged_at, row.acknowledged_by_account_id, row.acknowledged_words = work.now, work.actor.account_id, command.words
    await work.session.flush()
    await note(work, SUBJECT, row.id, "warning.acknowledged", {"words": command.words})
    return warning_view(row)


def _visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that somebody may see a warning: of units in their area and of their own; of categories who sees everything."""
    scope = scope_of(actor)
    if scope.everything:
        return true()
    areas = [EarlyWarning.unit_path.startswith(prefix, autoescape=True) for prefix in scope.prefixes]
    return or_(EarlyWarning.unit_id.in_(scope.unit_ids), *areas)


def _above(actor: Actor, row: EarlyWarning) -> bool:
    areas = [area_of(seat) for seat in actor.seats if seat.role in ("township_dispatcher", "county_supervisor")]
    if row.unit_path is None:
        return scope_of(actor).everything
    return any(row.unit_path.startswith(area) and row.unit_path != area for area in areas)
