"""What the dashboard asks for: few questions, each answered from one snapshot and from sums.

The rules are those of reports: the same definitions, the same scope, the same tickets behind each figure (`/v1/reports/{metric}/tickets`).
Without `unit` the answer is about the widest area of one's own. As of an instant (`as_of`) each answers as it did then.
"""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer
from reporting_api.asking import AsOf, read_instant
from reporting_api.dashboard_areas import areas
from reporting_api.dashboard_figures import categories, late_now, overview, streams
from reporting_api.dashboard_ground import own_area, stand_on
from reporting_api.dashboard_views import Areas, Categories, Flow, LateNow, Names, Overview
from reporting_api.readers import UNCHANGED, Reader, TicketReader
from reporting_api.reports import From, To, read_day
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.figures import one_snapshot
from services.reports.late import late
from services.reports.questions import Asked, understand
from services.web.routes import door_router

router = door_router("/v1/dashboard", tags=["dashboard"])

Unit = Annotated[Code | None, Query(description="Whose area. Default: the widest of one's own.", examples=["441624108"])]
Tier = Annotated[
    Literal["unit:township", "unit:village", "unit:grid"] | None, Query(description="Which areas. Default: those of the next tier.")
]
MetricId = Annotated[str, Query(max_length=80, description="`id` or `id@version`.", examples=["satisfaction_rate"])]


def _asked(first: From = None, last: To = None, unit: Unit = None, as_of: AsOf = None) -> Asked:
    return Asked("received", read_day(first, "from"), read_day(last, "to"), unit, as_of=read_instant(as_of, "as_of"))


Question = Annotated[Asked, Depends(_asked)]


@router.get("/overview", summary="Show the headline figures", response_model=Overview, responses=UNCHANGED)
async def read_overview(request: Request, actor: Reader, asked: Question) -> Response:
    """Return 三率, completion and amounts now, in the period before and a year before, with the last thirteen months."""
    async with unit_of_work(actor) as work:
        return json_answer(request, await overview(await stand_on(work, asked)))


@router.get("/areas", summary="Show a figure of every township, village or grid", response_model=Areas, responses=UNCHANGED)
async def read_areas(request: Request, actor: Reader, asked: Question, metric: MetricId = "satisfaction_rate", by: Tier = None) -> Response:
    """Return the figure of each area with its interval, and where it is drawn on the schematic map."""
    async with unit_of_work(actor) as work:
        return json_answer(request, await areas(await stand_on(work, replace(asked, metric=metric)), by))


@router.get("/flow", summary="Show where matters go", response_model=Flow, responses=UNCHANGED)
async def read_flow(request: Request, actor: Reader, asked: Question) -> Response:
    """Return how many went from which channel to which tier, and what became of them."""
    async with unit_of_work(actor) as work:
        return json_answer(request, await streams(await stand_on(work, asked)))


@router.get("/categories", summary="Show the categories most was received of", response_model=Categories, responses=UNCHANGED)
async def read_categories(
    request: Request, actor: Reader, asked: Question, limit: Annotated[int, Query(ge=1, le=100, description="How many.")] = 12
) -> Response:
    """Return the most frequent categories with their completion and satisfaction, and what all others come to."""
    async with unit_of_work(actor) as work:
        return json_answer(request, await categories(await stand_on(work, asked), limit))


@router.get("/late", summary="Show what is late", response_model=LateNow, responses=UNCHANGED)
async def read_late(
    request: Request,
    actor: TicketReader,
    unit: Unit = None,
    as_of: AsOf = None,
    limit: Annotated[int, Query(ge=1, le=50, description="How many tickets.")] = 5,
) -> Response:
    """Return how many open tickets are past any of their limits, who has most of them, and the oldest. It goes by no period."""
    instant = read_instant(as_of, "as_of")
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found = await late(work, unit=unit or await own_area(work), how_many=limit, as_of=instant)
        return json_answer(request, late_now(found, instant or work.now))


@router.get("/names", summary="Name channels and categories", response_model=Names, responses=UNCHANGED)
async def read_names(request: Request, actor: Reader) -> Response:
    """Return the names of all channels and categories: lists of tickets carry their codes."""
    async with unit_of_work(actor) as work:
        question = await understand(work, Asked("received"))
    return json_answer(request, Names(channels=question.channels, categories={one.code: one.name for one in question.policies.all()}))
