"""Listing leave: one's own, what one acts for, and that of whoever works in one's area where one runs a desk or oversees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, false, or_, select, true
from sqlalchemy.orm import aliased

from services.identity.leave_views import ActingView, LeaveView, state_of
from services.identity.models import Account
from services.identity.permissions import DESKS, OVERSIGHT, area_of
from services.identity.views import MemberName
from services.organization.leave_models import LEAVE_KINDS, Acting, Leave
from services.organization.leaves import covers
from services.organization.models import ROLES, Member, Post, Unit
from services.platform.actor import Actor
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.errors import NotFound
from services.platform.unit_of_work import Work

_WATCHES = DESKS | OVERSIGHT | {"administrator"}


@dataclass(frozen=True, slots=True)
class LeaveFilter:
    """Which leave is wanted: of a member, over a day; whatever where None."""

    member_id: UUID | None = None
    on: date | None = None


async def list_leaves(work: Work, wanted: LeaveFilter, after: UUID | None, limit: int) -> list[LeaveView]:
    """Return leave one may know of, what was entered last first, of that entered before `after`."""
    query = select(Leave).where(_visible(work.actor)).order_by(Leave.id.desc()).limit(limit)
    if wanted.member_id is not None:
        query = query.where(Leave.member_id == wanted.member_id)
    if wanted.on is not None:
        query = query.where(covers(Leave, wanted.on))
    if after is not None:
        query = query.where(Leave.id < after)
    return await _views(work, list(await work.session.scalars(query)))


async def one_leave(work: Work, leave_id: UUID) -> LeaveView:
    """Return leave one may know of. Raises 404 ``leave.unknown``."""
    query = select(Leave).where(Leave.id == leave_id, _visible(work.actor)).execution_options(populate_existing=True)
    found = await work.session.scalar(query)
    if found is None:
        raise NotFound("leave.unknown", "There is no such leave, or none that you may know of.")
    return (await _views(work, [found]))[0]


def _visible(actor: Actor) -> ColumnElement[bool]:
    acts = exists().where(Acting.leave_id == Leave.id, Acting.deputy_id == actor.member_id)
    return or_(Leave.member_id == actor.member_id, acts, _watched(actor))


def _watched(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that `actor` runs a desk over a post of whoever is away, or oversees it."""
    areas = [area_of(seat) for seat in actor.seats if seat.role in _WATCHES]
    if actor.kind == "system" or any(area.count("/") == len("//") for area in areas):
        return true()
    inside = or_(false(), *(Unit.path.startswith(area, autoescape=True) for area in areas))
    return exists().where(Post.member_id == Leave.member_id, Post.unit_id == Unit.id, Post.valid_from < Leave.valid_to, inside)


async def _views(work: Work, leaves: Sequence[Leave]) -> list[LeaveView]:
    ids = [leave.id for leave in leaves]
    acting = await _acting(work, ids)
    author = aliased(Member)
    query = (
        select(Leave.id, Member.name, author.name.label("entered_by"), _watched(work.actor).label("watched"))
        .join(Member, Member.id == Leave.member_id)
        .outerjoin(Account, Account.id == Leave.entered_by_account_id)
        .outerjoin(author, author.id == Account.member_id)
        .where(one_of(Leave.id, ids))
    )
    beside = {row.id: row for row in await work.session.execute(query)} if ids else {}
    return [_view(work, leave, beside[leave.id], acting.get(leave.id, [])) for leave in leaves]


def _view(work: Work, leave: Leave, beside: Any, deputies: list[ActingView]) -> LeaveView:
    told = beside.watched or leave.member_id == work.actor.member_id
    return LeaveView(
        id=leave.id,
        member=MemberName(id=leave.member_id, name=beside.name),
        kind=leave.kind if told else None,
        kind_name=LEAVE_KINDS[leave.kind] if told else None,
        valid_from=leave.valid_from,
        valid_to=leave.valid_to,
        over_on=leave.over_on,
        state=state_of(leave.valid_from, leave.over_on, local_day(work.now), ended=leave.ended_at is not None),
        entered_at=leave.entered_at,
        entered_by=beside.entered_by,
        ended_at=leave.ended_at,
        deputies=deputies,
    )


async def _acting(work: Work, leave_ids: Sequence[UUID]) -> dict[UUID, list[ActingView]]:
    query = (
        select(Acting, Post.role, Unit.code, Unit.name.label("unit_name"), Member.name)
        .join(Post, Post.id == Acting.post_id)
        .join(Unit, Unit.id == Post.unit_id)
        .join(Member, Member.id == Acting.deputy_id)
        .where(one_of(Acting.leave_id, leave_ids))
        .order_by(Acting.valid_from, Acting.id)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[ActingView]] = {}
    for row in await work.session.execute(query) if leave_ids else ():
        acting: Acting = row.Acting
        view = ActingView(
            id=acting.id,
            post_id=acting.post_id,
            role=row.role,
            title=ROLES[row.role],
            unit_code=row.code,
            unit_name=row.unit_name,
            deputy=MemberName(id=acting.deputy_id, name=row.name),
            valid_from=acting.valid_from,
            valid_to=acting.valid_to,
            over_on=acting.over_on,
            state=state_of(acting.valid_from, acting.over_on, local_day(work.now), ended=acting.ended_at is not None),
        )
        found.setdefault(acting.leave_id, []).append(view)
    return found
