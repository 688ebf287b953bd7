"""What is open now: overdue tickets, the public list, and who holds how many."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import page_answer
from reporting_api.asking import AsOf, read_instant
from reporting_api.places import read_counted, read_place, write_counted, write_place
from reporting_api.readers import UNCHANGED, TicketReader
from reporting_api.streaming import CSV_OR_JSON, Format, listed_csv
from services.exports import sources
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.backlog import overdue, workload_page
from services.reports.backlog_loads import LoadPlace
from services.reports.listed_views import PublicList
from services.reports.public_list import listed
from services.reports.views import Overdue, Workload
from services.web.paging import PageCursor, PageLimit, read_cursor, write_cursor
from services.web.routes import door_router

router = door_router("/v1", tags=["backlog"])

Place = Annotated[Code | None, Query(description="Whose area the matters lie in.", examples=["441624108"])]
Holder = Annotated[Code | None, Query(description="Who holds the tickets, with all below.", examples=["441624-D-SWJ"])]
Month = Annotated[
    str | None,
    Query(
        description="Of the instants at which tickets reached the list, Asia/Shanghai. Default: the present month, or that of `as_of`.",
        pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$",
        examples=["2026-11"],
    ),
]
LateUnit = Annotated[Code | None, Query(description="Who was late, with all below.", examples=["441624108"])]


@router.get("/overdue", summary="List overdue tickets in due order", response_model=Overdue, responses=CSV_OR_JSON)
async def list_overdue(
    request: Request,
    actor: TicketReader,
    unit: Place = None,
    holder: Holder = None,
    as_of: AsOf = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
    format: Format = None,  # noqa: A002  the name in the address
) -> Response:
    """Return the open tickets with a running clock past due, the longest overdue first, and how many each holder has.

    As CSV (`format=csv`) all of them, up to 100,000, in one answer; beyond that POST /v1/exports. Pages are JSON.
    """
    after, instant = read_place(cursor) if cursor else None, read_instant(as_of, "as_of")
    if format == "csv":
        asked = sources.Place(unit, holder, instant)
        return await listed_csv(request, actor, "overdue", lambda work: sources.overdue_pages(work, asked))
    async with unit_of_work(actor) as work:
        page = await overdue(work, unit=unit, holder=holder, after=after, limit=limit, as_of=instant)
    return page_answer(request, page.body, write_place(page.following))


@router.get("/overdue/listed", summary="List what is named in public for being late", response_model=PublicList, responses=UNCHANGED)
async def read_public_list(
    request: Request,
    actor: TicketReader,
    month: Month = None,
    unit: Place = None,
    late: LateUnit = None,
    as_of: AsOf = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return the limits that reached the level `list` (通报) in a month, in the order they did, and how many each late unit has.

    `total` and `units` are counted with the first page; later ones bring the total again.
    """
    (after, total), instant = read_counted(cursor), read_instant(as_of, "as_of")
    async with unit_of_work(actor) as work:
        page = await listed(work, month=month, unit=unit, late=late, after=after, limit=limit, as_of=instant, total=total)
    return page_answer(request, page.body, write_counted(page.following, page.body.total))


@router.get("/workload", summary="Show who holds how many open tickets", response_model=Workload, responses=UNCHANGED)
async def read_workload(
    request: Request,
    actor: TicketReader,
    unit: Place = None,
    holder: Holder = None,
    as_of: AsOf = None,
    cursor: PageCursor = None,
    limit: PageLimit = 100,
) -> Response:
    """Return the open tickets of each unit, of the people in it, and per post: a unit with many posts is not compared with one of few.

    Units that hold most come first. `POST /v1/exports` with the source `workload` has all of them in one file.
    """
    after, instant = read_load(cursor) if cursor else None, read_instant(as_of, "as_of")
    async with unit_of_work(actor) as work:
        page = await workload_page(work, unit=unit, holder=holder, as_of=instant, after=after, limit=limit)
    return page_answer(request, page.body, write_cursor(*page.following) if page.following else None)


def read_load(cursor: str) -> LoadPlace:
    """Return where a page of loads ended; raise a problem for any other text."""
    tickets, key = read_cursor(cursor, (int, str))
    return int(tickets), str(key)
