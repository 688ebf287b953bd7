"""Asking who is on leave, and who acts for whom: for every room that counts days or seats."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.organization.leave_models import Acting, Leave
from services.organization.models import Member, Post, Unit
from services.platform.bulk import one_of


def covers(row: type[Leave] | type[Acting], day: date) -> ColumnElement[bool]:
    """Return the condition that leave, or acting for somebody, lies over `day` (Asia/Shanghai); what was ended early does no more."""
    return and_(row.valid_from <= day, row.over_on > day)


async def on_leave(session: AsyncSession, member_ids: Iterable[UUID], day: date) -> frozenset[UUID]:
    """Return those of the members who are on leave on `day`."""
    query = select(Leave.member_id).where(one_of(Leave.member_id, set(member_ids)), covers(Leave, day))
    return frozenset(await session.scalars(query))


async def days_of_leave(session: AsyncSession, member_ids: Iterable[UUID], first: date, last: date) -> dict[UUID, list[tuple[date, date]]]:
    """Return the spans of leave of each member that touch `first` to `last`, both included: (first day, first day after), in order."""
    query = (
        select(Leave.member_id, Leave.valid_from, Leave.over_on)
        .where(
            one_of(Leave.member_id, set(member_ids)),
            Leave.valid_from <= last,
            Leave.over_on > first,
            Leave.over_on > Leave.valid_from,
        )
        .order_by(Leave.member_id, Leave.valid_from)
    )
    found: dict[UUID, list[tuple[date, date]]] = {}
    for row in await session.execute(query):
        found.setdefault(row.member_id, []).append((row.valid_from, row.over_on))
    return found


def acted_posts(day: date) -> Select[*tuple[Any, ...]]:
    """Return the query of every post that is acted for on `day`, with its deputy, while its holder holds it and its unit is there."""
    holds = and_(Post.valid_from <= day, or_(Post.valid_to.is_(None), Post.valid_to > day))
    here = or_(Member.left_on.is_(None), Member.left_on > day)
    exists = or_(Unit.valid_to.is_(None), Unit.valid_to > day)
    return (
        select(
            Acting.deputy_id, Acting.holder_id, Acting.over_on, Post.id.label("post_id"), Post.role, Member.name.label("holder_name"),
            Unit.id.label("unit_id"), Unit.code, Unit.path, Unit.tier, Unit.kind, Unit.function,
        )
        .join(Post, Post.id == Acting.post_id)
        .join(Unit, Unit.id == Post.unit_id)
        .join(Member, Member.id == Acting.holder_id)
        .where(covers(Acting, day), Post.member_id == Acting.holder_id, holds, here, exists)
    )  # fmt: skip
