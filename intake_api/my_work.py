"""My work at the door: what waits for whoever asks, due soon first, and what changed since they asked before."""

import re
from typing import Annotated

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.platform.actor import Actor
from services.platform.errors import Problem
from services.platform.secrets import fingerprint
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets import my_work
from services.tickets.my_work import Page, Since
from services.tickets.views import GoneTicket, WorkItem
from services.web.paging import PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/me", tags=["tickets"])

FOLLOWED_DAYS = 7
"""How long a cursor can be gone on from; a phone that was off for longer looks afresh."""
_SNAPSHOT = re.compile(r"\d{1,18}:\d{1,18}:(\d{1,18}(,\d{1,18})*)?")
_LONGEST = 8000


class MyWork(BaseModel):
    """What waits for the reader, or what changed of it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"full": True, "items": [], "gone": [], "next": None, "since": "WzE2Mzg0LCI3"}]}
    )

    full: bool = Field(
        description="True: the whole list, in place of whatever the client has. False: what changed since the look it asked about."
    )
    items: list[WorkItem] = Field(description="Due soon first, in a whole list; in order of their changes, otherwise.")
    gone: list[GoneTicket] = Field(description="Tickets that are no longer the reader's work; none in a whole list.")
    next: str | None = Field(description="Cursor of the next page; null on the last.")
    since: str = Field(description="What to ask with as `since` the next time, when all pages are read.")


@router.get("/work", response_model=MyWork, summary="What waits for me", responses={304: {"description": "Nothing of it changed."}})
async def work(
    request: Request,
    response: Response,
    actor: Annotated[Actor, Depends(requires("ticket.read"))],
    limit: PageLimit = 50,
    since: Annotated[
        str | None, Query(max_length=_LONGEST, description="`since` of an earlier answer: only what changed after it.")
    ] = None,
    cursor: Annotated[str | None, Query(max_length=_LONGEST, description="Where to go on: `next` of the page before.")] = None,
    if_none_match: Annotated[str | None, Header(max_length=200, examples=['W/"5f70bf18a086"'])] = None,
) -> MyWork | Response:
    """List the tickets one's seats hold, one's tasks as co-handler, and what waits at one's desk: overdue first, then due soon.

    With `since`, only what changed after that look, however it came about and whichever transaction was slow; where that cannot be said
    (other seats, a look of more than a week ago, a restored database) the whole list again, and `full` says so.
    """
    async with unit_of_work(actor) as current:
        found = await _answer(current, actor, limit, since, cursor)
    tag = f'W/"{_tag(found)}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and tag.removeprefix("W/") in if_none_match:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    link_next(request, response, found.next)
    return found


async def _answer(work: Work, actor: Actor, limit: int, since: str | None, cursor: str | None) -> MyWork:
    present = await my_work.look(work.session, actor, work.now)
    asked = _read(since) if since is not None else None
    begun, after, full = _place(cursor) if cursor is not None else (None, None, None)
    if full is None:
        full = asked is None or not await my_work.follows(work.session, asked, present, days=FOLLOWED_DAYS)
    if full or asked is None:
        page = await my_work.work_of(work.session, actor, work.now, limit=limit, after=after)
    else:
        page = await my_work.changed_work(work.session, actor, asked, work.now, limit=limit, after=after)
    first = begun or present
    return MyWork(full=full, items=page.items, gone=page.gone, next=_next(page, first, full=full), since=_write(first))


def _tag(found: MyWork) -> str:
    """What is told, without where it was looked at: that moves with every transaction of anybody's."""
    told = found.model_dump_json(exclude={"since", "next"})
    return fingerprint(told.encode(), str(found.next is None).encode())[:12].hex()


def _write(since: Since) -> str:
    return write_cursor(*since)


def _read(text: str) -> Since:
    database, snapshot, seats, at = read_cursor(text, (int, str, str, int))
    if not _SNAPSHOT.fullmatch(str(snapshot)):
        raise Problem("cursor.malformed", "This is no `since` of an earlier answer; ask without it.")
    return Since(int(database), str(snapshot), str(seats), int(at))


def _next(page: Page, first: Since, *, full: bool) -> str | None:
    return None if page.ends is None else write_cursor(_write(first), "full" if full else "changed", *page.ends)


def _place(cursor: str) -> tuple[Since, tuple[str, str], bool]:
    """Where a page goes on: the look the first page was taken at, the place, and which of the two lists it is."""
    first, which, *ends = read_cursor(cursor, (str, str, str, str))
    return _read(str(first)), (str(ends[0]), str(ends[1])), which == "full"
