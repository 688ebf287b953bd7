"""Help items, mediations and deliberations: figures with exactly what each counted; and, for everybody, the votes that were published."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer
from reporting_api.asking import From, To, read_day
from reporting_api.places import no_cursor, page_id
from reporting_api.readers import UNCHANGED
from services.assistance.figures import AskedAssistance, AssistanceReport, CountedPage, FigureName, assistance_report, counted_ones
from services.assistance.public import PublicMeetings, published_meetings
from services.organization.queries import unit_tree
from services.platform.actor import SYSTEM, Actor
from services.platform.errors import NotFound
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.figures import one_snapshot
from services.web.paging import PageCursor, PageLimit, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/reports/assistance", tags=["reports"])
public = door_router("/v1/notice/deliberations", tags=["public page"])

Reporter = Annotated[Actor, Depends(requires("unit.report"))]
AsOf = Annotated[AwareDatetime | None, Query(description="As it was known at this instant.", examples=[None])]
UnitAsked = Annotated[Code | None, Query(description="Which area, with all below; the whole where not given.", examples=["441624108"])]


def _asked(first: From = None, last: To = None, unit: UnitAsked = None, as_of: AsOf = None) -> AskedAssistance:
    return AskedAssistance(read_day(first, "from"), read_day(last, "to"), unit, as_of)


Question = Annotated[AskedAssistance, Depends(_asked)]


@router.get("", summary="Report help items, mediations and deliberations", response_model=AssistanceReport, responses=UNCHANGED)
async def read_figures(request: Request, actor: Reporter, asked: Question) -> Response:
    """Return how many were begun, ended and how, and what waits: overdue items, follow-ups that are due."""
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        return json_answer(request, await assistance_report(work, asked))


@router.get("/{counted}", summary="List what a figure counted", response_model=CountedPage, responses=UNCHANGED)
async def read_counted(
    request: Request,
    actor: Reporter,
    asked: Question,
    counted: Annotated[FigureName, Path(description="Which figure.", examples=["settled"])],
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return exactly those that a figure of the same question counted, by their ids. Nobody is named."""
    after = page_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        items, total = await counted_ones(work, asked, counted, after=after, limit=limit + 1)
    following = write_cursor(str(items[limit - 1].id)) if len(items) > limit else None
    body = CountedPage(items=items[:limit], total=total)
    return page_answer(request, body, following, {"X-Total-Count": str(total)})


@public.get("", summary="Votes of villagers that were published", response_model=PublicMeetings, responses=UNCHANGED)
async def read_public(
    request: Request, unit: UnitAsked = None, as_of: AsOf = None, cursor: PageCursor = None, limit: PageLimit = 50
) -> Response:
    """Return proposal, numbers and decision of the meetings that were published (议事公开), the newest first. No login, and no names."""
    after = _place(cursor) if cursor else None
    async with unit_of_work(SYSTEM) as work:
        place = (await unit_tree(work.session)).by_code.get(unit) if unit else None
        if unit and place is None:
            raise NotFound("unit.unknown", "There is no place with this code.")
        under = place.path if place else None
        found = await published_meetings(work, under=under, as_of=as_of, after=after, limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = write_cursor(last.published_at.isoformat(), str(last.id)) if last else None
    return page_answer(request, PublicMeetings(items=found[:limit]), following)


def _place(cursor: str) -> tuple[datetime, UUID]:
    moment, last = read_cursor(cursor, (str, str))
    try:
        found = datetime.fromisoformat(str(moment))
        if found.tzinfo is None:
            raise no_cursor()
        return found, UUID(str(last))
    except ValueError:
        raise no_cursor() from None
