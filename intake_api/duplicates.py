"""Duplicates at the door: what may be the same matter, and the same matter told again."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from services.complaints.repeat_views import RecordRepeat, RepeatView, TellMore
from services.complaints.repeats import read_repeat, record_repeat
from services.complaints.sign_views import TicketSigns
from services.complaints.similar import AT_LEAST, DAYS, Search, similar_to_draft, similar_to_ticket
from services.complaints.similar_views import SimilarTicket, SimilarTo
from services.complaints.telling_more import read_supplement, tell_more
from services.complaints.ticket_signs import ticket_signs
from services.complaints.views import SupplementView
from services.hotline.drafts import mark_filed
from services.platform.actor import Actor
from services.platform.unit_of_work import unit_of_work
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["duplicates"])

Reader = Annotated[Actor, Depends(requires("complaint.read"))]
Desk = Annotated[Actor, Depends(requires("complaint.repeat"))]
Watcher = Annotated[Actor, Depends(requires("brigading.read"))]
_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": RepeatView, "description": "This message was written down before."}}


class SimilarTickets(BaseModel):
    """Tickets that may be of the same matter, the likeliest first."""

    items: list[SimilarTicket]
    days: int = Field(description="The window: how many days either way were looked at.", examples=[DAYS])


def _search(
    days: Annotated[int, Query(ge=1, le=366, description="How many days either way are looked at.")] = DAYS,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
    at_least: Annotated[float, Query(ge=0, le=1, allow_inf_nan=False, description="The least score that is shown.")] = AT_LEAST,
) -> Search:
    return Search(days, limit, at_least)


Wanted = Annotated[Search, Depends(_search)]


@router.get("/tickets/{number}/similar", summary="What may be the same matter")
async def read_similar(number: str, actor: Reader, search: Wanted) -> SimilarTickets:
    """List the tickets that may be of the same matter (疑似重复), each with its score and why. Merging is for people to decide."""
    async with unit_of_work(actor) as work:
        return SimilarTickets(items=await similar_to_ticket(work, number, search), days=search.days)


@router.get("/tickets/{number}/signs", summary="Signs that many voices are few people")
async def read_signs(number: str, actor: Watcher) -> TicketSigns:
    """Tell the signs (疑点) of a ticket and of what was told around it: what was counted, by which bound, and what to do. Nobody is named.

    A sign is a reason to call back and changes nothing. A burst of many households is told apart as what it is.
    """
    async with unit_of_work(actor) as work:
        return await ticket_signs(work, number)


@router.post("/complaints/similar", summary="What is being told may be a ticket already")
async def ask_similar(body: SimilarTo, actor: Reader, search: Wanted) -> SimilarTickets:
    """List the tickets that what somebody tells just now may be of, before it is filed. Nothing of it is kept; it changes nothing."""
    async with unit_of_work(actor) as work:
        return SimilarTickets(items=await similar_to_draft(work, body, search), days=search.days)


@router.post(
    "/tickets/{number}/repeats", status_code=201, response_model=RepeatView, responses=_BEFORE, summary="The same matter told again"
)
async def repeat(number: str, body: RecordRepeat, actor: Desk, key: IdempotencyKeyHeader) -> JSONResponse:
    """Write down that somebody told the matter again without anything new (重复诉求): no new ticket, and `words` are what to tell them.

    What is new goes another way: the refusal says in `use` whether as a supplement, by reopening, or as a complaint of its own.
    """
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            view, before = await record_repeat(work, number, body)
            if body.draft_id is not None:
                await mark_filed(work, body.draft_id, view.number)
            return 200 if before else 201, view

        async def recall(repeat_id: UUID) -> BaseModel:
            return await read_repeat(work, repeat_id)

        return await once(work, actor, f"POST /v1/tickets/{number}/repeats", key, fingerprint_of(body), do, recall=recall)


@router.post("/tickets/{number}/supplements", status_code=201, response_model=SupplementView, summary="More is told of an open matter")
async def tell(number: str, body: TellMore, actor: Desk, key: IdempotencyKeyHeader) -> JSONResponse:
    """Write down what somebody tells later of an open matter (补充). Whoever has it is told; danger to life rings. Again is harmless."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            return 201, await tell_more(work, number, body)

        async def recall(supplement_id: UUID) -> BaseModel:
            return await read_supplement(work, supplement_id)

        return await once(work, actor, f"POST /v1/tickets/{number}/supplements", key, fingerprint_of(body), do, recall=recall)
