"""Who passes matters on (二传手), and the tickets behind each figure."""

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
from services.reports.hand_off_views import HandOffs, HandOffTickets
from services.reports.hand_offs import AskedHandOffs, Part, hand_offs, handed_off
from services.web.paging import PageCursor, PageLimit
from services.web.routes import door_router

router = door_router("/v1/reports/hand-offs", tags=["reports"])


def _asked(
    first: From = None,
    last: To = None,
    unit: Annotated[Code | None, Query(description="Whose area the matters lie in.", examples=["441624108"])] = None,
    holder: Annotated[Code | None, Query(description="Which units' figures: one, with all below.", examples=["441624-D-SLJ"])] = None,
    category: Annotated[Code | None, Query(description="With all below it.", examples=["water"])] = None,
    as_of: AsOf = None,
) -> AskedHandOffs:
    return AskedHandOffs(read_day(first, "from"), read_day(last, "to"), unit, holder, category, read_instant(as_of, "as_of"))


Question = Annotated[AskedHandOffs, Depends(_asked)]


@router.get("", summary="Report who passes matters on", response_model=HandOffs, responses=UNCHANGED)
async def read_hand_offs(request: Request, actor: Reader, asked: Question) -> Response:
    """Return for each unit how many tickets it was given, passed on, and passed on without having done anything: 二传手."""
    async with unit_of_work(actor) as work:
        return json_answer(request, await hand_offs(work, asked))


@router.get("/tickets", summary="List the tickets behind a figure of hand-offs", response_model=HandOffTickets, responses=UNCHANGED)
async def read_handed_off(
    request: Request,
    actor: TicketReader,
    asked: Question,
    of: Annotated[Code | None, Query(description="The unit of a row; without it, all together.", examples=["441624-D-SLJ"])] = None,
    part: Annotated[Part, Query(description="Which of the counts.")] = "idle",
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return exactly the tickets that the figure of the same question counted; `total` is that figure."""
    after, total = read_counted(cursor)
    async with unit_of_work(actor) as work:
        total, items, following = await handed_off(work, asked, of=of, part=part, after=after, limit=limit, total=total)
    page = HandOffTickets(total=total, items=items)
    return page_answer(request, page, write_counted(following, total), {"X-Total-Count": str(total)})
