"""Upper-level platforms at the door: orders in, signed; for the desk what became of them; for administrators the mapping."""

from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from services.channels.platforms.orders import Receipt, options_of, read_again, receive, require_options, try_out
from services.channels.platforms.views import (
    PushView,
    ReceiptView,
    TrialView,
    UpperOrderView,
    list_orders,
    list_pushes,
    receipt_view,
    trial_view,
)
from services.connections.directory import ConnectedSystem, connected_systems
from services.connections.platform_options import read_options
from services.connections.signatures import NotGenuine, verify
from services.notifications.webhooks.actions import keep_platform_subscription
from services.platform import clock
from services.platform.actor import Actor
from services.platform.database import database
from services.platform.errors import Fault, Invalid, NotFound, Problem, Unauthenticated
from services.platform.secrets import fingerprint
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.web.idempotency import IdempotencyKeyHeader, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router, require_json
from services.web.signed_in import requires

log = structlog.get_logger()

router = door_router("/v1/platforms", tags=["platforms"])

Reader = Annotated[Actor, Depends(requires("platform.read"))]
Administrator = Annotated[Actor, Depends(requires("connection.change"))]
ConnectionCode = Annotated[Code, Path(description="The platform's connection.", examples=["heyuan-12345"])]
PushId = Annotated[UUID, Path(description="The push's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d60"])]
Outcome = Annotated[
    Literal["filed", "supplemented", "urged", "reopened", "kept", "unmapped"] | None, Query(description="Only pushes of this outcome.")
]
_ORDER = {
    "orderNo": "HY2026112200017",
    "type": "投诉",
    "content": "太平村水管爆了，水漫到路上。",
    "area": "441624108203",
    "reporter": {"name": "张三", "mobile": "13800000123"},
    "deadline": "2026-11-27 17:00:00",
}
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}, "example": _ORDER}}}}
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_SAID: dict[int | str, dict[str, Any]] = {
    200: {"model": ReceiptView, "description": "A later push of an order, or the same again."},
    401: {"description": "The signature is missing, wrong or old.", "content": _PROBLEM},
    404: {"description": "There is no such platform here.", "content": _PROBLEM},
    409: {"description": "The mapping is incomplete.", "content": _PROBLEM},
    413: {"description": "The body is too large.", "content": _PROBLEM},
    415: {"description": "The body is no JSON by its type.", "content": _PROBLEM},
    422: {"description": "It cannot be read as an order. It is kept, and read again when the mapping fits.", "content": _PROBLEM},
}
_WHY = {
    "signature_missing": "Sign the body as the connection's options say.",
    "signature_wrong": "Sign the body, byte for byte as it is sent, with the connection's secret.",
    "signature_old": "Set the clock: a signature is good for five minutes.",
}


class OrderPage(Page[UpperOrderView]):
    """A page of orders, the newest first."""


class PushPage(Page[PushView]):
    """A page of pushes, the newest first."""


class TryOrder(BaseModel):
    """A sample of what the platform sends, and the options to read it by (those of the connection where absent)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    payload: dict[str, Any] = Field(examples=[_ORDER])
    options: dict[str, Any] | None = Field(
        default=None, examples=[{"fields": {"order_no": "orderNo", "words": "content", "phone": "reporter.mobile"}}]
    )


@router.post(
    "/{connection}/orders",
    status_code=201,
    response_model=ReceiptView,
    summary="Take an order of an upper-level platform",
    responses=_SAID,
    openapi_extra=_BODY,
)
async def push(connection: ConnectionCode, request: Request) -> Response:
    """Take a push, signed by the platform: a new order becomes a ticket, a later push of it says more, urges, or sends it back."""
    require_json(request.headers.get("content-type"))
    body = await request.body()
    system = await _system(connection)
    options = options_of(system)
    try:
        verify(options.signature, system.secrets(clock.now()), request.headers, body, clock.now())
    except NotGenuine as found:
        log.warning("platform.refused", connection=connection, reason=str(found))
        raise Unauthenticated(f"platform.{found}", _WHY[str(found)]) from None
    return _answer(await receive(system, body, keep_platform_subscription))


@router.get("/{connection}/orders", summary="List a platform's orders")
async def orders(
    actor: Reader, connection: ConnectionCode, request: Request, response: Response, limit: PageLimit = 50, cursor: PageCursor = None
) -> OrderPage:
    """List the orders whose tickets one may know of, the newest first, with the platform's deadline beside our own."""
    async with unit_of_work(actor) as work:
        found = await list_orders(work, connection, limit=limit + 1, before=_before(cursor))
    following = write_cursor(str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, following)
    return OrderPage(items=list(found[:limit]), next=following)


@router.get("/{connection}/pushes", summary="List a platform's pushes")
async def pushes(
    actor: Administrator,
    connection: ConnectionCode,
    request: Request,
    response: Response,
    outcome: Outcome = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> PushPage:
    """List the pushes, the newest first; `unmapped` ones could not be read as an order and wait for the mapping to be corrected."""
    async with unit_of_work(actor) as work:
        found = await list_pushes(work, connection, outcome=outcome, limit=limit + 1, before=_before(cursor))
    following = write_cursor(str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, following)
    return PushPage(items=list(found[:limit]), next=following)


@router.post("/{connection}/pushes/{push_id}/read-again", response_model=ReceiptView, summary="Read a kept push again")
async def again(actor: Administrator, connection: ConnectionCode, push_id: PushId, key: IdempotencyKeyHeader) -> JSONResponse:
    """Read a push that could not be read as an order by the mapping as it is now."""
    system = await _system(connection)
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, ReceiptView]:
            return 200, receipt_view(await read_again(work, system, push_id, keep_platform_subscription))

        endpoint = f"POST /v1/platforms/{connection}/pushes/{push_id}/read-again"
        return await once(work, actor, endpoint, key, fingerprint(b"read-again"), do)


@router.post("/{connection}/try", summary="Try a mapping on a sample")
async def trial(actor: Administrator, connection: ConnectionCode, sample: TryOrder, response: Response) -> TrialView:
    """Show what a sample would become by the connection's options, or by those given. Nothing is kept."""
    if sample.options is not None:
        require_options(sample.options)
        options = read_options(sample.options)
    else:
        options = options_of(await _system(connection))
    response.headers["Cache-Control"] = "no-store"
    async with unit_of_work(actor) as work:
        return trial_view(*await try_out(work, options, sample.payload))


async def _system(code: str) -> ConnectedSystem:
    async with database().transaction() as session:
        found = (await connected_systems(session)).by_code(code, "platform")
    if found is None:
        raise NotFound("platform.unknown", "No platform is connected under this code.")
    return found


def _answer(receipt: Receipt) -> Response:
    if receipt.outcome == "unmapped":
        faults = [Fault(name, f"{name}: {code}" if name else code) for name, code in receipt.faults.items()]
        detail = "This cannot be read as an order. It is kept; correct it and send it again, or have the county correct the mapping."
        raise Invalid("platform.unmappable", detail, errors=faults, extra={"push_id": str(receipt.push_id)})
    status = 201 if receipt.outcome == "filed" and not receipt.duplicate else 200
    return JSONResponse(receipt_view(receipt).model_dump(mode="json"), status)


def _before(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(read_cursor(cursor, (str,))[0]))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None
