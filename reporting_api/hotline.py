"""The hotline's figures, each with its definition, and the calls behind them for those who may see calls."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer
from reporting_api.asking import AsOf, read_instant
from reporting_api.places import read_counted, write_counted
from reporting_api.readers import Reader
from reporting_api.reports import From, To
from services.calls.counting import Asked, Grouping, Part, asked, counted_calls, sums_by_row
from services.calls.metrics import METRICS, HotlineMetric, Kind, Sums, figure_of, metric_named
from services.calls.models import DISPOSITIONS, Call
from services.platform import clock
from services.platform.actor import Actor
from services.platform.clock import local_day
from services.platform.errors import Invalid
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.web.paging import PageCursor, PageLimit
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/reports/hotline", tags=["hotline"])

CallReader = Annotated[Actor, Depends(requires("call.read"))]


class HotlineFigureView(BaseModel):
    """A figure, what it was made of and what that means. Without data `value` is null and `shown` a dash: never 0 %."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "metric": "connection_rate_queued@1", "name": "接通率(接通/人工请求)", "kind": "rate",
                    "numerator_words": "其中由话务员接听的通话", "denominator_words": "其中要求人工服务(进入排队或已接通)的通话",
                    "note": "分母不含仅听语音的通话。",
                    "numerator": 1, "denominator": 3, "value": "1/3", "shown": "33.33%", "no_data": False,
                }
            ]
        }
    )  # fmt: skip

    metric: str = Field(description="`id@version`. A definition never changes under its version.")
    name: str
    kind: Kind
    numerator_words: str
    denominator_words: str | None
    note: str
    numerator: int | None
    denominator: int | None
    value: str | None = Field(description="A count, an exact fraction in lowest terms, or seconds.")
    shown: str = Field(description="What to print: `33.33%`, `4`, `5.0秒`, or `—` without data.")
    no_data: bool


class HotlineRow(BaseModel):
    """All figures of one row. Key `-`: calls without a value."""

    key: str = Field(examples=["2026-11-22"])
    figures: list[HotlineFigureView]


class HotlineReport(BaseModel):
    """The hotline's figures of a period."""

    first: date = Field(examples=["2026-11-01"])
    last: date = Field(examples=["2026-11-22"])
    as_of: datetime = Field(examples=["2026-11-22T02:10:00Z"])
    by: str | None = Field(examples=["day"])
    total: list[HotlineFigureView]
    rows: list[HotlineRow]


class CountedCall(BaseModel):
    """A call a figure counted; who called is not shown at this door."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e", "source": "pbx-580", "call_id": "1795312694.0", "direction": "inbound",
                    "dnis": "580", "queue": "hotline", "arrived_at": "2026-11-22T01:58:14Z", "disposition": "answered",
                    "disposition_name": "人工接听", "basis": "queue", "agent": "PJSIP/agent1001", "wait_seconds": 0, "talk_seconds": 4,
                }
            ]
        },
    )  # fmt: skip

    id: UUID
    source: str
    call_id: str
    direction: str
    dnis: str | None
    queue: str | None
    arrived_at: datetime
    disposition: str | None
    disposition_name: str | None
    basis: str
    agent: str | None
    wait_seconds: int | None
    talk_seconds: int | None


class CountedCalls(BaseModel):
    """A page of the calls a figure counted; `total` is that figure."""

    metric: str = Field(examples=["connection_rate_queued@1"])
    part: Part = Field(examples=["numerator"])
    total: int = Field(examples=[1])
    items: list[CountedCall]
    next: str | None = Field(default=None, examples=[None])


def _question(
    first: From = None,
    last: To = None,
    by: Annotated[Grouping | None, Query(description="What rows are made for.", examples=["day"])] = None,
    dnis: Annotated[str | None, Query(max_length=40, description="Only calls to this number of ours.", examples=["580"])] = None,
    source: Annotated[Code | None, Query(description="Only calls of this exchange.", examples=["pbx-580"])] = None,
    as_of: AsOf = None,
) -> Asked:
    then = read_instant(as_of, "as_of")
    return asked(local_day(then or clock.now()), _day(first, "from"), _day(last, "to"), by=by, dnis=dnis, source=source, as_of=then)


def _day(text: str | None, name: str) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise Invalid("period.invalid", f"`{name}` must be a day like 2026-11-01.") from None


Question = Annotated[Asked, Depends(_question)]


@router.get("", summary="Report the hotline", response_model=HotlineReport)
async def read_hotline(request: Request, actor: Reader, question: Question) -> Response:
    """Return every figure of the hotline, each with its definition: calls that have ended, by the day they came in (Asia/Shanghai).

    By agent it is told to whoever may see the calls. As of an instant (`as_of`) it is refused (`as_of.not_kept`) where a call of these
    days was changed since: it went on then, or its exchange said more of it later; what it was is not kept. The rate of repeated
    callers has no data then where calls that came before were heard of later.
    """
    async with unit_of_work(actor) as work:
        rows, total = await sums_by_row(work, question)
        as_of = question.as_of or work.now
    told = HotlineReport(
        first=question.first,
        last=question.last,
        as_of=as_of,
        by=question.by,
        total=_figures(total),
        rows=[HotlineRow(key=key, figures=_figures(sums)) for key, sums in rows.items()],
    )
    return json_answer(request, told)


@router.get("/calls", summary="List the calls a figure counted", response_model=CountedCalls)
async def read_calls(
    request: Request,
    actor: CallReader,
    question: Question,
    metric: Annotated[str, Query(max_length=80, description="`id` or `id@version`.", examples=["connection_rate_queued"])],
    part: Annotated[Part, Query(description="Which part of the figure.")] = "numerator",
    key: Annotated[str | None, Query(max_length=200, description="`key` of a row, with the `by` of the report.")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """Return exactly the calls that the figure of the same question counted, the oldest first."""
    wanted, (after, total) = metric_named(metric), read_counted(cursor)
    async with unit_of_work(actor) as work:
        total, found, following = await counted_calls(work, question, wanted, part, key, after, limit, total)
    body = CountedCalls(metric=wanted.key, part=part, total=total, items=[_counted(call) for call in found])
    return page_answer(request, body, write_counted(following, total), {"X-Total-Count": str(total)})


def _figures(sums: Sums) -> list[HotlineFigureView]:
    return [_view(metric, sums) for metric in METRICS.values()]


def _view(metric: HotlineMetric, sums: Sums) -> HotlineFigureView:
    return HotlineFigureView(
        metric=metric.key,
        name=metric.name,
        kind=metric.kind,
        numerator_words=metric.numerator_words,
        denominator_words=metric.denominator_words,
        note=metric.note,
        **vars(figure_of(metric, sums)),
    )


def _counted(call: Call) -> CountedCall:
    names = [name for name in CountedCall.model_fields if name != "disposition_name"]
    return CountedCall(disposition_name=DISPOSITIONS.get(call.disposition or ""), **{name: getattr(call, name) for name in names})
