"""Exports and saved reports at the intake door: asking for a file, keeping a question, having it told by schedule.

How far an export is, its file and the answers of saved reports are at the reporting door.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

from services.exports import saving
from services.exports.actions import ask_export, call_off
from services.exports.commands import AskExport, SaveReport, ScheduleReport
from services.exports.models import SavedReport
from services.exports.views import ExportView, SavedReportView, export_view, saved_view
from services.platform.actor import Actor
from services.platform.unit_of_work import Work, unit_of_work
from services.web.etags import etag, if_match
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["exports"])

Exporter = Annotated[Actor, Depends(requires("export.read"))]
ExportId = Annotated[UUID, Path(description="The export's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e10"])]
SavedId = Annotated[UUID, Path(description="The saved report's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e11"])]
Version = Annotated[int | None, Depends(if_match(required=False))]


@router.post("/exports", status_code=202, response_model=ExportView, summary="Ask for a report or list as a file")
async def ask(actor: Exporter, command: AskExport, key: IdempotencyKeyHeader) -> JSONResponse:
    """Have a file made in the background: of any report or list one may read, with the tickets one may see when it is made.

    How far it is and where it lies is told at the reporting door, under `Location`.
    """
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, ExportView]:
            return 202, export_view(await ask_export(work, command))

        return await once(work, actor, "POST /v1/exports", key, fingerprint_of(command), do, _location)


@router.delete("/exports/{export_id}", summary="Call an export off")
async def cancel(actor: Exporter, export_id: ExportId) -> ExportView:
    """Stop making a file, or delete the one that is there. Only one's own exports exist."""
    async with unit_of_work(actor) as work:
        return export_view(await call_off(work, export_id))


@router.post("/saved-reports", status_code=201, response_model=SavedReportView, summary="Save a question under a name")
async def save(actor: Exporter, command: SaveReport, key: IdempotencyKeyHeader) -> JSONResponse:
    """Keep a question, with days of its own or a period that moves (`last_month`), for oneself or shared with a unit."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, SavedReportView]:
            return 201, await _shown(work, await saving.save_report(work, command))

        return await once(work, actor, "POST /v1/saved-reports", key, fingerprint_of(command), do, _saved_headers)


@router.delete("/saved-reports/{saved_id}", summary="Delete a saved report")
async def end(actor: Exporter, saved_id: SavedId, version: Version) -> SavedReportView:
    """Delete a saved report of one's own, and its schedule with it."""
    async with unit_of_work(actor) as work:
        return await _shown(work, await saving.end_report(work, saved_id, version))


@router.put("/saved-reports/{saved_id}/schedule", summary="Have a saved report told by schedule")
async def schedule(actor: Exporter, saved_id: SavedId, command: ScheduleReport, version: Version, response: Response) -> SavedReportView:
    """Tell a report of one's own to a webhook subscription: daily, weekly or monthly, signed and retried like every event.

    What is told is what its owner may see at that moment. After a stop the newest occurrence is told and names those that were missed.
    """
    async with unit_of_work(actor) as work:
        view = await _shown(work, await saving.schedule_report(work, saved_id, command, version))
    response.headers["ETag"] = etag(view.version)
    return view


@router.delete("/saved-reports/{saved_id}/schedule", summary="Tell a saved report to nobody any more")
async def unschedule(actor: Exporter, saved_id: SavedId, version: Version, response: Response) -> SavedReportView:
    """End the schedule of a report of one's own."""
    async with unit_of_work(actor) as work:
        view = await _shown(work, await saving.unschedule_report(work, saved_id, version))
    response.headers["ETag"] = etag(view.version)
    return view


async def _shown(work: Work, row: SavedReport) -> SavedReportView:
    return saved_view(row, await saving.shared_unit_code(work, row), own=True)


def _location(view: BaseModel) -> dict[str, str]:
    assert isinstance(view, ExportView)
    return {"Location": f"/v1/exports/{view.id}"}


def _saved_headers(view: BaseModel) -> dict[str, str]:
    assert isinstance(view, SavedReportView)
    return {"Location": f"/v1/saved-reports/{view.id}", "ETag": etag(view.version)}
