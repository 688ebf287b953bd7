"""How often the same matter was told again, and the tickets behind it."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer
from reporting_api.asking import AsOf, read_instant
from reporting_api.places import read_counted, write_counted
from reporting_api.readers import UNCHANGED, Reader, TicketReader
from reporting_api.reports import From, To, read_day
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.repeats import AskedRepeats, RepeatedTickets, RepeatsReport, repeated_tickets, repeats_report
from services.web.paging import PageCursor, PageLimit
from services.web.routes import door_router

router = door_router("/v1/reports/repeats", tags=["reports"])


def _asked(
    first: From = None,
    last: To = None,
    unit: Annotated[Code | None, Query(description="Whose area the matters lie in.", examples=["441624108"])] = None,
    category: Annotated[Code | None, Query(description="With all below it.", examples=["water"])] = None,
    as_of: AsOf = None,
) -> AskedRepeats:
    return AskedRepeats(read_day(first, "from"), read_day(last, "to"), unit, category, read_instant(as_of, "as_of"))


Question = Annotated[AskedRepeats, Depends(_asked)]


@router.get("", summary="Report the same matter told again", response_model=RepeatsReport, responses=UNCHANGED)
async def read_repeats(request: Request, actor: Reader, asked: Question) -> Response:
    """Return how often a matter was told again without new facts (重复诉求), and of how many tickets."""
    async with unit_of_work(actor) as work:
        return json_answer(request, await repeats_report(work, asked))


@router.get("/tickets", summary="List the tickets that were told again", response_model=RepeatedTickets, responses=UNCHANGED)
async def read_repeated(
    request: Request, actor: TicketReader, asked: Question, cursor: PageCursor = None, limit: PageLimit = 50
) -> Response:
    """Return exactly the tickets that the report of the same question counted, with how often each was told again."""
    after, total = read_counted(cursor)
    async with unit_of_work(actor) as work:
        total, items, following = await repeated_tickets(work, asked, after=after, limit=limit, total=total)
    page = RepeatedTickets(total=total, items=items)
    return page_answer(request, page, write_counted(following, total), {"X-Total-Count": str(total)})
