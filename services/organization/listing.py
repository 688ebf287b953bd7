"""Lists of units and members, and the two reports on them: blank units, and cadres not placed in a grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.organization.models import Member, Post, Unit
from services.organization.tree import UnitNode, UnitTree
from services.organization.views import KindCount, MemberView, Placement, PostView, UnplacedMember, member_view, post_view

_INSTRUCTORS = ("guide", "assistant")


@dataclass(frozen=True, slots=True)
class UnitFilter:
    """Which units to list: below `under` (a path, itself left out), of a kind, blank or not, ended ones too or not."""

    under: str | None = None
    kind: str | None = None
    blank: bool | None = None
    ended: bool = False


def _held(day: date) -> ColumnElement[bool]:
    """Return the condition of a post held on `day` by a member who has not left."""
    return and_(
        Post.valid_from <= day,
        or_(Post.valid_to.is_(None), Post.valid_to > day),
        or_(Member.left_on.is_(None), Member.left_on > day),
    )


def _within(prefixes: Sequence[str]) -> ColumnElement[bool]:
    return or_(false(), *(Unit.path.startswith(prefix, autoescape=True) for prefix in prefixes))


async def list_units(session: AsyncSession, wanted: UnitFilter, day: date, after: str | None, limit: int) -> list[Unit]:
    """Return up to `limit` units after the path `after`, by path."""
    query = select(Unit).order_by(Unit.path).limit(limit)
    if wanted.under is not None:
        query = query.where(_within([wanted.under]), Unit.path != wanted.under)
    if wanted.kind is not None:
        query = query.where(Unit.kind == wanted.kind)
    if not wanted.ended:
        query = query.where(or_(Unit.valid_to.is_(None), Unit.valid_to > day))
    if wanted.blank is not None:
        staffed = exists().where(Post.unit_id == Unit.id, Member.id == Post.member_id, _held(day))
        query = query.where(~staffed if wanted.blank else staffed)
    if after is not None:
        query = query.where(Unit.path > after)
    return list(await session.scalars(query))


def blank_units(tree: UnitTree, prefixes: Sequence[str] | None) -> tuple[list[KindCount], list[UnitNode]]:
    """Return the counts by kind, and the blank units by path, below any of `prefixes` (everywhere where None)."""
    inside = [
        unit
        for unit in tree.by_id.values()
        if unit.active and (prefixes is None or any(unit.path.startswith(prefix) for prefix in prefixes))
    ]
    totals: dict[str, list[int]] = {}
    for unit in inside:
        count = totals.setdefault(unit.kind, [0, 0])
        count[0] += 1
        count[1] += not unit.staffed_roles
    counts = [KindCount(kind=kind, total=total, blank=blank) for kind, (total, blank) in sorted(totals.items())]
    return counts, sorted((unit for unit in inside if not unit.staffed_roles), key=lambda unit: unit.path)


async def list_members(
    session: AsyncSession, prefixes: Sequence[str] | None, day: date, after: UUID | None, limit: int
) -> list[MemberView]:
    """Return up to `limit` members after the id `after`; with `prefixes` only those with a post held there on `day`."""
    query = select(Member).order_by(Member.id).limit(limit)
    if prefixes is not None:
        query = query.where(exists().where(Post.member_id == Member.id, Unit.id == Post.unit_id, _held(day), _within(prefixes)))
    if after is not None:
        query = query.where(Member.id > after)
    return await _with_posts(session, list(await session.scalars(query)))


async def one_member(session: AsyncSession, member: Member) -> MemberView:
    """Return the view of one member."""
    return (await _with_posts(session, [member]))[0]


async def _with_posts(session: AsyncSession, members: Sequence[Member]) -> list[MemberView]:
    posts: dict[UUID, list[PostView]] = {member.id: [] for member in members}
    query = select(Post, Unit.code, Unit.name).join(Unit, Unit.id == Post.unit_id).where(Post.member_id.in_(posts))
    for post, code, name in await session.execute(query.order_by(Post.valid_from, Post.id)):
        posts[post.member_id].append(post_view(post, code, name))
    return [member_view(member, posts[member.id]) for member in members]


async def unplaced(session: AsyncSession, prefixes: Sequence[str] | None, day: date) -> Placement:
    """Return the placement of cadres: members with a post in a township or village (or an office of one), below `prefixes` where given."""
    query = (
        select(Member.id, Member.name, Member.staff_number, Unit.code)
        .join(Post, Post.member_id == Member.id)
        .join(Unit, Unit.id == Post.unit_id)
        .where(Unit.tier.in_(("township", "village")), _held(day))
        .order_by(Member.id, Unit.code)
    )
    if prefixes is not None:
        query = query.where(_within(prefixes))
    cadres: dict[UUID, UnplacedMember] = {}
    for row in await session.execute(query):
        cadre = cadres.setdefault(row.id, UnplacedMember(id=row.id, name=row.name, staff_number=row.staff_number, unit_codes=[]))
        cadre.unit_codes.append(row.code)
    placed_query = select(Post.member_id).join(Member, Member.id == Post.member_id).where(Post.role.in_(_INSTRUCTORS), _held(day))
    placed = {member_id for member_id in await session.scalars(placed_query) if member_id in cadres}
    rate = round(len(placed) / len(cadres), 4) if cadres else None
    items = [cadre for member_id, cadre in cadres.items() if member_id not in placed]
    return Placement(cadres=len(cadres), placed=len(placed), rate=rate, items=items)
