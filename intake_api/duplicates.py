"""Duplicates at the door: what may be the same matter, and the same matter told again."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from services.complaints.similar import AT_LEAST, DAYS, Search, similar_to_draft, similar_to_ticket
from services.complaints.similar_views import SimilarTicket, SimilarTo
from services.platform.actor import Actor
from services.platform.unit_of_work import unit_of_work
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["duplicates"])

Reader = Annotated[Actor, Depends(requires("complaint.read"))]


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


@router.post("/complaints/similar", summary="What is being told may be a ticket already")
async def ask_similar(body: SimilarTo, actor: Reader, search: Wanted) -> SimilarTickets:
    """List the tickets that what somebody tells just now may be of, before it is filed. Nothing of it is kept; it changes nothing."""
    async with unit_of_work(actor) as work:
        return SimilarTickets(items=await similar_to_draft(work, body, search), days=search.days)
