"""Metrics, reports, and the tickets behind them."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import csv_answer, json_answer, wants_csv
from reporting_api.readers import Reader, TicketReader
from reporting_api.tables import REPORT_HEADER, TICKETS_HEADER, report_rows, ticket_rows
from services.platform.errors import Invalid, Problem
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.drilldown import Part, counted_tickets
from services.reports.figures import report
from services.reports.metrics import METRICS, MOST_DECIMALS, Metric
from services.reports.questions import Asked, Grouping, Removal, Source
from services.reports.views import CountedTickets, Metrics, MetricView, Report
from services.web.paging import PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router

router = door_router("/v1", tags=["reports"])

Format = Annotated[Literal["json", "csv"] | None, Query(description="`csv` for a table that Excel opens; else as Accept says.")]
MetricName = Annotated[
    str,
    Path(
        max_length=80,
        description="`id` or `id@version` of a metric; with `.csv` behind it the answer is CSV.",
        examples=["completion_rate_due"],
    ),
]
From = Annotated[
    str | None,
    Query(
        alias="from",
        max_length=40,
        description="First day, Asia/Shanghai. Default: the first of the month that `to` lies in.",
        examples=["2026-11-01"],
    ),
]
To = Annotated[
    str | None,
    Query(alias="to", max_length=40, description="Last day; it belongs to the period. Default: today.", examples=["2026-11-30"]),
]
RowKey = Annotated[
    str | None,
    Query(max_length=80, description="`key` of a row, with the `by` of the report.", examples=["441624108"]),
]
_CSV_EXAMPLE = (
    "指标,起,止,代码,名称,分子,分母,百分比,显示,剔除前,剔除后,剔除分子,剔除分母\r\n"
    "completion_rate_due@1,2026-11-01,2026-11-22,441624108,彭寨镇,911,972,93.72,93.72%,93.72%,93.92%,0,2\r\n"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CSV_TICKETS: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "Link": {"description": 'The next page, `rel="next"`.', "schema": {"type": "string"}},
            "X-Total-Count": {"description": "The figure.", "schema": {"type": "integer"}},
        },
        "content": {"text/csv": {"schema": {"type": "string"}, "example": "工单编号,状态,渠道\r\n20261122-000017-8,办结,热线\r\n"}},
    },
    304: {"description": "Nothing changed since the answer whose tag If-None-Match names."},
}
_CSV_200: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": _CSV_EXAMPLE,
            }
        }
    },
    304: {"description": "Nothing changed since the answer whose tag If-None-Match names."},
}


def asked_of(  # noqa: PLR0913, PLR0917  one parameter of the address each
    metric: MetricName,
    first: From = None,
    last: To = None,
    unit: Annotated[Code | None, Query(description="Whose area the matters lie in.", examples=["441624108"])] = None,
    holder: Annotated[Code | None, Query(description="Who holds the tickets: a department, station or any unit, with all below.")] = None,
    by: Annotated[Grouping | None, Query(description="What rows are made for; without it there is only the total.")] = None,
    channel: Annotated[Code | None, Query(examples=["hotline"])] = None,
    category: Annotated[Code | None, Query(description="With all below it.", examples=["water"])] = None,
    source: Annotated[Source | None, Query(description="Default: what the metric counts, for most the complaints alone.")] = None,
    exclusions: Annotated[
        Removal, Query(description="Whether tickets with an unreasonable demand are counted. Both figures are told in any case.")
    ] = "kept",
) -> Asked:
    """Return what the address asks; raise where a day is none."""
    return Asked(
        metric.removesuffix(".csv"), read_day(first, "from"), read_day(last, "to"), unit, holder, by, channel, category, source, exclusions
    )


def read_day(text: str | None, name: str) -> date | None:
    """Return the day of an address's parameter `name`; raise Invalid ``period.invalid`` where it is none."""
    if text is None:
        return None
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid("period.invalid", f"`{name}` must be a day like 2026-11-01.")


Question = Annotated[Asked, Depends(asked_of)]


@router.get("/metrics", summary="List the metrics with their definitions", response_model=Metrics)
async def list_metrics(request: Request, _reader: Reader) -> Response:
    """Return what each metric divides by what. Every figure carries the `id@version` of its definition."""
    return json_answer(request, Metrics(items=[_metric_view(metric) for metric in METRICS.values()]))


@router.get("/reports/{metric}", summary="Report a metric", response_model=Report, responses=_CSV_200)
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
        told = await report(work, asked, decimals=decimals)
    if wants_csv(request, _format(request, format)):
        return csv_answer(request, told.metric.replace("@", "-"), REPORT_HEADER, report_rows(told))
    return json_answer(request, told)


@router.get("/reports/{metric}/tickets", summary="List the tickets a figure counted", response_model=CountedTickets, responses=_CSV_TICKETS)
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
    if wants_csv(request, format):
        return csv_answer(request, f"{found.question.metric.id}-{part}", TICKETS_HEADER, ticket_rows(found), headers)
    body = CountedTickets(metric=found.question.metric.key, part=part, total=found.total, items=list(found.items), next=following)
    return json_answer(request, body, headers)


def _format(request: Request, asked: str | None) -> str | None:
    return asked or ("csv" if request.url.path.endswith(".csv") else None)


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
