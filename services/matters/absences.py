"""Who of those named in a matter is away, and who is there no more: leave, posts that ended, accounts that are closed.

Whoever acts for somebody (代班) does what they would: on days that are acted for nobody is away.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from services.identity.models import Account
from services.matters.schedule import Days, uncovered
from services.organization.leave_models import Acting, Leave
from services.organization.leaves import covers
from services.organization.models import Member, Post
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Absences:
    """Of some members: the days on which each was away and nobody acted for them, and in which units each was there."""

    away: Mapping[UUID, Sequence[Days]] = field(default_factory=dict)
    seats: frozenset[tuple[UUID, UUID]] = frozenset()

    def days(self, member_id: UUID) -> Sequence[Days]:
        """Return when a member was away and nobody acted for them, in order."""
        return self.away.get(member_id, ())

    def is_gone(self, member_id: UUID, unit_id: UUID | None = None) -> bool:
        """Tell whether a member holds no post any more: in a unit, where one is given."""
        if unit_id is not None:
            return (member_id, unit_id) not in self.seats
        return all(member != member_id for member, _unit in self.seats)


async def absences_of(work: Work, member_ids: Iterable[UUID], at: datetime) -> Absences:
    """Return how it stands with these members, as it was known at an instant: three statements for any number of them."""
    ids = set(member_ids)
    if not ids:
        return Absences()
    leaves = await _spans(work, Leave, Leave.member_id, ids, at)
    acted = await _spans(work, Acting, Acting.holder_id, ids, at)
    day = local_day(at)
    posts = (
        select(Post.member_id, Post.unit_id)
        .join(Member, Member.id == Post.member_id)
        .outerjoin(Account, Account.member_id == Post.member_id)
        .where(one_of(Post.member_id, ids), Post.valid_from <= day, _after(Post.valid_to, day), _after(Member.left_on, day))
        .where(or_(Account.disabled_at.is_(None), Account.disabled_at > at, _acted_for(day)))
    )
    seats = frozenset((row.member_id, row.unit_id) for row in await work.session.execute(posts))
    return Absences({member: uncovered(spans, acted[member]) for member, spans in leaves.items()}, seats)


def _acted_for(day: date) -> ColumnElement[bool]:
    """Return the condition, over posts, that somebody acts for its holder."""
    return exists(select(Acting.id).where(Acting.post_id == Post.id, covers(Acting, day)))


def _after(end: InstrumentedAttribute[date | None], day: date) -> ColumnElement[bool]:
    return or_(end.is_(None), end > day)


async def _spans(work: Work, row: type[Leave] | type[Acting], whose: object, ids: set[UUID], at: datetime) -> dict[UUID, list[Days]]:
    """Return the days of each row of a member, as they were known at an instant: one that was ended later still went on."""
    over = case((and_(row.ended_at.is_not(None), row.ended_at <= at), row.over_on), else_=row.valid_to)
    query = select(whose, row.valid_from, over).where(one_of(whose, ids), row.entered_at <= at)  # type: ignore[call-overload]
    found: defaultdict[UUID, list[Days]] = defaultdict(list)
    for member, first, after in await work.session.execute(query.order_by(row.valid_from)):
        if after > first:
            found[member].append(Days(first, after))
    return found
