"""Reading the organisation: the tree, kept in this process, and lists of units and members."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Row, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.organization.models import Member, Post, Unit
from services.organization.snapshots import Snapshots
from services.organization.tree import PostNode, UnitNode, UnitTree, heirs_of, origins
from services.platform.clock import local_day
from services.platform.settings import settings

_STAMP = text(
    "SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date,"
    " (SELECT (count(*), sum(version), count(valid_to))::text FROM units),"
    " (SELECT (count(*), sum(version))::text FROM members),"
    " (SELECT (count(*), count(valid_to), sum(valid_to - date '2000-01-01'))::text FROM posts)"
)
_UNIT_COLUMNS = (
    Unit.id, Unit.code, Unit.kind, Unit.tier, Unit.name, Unit.aliases, Unit.parent_id, Unit.path, Unit.function,
    Unit.lat, Unit.lon, Unit.valid_from, Unit.valid_to, Unit.predecessor_id,
)  # fmt: skip


async def unit_tree(session: AsyncSession) -> UnitTree:
    """Return the tree of units and posts of today (Asia/Shanghai); at most two seconds behind the database."""
    return await _trees.get(session)


async def read_unit_tree(session: AsyncSession) -> UnitTree:
    """Return the tree as this transaction sees it, changes of its own among them; slower."""
    return await _load(session)


def unit_tree_at_hand(engine: Engine) -> UnitTree | None:
    """Return the tree where it needs no look at the database now."""
    return _trees.at_hand(engine)


async def heirs(session: AsyncSession) -> dict[UUID, UUID]:
    """Return the unit of today that follows each ended one; of one that was split none."""
    query = select(Unit.id, Unit.predecessor_id).where(Unit.predecessor_id.is_not(None))
    return heirs_of({row.id: row.predecessor_id for row in await session.execute(query)})


def forget_unit_tree() -> None:
    """Have the tree read afresh at its next use; for callers that have just changed it."""
    _trees.forget()


async def _stamp(session: AsyncSession) -> Any:
    return (*(await session.execute(_STAMP)).one(), settings().jurisdiction)


async def _load(session: AsyncSession) -> UnitTree:
    day = local_day((await session.execute(select(func.now()))).scalar_one())
    posts = [_post(row) for row in await session.execute(_posts_query())]
    held: dict[Any, set[str]] = {}
    for post in posts:
        if post.holds(day):
            held.setdefault(post.unit_id, set()).add(post.role)
    units = []
    rows = (await session.execute(select(*_UNIT_COLUMNS))).all()
    first = origins({row.id: row.predecessor_id for row in rows if row.predecessor_id is not None})
    for row in rows:
        active = row.valid_to is None or day < row.valid_to
        units.append(
            UnitNode(
                id=row.id,
                code=row.code,
                kind=row.kind,
                tier=row.tier,
                name=row.name,
                aliases=tuple(row.aliases),
                parent_id=row.parent_id,
                path=row.path,
                function=row.function,
                lat=row.lat,
                lon=row.lon,
                active=active,
                staffed_roles=frozenset(held.get(row.id, ())),
                origin_id=first.get(row.id),
            )
        )
    return UnitTree(units, posts, day, settings().jurisdiction)


def _posts_query() -> Any:
    """Return all posts; one of a member who left ends with that day at the latest."""
    ends = func.least(Post.valid_to, Member.left_on)
    return select(Post.id, Post.member_id, Post.unit_id, Post.role, Post.valid_from, ends.label("ends")).join(
        Member, Member.id == Post.member_id
    )


def _post(row: Row[Any]) -> PostNode:
    return PostNode(row.id, row.member_id, row.unit_id, row.role, row.valid_from, row.ends)


_trees = Snapshots(_stamp, _load)


async def members_by_staff_number(session: AsyncSession, day: date) -> dict[str, UUID]:
    """Return who is here on `day`, by staff number."""
    here = or_(Member.left_on.is_(None), Member.left_on > day)
    rows = await session.execute(select(Member.staff_number, Member.id).where(Member.staff_number.is_not(None), here))
    return {row.staff_number: row.id for row in rows}
