"""The register in figures, what became of opinions, and what is behind each number."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer
from reporting_api.places import no_cursor
from reporting_api.readers import UNCHANGED, Reader
from reporting_api.reports import From, RowKey, To, read_day
from services.matters.figures import CountedMatters, MatterReport, counted_matters, matter_report
from services.matters.funnel import FunnelEntries, FunnelReport, funnel_entries, funnel_report
from services.matters.rows import AskedFigures, By
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.activities import Part
from services.reports.figures import one_snapshot
from services.web.paging import PageCursor, PageLimit, read_cursor, write_cursor
from services.web.routes import door_router

router = door_router("/v1/reports", tags=["reports"])

AsOf = Annotated[AwareDatetime | None, Query(description="As it was known at this instant.", examples=[None])]
Flagged = Annotated[bool, Query(description="Only of villages that are on a list of problem villages (问题村).")]
Name = Annotated[str, Query(max_length=80, description="`id` or `id@version`.", examples=["matters_open"])]


def _asked(
    first: From = None,
    last: To = None,
    unit: Annotated[Code | None, Query(description="Where, with all below.", examples=["441624108"])] = None,
    by: Annotated[By | None, Query(description="What rows are made for.", examples=["unit:township"])] = None,
    as_of: AsOf = None,
    problem_villages: Flagged = False,
) -> AskedFigures:
    return AskedFigures(read_day(first, "from"), read_day(last, "to"), unit, by, as_of, problem_villages)


Question = Annotated[AskedFigures, Depends(_asked)]


@router.get("/matters", summary="Report the register of matters", response_model=MatterReport, responses=UNCHANGED)
async def read_matters(request: Request, actor: Reader, asked: Question) -> Response:
    """Return how many matters were registered, struck off and open, which are stale, late or blocked, and how old the open ones are.

    This year so far, where no days are given.
    """
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        return json_answer(request, await matter_report(work, asked))


@router.get("/matters/entries", summary="List the matters behind a figure", response_model=CountedMatters, responses=UNCHANGED)
async def read_matter_entries(
    request: Request,
    actor: Reader,
    asked: Question,
    metric: Name,
    part: Annotated[Part, Query(description="Which part of the figure.")] = "numerator",
    key: RowKey = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return exactly the matters that a figure of the same question counted, by their numbers."""
    after = str(read_cursor(cursor, (str,))[0]) if cursor else None
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found, following = await counted_matters(work, asked, metric, part, key=key, after=after, limit=limit)
    return page_answer(request, found, write_cursor(following) if following else None, {"X-Total-Count": str(found.count)})


@router.get("/funnel", summary="Report what became of opinions", response_model=FunnelReport, responses=UNCHANGED)
async def read_funnel(request: Request, actor: Reader, asked: Question) -> Response:
    """Return how many opinions of the period were solved, answered, became tickets, parts of matters, and were struck off.

    And how many have no follow-up at all. This year so far, where no days are given.
    """
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        return json_answer(request, await funnel_report(work, asked))


@router.get("/funnel/entries", summary="List what a number of the funnel counted", response_model=FunnelEntries, responses=UNCHANGED)
async def read_funnel_entries(
    request: Request,
    actor: Reader,
    asked: Question,
    metric: Annotated[str, Query(max_length=80, description="`id` or `id@version`.", examples=["opinions_without_follow_up"])],
    key: RowKey = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return exactly the opinions, tickets or matters that a figure of the same question counted; no words."""
    after = _read_place(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found, place = await funnel_entries(work, asked, metric, key=key, after=after, limit=limit)
    following = write_cursor(place[0], str(place[1])) if place else None
    return page_answer(request, found, following, {"X-Total-Count": str(found.total)})


def _read_place(cursor: str) -> tuple[str, UUID]:
    day, entry = read_cursor(cursor, (str, str))
    try:
        return str(day), UUID(str(entry))
    except ValueError:
        raise no_cursor() from None
