"""Tickets as a list, now or as they were known at an instant."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import page_answer
from reporting_api.asking import AsOf, read_instant
from reporting_api.places import read_counted, write_counted
from reporting_api.readers import TicketReader
from reporting_api.streaming import CSV_OR_JSON, Format, listed_csv
from services.exports.sources import known_pages
from services.platform.unit_of_work import unit_of_work
from services.reports.listing import list_known
from services.reports.views import TicketList
from services.tickets.filters import TicketFilter
from services.web.paging import PageCursor, PageLimit
from services.web.routes import door_router

router = door_router("/v1", tags=["reports"])


class AskedTickets(TicketFilter):
    """The filter of a list, when it is to be known, and which page."""

    as_of: AsOf = None
    cursor: PageCursor = None
    limit: PageLimit = 50
    format: Format = None


@router.get("/tickets", summary="List tickets as they are, or were, known", response_model=TicketList, responses=CSV_OR_JSON)
async def list_tickets(request: Request, actor: TicketReader, asked: Annotated[AskedTickets, Query()]) -> Response:
    """Return the tickets a filter selects, oldest first, without anybody's words: as reports count them, at `as_of` as they were then.

    As CSV (`format=csv`) all of them, up to 100,000, in one answer; beyond that POST /v1/exports. Pages are JSON.
    """
    wanted = TicketFilter.model_validate(asked.model_dump(exclude={"as_of", "cursor", "limit", "format"}))
    (after, total), instant = read_counted(asked.cursor), read_instant(asked.as_of, "as_of")
    if asked.format == "csv":
        return await listed_csv(request, actor, "known-tickets", lambda work: known_pages(work, wanted, instant))
    async with unit_of_work(actor) as work:
        told, following = await list_known(work, wanted, as_of=instant, after=after, limit=asked.limit, total=total)
    return page_answer(request, told, write_counted(following, told.total), {"X-Total-Count": str(told.total)})
