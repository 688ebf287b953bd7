"""Assessments, their sheets, and the tickets behind every item; queues by size of place."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer
from reporting_api.asking import AsOf, read_instant
from reporting_api.places import no_cursor, read_counted, read_place, write_counted, write_place
from reporting_api.readers import UNCHANGED, Reader, TicketReader
from reporting_api.reports import From, To, read_day
from services.assessment import reading
from services.assessment.queue_fairness import AskedQueue, Size, Tier, queue_fairness, queue_tickets
from services.assessment.queue_views import QueueFairness, QueueTickets
from services.assessment.views import Appeals, Runs, RunView, Sheets, SheetView, run_view
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.views import CountedTickets
from services.web.paging import PageCursor, PageLimit, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["assessment"])

Assessed = Annotated[Actor, Depends(requires("assessment.read"))]


@router.get("/assessments", summary="List assessments", response_model=Runs, responses=UNCHANGED)
async def list_runs(request: Request, actor: Assessed, cursor: PageCursor = None, limit: PageLimit = 50) -> Response:
    """List the runs there were, the newest period first; those that are not published only to those who make them."""
    after = _run_place(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        items, following = await reading.list_runs(work, after=after, limit=limit)
    place = write_cursor(str(following[0]), str(following[1])) if following else None
    return page_answer(request, Runs(items=items), place)


@router.get("/assessments/{run_id}", summary="One assessment", response_model=RunView, responses=UNCHANGED)
async def read_run(request: Request, run_id: UUID, actor: Assessed) -> Response:
    """Return a run, and how far it is."""
    async with unit_of_work(actor) as work:
        return json_answer(request, run_view(await reading.read_run(work, run_id)))


@router.get("/assessments/{run_id}/sheets", summary="Sheets of an assessment", response_model=Sheets, responses=UNCHANGED)
async def list_sheets(
    request: Request,
    run_id: UUID,
    actor: Assessed,
    group: Annotated[Code | None, Query(description="Only this group of comparable units.", examples=["A"])] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """List the sheets one may see (one's own and those below), with total, interval and shared rank. Persons have no rank."""
    after = _sheet_place(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        items, following = await reading.list_sheets(work, run_id, group=group, after=after, limit=limit)
    place = write_cursor(following[0], str(following[1])) if following else None
    return page_answer(request, Sheets(items=items), place)


@router.get("/assessments/{run_id}/sheets/{sheet_id}", summary="One sheet", response_model=SheetView, responses=UNCHANGED)
async def read_sheet(request: Request, run_id: UUID, sheet_id: UUID, actor: Assessed) -> Response:
    """Return a sheet whole: every item with its interval and the address of its tickets, objections, and what they changed."""
    async with unit_of_work(actor) as work:
        return json_answer(request, await reading.read_sheet(work, run_id, sheet_id))


@router.get("/assessments/{run_id}/appeals", summary="Objections", response_model=Appeals, responses=UNCHANGED)
async def list_appeals(
    request: Request,
    run_id: UUID,
    actor: Assessed,
    state: Annotated[Literal["open", "granted", "refused"] | None, Query(description="Only in this state.", examples=["open"])] = None,
) -> Response:
    """List the objections to sheets one may see, the oldest first, at most 500."""
    async with unit_of_work(actor) as work:
        await reading.read_run(work, run_id)
        return json_answer(request, Appeals(items=await reading.list_appeals(work, run_id, state=state)))


@router.get(
    "/assessments/{run_id}/sheets/{sheet_id}/tickets",
    summary="Tickets of a person's item",
    response_model=CountedTickets,
    responses=UNCHANGED,
)
async def list_tickets(  # noqa: PLR0913, PLR0917  one parameter of the address each
    request: Request,
    run_id: UUID,
    sheet_id: UUID,
    actor: Assessed,
    item: Annotated[Code, Query(description="Code of the item.", examples=["satisfaction"])],
    metric: Annotated[str, Query(max_length=80, description="Metric of the item.", examples=["satisfaction_rate@1"])],
    part: Annotated[Literal["numerator", "denominator"], Query(description="Which part of the figure.")] = "numerator",
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """List the tickets that an item of a person's sheet counts, as they were known then. For units, follow the address in the sheet."""
    after = read_place(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        total, items, following = await reading.tickets_of_person(work, run_id, sheet_id, item, metric, part, after=after, limit=limit)
    body = CountedTickets(metric=metric, part=part, total=total, items=items)
    return page_answer(request, body, write_place(following), {"X-Total-Count": str(total)})


def _queue(
    first: From = None,
    last: To = None,
    unit: Annotated[Code | None, Query(description="Whose area the matters lie in.", examples=["441624108"])] = None,
    tier: Annotated[Tier, Query(description="Which places are told apart.")] = "village",
    size: Annotated[Size, Query(description="What a place's size is.")] = "households",
    classes: Annotated[int, Query(ge=2, le=10, description="How many classes: 3 for thirds, 10 for tenths.")] = 3,
    as_of: AsOf = None,
) -> AskedQueue:
    return AskedQueue(read_day(first, "from"), read_day(last, "to"), unit, tier, size, classes, read_instant(as_of, "as_of"))


Queue = Annotated[AskedQueue, Depends(_queue)]


@router.get("/reports/queue-fairness", summary="Waits by size of place", response_model=QueueFairness, responses=UNCHANGED)
async def read_queue(request: Request, actor: Reader, asked: Queue) -> Response:
    """Return how long people in small and in large places wait, the longest and the median, and how much is done per household.

    As of an instant (`as_of`) before places, or how many households they have, were changed it is refused: `as_of.not_kept`.
    """
    async with unit_of_work(actor) as work:
        return json_answer(request, await queue_fairness(work, asked))


@router.get("/reports/queue-fairness/tickets", summary="Tickets of a class of places", response_model=QueueTickets, responses=UNCHANGED)
async def list_queue(
    request: Request,
    actor: TicketReader,
    asked: Queue,
    size_class: Annotated[int | None, Query(ge=0, le=10, description="`size_class` of the report.", examples=[1])] = None,
    place: Annotated[Code | None, Query(description="Only this place.", examples=["441624108213"])] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """List exactly the tickets a class, or a place, of the same report counted, each with its wait."""
    after, total = read_counted(cursor)
    async with unit_of_work(actor) as work:
        total, items, following = await queue_tickets(
            work, asked, size_class=size_class, place=place, after=after, limit=limit, total=total
        )
    body = QueueTickets(total=total, items=items)
    return page_answer(request, body, write_counted(following, total), {"X-Total-Count": str(total)})


def _run_place(cursor: str) -> tuple[date, UUID]:
    day, run_id = read_cursor(cursor, (str, str))
    try:
        return date.fromisoformat(str(day)), UUID(str(run_id))
    except ValueError:
        raise no_cursor() from None


def _sheet_place(cursor: str) -> tuple[str, UUID]:
    code, sheet_id = read_cursor(cursor, (str, str))
    try:
        return str(code), UUID(str(sheet_id))
    except ValueError:
        raise no_cursor() from None
