"""Whether everybody is paired, seen from both sides, and who is not."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer
from reporting_api.places import page_id
from reporting_api.readers import UNCHANGED
from services.pairing.coverage import AskedCoverage, coverage, missing
from services.pairing.views import Coverage, Missing, MissingPage
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.figures import one_snapshot
from services.web.paging import PageCursor, PageLimit, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/reports/pairings", tags=["reports"])

Reporter = Annotated[Actor, Depends(requires("unit.report"))]


def _asked(
    unit: Annotated[
        Code | None, Query(description="Which area, with all below; the whole where not given.", examples=["441624108"])
    ] = None,
    on: Annotated[date | None, Query(description="On which day; that of `as_of` where not given.", examples=["2026-11-15"])] = None,
    as_of: Annotated[AwareDatetime | None, Query(description="As it was known at this instant.")] = None,
) -> AskedCoverage:
    return AskedCoverage(unit, on, as_of)


Question = Annotated[AskedCoverage, Depends(_asked)]


@router.get("", summary="Report whether everybody is paired", response_model=Coverage, responses=UNCHANGED)
async def read_coverage(request: Request, actor: Reporter, asked: Question) -> Response:
    """Return how many households, members, villages and townships are paired (全覆盖), and how evenly households are shared."""
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        return json_answer(request, await coverage(work, asked))


@router.get("/{which}", summary="List who is not paired", response_model=MissingPage, responses=UNCHANGED)
async def read_missing(
    request: Request,
    actor: Reporter,
    asked: Question,
    which: Annotated[Missing, Path(description="Of which side, or those with too many.", examples=["households"])],
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return exactly those that the report of the same question counts as missing (or as burdened)."""
    after = page_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        items, total = await missing(work, asked, which, after=after, limit=limit + 1)
    following = write_cursor(str(items[limit - 1].id)) if len(items) > limit else None
    body = MissingPage(items=items[:limit], total=total)
    return page_answer(request, body, following, {"X-Total-Count": str(total)})
