"""Coverage: who is missing where, which grids are silent, which units are late."""

from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer
from reporting_api.places import counted
from reporting_api.readers import UNCHANGED
from reporting_api.reports import RowKey
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.coverage import AskedCoverage, By, Part, coverage_report, covered_items
from services.reports.coverage_metrics import DEFAULT_WEEKS
from services.reports.coverage_views import CoverageReport, CoveredItems
from services.web.paging import PageCursor, PageLimit, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/reports/coverage", tags=["reports"])

Reporter = Annotated[Actor, Depends(requires("unit.report"))]


def _asked(
    unit: Annotated[Code | None, Query(description="Which area, with all below.", examples=["441624108"])] = None,
    weeks: Annotated[
        int, Query(ge=1, le=104, description="How long a grid must have been silent; younger ones are left out.")
    ] = DEFAULT_WEEKS,
    by: Annotated[By | None, Query(description="What rows are made for.", examples=["unit:township"])] = None,
    as_of: Annotated[AwareDatetime | None, Query(description="As it was known at this instant.")] = None,
) -> AskedCoverage:
    return AskedCoverage(unit, weeks, by, as_of)


Question = Annotated[AskedCoverage, Depends(_asked)]


@router.get("", summary="Report coverage", response_model=CoverageReport, responses=UNCHANGED)
async def read_coverage(request: Request, actor: Reporter, asked: Question) -> Response:
    """Return blank units (空白), placed cadres (下沉), silent grids (沉默网格) and units with overdue tickets, as they stand."""
    async with unit_of_work(actor) as work:
        return json_answer(request, await coverage_report(work, asked))


@router.get("/{figure}", summary="List what a figure of coverage counts", response_model=CoveredItems, responses=UNCHANGED)
async def read_covered(
    request: Request,
    actor: Reporter,
    asked: Question,
    figure: Annotated[str, Path(max_length=80, description="`id` or `id@version` of a figure.", examples=["silent_grids"])],
    part: Annotated[Part, Query(description="Which part of the figure.")] = "numerator",
    key: RowKey = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return exactly the units (or cadres, by id) that a figure of the same question counted; of a silent grid, since when."""
    after, total = _read_place(cursor) if cursor else (None, None)
    async with unit_of_work(actor) as work:
        body = await covered_items(work, asked, figure, part, key=key, after=after, limit=limit, total=total)
    return page_answer(request, body, write_cursor(body.next, body.total) if body.next else None, {"X-Total-Count": str(body.total)})


def _read_place(cursor: str) -> tuple[str, int]:
    """Return the key that a page ended with, and how many there are; raise a problem for any other text."""
    key, count = read_cursor(cursor, (str, int))
    return str(key), counted(count)
