"""The ledger's figures, and the entries behind each."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer
from reporting_api.places import counted, no_cursor
from reporting_api.readers import UNCHANGED, Reader
from reporting_api.reports import From, RowKey, To, read_day
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.activities import AskedLedger, By, Part, Place, ledger_entries, ledger_report
from services.reports.activity_views import CountedEntries, LedgerReport
from services.web.paging import PageCursor, PageLimit, read_cursor, write_cursor
from services.web.routes import door_router

router = door_router("/v1/reports/activities", tags=["reports"])

AsOf = Annotated[
    AwareDatetime | None,
    Query(description="As it was known at this instant: what was recorded or withdrawn later does not change it.", examples=[None]),
]


def _asked(
    first: From = None,
    last: To = None,
    unit: Annotated[Code | None, Query(description="Where, with all below.", examples=["441624108"])] = None,
    by: Annotated[By | None, Query(description="What rows are made for.", examples=["unit:township"])] = None,
    as_of: AsOf = None,
    programme: Annotated[Code | None, Query(description="A programme: its days so far and its units alone.", examples=[None])] = None,
) -> AskedLedger:
    return AskedLedger(read_day(first, "from"), read_day(last, "to"), unit, by, as_of, programme)


Question = Annotated[AskedLedger, Depends(_asked)]


@router.get("", summary="Report what was done outside of tickets", response_model=LedgerReport, responses=UNCHANGED)
async def read_ledger(request: Request, actor: Reader, asked: Question) -> Response:
    """Return the figures of the ledger (民情台账) by the day things happened: 户, 次, 条, 件, 元, 人, 起 and 天, never added together.

    Totals declared from paper stand beside them under `declared`, and in no figure.
    """
    async with unit_of_work(actor) as work:
        return json_answer(request, await ledger_report(work, asked))


@router.get("/entries", summary="List the entries behind a figure of the ledger", response_model=CountedEntries, responses=UNCHANGED)
async def read_entries(
    request: Request,
    actor: Reader,
    asked: Question,
    metric: Annotated[str, Query(max_length=80, description="`id` or `id@version`.", examples=["households_visited"])],
    part: Annotated[Part, Query(description="Which part of the figure.")] = "numerator",
    key: RowKey = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return exactly the entries that a figure of the same question counted: no words, and references in place of people."""
    after, told = _read_place(cursor) if cursor else (None, None)
    async with unit_of_work(actor) as work:
        found = await ledger_entries(work, asked, metric, part, key=key, after=after, limit=limit, told=told)
    body, place = found.body, found.following
    following = write_cursor(str(place[0]), str(place[1]), place[2].hex(), body.count, body.total) if place else None
    return page_answer(request, body, following, {"X-Total-Count": str(body.count)})


def _read_place(cursor: str) -> tuple[Place, tuple[int, int]]:
    """Return where a page ended, how many rows the list has and the figure; raise a problem for any other text."""
    day, entry, reference, count, total = read_cursor(cursor, (str, str, str, int, int))
    try:
        place = date.fromisoformat(str(day)), UUID(str(entry)), bytes.fromhex(str(reference))
    except ValueError:
        raise no_cursor() from None
    return place, (counted(count), counted(total))
