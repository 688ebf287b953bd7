"""Looking calls up. Legs that belong to another call are not calls of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.calls.models import Call
from services.calls.models import CallEvent as EventRow
from services.calls.views import PhoneCallView, UnreadableContent, UnreadableEvent, call_view
from services.calls.writing import phone_of
from services.platform.errors import NotFound
from services.platform.papers import SealedPaper, read_paper
from services.platform.unit_of_work import Work

State = Literal["ringing", "queued", "talking", "ended", "open"]
Place = tuple[datetime, UUID]

OWN: ColumnElement[bool] = Call.linked_id == Call.call_id
"""What makes a row a call, not a leg of one."""
_OPEN = Call.disposition.is_(None)
_STATES: dict[str, tuple[ColumnElement[bool], ...]] = {
    "open": (_OPEN,),
    "ended": (Call.disposition.is_not(None),),
    "talking": (_OPEN, Call.answered_at.is_not(None)),
    "queued": (_OPEN, Call.answered_at.is_(None), Call.queued_at.is_not(None)),
    "ringing": (_OPEN, Call.answered_at.is_(None), Call.queued_at.is_(None)),
}


@dataclass(frozen=True)
class Wanted:
    """Which calls; all filters together."""

    state: State | None = None
    since: datetime | None = None
    disposition: str | None = None
    recording: str | None = None


async def list_calls(work: Work, wanted: Wanted, after: Place | None, limit: int) -> tuple[list[PhoneCallView], Place | None]:
    """Return a page of calls, the newest first, and where the next one begins."""
    query = select(Call).where(OWN).order_by(Call.arrived_at.desc(), Call.id.desc()).limit(limit + 1)
    if wanted.state:
        query = query.where(*_STATES[wanted.state])
    if wanted.since:
        query = query.where(Call.arrived_at >= wanted.since)
    if wanted.disposition:
        query = query.where(Call.disposition == wanted.disposition)
    if wanted.recording:
        query = query.where(Call.recording_state == wanted.recording)
    if after:
        query = query.where(tuple_(Call.arrived_at, Call.id) < after)
    found = list(await work.session.scalars(query))
    page = found[:limit]
    following = (page[-1].arrived_at, page[-1].id) if len(found) > limit else None
    return await _views(work.session, page), following


async def one_call(work: Work, call_id: UUID) -> PhoneCallView:
    """Return one call; raise NotFound ``call.unknown``."""
    (view,) = await _views(work.session, [await call_row(work.session, call_id)])
    return view


async def call_row(session: AsyncSession, call_id: UUID) -> Call:
    """Return the row of a call; raise NotFound ``call.unknown``."""
    found = await session.scalar(select(Call).where(Call.id == call_id, OWN))
    if found is None:
        raise NotFound("call.unknown", "There is no call with this id.")
    return found


async def numbers_of(session: AsyncSession, calls: Sequence[Call]) -> dict[UUID, str]:
    """Return the number of the other person of each call that shows one, in its one spelling; for whoever may see it."""
    wanted = [call.paper_id for call in calls if call.paper_id]
    papers = {}
    if wanted:
        rows = await session.execute(select(SealedPaper.id, SealedPaper.row_key, SealedPaper.sealed).where(SealedPaper.id.in_(wanted)))
        papers = {row.id: _number(row.id, row.row_key, row.sealed) for row in rows}
    return {call.id: number for call in calls if call.paper_id and (number := papers.get(call.paper_id))}


def _number(paper_id: UUID, row_key: bytes | None, sealed: bytes | None) -> str | None:
    try:
        found = read_paper(paper_id, row_key, sealed)
    except InvalidTag:
        return None
    return phone_of(found.get("number")) if found else None


async def _views(session: AsyncSession, calls: Sequence[Call]) -> list[PhoneCallView]:
    numbers = await numbers_of(session, calls)
    return [call_view(call, numbers.get(call.id)) for call in calls]


async def list_unreadable(work: Work, after: Place | None, limit: int) -> tuple[list[UnreadableEvent], Place | None]:
    """Return a page of what could not be read, the newest first, and where the next one begins."""
    query = select(EventRow).where(EventRow.call_id.is_(None)).order_by(EventRow.received_at.desc(), EventRow.id.desc()).limit(limit + 1)
    if after:
        query = query.where(tuple_(EventRow.received_at, EventRow.id) < after)
    found = list(await work.session.scalars(query))
    page = found[:limit]
    following = (page[-1].received_at, page[-1].id) if len(found) > limit else None
    return [UnreadableEvent(id=row.id, source=row.source, error=row.error or "", received_at=row.received_at) for row in page], following


async def one_unreadable(work: Work, event_id: UUID) -> UnreadableContent:
    """Return what could not be read, with its content; raise NotFound ``call_event.unknown``."""
    query = (
        select(EventRow, SealedPaper)
        .join(SealedPaper, SealedPaper.id == EventRow.paper_id)
        .where(EventRow.id == event_id, EventRow.call_id.is_(None))
    )
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        raise NotFound("call_event.unknown", "There is no unreadable event with this id.")
    row, paper = found
    clear = read_paper(paper.id, paper.row_key, paper.sealed) or {"raw": None, "encoding": "utf-8", "content_type": ""}
    about = {"id": row.id, "source": row.source, "error": row.error, "received_at": row.received_at}
    return UnreadableContent.model_validate({**about, **clear})
