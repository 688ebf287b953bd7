"""Who opened contacts and listened to recordings, for discipline inspection."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.hotline.reveals import RevealFilter, RevealView, list_reveals
from services.platform.actor import Actor
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/reveals", tags=["oversight"])

Inspector = Annotated[Actor, Depends(requires("reveal.read"))]


@router.get("", summary="Who looked at contacts")
async def browse(
    actor: Inspector,
    request: Request,
    response: Response,
    number: Annotated[str | None, Query(max_length=40, description="Only contacts of this ticket.")] = None,
    member_id: Annotated[UUID | None, Query(description="Only what this member looked at.")] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> Page[RevealView]:
    """List every time a number was shown in clear or a recording was listened to: who, from which office, when, what for; never whose.

    The newest first. For discipline inspection.
    """
    after = _place(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        found = await list_reveals(work, RevealFilter(number, member_id), after, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = write_cursor(last.at.isoformat(), str(last.id)) if last else None
    link_next(request, response, following)
    return Page[RevealView](items=found[:limit], next=following)


def _place(cursor: str) -> tuple[datetime, UUID]:
    at, key = read_cursor(cursor, (str, str))
    try:
        found = datetime.fromisoformat(str(at)), UUID(str(key))
    except ValueError:
        found = None
    if found is None or found[0].tzinfo is None:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.")
    return found
