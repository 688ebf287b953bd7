"""Petitions in figures, and the petitions behind each."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.activities import AsOf
from reporting_api.answers import json_answer, page_answer
from reporting_api.places import read_counted_twice, write_counted
from reporting_api.readers import UNCHANGED, Reader, TicketReader
from reporting_api.reports import From, RowKey, To, read_day
from services.petitions.figure_views import CountedPetitions, PetitionReport
from services.petitions.figures import AskedPetitions, By, counted_petitions, petition_report
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.web.paging import PageCursor, PageLimit
from services.web.routes import door_router

router = door_router("/v1/reports/petitions", tags=["reports"])


def _asked(
    first: From = None,
    last: To = None,
    unit: Annotated[Code | None, Query(description="Whose area the matters lie in.", examples=["441624108"])] = None,
    by: Annotated[By | None, Query(description="What rows are made for.", examples=["unit:township"])] = None,
    as_of: AsOf = None,
) -> AskedPetitions:
    return AskedPetitions(read_day(first, "from"), read_day(last, "to"), unit, by, as_of)


Question = Annotated[AskedPetitions, Depends(_asked)]


@router.get("", summary="Report petitions", response_model=PetitionReport, responses=UNCHANGED)
async def read_petitions(request: Request, actor: Reader, asked: Question) -> Response:
    """Return petitions (信访, 来访与来信), those of groups and those brought again, beside the period before and the year before.

    The numbers stand beside every percentage. Townships without any petition (零上访) are counted and listed.
    """
    async with unit_of_work(actor) as work:
        return json_answer(request, await petition_report(work, asked))


@router.get("/tickets", summary="List the petitions behind a figure", response_model=CountedPetitions, responses=UNCHANGED)
async def read_counted_petitions(
    request: Request,
    actor: TicketReader,
    asked: Question,
    metric: Annotated[str, Query(max_length=80, description="`id` or `id@version`.", examples=["group_petitions"])] = "petitions",
    key: RowKey = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return exactly the petitions that a figure of the same question counted, and how each was received; of its people no name."""
    after, told = read_counted_twice(cursor)
    async with unit_of_work(actor) as work:
        found, following = await counted_petitions(work, asked, metric, key=key, after=after, limit=limit, told=told)
    return page_answer(request, found, write_counted(following, found.count, found.total), {"X-Total-Count": str(found.count)})
