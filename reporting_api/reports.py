"""Metrics, reports, and the tickets behind them."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer, table_answer
from reporting_api.asking import Format, From, Question, RowKey, To, format_asked, read_day
from reporting_api.places import read_counted, write_counted
from reporting_api.readers import UNCHANGED, Reader, TicketReader
from reporting_api.streaming import streamed_csv, wants_all
from reporting_api.tables import TICKETS_HEADER, table_of, ticket_rows
from services.exports.definitions import every_definition
from services.exports.formats import MEDIA_TYPES
from services.exports.paging import Page
from services.exports.source import PAGE
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work, unit_of_work
from services.reports.comparing import compared_report
from services.reports.composite import ID as COMPOSITE
from services.reports.composite import composite_report
from services.reports.composite_views import CompositeReport
from services.reports.drilldown import Counted, Part, counted_tickets
from services.reports.metrics import MOST_DECIMALS, TIMES
from services.reports.questions import Asked
from services.reports.registry import Definition
from services.reports.times import TimePart, time_report, timed_tickets
from services.reports.views import CountedTickets, Metrics, MetricView, Report, TimeReport
from services.web.paging import PageCursor, PageLimit, link_next
from services.web.routes import door_router

__all__ = ["From", "RowKey", "To", "read_day"]

router = door_router("/v1", tags=["reports"])

_CSV_EXAMPLE = (
    "指标,起,止,代码,名称,分子,分母,百分比,显示,剔除前,剔除后,剔除分子,剔除分母\r\n"
    "completion_rate_due@1,2026-11-01,2026-11-22,441624108,彭寨镇,911,972,93.72,93.72%,93.72%,93.92%,0,2\r\n"
)
_FILES = {
    MEDIA_TYPES[kind]: {"schema": {"type": "string", "format": "binary"}, "example": "(the bytes of the file)"}
    for kind in ("xlsx", "parquet")
}
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


@router.get("/metrics", summary="List the figures with their definitions", response_model=Metrics, responses=UNCHANGED)
async def list_metrics(request: Request, _reader: Reader) -> Response:
    """Return what each figure counts and divides by what, and where to ask. Every answer carries the `id@version` of its definition."""
    return json_answer(request, Metrics(items=[_metric_view(definition) for definition in every_definition()]))


@router.get("/reports/{metric}", summary="Report a metric", response_model=Report | TimeReport | CompositeReport, responses=_REPORT_200)
async def read_report(
    request: Request,
    actor: Reader,
    asked: Question,
    decimals: Annotated[int, Query(ge=0, le=MOST_DECIMALS, description="Places of `percent`; halves are rounded up.")] = 2,
    format: Format = None,  # noqa: A002  the name in the address
) -> Response:
    """Return the figure of a metric for a period, a place or holder, a channel and a category, in rows and in total.

    Days are days in Asia/Shanghai, the first and the last both included. What you may not list is not counted either. Metrics of time
    are answered with median and P90, `three_rates` with a score and its parts.
    """
    async with unit_of_work(actor) as work:
        told = await _told(work, asked, decimals)
    file = format_asked(request, format)
    if file:
        return table_answer(request, file, told.metric.replace("@", "-"), *table_of(told))
    return json_answer(request, told)


async def _told(work: Work, asked: Asked, decimals: int) -> Report | TimeReport | CompositeReport:
    name = asked.metric.partition("@")[0]
    if name in TIMES:
        return await time_report(work, asked)
    if name == COMPOSITE:
        return await composite_report(work, asked, decimals=decimals)
    return await compared_report(work, asked, decimals=decimals)


@router.get("/reports/{metric}/tickets", summary="List the tickets a figure counted", response_model=CountedTickets, responses=_TICKETS_200)
async def read_tickets(
    request: Request,
    actor: TicketReader,
    asked: Question,
    part: Annotated[
        Part | TimePart | None, Query(description="Which part of the figure: the numerator, or of times the slowest where nothing is said.")
    ] = None,
    key: RowKey = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
    format: Format = None,  # noqa: A002  the name in the address
) -> Response:
    """Return exactly the tickets that the figure of the same question counted; `total` is that figure, `Link` leads to the next page.

    Of a metric of time: those `measured`, or the `slowest`, which took as long as the P90 or longer. As CSV without `limit` and `cursor`
    all of them come in one answer, up to 100,000; beyond that POST /v1/exports.
    """
    file = format_asked(request, format)
    if file == "csv" and wants_all(request):
        return await streamed_csv(actor, f"{asked.metric}-tickets", TICKETS_HEADER, lambda work: _every(work, asked, part, key))
    after, total = read_counted(cursor)
    async with unit_of_work(actor) as work:
        told, found = await _counted(work, asked, part, key=key, after=after, limit=limit, total=total)
    following, headers = write_counted(found.following, found.total), {"X-Total-Count": str(found.total)}
    if file:
        linked = Response(headers=headers)
        link_next(request, linked, following)
        links = {"Link": linked.headers["Link"]} if following else {}
        return table_answer(request, file, f"{found.question.metric.id}-{told}", TICKETS_HEADER, ticket_rows(found), {**headers, **links})
    body = CountedTickets(metric=found.question.metric.key, part=told, total=found.total, items=list(found.items))
    return page_answer(request, body, following, headers)


async def _every(work: Work, asked: Asked, part: Part | TimePart | None, key: str | None) -> AsyncIterator[Page]:
    """Yield all tickets of a part of a figure, page after page."""
    total, after, more = None, None, True
    while more:
        _told_part, found = await _counted(work, asked, part, key=key, after=after, limit=PAGE, total=total)
        yield Page(ticket_rows(found), found.total)
        total, after, more = found.total, found.following, found.following is not None


async def _counted(work: Work, asked: Asked, part: Part | TimePart | None, **where: Any) -> tuple[str, Counted]:
    name = asked.metric.partition("@")[0]
    if name == COMPOSITE:
        raise Invalid("metric.composite", "A score has no tickets of its own; ask for those of one of its parts, named in its report.")
    if name in TIMES:
        if part in (None, "measured", "slowest"):
            return part or "slowest", await timed_tickets(work, asked, "measured" if part == "measured" else "slowest", **where)
    elif part != "measured" and part != "slowest":  # noqa: PLR1714  tells the type checker which parts are left
        return part or "numerator", await counted_tickets(work, asked, part or "numerator", **where)
    raise Invalid("part.unknown", "`measured` and `slowest` are the parts of metrics of time; all others have numerator and denominator.")


def _metric_view(definition: Definition) -> MetricView:
    found = MetricView.model_validate(definition)
    return found.model_copy(update={name: getattr(definition, name) or None for name in ("denominator", "denominator_code")})
