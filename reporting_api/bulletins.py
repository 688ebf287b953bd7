"""Bulletins (通报) for reading: with a token as JSON, table, Word or page; public ones by their number, without."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import csv_answer, json_answer
from reporting_api.asking import AsOf, read_instant
from reporting_api.bulletin_page import bulletin_page, list_page
from reporting_api.pages import PAGES
from reporting_api.readers import UNCHANGED, Reader
from services.bulletins.collecting import collect
from services.bulletins.document import read_document
from services.bulletins.drifting import drift
from services.bulletins.periods import Kind
from services.bulletins.queries import (
    Found,
    content_of,
    detail_of,
    document_of,
    find_bulletin,
    find_public,
    list_bulletins,
    list_public,
    period_of_row,
    view_of,
)
from services.bulletins.sheet import HEADER, figure_rows
from services.bulletins.views import BulletinDetail, Bulletins, Drift
from services.bulletins.word import MEDIA_TYPE, as_docx
from services.platform.actor import COMPLAINANT
from services.platform.errors import Problem
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.web.paging import PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router

router = door_router(tags=["bulletins"])

Form = Annotated[
    Literal["json", "document", "csv", "docx", "html"],
    Query(
        description="`document` is the frozen document alone, byte by byte what `hash` is the SHA-256 of; `csv` its figures; `docx` for"
        " Word; `html` the page."
    ),
]
_LISTED = 100
_FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": ",".join(HEADER) + "\r\n"},
            "text/html": {"schema": {"type": "string"}, "example": "<!doctype html>"},
            MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": "PK…"},
        }
    },
    **UNCHANGED,
}


@router.get("/v1/bulletins", summary="List bulletins", response_model=Bulletins, responses=UNCHANGED)
async def browse_bulletins(
    request: Request,
    actor: Reader,
    unit: Annotated[Code | None, Query(description="Of this county or township.", examples=["441624"])] = None,
    kind: Annotated[Kind | None, Query(examples=["month"])] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """List the bulletins of areas that lie wholly within your scope, the latest period first; drafts for those who may draft."""
    after = _read_place(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        items, following = await list_bulletins(work, unit=unit, kind=kind, after=after, limit=limit)
    more = write_cursor(following[0].isoformat(), str(following[1])) if following else None
    linked = Response()
    link_next(request, linked, more)
    return json_answer(request, Bulletins(items=items, next=more), {"Link": linked.headers["Link"]} if more else None)


@router.get("/v1/bulletins/{bulletin_id}", summary="Read a bulletin", response_model=BulletinDetail, responses=_FORMS)
async def read_bulletin(
    request: Request,
    bulletin_id: UUID,
    actor: Reader,
    format: Form = "json",  # noqa: A002  the name in the address
) -> Response:
    """Return a bulletin with its document, and what the lint finds in it; or its document in one of its other forms."""
    async with unit_of_work(actor) as work:
        row = await find_bulletin(work, bulletin_id)
    if format == "html":
        return PAGES.html(request, bulletin_page(document_of(row), view_of(row)), {"Cache-Control": "private, no-cache"})
    answer = json_answer(request, detail_of(row)) if format == "json" else await _file(request, row, format)
    if row.Bulletin is None:
        # a draft's version is what a change of it is decided on
        answer.headers["X-Bulletin-Version"] = f'"{row.BulletinDraft.version}"'
    return answer


@router.get("/v1/bulletins/{bulletin_id}/drift", summary="Compare a bulletin with the figures of today", response_model=Drift)
async def read_drift(request: Request, bulletin_id: UUID, actor: Reader, as_of: AsOf = None) -> Response:
    """Return every printed figure that is another today, because something was decided, corrected or told late. Nothing changes.

    As of an instant (`as_of`): that was another then.
    """
    instant = read_instant(as_of, "as_of")
    async with unit_of_work(actor) as work:
        row = await find_bulletin(work, bulletin_id)
    async with unit_of_work(actor) as reading:
        today = await collect(reading, row.unit_code, period_of_row(row), decimals=row.BulletinDraft.decimals, as_of=instant)
    return json_answer(request, drift(read_document(content_of(row)), view_of(row).hash, today))


@router.get("/bulletins", include_in_schema=False)
async def browse_public(request: Request) -> Response:
    """List what everybody may read, as a page."""
    async with unit_of_work(COMPLAINANT) as work:
        found = await list_public(work.session, _LISTED)
    return PAGES.html(request, list_page(found))


@router.get("/bulletins/{number}", include_in_schema=False)
async def read_public(request: Request, number: str) -> Response:
    """Return a public bulletin: its page or, with `.json`, `.csv` or `.docx` behind the number, its document in that form."""
    name, dot, form = number.rpartition(".")
    known = {"json": "document", "csv": "csv", "docx": "docx"}
    wanted = known.get(form) if dot else None
    async with unit_of_work(COMPLAINANT) as work:
        row = await find_public(work.session, name if wanted else number)
    if wanted:
        return await _file(request, row, wanted)
    view = view_of(row)
    return PAGES.html(request, bulletin_page(document_of(row), view, files=f"/bulletins/{view.number}"))


async def _file(request: Request, row: Found, form: str) -> Response:
    view, document = view_of(row), document_of(row)
    if form == "csv":
        return csv_answer(request, view.number, HEADER, figure_rows(document))
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{view.hash}"', "X-Content-Type-Options": "nosniff"}
    if form == "document":
        return Response(content_of(row), media_type="application/json", headers=headers)
    content = await run_in_threadpool(as_docx, document, view.hash, draft=view.state == "draft")
    headers |= {"Content-Disposition": f'attachment; filename="{view.number}.docx"'}
    return Response(content, media_type=MEDIA_TYPE, headers=headers)


def _read_place(cursor: str) -> tuple[date, UUID]:
    first, bulletin_id = read_cursor(cursor, (str, str))
    try:
        return date.fromisoformat(str(first)), UUID(str(bulletin_id))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None
