"""Anchors, for everybody: what was signed for each day, the public keys, and proof that no day was signed anew."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer
from reporting_api.readers import UNCHANGED
from services.anchors.publishing import list_anchors, prove_consistency, read_anchor
from services.anchors.views import Anchors, ConsistencyProof, SignedAnchor
from services.platform.actor import SYSTEM
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from services.web.paging import PageCursor, PageLimit, read_cursor, write_cursor
from services.web.routes import door_router

router = door_router("/anchors", tags=["anchors"])

_FOR_ALL = {"Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*"}
"""Anybody may keep an answer for a minute, and any page may read it: there is nothing in it that is not everybody's."""
Day = Annotated[date, Path(description="A day that was closed, in Asia/Shanghai.", examples=["2026-11-21"])]
First = Annotated[date, Query(description="The earlier day.", examples=["2026-11-01"])]
Second = Annotated[date, Query(description="The later day.", examples=["2026-11-21"])]


@router.get("", summary="List anchors", response_model=Anchors, responses=UNCHANGED)
async def read_anchors(request: Request, cursor: PageCursor = None, limit: PageLimit = 50) -> Response:
    """List what was signed for each day, the newest first, and the public keys of all times."""
    before = _day_of(cursor) if cursor else None
    async with unit_of_work(SYSTEM) as work:
        page, following = await list_anchors(work.session, before, limit)
    place = None if following is None else write_cursor(following.isoformat())
    return page_answer(request, page, place, _FOR_ALL)


def _day_of(cursor: str) -> date:
    try:
        return date.fromisoformat(str(read_cursor(cursor, (str,))[0]))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None


@router.get(
    "/consistency", summary="Prove that nothing was signed anew between two days", response_model=ConsistencyProof, responses=UNCHANGED
)
async def read_consistency(request: Request, first: First, second: Second) -> Response:
    """Return both anchors and the proof (RFC 9162) that the log of days up to the first is the beginning of that up to the second."""
    async with unit_of_work(SYSTEM) as work:
        found = await prove_consistency(work.session, first, second)
    return json_answer(request, found, _FOR_ALL)


@router.get("/{day}", summary="Read the anchor of a day", response_model=SignedAnchor, responses=UNCHANGED)
async def read_day(request: Request, day: Day) -> Response:
    """Return what was signed for a day, and the public keys of all times."""
    async with unit_of_work(SYSTEM) as work:
        found = await read_anchor(work.session, day)
    return json_answer(request, found, _FOR_ALL)
