"""Calls for the people at the hotline: the list, one call, what exchanges sent that nobody could read, and listening to a recording."""

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import unquote
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from pydantic import AwareDatetime

from services.attachments.sniffing import EXTENSIONS
from services.attachments.store import store
from services.calls.listening import recording_of, write_access
from services.calls.queries import Place, State, Wanted, list_calls, list_unreadable, one_call, one_unreadable
from services.calls.views import PhoneCallView, UnreadableContent, UnreadableEvent
from services.complaints.restricting import require_call_unrestricted
from services.platform.actor import Actor
from services.platform.errors import Invalid, Problem
from services.platform.text import storable
from services.platform.unit_of_work import unit_of_work
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.ranges import FILE_ANSWERS, AskedFor, Stored, file_answer, span_of
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/hotline", tags=["hotline calls"])

Reader = Annotated[Actor, Depends(requires("call.read"))]
Listener = Annotated[Actor, Depends(requires("recording.listen"))]
Disposition = Literal["answered", "abandoned_in_queue", "abandoned_in_ivr", "ivr_only", "busy", "failed", "out_of_hours"]
_PURPOSE_LONGEST = 200


@router.get("/calls", summary="List calls")
async def browse(  # noqa: PLR0913, PLR0917  one parameter of the address each
    request: Request,
    response: Response,
    actor: Reader,
    state: Annotated[State | None, Query(description="`open` is whatever has not ended.", examples=["queued"])] = None,
    since: Annotated[AwareDatetime | None, Query(description="Only calls that came in at this instant or later.")] = None,
    disposition: Annotated[Disposition | None, Query(description="What became of it.")] = None,
    recording: Annotated[Literal["awaited", "kept", "given_up"] | None, Query(description="How far its recording is.")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[PhoneCallView]:
    """List calls, the newest first, callers masked."""
    after = _place(cursor)
    async with unit_of_work(actor) as work:
        items, following = await list_calls(work, Wanted(state, since, disposition, recording), after, limit)
    following_cursor = _cursor(following)
    link_next(request, response, following_cursor)
    return Page(items=items, next=following_cursor)


@router.get("/unreadable-events", summary="List what exchanges sent that could not be read")
async def browse_unreadable(
    request: Request, response: Response, actor: Reader, cursor: PageCursor = None, limit: PageLimit = 50
) -> Page[UnreadableEvent]:
    """List what came and could not be read, or contradicts what came before; the newest first. Nothing of it is lost."""
    after = _place(cursor)
    async with unit_of_work(actor) as work:
        items, following = await list_unreadable(work, after, limit)
    following_cursor = _cursor(following)
    link_next(request, response, following_cursor)
    return Page(items=items, next=following_cursor)


@router.get("/unreadable-events/{event_id}", summary="Read what came")
async def read_unreadable(event_id: UUID, actor: Reader, response: Response) -> UnreadableContent:
    """Return what came, unchanged: it may hold a telephone number, so nobody keeps the answer."""
    async with unit_of_work(actor) as work:
        found = await one_unreadable(work, event_id)
    response.headers["Cache-Control"] = "no-store"
    return found


@router.get("/calls/{call_id}", summary="One call")
async def read_one(call_id: UUID, actor: Reader) -> PhoneCallView:
    """Return a call as all its events have it by now."""
    async with unit_of_work(actor) as work:
        return await one_call(work, call_id)


def _purpose(
    header: Annotated[
        str | None,
        Header(alias="X-Purpose", max_length=600, description="What for; percent-encoded UTF-8 where it is not ASCII."),
    ] = None,
    purpose: Annotated[str | None, Query(max_length=_PURPOSE_LONGEST, description="What for, where no header can be sent.")] = None,
) -> str:
    try:
        said = storable(unquote(header, errors="strict") if header else purpose or "").strip()
    except ValueError:
        said = ""
    if not said or len(said) > _PURPOSE_LONGEST:
        raise Invalid("recording.purpose_missing", "Say what you listen for, in X-Purpose or `purpose`, in at most 200 characters.")
    return said


@router.get("/calls/{call_id}/recording", response_class=Response, responses=FILE_ANSWERS, summary="Listen to a recording")
async def listen(call_id: UUID, actor: Listener, purpose: Annotated[str, Depends(_purpose)], asked: AskedFor) -> Response:
    """Give the recording, or the range of it that was asked for. Who, when and what for is written down before the first byte goes out."""
    async with unit_of_work(actor) as work:
        found = await recording_of(work, call_id)
        await require_call_unrestricted(work.session, call_id)
        name = f"{call_id}.{EXTENSIONS.get(found.media_type, 'bin')}"
        file = Stored(found.store_key, found.size, found.media_type, found.sha256, name)
        await write_access(work, found, span_of(asked, file.etag, file.size), purpose)
    return await file_answer(file, asked, store())


def _cursor(place: Place | None) -> str | None:
    return write_cursor(place[0].isoformat(), str(place[1])) if place else None


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    instant, row_id = read_cursor(cursor, (str, str))
    try:
        found = datetime.fromisoformat(str(instant)), UUID(str(row_id))
    except ValueError:
        found = None
    if found is None or found[0].tzinfo is None:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.")
    return found
