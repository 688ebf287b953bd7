"""Reading warnings, and saying what the desk above knows of one."""

from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true, tuple_

from services.identity.permissions import area_of, scope_of
from services.journal.noting import note
from services.platform.actor import Actor
from services.platform.errors import Conflict, Forbidden, NotFound
from services.platform.unit_of_work import Work
from services.warnings.commands import Acknowledge
from services.warnings.models import EarlyWarning, WarningLook
from services.warnings.views import WarningView, warning_view
from services.warnings.watching import SUBJECT

Place = tuple[date, UUID]
State = Literal["open", "ended"]


async def list_warnings(
    work: Work, *, state: State | None, measure: str | None, after: Place | None, limit: int
) -> tuple[list[WarningView], Place | None]:
    """Return a page of the warnings one may see, the newest first, and where the next page goes on."""
    order = (EarlyWarning.opened_on, EarlyWarning.id)
    query = select(EarlyWarning).where(_visible(work.actor)).order_by(*(column.desc() for column in order)).limit(limit + 1)
    if state is not None:
        query = query.where(EarlyWarning.ended_on.is_(None) if state == "open" else EarlyWarning.ended_on.is_not(None))
    if measure is not None:
        query = query.where(EarlyWarning.measure == measure)
    if after is not None:
        query = query.where(tuple_(*order) < tuple_(*after))
    rows = (await work.session.scalars(query)).all()
    following = (rows[limit - 1].opened_on, rows[limit - 1].id) if len(rows) > limit else None
    return [warning_view(row) for row in rows[:limit]], following


async def looked_until(work: Work) -> date | None:
    """Return the last day that was looked at."""
    return await work.session.scalar(select(func.max(WarningLook.day)))


async def acknowledge(work: Work, warning_id: UUID, command: Acknowledge) -> WarningView:
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
