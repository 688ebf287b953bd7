"""Webhooks at the door: who is told of which events of tickets, the log of what was told, and telling it again."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

from services.notifications.webhooks.actions import (
    change_subscription,
    end_subscription,
    entitle,
    rotate,
    subscribe,
    subscription_of,
    tell_again,
    try_out,
)
from services.notifications.webhooks.commands import ChangeSubscription, Entitle, RotateSecret, Subscribe
from services.notifications.webhooks.models import WebhookSubscription
from services.notifications.webhooks.queries import all_subscriptions, delivery_log, show, show_delivery
from services.notifications.webhooks.views import DeliveryView, SubscriptionView
from services.platform.actor import Actor
from services.platform.errors import Problem
from services.platform.secrets import fingerprint
from services.platform.settings import settings
from services.platform.unit_of_work import Work, unit_of_work
from services.web.etags import etag, if_match
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

_AT = "/v1/webhook-subscriptions"
router = door_router(_AT, tags=["webhooks"])

Reader = Annotated[Actor, Depends(requires("webhook.read"))]
Administrator = Annotated[Actor, Depends(requires("webhook.change"))]
Entitler = Annotated[Actor, Depends(requires("webhook.entitle"))]
SubscriptionId = Annotated[UUID, Path(description="The subscription's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d50"])]
DeliveryId = Annotated[UUID, Path(description="The delivery's id, its `webhook-id`.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d51"])]
Version = Annotated[int | None, Depends(if_match())]
State = Annotated[Literal["queued", "sent", "given_up", "stopped"] | None, Query(description="Only deliveries in this state.")]
Text = Annotated[str | None, Query(max_length=64)]
_NEVER_STORED = {"Cache-Control": "no-store"}

Secretive = Callable[[Work], Awaitable[tuple[WebhookSubscription, str]]]


class DeliveryPage(Page[DeliveryView]):
    """A page of the log, the newest first."""


@router.get("", summary="List the subscriptions")
async def browse(actor: Reader) -> list[SubscriptionView]:
    """List every subscription, the newest first; there are a handful. Those of platforms are made by their first order."""
    async with unit_of_work(actor) as work:
        return await all_subscriptions(work)


@router.post("", status_code=201, response_model=SubscriptionView, summary="Subscribe to events of tickets")
async def add(actor: Administrator, command: Subscribe, key: IdempotencyKeyHeader) -> JSONResponse:
    """Subscribe, and see the secret once. Every event from this answer on is told, without words or names of anybody who complained."""

    async def do(work: Work) -> tuple[WebhookSubscription, str]:
        return await subscribe(work, command, allow_private=settings().webhook_allow_private)

    return await _with_secret(actor, f"POST {_AT}", key, fingerprint_of(command), do)


@router.get("/{subscription_id}", summary="One subscription")
async def one(actor: Reader, subscription_id: SubscriptionId, response: Response) -> SubscriptionView:
    """Return a subscription; its ``ETag`` is what a change needs as ``If-Match``."""
    async with unit_of_work(actor) as work:
        view = await show(work, await subscription_of(work, subscription_id))
    response.headers["ETag"] = etag(view.version)
    return view


@router.patch("/{subscription_id}", summary="Change a subscription")
async def change(
    actor: Administrator, subscription_id: SubscriptionId, command: ChangeSubscription, version: Version, response: Response
) -> SubscriptionView:
    """Change what is given. `active: true` starts a disabled one again, from now on; another address ends its entitlement."""
    async with unit_of_work(actor) as work:
        row = await change_subscription(work, subscription_id, command, version, allow_private=settings().webhook_allow_private)
        view = await show(work, row)
    response.headers["ETag"] = etag(view.version)
    return view


@router.delete("/{subscription_id}", summary="Disable a subscription")
async def end(actor: Administrator, subscription_id: SubscriptionId, version: Version, response: Response) -> SubscriptionView:
    """Disable a subscription; what is queued is stopped, the log stays."""
    async with unit_of_work(actor) as work:
        view = await show(work, await end_subscription(work, subscription_id, version))
    response.headers["ETag"] = etag(view.version)
    return view


@router.put("/{subscription_id}/entitlement", summary="Let a subscriber have words and contacts")
async def give_right(
    actor: Entitler, subscription_id: SubscriptionId, command: Entitle, version: Version, response: Response
) -> SubscriptionView:
    """Give or take the right to complainants' words and contacts; who did it and on what authority is kept for good.

    Whoever asked for confidence is named to nobody outside all the same.
    """
    async with unit_of_work(actor) as work:
        view = await show(work, await entitle(work, subscription_id, command, version))
    response.headers["ETag"] = etag(view.version)
    return view


@router.post("/{subscription_id}/secrets", status_code=201, response_model=SubscriptionView, summary="Take a new secret")
async def new_secret(
    actor: Administrator, subscription_id: SubscriptionId, command: RotateSecret, version: Version, key: IdempotencyKeyHeader
) -> JSONResponse:
    """Take a new secret and see it once; for `grace_hours` every delivery carries the signatures of both."""

    async def do(work: Work) -> tuple[WebhookSubscription, str]:
        return await rotate(work, subscription_id, command, version)

    return await _with_secret(actor, f"POST {_AT}/{subscription_id}/secrets", key, fingerprint_of(command), do)


@router.post("/{subscription_id}/test", status_code=201, response_model=DeliveryView, summary="Send a trial event")
async def trial(actor: Administrator, subscription_id: SubscriptionId, key: IdempotencyKeyHeader) -> JSONResponse:
    """Queue a ``webhook.test``; the log shows what came of it."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, DeliveryView]:
            return 201, await show_delivery(work, await try_out(work, subscription_id))

        return await once(work, actor, f"POST {_AT}/{subscription_id}/test", key, fingerprint(b"test"), do)


@router.get("/{subscription_id}/deliveries", summary="The log of deliveries")
async def log(  # noqa: PLR0913, PLR0917  each is one way to narrow the list
    actor: Reader,
    subscription_id: SubscriptionId,
    request: Request,
    response: Response,
    state: State = None,
    event_type: Text = None,
    ticket: Text = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> DeliveryPage:
    """List what was told and what is still to be told, the newest first; what is done with is kept for 30 days."""
    before = _before(cursor)
    async with unit_of_work(actor) as work:
        await subscription_of(work, subscription_id)
        found = await delivery_log(work, subscription_id, state=state, event_type=event_type, ticket=ticket, before=before, limit=limit + 1)
    following = write_cursor(str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, following)
    return DeliveryPage(items=list(found[:limit]), next=following)


@router.post("/{subscription_id}/deliveries/{delivery_id}/redeliver", response_model=DeliveryView, summary="Tell an event again")
async def redeliver(
    actor: Administrator, subscription_id: SubscriptionId, delivery_id: DeliveryId, key: IdempotencyKeyHeader
) -> JSONResponse:
    """Queue a delivery again, whatever became of it. It keeps its `webhook-id`, so a receiver that has it already can tell."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, DeliveryView]:
            return 200, await show_delivery(work, await tell_again(work, subscription_id, delivery_id))

        endpoint = f"POST {_AT}/{subscription_id}/deliveries/{delivery_id}/redeliver"
        return await once(work, actor, endpoint, key, fingerprint(b"redeliver"), do)


async def _with_secret(actor: Actor, endpoint: str, key: str | None, asked: bytes, make: Secretive) -> JSONResponse:
    """Answer with the secret that was made just now; what is kept for a repeat has none."""
    made: list[str] = []
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, SubscriptionView]:
            row, secret = await make(work)
            made.append(secret)
            return 201, await show(work, row)

        answer = await once(work, actor, endpoint, key, asked, do, _headers)
    answer.headers["Cache-Control"] = "no-store"
    if not made:
        return answer
    view = SubscriptionView.model_validate_json(bytes(answer.body)).model_copy(update={"secret": made[0]})
    headers = {name: answer.headers[name] for name in ("Location", "ETag")}
    return JSONResponse(view.model_dump(mode="json"), answer.status_code, {**headers, **_NEVER_STORED})


def _headers(view: BaseModel) -> dict[str, str]:
    assert isinstance(view, SubscriptionView)
    return {"Location": f"{_AT}/{view.id}", "ETag": etag(view.version)}


def _before(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(read_cursor(cursor, (str,))[0]))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None
