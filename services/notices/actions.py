"""What administrators do about the public page: name holders of posts, order corrections."""

from sqlalchemy import delete, or_, select

from services.journal.noting import note
from services.notices.commands import OrderCorrection, PublishPosts
from services.notices.models import Notice, NoticeOrder, PublishedPost
from services.notices.periods import period_named
from services.organization.actions import unit_of
from services.organization.models import Member, Post, Unit
from services.platform.bulk import insert_many, one_of
from services.platform.clock import local_day
from services.platform.errors import Conflict, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work


async def publish_posts(work: Work, command: PublishPosts) -> int:
    """Show, or no longer show, the names of those who hold certain posts now; return how many posts changed. The same again changes none.

    Whoever takes a post on later is named only once somebody says so again. Raises 404 ``unit.unknown``.
    """
    unit = await unit_of(work, command.unit_code)
    day = local_day(work.now)
    places = Unit.path.startswith(unit.path, autoescape=True) if command.below else Unit.id == unit.id
    query = (
        select(Post.id)
        .join(Unit, Unit.id == Post.unit_id)
        .join(Member, Member.id == Post.member_id)
        .where(places, Post.role.in_(command.roles), Post.valid_from <= day, or_(Post.valid_to.is_(None), Post.valid_to > day))
        .where(or_(Member.left_on.is_(None), Member.left_on > day))
    )
    if command.member_id is not None:
        query = query.where(Post.member_id == command.member_id)
    posts = (await work.session.scalars(query)).all()
    shown = set(await work.session.scalars(select(PublishedPost.post_id).where(one_of(PublishedPost.post_id, posts))))
    changed = [post for post in posts if (post in shown) is not command.published]
    if not changed:
        return 0
    if command.published:
        rows = [{"post_id": post, "published_at": work.now, "published_by_account_id": work.actor.account_id} for post in changed]
        await insert_many(work.session, PublishedPost, rows, condition="ON CONFLICT DO NOTHING")
    else:
        await work.session.execute(delete(PublishedPost).where(one_of(PublishedPost.post_id, changed)))
    what = "unit.posts_published" if command.published else "unit.posts_unpublished"
    data = {"code": unit.code, "roles": sorted(command.roles), "below": command.below, "posts": sorted(map(str, changed))}
    await note(work, "unit", unit.id, what, data)
    return len(changed)


async def order_correction(work: Work, command: OrderCorrection) -> NoticeOrder:
    """Keep an order; the worker follows it within a minute.

    Raises 404 ``notice.unknown`` where nothing was published for the period, 422 ``notice.months_are_counted`` for a recount of a
    quarter or year, and 409 ``notice.order_waiting`` while another order for the period waits.
    """
    period = period_named(command.period)
    if command.act == "recount" and len(period.months) > 1:
        raise Invalid("notice.months_are_counted", "Months are counted; order a recount of the month, and its quarter and year follow.")
    if await work.session.scalar(select(Notice.id).where(Notice.period == period.code).limit(1)) is None:
        raise NotFound("notice.unknown", "Nothing was published for this period.")
    waiting = select(NoticeOrder.id).where(NoticeOrder.period == period.code, NoticeOrder.done_at.is_(None)).limit(1)
    if await work.session.scalar(waiting) is not None:
        raise Conflict("notice.order_waiting", "An order for this period is about to be followed; look again in a minute.")
    order = NoticeOrder(
        id=new_id(),
        **command.model_dump(),
        ordered_at=work.now,
        ordered_by_account_id=work.actor.account_id,
        done_at=None,
        outcome=None,
    )
    work.session.add(order)
    await work.session.flush()
    await note(work, "notice_order", order.id, "notice.correction_ordered", command.model_dump())
    return order
