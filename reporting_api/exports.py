"""Exports at the reporting door: how far they are, their files, and the data dictionary."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request, Response

from reporting_api.answers import json_answer
from reporting_api.readers import UNCHANGED
from services.attachments.store import store
from services.exports.formats import MEDIA_TYPES, FileFormat, dictionary_columns, dictionary_rows, table_bytes
from services.exports.queries import own_export, own_exports, ready_export
from services.exports.sources import SOURCES, source_named
from services.exports.views import DataDictionary, ExportView, export_view, source_view
from services.platform.actor import Actor
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.ranges import FILE_ANSWERS, AskedFor, Stored, file_answer
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/exports", tags=["exports"])

Exporter = Annotated[Actor, Depends(requires("export.read"))]
ExportId = Annotated[UUID, Path(description="The export's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e10"])]
_FORMATS: dict[str, FileFormat] = {"csv": "csv", "xlsx": "xlsx", "parquet": "parquet"}
_CSV_ANSWER: dict[int | str, dict[str, object]] = {
    200: {"content": {"text/csv": {"example": "列代码,列名,英文名,类型,单位,含义\r\nnumber,工单编号,Ticket number,文字,,系统编号\r\n"}}}
}


class ExportPage(Page[ExportView]):
    """A page of one's exports, the newest first."""


@router.get("/dictionary", summary="The data dictionary", response_model=DataDictionary, responses=UNCHANGED)
async def dictionary(request: Request, _actor: Exporter) -> Response:
    """List everything that can be exported, saved and delivered: what it may be asked, and what each of its columns means."""
    return json_answer(request, DataDictionary(items=[source_view(source) for source in SOURCES.values()]))


@router.get("", summary="List one's exports")
async def browse(request: Request, response: Response, actor: Exporter, cursor: PageCursor = None, limit: PageLimit = 50) -> ExportPage:
    """List the exports one asked for, the newest first."""
    before = _before(cursor)
    async with unit_of_work(actor) as work:
        found = await own_exports(work, before=before, limit=limit + 1)
        items = [export_view(row) for row in found[:limit]]
    following = write_cursor(str(items[-1].id)) if len(found) > limit else None
    link_next(request, response, following)
    return ExportPage(items=items, next=following)


@router.get("/{export_id}", summary="How far an export is")
async def one(actor: Exporter, export_id: ExportId) -> ExportView:
    """Return an export of one's own: its state, the rows done and expected, and where the file lies once it is ready."""
    async with unit_of_work(actor) as work:
        return export_view(await own_export(work, export_id))


@router.get("/{export_id}/file", summary="The file of an export", responses=FILE_ANSWERS, response_class=Response)
async def file(actor: Exporter, export_id: ExportId, asked: AskedFor) -> Response:
    """Give the file to whoever asked for it, whole or from where a download broke off (`Range`, `If-Range`).

    Only as long as one's posts reach as far as when it was made.
    """
    async with unit_of_work(actor) as work:
        row, _source = await ready_export(work, export_id)
    assert row.size is not None
    assert row.sha256 is not None
    assert row.store_key is not None
    stored = Stored(row.store_key, row.size, MEDIA_TYPES[_FORMATS[row.format]], row.sha256, row.name)
    return await file_answer(stored, asked, store())


@router.get("/{export_id}/dictionary", summary="What the columns of an export mean", responses=_CSV_ANSWER, response_class=Response)
async def columns(actor: Exporter, export_id: ExportId) -> Response:
    """Return the columns of an export as CSV, to lie beside its file. In XLSX they are a sheet of it."""
    async with unit_of_work(actor) as work:
        row = await own_export(work, export_id)
    content = table_bytes("csv", dictionary_columns(), dictionary_rows(source_named(row.source).columns))
    name = f"{row.name.rpartition('.')[0]}.dictionary.csv"
    return Response(content, media_type=MEDIA_TYPES["csv"], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _before(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(read_cursor(cursor, (str,))[0]))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None
