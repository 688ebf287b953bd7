"""Saved reports at the reporting door: which there are, their answers of now, and what their schedules told."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path, Query, Request, Response

from reporting_api.answers import json_answer, table_answer
from reporting_api.asking import AsOf, read_instant
from reporting_api.readers import UNCHANGED, Reader
from services.exports import saving
from services.exports.answering import answer, table_view
from services.exports.queries import deliveries_of
from services.exports.sources import source_named
from services.exports.views import ReportDeliveries, SavedReports, SavedReportView, TableView, delivery_view, saved_view
from services.platform.unit_of_work import unit_of_work
from services.web.etags import etag
from services.web.routes import door_router

router = door_router("/v1/saved-reports", tags=["exports"])

SavedId = Annotated[UUID, Path(description="The saved report's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e11"])]
Format = Annotated[Literal["json", "csv", "xlsx", "parquet"], Query(description="As an answer, or as a file of these rows.")]


@router.get("", summary="List the saved reports one may run")
async def browse(actor: Reader) -> SavedReports:
    """List one's own saved reports, then those that others share with one's units."""
    async with unit_of_work(actor) as work:
        rows = await saving.readable(work)
    return SavedReports(items=[saved_view(row, code, own=row.account_id == actor.account_id) for row, code in rows])


@router.get("/{saved_id}", summary="One saved report")
async def one(actor: Reader, saved_id: SavedId, response: Response) -> SavedReportView:
    """Return a saved report; its ``ETag`` is what a change may carry as ``If-Match``."""
    async with unit_of_work(actor) as work:
        row = await saving.readable_report(work, saved_id)
        view = saved_view(row, await saving.shared_unit_code(work, row), own=row.account_id == actor.account_id)
    response.headers["ETag"] = etag(view.version)
    return view


@router.get("/{saved_id}/result", summary="Run a saved report", response_model=TableView, responses=UNCHANGED)
async def result(
    request: Request,
    actor: Reader,
    saved_id: SavedId,
    as_of: AsOf = None,
    format: Format = "json",  # noqa: A002  the name in the address
) -> Response:
    """Answer the question now, as the reader sees it: whoever runs a shared report sees their own part.

    The first 1,000 rows; `truncated` says whether there are more, which an export has. As of an instant (`as_of`) the question is answered
    as it would have been then, with the periods of that day; `question.parameter_unknown` where it is about what has no past.
    """
    instant = read_instant(as_of, "as_of")
    async with unit_of_work(actor) as work:
        row = await saving.readable_report(work, saved_id)
        source, question = source_named(row.source), dict(row.question)
    if instant is not None:
        question["as_of"] = instant.isoformat()
    async with unit_of_work(actor) as work:
        answered = await answer(work, source, question)
    if format == "json":
        return json_answer(request, table_view(answered))
    more = {"X-Total-Count": str(answered.total)}
    return table_answer(request, format, source.code, answered.columns, answered.rows, more)


@router.get("/{saved_id}/deliveries", summary="What the schedule of a saved report told")
async def deliveries(actor: Reader, saved_id: SavedId) -> ReportDeliveries:
    """Return the newest 100 occurrences of its schedule: told, or why not. How the calls went is in the log of the subscription."""
    async with unit_of_work(actor) as work:
        row = await saving.readable_report(work, saved_id)
        return ReportDeliveries(items=[delivery_view(found) for found in await deliveries_of(work, row.id)])
