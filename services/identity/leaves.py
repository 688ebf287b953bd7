"""Leave and deputies: entered, ended early, and over by themselves at the end of their days. Each change leaves an event.

The database refuses what overlaps; the rows of the members are locked, in order of id, for what it cannot see (a deputy who goes away).
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.exc import IntegrityError

from services.identity.keys_models import ApiKey
from services.identity.leave_commands import Appoint, EnterLeave
from services.identity.leave_rules import (
    By,
    Deputy,
    HeldPost,
    Span,
    authority,
    require_deputy,
    require_lendable,
    require_sensible,
)
from services.identity.models import Account
from services.journal.noting import note
from services.organization.leave_models import Acting, Leave
from services.organization.models import Member, Post, Unit
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.errors import Conflict, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

_ALWAYS = date.max


async def enter_leave(work: Work, command: EnterLeave) -> UUID:
    """Enter leave of a member with its deputies, all or nothing; return its id.

    Raises what `leave_rules` raises, and Conflict ``leave.overlaps``, ``leave.acts_for_somebody``, ``member.has_left``,
    ``acting.somebody_acts``.
    """
    member_id = command.member_id or work.actor.member_id
    if member_id is None:
        raise Invalid("leave.of_nobody", "Say whose leave it is: member_id.")
    span, today = Span(command.valid_from, command.valid_to), local_day(work.now)
    await _hold(work, {member_id, *(deputy.deputy_id for deputy in command.deputies)})
    posts = await _posts(work, member_id)
    by = authority(work.actor, member_id, posts)
    require_sensible(by, span, today, await _own_spans(work, member_id))
    await _require_free(work, member_id, span)
    leave = Leave(id=new_id(), member_id=member_id, kind=command.kind, **_entered(work, span))
    await _store(work, leave, Conflict("leave.overlaps", "The member is on leave on some of these days already; end that first."))
    days = {"valid_from": span.first.isoformat(), "valid_to": span.over_on.isoformat()}
    await note(work, "member", member_id, "leave.entered", {"leave_id": str(leave.id), "by": by, **days})
    for deputy in command.deputies:
        await _appoint(work, leave, deputy, by, posts)
    return leave.id


async def appoint(work: Work, leave_id: UUID, command: Appoint) -> None:
    """Name a deputy for a post of somebody who is, or will be, on leave. Raises what :func:`enter_leave` raises, 409 ``leave.over``."""
    member_id = (await _leave(work, leave_id)).member_id
    await _hold(work, {member_id, command.deputy_id})
    leave = await _leave(work, leave_id)
    posts = await _posts(work, member_id)
    by = _by(work, leave, posts)
    if leave.over_on <= local_day(work.now):
        raise Conflict("leave.over", "This leave is over; nobody has to act any more.")
    await _appoint(work, leave, command, by, posts)


async def end_leave(work: Work, leave_id: UUID) -> None:
    """End leave before its time, now, and with it whoever acts; what had not begun never was. Ending again changes nothing.

    Raises 404 ``leave.unknown``, 409 ``leave.over``.
    """
    leave = await _leave(work, leave_id)
    await _hold(work, {leave.member_id})
    leave = await _leave(work, leave_id)
    _by(work, leave, await _posts(work, leave.member_id))
    if leave.ended_at is not None:
        return
    if leave.over_on <= local_day(work.now):
        raise Conflict("leave.over", "This leave is over already.")
    acting = select(Acting).where(Acting.leave_id == leave.id, Acting.ended_at.is_(None), Acting.over_on > local_day(work.now))
    for row in await work.session.scalars(acting.order_by(Acting.id)):
        await _end_acting(work, row)
    _end(work, leave)
    await work.session.flush()
    await note(work, "member", leave.member_id, "leave.ended", {"leave_id": str(leave.id), "over_on": leave.over_on.isoformat()})


async def end_acting(work: Work, leave_id: UUID, acting_id: UUID) -> None:
    """Have a deputy act no more, from now on; they may say so themselves. Ending again changes nothing.

    Raises 404 ``leave.unknown`` and ``acting.unknown``, 409 ``acting.over``.
    """
    leave = await _leave(work, leave_id)
    await _hold(work, {leave.member_id})
    row = await work.session.get(Acting, acting_id, populate_existing=True)
    if row is None or row.leave_id != leave_id:
        raise NotFound("acting.unknown", "No deputy of this leave has this id.")
    if row.deputy_id != work.actor.member_id:
        _by(work, leave, await _posts(work, leave.member_id))
    if row.ended_at is not None:
        return
    if row.over_on <= local_day(work.now):
        raise Conflict("acting.over", "This is over already.")
    await _end_acting(work, row)


async def _appoint(work: Work, leave: Leave, command: Appoint, by: By, posts: Sequence[HeldPost]) -> None:
    today = local_day(work.now)
    first = command.valid_from or max(leave.valid_from, min(today, leave.over_on))
    span = Span(first, command.valid_to or leave.over_on)
    found = next((post for post in posts if post.id == command.post_id), None)
    post = require_lendable(work.actor, by, found, Span(leave.valid_from, leave.over_on), span, today)
    require_deputy(work.actor, by, post, await _deputy(work, command.deputy_id, span))
    row = Acting(
        id=new_id(), leave_id=leave.id, post_id=post.id, holder_id=leave.member_id, deputy_id=command.deputy_id, **_entered(work, span)
    )
    await _store(work, row, Conflict("acting.somebody_acts", "Somebody acts for this post on some of these days already; end that first."))
    said = {"acting_id": str(row.id), "post_id": str(post.id), "deputy_id": str(row.deputy_id), "by": by, "role": post.role}
    days = {"valid_from": span.first.isoformat(), "valid_to": span.over_on.isoformat()}
    await note(work, "member", leave.member_id, "acting.begun", {**said, **days})


async def _end_acting(work: Work, row: Acting) -> None:
    _end(work, row)
    await work.session.flush()
    said = {"acting_id": str(row.id), "deputy_id": str(row.deputy_id), "over_on": row.over_on.isoformat()}
    await note(work, "member", row.holder_id, "acting.ended", said)


def _end(work: Work, row: Leave | Acting) -> None:
    row.over_on = max(row.valid_from, min(local_day(work.now), row.over_on))
    row.ended_at, row.ended_by_account_id = work.now, work.actor.account_id


def _entered(work: Work, span: Span) -> dict[str, object]:
    return {
        "valid_from": span.first,
        "valid_to": span.over_on,
        "over_on": span.over_on,
        "entered_at": work.now,
        "entered_by_account_id": work.actor.account_id,
    }


async def _store(work: Work, row: Leave | Acting, overlaps: Conflict) -> None:
    work.session.add(row)
    try:
        await work.session.flush()
    except IntegrityError:  # the one constraint that can be hit: two on one day
        raise overlaps from None


async def _hold(work: Work, member_ids: set[UUID]) -> None:
    """Lock the members, in order of id. Raises 404 ``member.unknown``."""
    locked = select(Member.id).where(one_of(Member.id, member_ids)).order_by(Member.id).with_for_update()
    if len((await work.session.scalars(locked)).all()) != len(member_ids):
        raise NotFound("member.unknown", "There is no such member.")


async def _leave(work: Work, leave_id: UUID) -> Leave:
    found = await work.session.get(Leave, leave_id, populate_existing=True)
    if found is None:
        raise _unknown()
    return found


def _by(work: Work, leave: Leave, posts: Sequence[HeldPost]) -> By:
    """Return by which right the actor changes a leave they know of; what they have nothing to do with is unknown to them."""
    try:
        return authority(work.actor, leave.member_id, posts)
    except NotFound:
        raise _unknown() from None


def _unknown() -> NotFound:
    return NotFound("leave.unknown", "There is no such leave, or none that is yours to change.")


async def _posts(work: Work, member_id: UUID) -> list[HeldPost]:
    """Return the posts of a member that are not over, with the days they are held."""
    ends = func.least(Post.valid_to, Member.left_on, Unit.valid_to).label("ends")
    query = (
        select(Post.id, Post.role, Post.unit_id, Post.valid_from, Unit.path, ends)
        .join(Member, Member.id == Post.member_id)
        .join(Unit, Unit.id == Post.unit_id)
        .where(Post.member_id == member_id, or_(ends.is_(None), ends > local_day(work.now)))
    )
    return [
        HeldPost(row.id, member_id, row.role, row.unit_id, row.path, Span(row.valid_from, row.ends or _ALWAYS))
        for row in await work.session.execute(query)
    ]


async def _own_spans(work: Work, member_id: UUID) -> list[Span]:
    """Return the days of leave a member entered for themself."""
    query = (
        select(Leave.valid_from, Leave.over_on)
        .join(Account, Account.id == Leave.entered_by_account_id)
        .where(Leave.member_id == member_id, Account.member_id == member_id)
    )
    return [Span(row.valid_from, row.over_on) for row in await work.session.execute(query)]


async def _require_free(work: Work, member_id: UUID, span: Span) -> None:
    """Raise where the member has left by then, or acts for somebody on these days."""
    left_on = await work.session.scalar(select(Member.left_on).where(Member.id == member_id))
    if left_on is not None and left_on < span.over_on:
        raise Conflict("member.has_left", "This member has left by that day.")
    acts = select(exists().where(Acting.deputy_id == member_id, Acting.valid_from < span.over_on, Acting.over_on > span.first))
    if await work.session.scalar(acts):
        detail = "The member acts for somebody on some of these days; name another deputy there first."
        raise Conflict("leave.acts_for_somebody", detail)


async def _deputy(work: Work, member_id: UUID, span: Span) -> Deputy:
    open_account = and_(Account.member_id == member_id, Account.disabled_at.is_(None), Account.id.not_in(select(ApiKey.account_id)))
    stays = and_(Member.id == member_id, or_(Member.left_on.is_(None), Member.left_on >= span.over_on))
    away = exists().where(Leave.member_id == member_id, Leave.valid_from < span.over_on, Leave.over_on > span.first)
    signs_in = and_(exists().where(open_account), exists().where(stays))
    found = (await work.session.execute(select(signs_in.label("signs_in"), away.label("away")))).one()
    posts = await _posts(work, member_id)
    return Deputy(member_id, found.signs_in, found.away, tuple(post.path for post in posts))
