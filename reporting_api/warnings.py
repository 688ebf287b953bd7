"""Early warnings: what is unusual, by how much, and the tickets it is about."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer
from reporting_api.asking import AsOf, read_instant
from reporting_api.readers import UNCHANGED, Reader
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from services.warnings.acknowledging import State, list_warnings, looked_until
from services.warnings.views import Warnings
from services.web.paging import PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router

router = door_router("/v1/warnings", tags=["warnings"])


@router.get("", summary="List early warnings", response_model=Warnings, responses=UNCHANGED)
async def read_warnings(
    request: Request,
    actor: Reader,
    state: Annotated[State | None, Query(description="Only those that go on, or that are over.", examples=["open"])] = None,
    measure: Annotated[Literal["inflow", "overdue"] | None, Query(description="Only of this measure.", examples=["inflow"])] = None,
    as_of: AsOf = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """List units, departments and categories whose inflow or overdue share left its usual band, the newest first.

    As of an instant (`as_of`) each as it stood then, with the tickets known then; `as_of.not_kept` where that was not kept yet.
    """
    after, instant = _place(cursor) if cursor else None, read_instant(as_of, "as_of")
    async with unit_of_work(actor) as work:
        items, following = await list_warnings(work, state=state, measure=measure, after=after, limit=limit, as_of=instant)
        until = await looked_until(work, instant)
    place = write_cursor(str(following[0]), str(following[1])) if following else None
    linked = Response()
    link_next(request, linked, place)
    headers = {"Link": linked.headers["Link"]} if "Link" in linked.headers else {}
    return json_answer(request, Warnings(items=items, next=place, looked_until=until), headers)


def _place(cursor: str) -> tuple[date, UUID]:
    day, warning_id = read_cursor(cursor, (str, str))
    try:
        return date.fromisoformat(str(day)), UUID(str(warning_id))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None
