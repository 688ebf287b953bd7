"""Metrics, reports, and the tickets behind them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, table_answer
from reporting_api.asking import Format, From, Question, RowKey, To, format_asked, read_day
from reporting_api.readers import UNCHANGED, Reader, TicketReader
from reporting_api.tables import TICKETS_HEADER, report_columns, report_rows, ticket_rows
from services.exports.formats import MEDIA_TYPES
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from services.reports.comparing import compared_report
from services.reports.drilldown import Part, counted_tickets
from services.reports.metrics import METRICS, MOST_DECIMALS, Metric
from services.reports.views import CountedTickets, Metrics, MetricView, Report
from services.web.paging import PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router

__all__ = ["From", "RowKey", "To", "read_day", "read_place", "write_place"]

router = door_router("/v1", tags=["reports"])

_CSV_EXAMPLE = (
    "指标,起,止,代码,名称,分子,分母,百分比,显示,剔除前,剔除后,剔除分子,剔除分母\r\n"
    "completion_rate_due@1,2026-11-01,2026-11-22,441624108,彭寨镇,911,972,93.72,93.72%,93.72%,93.92%,0,2\r\n"
)
_FILES = {MEDIA_TYPES[kind]: {"schema": {"type": "string", "format": "binary"}} for kind in ("xlsx", "parquet")}
_TICKETS_200: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "Link": {"description": 'The next page, `rel="next"`.', "schema": {"type": "string"}},
            "X-Total-Count": {"description": "The figure.", "schema": {"type": "integer"}},
        },
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "工单编号,状态,渠道\r\n20261122-000017-8,办结,热线\r\n"},
            **_FILES,
        },
    },
    **UNCHANGED,
}
_REPORT_200: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": _CSV_EXAMPLE}, **_FILES}},
    **UNCHANGED,
}


@router.get("/metrics", summary="List the metrics with their definitions", response_model=Metrics)
async def list_metrics(request: Request, _reader: Reader) -> Response:
    """Return what each metric divides by what. Every figure carries the `id@version` of its definition."""
    return json_answer(request, Metrics(items=[_metric_view(metric) for metric in METRICS.values()]))


@router.get("/reports/{metric}", summary="Report a metric", response_model=Report, responses=_REPORT_200)
async def read_report(
    request: Request,
    actor: Reader,
    asked: Question,
    decimals: Annotated[int, Query(ge=0, le=MOST_DECIMALS, description="Places of `percent`; halves are rounded up.")] = 2,
    format: Format = None,  # noqa: A002  the name in the address
) -> Response:
    """Return the figure of a metric for a period, a place or holder, a channel and a category, in rows and in total.

    Days are days in Asia/Shanghai, the first and the last both included. What you may not list is not counted either.
    """
    async with unit_of_work(actor) as work:
        told = await compared_report(work, asked, decimals=decimals)
    file = format_asked(request, format)
    if file:
        return table_answer(request, file, told.metric.replace("@", "-"), report_columns(told), report_rows(told))
    return json_answer(request, told)


@router.get("/reports/{metric}/tickets", summary="List the tickets a figure counted", response_model=CountedTickets, responses=_TICKETS_200)
async def read_tickets(
    request: Request,
    actor: TicketReader,
    asked: Question,
    part: Annotated[Part, Query(description="Which part of the figure.")] = "numerator",
    key: RowKey = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
    format: Format = None,  # noqa: A002  the name in the address
) -> Response:
    """Return exactly the tickets that the figure of the same question counted; `total` is that figure, `Link` leads to the next page."""
    after = read_place(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        found = await counted_tickets(work, asked, part, key=key, after=after, limit=limit)
    following = write_place(found.following)
    linked = Response(headers={"X-Total-Count": str(found.total)})
    link_next(request, linked, following)
    headers = {name: linked.headers[name] for name in ("X-Total-Count", "Link") if name in linked.headers}
    file = format_asked(request, format)
    if file:
        return table_answer(request, file, f"{found.question.metric.id}-{part}", TICKETS_HEADER, ticket_rows(found), headers)
    body = CountedTickets(metric=found.question.metric.key, part=part, total=found.total, items=list(found.items), next=following)
    return json_answer(request, body, headers)


def write_place(place: tuple[datetime, UUID] | None) -> str | None:
    """Return the cursor for a place in a list ordered by an instant; None of none."""
    return write_cursor(place[0].isoformat(), str(place[1])) if place else None


def read_place(cursor: str) -> tuple[datetime, UUID]:
    """Return the place a cursor of :func:`write_place` stands for; raise a problem for any other text."""
    instant, ticket_id = read_cursor(cursor, (str, str))
    try:
        found = datetime.fromisoformat(str(instant)), UUID(str(ticket_id))
    except ValueError:
        found = None
    if found is None or found[0].tzinfo is None:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.")
    return found


def _metric_view(metric: Metric) -> MetricView:
    return MetricView(
        metric=metric.key,
        id=metric.id,
        version=metric.version,
        name=metric.name,
        english=metric.english,
        kind="rate" if metric.denominator else "count",
        numerator=metric.numerator_words,
        denominator=metric.denominator_words or None,
        period=metric.period_words,
        source=metric.source,
        note=metric.note,
    )
