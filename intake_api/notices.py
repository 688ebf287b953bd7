"""The public page, for administrators: whose names it shows, and correcting what was published. See docs/notice.md."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.responses import JSONResponse

from services.notices.actions import order_correction, publish_posts
from services.notices.commands import OrderCorrection, PublishPosts
from services.notices.models import NoticeOrder
from services.notices.views import NoticeOrderView, PostsPublished
from services.platform.actor import Actor
from services.platform.errors import NotFound
from services.platform.unit_of_work import unit_of_work
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/notices", tags=["public page"])

Administrator = Annotated[Actor, Depends(requires("notice.publish"))]


@router.post("/posts", summary="Show names in the public directory, or no longer")
async def publish(actor: Administrator, command: PublishPosts) -> PostsPublished:
    """Show the names of those who hold these posts now, or no longer. The same again changes nothing. For administrators."""
    async with unit_of_work(actor) as work:
        changed = await publish_posts(work, command)
    return PostsPublished(changed=changed)


@router.post("/corrections", status_code=201, response_model=NoticeOrderView, summary="Order a correction of what was published")
async def correct(actor: Administrator, command: OrderCorrection, key: IdempotencyKeyHeader) -> JSONResponse:
    """Have a month counted again, or a period taken back; the worker does it within a minute, and the page says so. For administrators.

    A recount tells only what differs by at least `k`: less would show who the few are (`too_small`).
    """
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, NoticeOrderView]:
            return 201, _view(await order_correction(work, command))

        return await once(work, actor, "POST /v1/notices/corrections", key, fingerprint_of(command), do, _headers)


@router.get("/corrections/{order_id}", summary="One correction")
async def one(actor: Administrator, order_id: UUID) -> NoticeOrderView:
    """Return an order, and what became of it."""
    async with unit_of_work(actor) as work:
        order = await work.session.get(NoticeOrder, order_id)
        if order is None:
            raise NotFound("notice.order_unknown", "There is no such order.")
        return _view(order)


def _headers(view: object) -> dict[str, str]:
    assert isinstance(view, NoticeOrderView)
    return {"Location": f"/v1/notices/corrections/{view.id}"}


def _view(order: NoticeOrder) -> NoticeOrderView:
    return NoticeOrderView(
        id=str(order.id),
        period=order.period,
        act=order.act,
        reason=order.reason,
        ordered_at=order.ordered_at,
        done_at=order.done_at,
        outcome=order.outcome,
    )
