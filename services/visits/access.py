"""Whose household somebody may call on, and whose visits they may know of: those they are paired with, and those of their area."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, select, true

from services.activities.rules import seat_over
from services.households.models import Household
from services.identity.permissions import PERMISSIONS, may, scope_of
from services.organization.models import Member, Post, Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.pairing.models import Pairing
from services.pairing.queries import in_force
from services.platform.actor import Actor
from services.platform.errors import Conflict, Fault, Invalid, NotFound
from services.platform.unit_of_work import Work
from services.visits.models import Visit

BACK_AT_MOST = timedelta(days=366)
_AHEAD_AT_MOST = timedelta(minutes=5)
"""A clock may be so far before ours; then it counts as now."""


@dataclass(frozen=True, slots=True)
class Home:
    """A household somebody may call on: where it lives, its keyed reference, and the seat they call from."""

    id: UUID
    reference: bytes
    unit: UnitNode
    by_unit_id: UUID
    ended_on: date | None


async def home_of(work: Work, household_id: UUID, day: date) -> Home:
    """Return a household `work.actor` may call on: paired with it on `day`, or with a post over where it lives.

    Raises 404 ``household.unknown`` for every other: nothing is told of it.
    """
    row = await work.session.get(Household, household_id)
    if row is not None:
        unit = (await unit_tree(work.session)).by_id[row.unit_id]
        seat = seat_over(work.actor, "activity.record", unit)
        if seat is None and await _paired(work, household_id, day):
            seat = next(one for one in work.actor.seats if one.role in PERMISSIONS["visit.record"])
        if seat is not None:
            return Home(row.id, row.reference, unit, seat.unit_id, row.ended_on)
    raise NotFound("household.unknown", "There is no household with this id, or none that you may know of.")


async def home_for(work: Work, household_id: UUID, day: date, member_id: UUID) -> Home:
    """Return a household somebody else called on, for whoever writes that down: a desk over where it lives, or a colleague of their office.

    Whoever called was paired with it on `day`, or had a post over where it lives. Raises 404 ``household.unknown`` and
    ``member.unknown``, 409 ``visit.not_theirs``.
    """
    row = await work.session.get(Household, household_id)
    unit = (await unit_tree(work.session)).by_id[row.unit_id] if row is not None else None
    posts = await _posts(work, member_id, day)
    desk = unit is not None and seat_over(work.actor, "activity.record_for_others", unit) is not None
    colleague = may(work.actor, "visit.record") and any(post.unit_id in {seat.unit_id for seat in work.actor.seats} for post in posts)
    if row is None or unit is None or not (desk or colleague):
        raise NotFound("household.unknown", "There is no household with this id, or none that you may know of.")
    if not posts:
        raise NotFound("member.unknown", "Nobody of this id was here on that day; see GET /v1/members.")
    over = [post for post in posts if post.role in PERMISSIONS["activity.record"] and unit.path.startswith(post.path)]
    paired = await _is_paired(work, household_id, member_id, day)
    if not over and not paired:
        if not desk:
            raise NotFound("household.unknown", "There is no household with this id, or none that you may know of.")
        raise Conflict("visit.not_theirs", "They were not paired with this household on that day and have no post there; pair them first.")
    return Home(row.id, row.reference, unit, (over or posts)[0].unit_id, row.ended_on)


async def _posts(work: Work, member_id: UUID, day: date) -> Sequence[Any]:
    held = (Post.valid_from <= day) & or_(Post.valid_to.is_(None), Post.valid_to > day)
    here = or_(Member.left_on.is_(None), Member.left_on > day)
    query = select(Post.unit_id, Post.role, Unit.path).join(Unit, Unit.id == Post.unit_id).join(Member, Member.id == Post.member_id)
    return (await work.session.execute(query.where(Post.member_id == member_id, held, here).order_by(Post.valid_from, Post.id))).all()


async def _paired(work: Work, household_id: UUID, day: date) -> bool:
    if work.actor.member_id is None or not may(work.actor, "visit.record"):
        return False
    return await _is_paired(work, household_id, work.actor.member_id, day)


async def _is_paired(work: Work, household_id: UUID, member_id: UUID, day: date) -> bool:
    query = select(Pairing.id).where(Pairing.household_id == household_id, Pairing.member_id == member_id, in_force(day))
    return await work.session.scalar(query.limit(1)) is not None


def visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition, over visits joined to the unit of their household, that `actor` may know of one.

    By area, as their own, as what they wrote down, or of a household they are paired with now.
    """
    scope = scope_of(actor)
    if scope.everything:
        return true()
    parts: list[ColumnElement[bool]] = [Unit.path.startswith(prefix, autoescape=True) for prefix in scope.prefixes]
    if actor.account_id is not None:
        parts.append(Visit.recorded_by_account_id == actor.account_id)
    if actor.member_id is not None:
        parts.append(Visit.member_id == actor.member_id)
        theirs = select(Pairing.id).where(Pairing.household_id == Visit.household_id, Pairing.member_id == actor.member_id)
        parts.append(theirs.where(Pairing.valid_to.is_(None)).exists())
    return or_(*parts) if parts else false()


def settled_at(said: datetime | None, now: datetime) -> datetime:
    """Return when something is taken to have happened: as said, now where nothing is said; raise Invalid ``visit.time_impossible``."""
    if said is None:
        return now
    if said > now + _AHEAD_AT_MOST:
        raise _impossible("must not be in the future")
    if said < now - BACK_AT_MOST:
        raise _impossible("more than 366 days ago: have it entered in the ledger as of that day")
    return min(said, now)


def _impossible(detail: str) -> Invalid:
    return Invalid("visit.time_impossible", "Correct the time at which it was.", errors=[Fault("/happened_at", detail)])
