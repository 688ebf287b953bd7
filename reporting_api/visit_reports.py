"""How often households are called on, how soon it is known, and who followed their matters in a month: as known at an instant."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer
from reporting_api.places import page_id, page_text
from reporting_api.readers import UNCHANGED
from services.matters.followed import followed_in
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.figures import one_snapshot
from services.visits.commands import Month, month_of
from services.visits.followed import AskedMonth, follow_ups_report
from services.visits.frequency import AskedTime, HowSoon, VisitFrequency, how_soon, visit_frequency
from services.visits.owed import StateAsked
from services.visits.views import FollowUpsReport
from services.web.paging import PageCursor, PageLimit, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/reports", tags=["reports"])

Reporter = Annotated[Actor, Depends(requires("service.report"))]
Unit = Annotated[Code | None, Query(description="Which area, with all below; the whole where not given.", examples=["441624108"])]
AsOf = Annotated[AwareDatetime | None, Query(description="As it was known at this instant.")]
Times = Annotated[int, Query(ge=0, le=10_000, examples=[0])]


def _asked(
    unit: Unit = None,
    first: Annotated[date | None, Query(alias="from", description="First day; that of the month where not given.")] = None,
    last: Annotated[date | None, Query(alias="to", description="Last day, included; that of `as_of` where not given.")] = None,
    as_of: AsOf = None,
) -> AskedTime:
    return AskedTime(unit, first, last, as_of)


Question = Annotated[AskedTime, Depends(_asked)]


@router.get("/visit-frequency", summary="Report how often households are called on", response_model=VisitFrequency, responses=UNCHANGED)
async def read_frequency(
    request: Request,
    actor: Reporter,
    asked: Question,
    least: Times = 0,
    most: Times = 10_000,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return how many households were called on how often, and those with `least` to `most` visits; `most=0`: whom nobody met."""
    after = page_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found = await visit_frequency(work, asked, least, most, after=after, limit=limit + 1)
    following = write_cursor(str(found.items[limit - 1].household_id)) if len(found.items) > limit else None
    body = found.model_copy(update={"items": found.items[:limit]})
    return page_answer(request, body, following, {"X-Total-Count": str(found.total)})


@router.get("/visit-latency", summary="Report how soon visits are known", response_model=HowSoon, responses=UNCHANGED)
async def read_latency(request: Request, actor: Reporter, asked: Question) -> Response:
    """Return how long it took from the door to the platform: visits, opinions, and opinions that became tickets."""
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        return json_answer(request, await how_soon(work, asked))


@router.get("/obligations/monthly", summary="Report who followed their matters", response_model=FollowUpsReport, responses=UNCHANGED)
async def read_follow_ups(
    request: Request,
    actor: Reporter,
    unit: Unit = None,
    month: Annotated[Month | None, Query(description="Which month; that of `as_of` where not given.")] = None,
    state: Annotated[StateAsked, Query(description="Which of them are listed.")] = "missed",
    as_of: AsOf = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return who reported in a month of the registered matters they follow, and who missed it or was excused, with why."""
    after = page_text(cursor) if cursor else ""
    asked = AskedMonth(unit, month_of(month) if month else None, as_of)
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found, place = await follow_ups_report(work, asked, followed_in, state, after=after, limit=limit)
    following = write_cursor(place) if place is not None else None
    return page_answer(request, found, following, {"X-Total-Count": str(found.total)})
