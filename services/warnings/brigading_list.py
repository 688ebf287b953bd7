"""The list of places with signs, for the desks they concern: as it is, and as it was known to be at an instant."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, select, true, tuple_
from sqlalchemy.orm import aliased

from services.identity.permissions import PERMISSIONS, area_of
from services.platform.actor import Actor
from services.platform.unit_of_work import Work
from services.reports.known import require_known
from services.warnings.brigading_models import BrigadingEpisode, BrigadingLook
from services.warnings.brigading_views import BrigadingView, brigading_view

Place = tuple[datetime, UUID]
State = Literal["open", "ended"]
_ORDER = (BrigadingEpisode.opened_at, BrigadingEpisode.id)


async def list_brigading(
    work: Work, *, state: State | None, after: Place | None, limit: int, as_of: datetime | None
) -> tuple[list[BrigadingView], Place | None]:
    """Return a page of the places with signs in the areas of the desks one sits at, the newest first, and where the next page goes on.

    Raises Invalid ``as_of.future``. Every look that saw something else is kept, so that any instant is answered.
    """
    require_known(as_of, work.now)
    at = as_of or work.now
    newest = select(BrigadingLook).where(BrigadingLook.episode_id == BrigadingEpisode.id, BrigadingLook.looked_at <= at)
    look = aliased(BrigadingLook, newest.order_by(BrigadingLook.looked_at.desc()).limit(1).lateral("look"))
    query = select(BrigadingEpisode, look).join(look, true()).where(BrigadingEpisode.opened_at <= at, _visible(work.actor))
    if state is not None:
        goes_on = or_(BrigadingEpisode.ended_at.is_(None), BrigadingEpisode.ended_at > at)
        query = query.where(goes_on if state == "open" else BrigadingEpisode.ended_at <= at)
    if after is not None:
        query = query.where(tuple_(*_ORDER) < tuple_(*after))
    rows = (await work.session.execute(query.order_by(*(column.desc() for column in _ORDER)).limit(limit + 1))).all()
    following = (rows[limit - 1][0].opened_at, rows[limit - 1][0].id) if len(rows) > limit else None
    return [brigading_view(episode, seen, at) for episode, seen in rows[:limit]], following


def _visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a place lies in the area of a desk `actor` sits at. No other seat of theirs widens it."""
    desks = {area_of(seat) for seat in actor.seats if seat.role in PERMISSIONS["brigading.read"]}
    areas = [BrigadingEpisode.unit_path.startswith(area, autoescape=True) for area in sorted(desks)]
    return or_(*areas) if areas else false()
