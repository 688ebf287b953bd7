"""How the round of a month went, and who kept what they owed in a week: each as it was known at an instant."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import page_answer
from reporting_api.places import page_id, page_text
from reporting_api.readers import UNCHANGED
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.figures import one_snapshot
from services.visits.commands import Month, month_of
from services.visits.obligations import week_named
from services.visits.owed import AskedWeek, StateAsked, obligations_report
from services.visits.reporting import AskedRound, Which, missing_homes, service_days_report
from services.visits.views import MissingHomes, ObligationsReport, ServiceDaysReport
from services.web.paging import PageCursor, PageLimit, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/reports", tags=["reports"])

Reporter = Annotated[Actor, Depends(requires("service.report"))]
Unit = Annotated[Code | None, Query(description="Which area, with all below; the whole where not given.", examples=["441624108"])]
AsOf = Annotated[AwareDatetime | None, Query(description="As it was known at this instant.")]


def _asked(
    unit: Unit = None,
    month: Annotated[Month | None, Query(description="Which month; that of `as_of` where not given.")] = None,
    as_of: AsOf = None,
) -> AskedRound:
    return AskedRound(unit, month_of(month) if month else None, as_of)


Question = Annotated[AskedRound, Depends(_asked)]


@router.get("/service-days", summary="Report how a round went", response_model=ServiceDaysReport, responses=UNCHANGED)
async def read_round(
    request: Request,
    actor: Reporter,
    asked: Question,
    only: Annotated[Which, Query(description="`incomplete`: only members who left out a step or a household.")] = "all",
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return per member which of the five steps were done in time, and how many of their households were called on."""
    after = page_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found = await service_days_report(work, asked, only, after=after, limit=limit + 1)
    following = write_cursor(str(found.items[limit - 1].member_id)) if len(found.items) > limit else None
    return page_answer(request, found.model_copy(update={"items": found.items[:limit]}), following)


@router.get("/service-days/missing", summary="List households nobody called on", response_model=MissingHomes, responses=UNCHANGED)
async def read_missing(request: Request, actor: Reporter, asked: Question, cursor: PageCursor = None, limit: PageLimit = 50) -> Response:
    """Return exactly the households that the report of the same question counts as missing, by their ids alone."""
    after = page_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found = await missing_homes(work, asked, after=after, limit=limit + 1)
    following = write_cursor(str(found.items[limit - 1].household_id)) if len(found.items) > limit else None
    body = found.model_copy(update={"items": found.items[:limit]})
    return page_answer(request, body, following, {"X-Total-Count": str(found.total)})


@router.get("/obligations", summary="Report who kept what they owed in a week", response_model=ObligationsReport, responses=UNCHANGED)
async def read_obligations(
    request: Request,
    actor: Reporter,
    unit: Unit = None,
    week: Annotated[
        str | None, Query(max_length=8, description="An ISO week; that of `as_of` where not given.", examples=["2026-W47"])
    ] = None,
    state: Annotated[StateAsked, Query(description="Which of them are listed.")] = "missed",
    as_of: AsOf = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return how weekly visits and days in the grid were kept, and who missed, kept or was excused from them, with why."""
    after = page_text(cursor) if cursor else ""
    asked = AskedWeek(unit, week_named(week) if week else None, as_of)
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found, place = await obligations_report(work, asked, state, after=after, limit=limit)
    following = write_cursor(place) if place is not None else None
    return page_answer(request, found, following, {"X-Total-Count": str(found.total)})
