"""Signs that many voices are few people, for the desks: where, what was counted, and what to do."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import page_answer
from reporting_api.asking import AsOf, read_instant
from reporting_api.readers import UNCHANGED
from services.complaints.signs import ALWAYS
from services.platform.actor import Actor
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from services.warnings.brigading_list import State, list_brigading
from services.warnings.brigading_views import BrigadingList
from services.web.paging import PageCursor, PageLimit, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/brigading", tags=["warnings"])


@router.get("", summary="List places with signs", response_model=BrigadingList, responses=UNCHANGED)
async def read_brigading(
    request: Request,
    actor: Annotated[Actor, Depends(requires("brigading.read"))],
    state: Annotated[State | None, Query(description="Only those that go on, or that are over.", examples=["open"])] = None,
    as_of: AsOf = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """List places and branches of the catalogue where many voices may be few people (疑点), the newest first. Nobody is named.

    A sign changes nothing: it is a reason to call back. Bursts of many households are among them, and told apart. As of an instant
    (`as_of`) as it was known then.
    """
    after, instant = _place(cursor) if cursor else None, read_instant(as_of, "as_of")
    async with unit_of_work(actor) as work:
        items, following = await list_brigading(work, state=state, after=after, limit=limit, as_of=instant)
        page = BrigadingList(items=items, as_of=instant or work.now, rule=ALWAYS)
    return page_answer(request, page, write_cursor(following[0].isoformat(), str(following[1])) if following else None)


def _place(cursor: str) -> tuple[datetime, UUID]:
    opened, episode_id = read_cursor(cursor, (str, str))
    try:
        instant = datetime.fromisoformat(str(opened))
        if instant.tzinfo is not None:
            return instant, UUID(str(episode_id))
    except ValueError:
        pass
    raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.")
