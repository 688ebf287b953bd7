"""Pairings at the door: who looks after which household, village or township; ending one, and handing over what somebody had."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel

from intake_api.households import page_id, path_of
from services.pairing import actions
from services.pairing.commands import EndPairing, HandOver, KindName, Pair
from services.pairing.queries import Filter, list_pairings, read_pairing
from services.pairing.storing import today_of
from services.pairing.views import HandedOver, PairingView
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import Work, unit_of_work
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once, once_alone
from services.web.paging import Page, PageCursor, PageLimit, link_next, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/pairings", tags=["pairings"])

Reader = Annotated[Actor, Depends(requires("pairing.read"))]
Keeper = Annotated[Actor, Depends(requires("pairing.change"))]
PairingPath = Annotated[UUID, Path(description="The pairing's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d20"])]


class PairingPage(Page[PairingView]):
    """A page of pairings."""


@router.get("", summary="List pairings")
async def browse(  # noqa: PLR0913, PLR0917  each is one way to narrow the list
    request: Request,
    response: Response,
    actor: Reader,
    unit: Annotated[Code | None, Query(description="Where, with all below.", examples=["441624108213"])] = None,
    kind: Annotated[KindName | None, Query(description="Only of this kind.")] = None,
    member: Annotated[UUID | None, Query(description="Only of this member.")] = None,
    mine: Annotated[bool, Query(description="Only one's own.")] = False,
    on: Annotated[date | None, Query(description="In force on this day; today where not given.", examples=["2026-11-15"])] = None,
    ended: Annotated[bool, Query(description="Those of any day, over or not.")] = False,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> PairingPage:
    """List the pairings of one's area, and one's own wherever they are."""
    after = page_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        wanted = Filter(await path_of(work, unit), kind, member, None if ended else on or today_of(work), mine)
        found = await list_pairings(work, wanted, after, limit + 1)
    following = write_cursor(str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, following)
    return PairingPage(items=found[:limit], next=following)


@router.post(
    "", status_code=201, response_model=PairingView, summary="Pair",
    responses={200: {"model": PairingView, "description": "This pairing was in force before."}},
)  # fmt: skip
async def pair(body: Pair, actor: Keeper, key: IdempotencyKeyHeader) -> Response:
    """Have somebody look after a household, a village or a township. Said again it is the same pairing."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            pairing_id, before = await actions.pair(work, body)
            return 200 if before else 201, await read_pairing(work, pairing_id)

        return await once(work, actor, "POST /v1/pairings", key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/handovers", response_model=HandedOver, summary="Hand households over")
async def hand_over(body: HandOver, actor: Keeper, key: IdempotencyKeyHeader) -> Response:
    """Give all households of a member in one's area to others, evenly by what they have, neighbours together."""
    return await once_alone(actor, "/v1/pairings/handovers", key, body, 200, lambda work: actions.hand_over(work, body))


@router.get("/{pairing_id}", summary="One pairing")
async def one(pairing_id: PairingPath, actor: Reader) -> PairingView:
    """Return a pairing one may know of, in force or over."""
    async with unit_of_work(actor) as work:
        return await read_pairing(work, pairing_id)


@router.post("/{pairing_id}/end", response_model=PairingView, summary="End a pairing")
async def end(pairing_id: PairingPath, body: EndPairing, actor: Keeper, key: IdempotencyKeyHeader) -> Response:
    """End a pairing, with a reason; it stays to be seen."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await actions.end_pairing(work, pairing_id, body)
            return 200, await read_pairing(work, pairing_id)

        path = f"POST /v1/pairings/{pairing_id}/end"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


def _recall(work: Work) -> Any:
    async def recall(pairing_id: UUID) -> BaseModel:
        return await read_pairing(work, pairing_id)

    return recall
