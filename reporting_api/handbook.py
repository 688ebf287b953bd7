"""What became of the opinions that were heard, and those nothing became of."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer
from reporting_api.places import no_cursor
from reporting_api.readers import UNCHANGED
from reporting_api.reports import From, To, read_day
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.figures import one_snapshot
from services.visits.handbook_figures import AskedOpinions, figures, open_opinions
from services.visits.opinions_views import OpenOpinions, OpinionFigures
from services.visits.satisfaction import AskedSatisfaction, VisitSatisfaction, visit_satisfaction
from services.web.paging import PageCursor, PageLimit, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/reports/opinions", tags=["reports"])

Reporter = Annotated[Actor, Depends(requires("service.report"))]


def _asked(
    unit: Annotated[
        Code | None, Query(description="Which area, with all below; the whole where not given.", examples=["441624108"])
    ] = None,
    first: From = None,
    last: To = None,
    as_of: Annotated[
        AwareDatetime | None,
        Query(description="As it was known at this instant: what was recorded later does not change it.", examples=[None]),
    ] = None,
) -> AskedOpinions:
    return AskedOpinions(unit, read_day(first, "from"), read_day(last, "to"), as_of)


Question = Annotated[AskedOpinions, Depends(_asked)]


@router.get("", summary="Report what became of opinions", response_model=OpinionFigures, responses=UNCHANGED)
async def read_figures(request: Request, actor: Reporter, asked: Question) -> Response:
    """Return how many opinions (条) were heard, what they ended in, and how they are confirmed."""
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        return json_answer(request, await figures(work, asked))


@router.get("/open", summary="List the opinions nothing became of", response_model=OpenOpinions, responses=UNCHANGED)
async def read_open(request: Request, actor: Reporter, asked: Question, cursor: PageCursor = None, limit: PageLimit = 50) -> Response:
    """Return exactly the opinions the report of the same question counts as open, the oldest first: by their ids, without words."""
    after = _place(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        items, total = await open_opinions(work, asked, after=after, limit=limit + 1)
    following = write_cursor(items[limit - 1].heard_at.isoformat(), str(items[limit - 1].id)) if len(items) > limit else None
    body = OpenOpinions(items=tuple(items[:limit]), total=total)
    return page_answer(request, body, following, {"X-Total-Count": str(total)})


@router.get(
    "/satisfaction", summary="Report what villagers say of who called on them", response_model=VisitSatisfaction, responses=UNCHANGED
)
async def read_satisfaction(
    request: Request, actor: Reporter, asked: Question, cursor: PageCursor = None, limit: PageLimit = 50
) -> Response:
    """Return, member by member and month by month, how many were asked by somebody else or said so by WeChat, and are satisfied."""
    after = _member(cursor) if cursor else None
    wanted = AskedSatisfaction(asked.unit, asked.first, asked.last, asked.as_of)
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found = await visit_satisfaction(work, wanted, after=after, limit=limit + 1)
    more = len(found.items) > limit
    following = write_cursor(str(found.items[limit - 1].member_id), found.items[limit - 1].month) if more else None
    return page_answer(request, found.model_copy(update={"items": found.items[:limit]}), following)


def _member(cursor: str) -> tuple[UUID, str]:
    member, month = read_cursor(cursor, (str, str))
    try:
        return UUID(str(member)), str(month)
    except ValueError:
        raise no_cursor() from None


def _place(cursor: str) -> tuple[datetime, UUID]:
    heard, last = read_cursor(cursor, (str, str))
    try:
        found = datetime.fromisoformat(str(heard)), UUID(str(last))
    except ValueError:
        raise no_cursor() from None
    if found[0].tzinfo is None:
        raise no_cursor()
    return found
