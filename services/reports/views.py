"""Answers of the reporting door."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.reports.planning import Period

_FIGURE: JsonDict = {"numerator": 911, "denominator": 972, "value": "911/972", "percent": "93.72", "shown": "93.72%", "no_data": False}
_LESS: JsonDict = {"numerator": 911, "denominator": 970, "value": "911/970", "percent": "93.92", "shown": "93.92%", "no_data": False}
_TWICE: JsonDict = {**_FIGURE, "before_removal": _FIGURE, "after_removal": _LESS, "taken_out": {"numerator": 0, "denominator": 2}}


class UnitName(BaseModel):
    """A unit by code and name."""

    code: str = Field(examples=["441624108"])
    name: str = Field(examples=["彭寨镇"])


class MetricView(BaseModel):
    """The definition of a figure."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "metric": "completion_rate_due@1", "id": "completion_rate_due", "version": 1, "family": "tickets",
                    "name": "结案率(结案/应结案)", "english": "Completion rate of those due", "kind": "rate", "unit": "%",
                    "numerator": "本期到期且现已办结的工单", "denominator": "本期到期的工单,含以前各期受理的",
                    "numerator_code": "count(due_at in period and completed)", "denominator_code": "count(due_at in period and counted)",
                    "period": "按到期日", "scope": "查询人有权查看的工单", "exclusions": "不予受理、撤销、合并的工单不计",
                    "rounding": "四舍五入", "zero_denominator": "“—”,不是0%", "ask": "/v1/reports/completion_rate_due", "field": "",
                    "source": "complaint", "note": "",
                }
            ]
        },
    )  # fmt: skip

    metric: str = Field(
        validation_alias="key", description="`id@version`: what a figure is labelled with. A definition never changes under its version."
    )
    id: str
    version: int
    family: str = Field(description="Tickets, times, composite, hotline, activities, coverage, petitions, repeats, hand_offs or backlog.")
    name: str
    english: str
    kind: str = Field(description="Count, sum, distinct, rate, median, duration, seconds or score.")
    unit: str = Field(description="What is counted: 件, 户, 次, 分钟, %, …; figures of different units are never added.")
    numerator: str = Field(description="What is counted, in words.")
    denominator: str | None = Field(description="What it is divided by, in words; null for a count.")
    numerator_code: str = Field(description="The same as the sums are made by.")
    denominator_code: str | None
    period: str = Field(description="Which day decides the period something falls into.")
    scope: str
    exclusions: str
    rounding: str
    zero_denominator: str
    ask: str = Field(description="The address that answers it.")
    field: str = Field(description="Where it stands in that answer; empty: under its `metric`, or the answer is of it alone.")
    source: str = Field(description="What is counted unless `source` says otherwise; empty where that is no question.")
    note: str


class Metrics(BaseModel):
    """All figures that are told anywhere, family by family."""

    items: list[MetricView]


class FigureView(BaseModel):
    """A figure and what it was made of. Without data `value` is null and `shown` a dash: never 0 %."""

    numerator: int
    denominator: int | None = Field(description="null for a count")
    value: int | str | None = Field(description="A count as a number; a rate as its exact fraction in lowest terms; null without data.")
    percent: str | None = Field(description="A rate in percent, halves rounded up.")
    shown: str = Field(description="What to print: `93.72%`, `911`, or `—` without data.")
    no_data: bool


class TakenOut(BaseModel):
    """How many tickets with an unreasonable demand the figure after removal leaves out, of each part."""

    numerator: int
    denominator: int | None = Field(description="null for a count")


class Compared(FigureView):
    """The figure of an earlier period, and what became different since. Of a rate the change is in percentage points (百分点)."""

    change: str | None = Field(description="Now less then, with its sign: a number, or percentage points. null where either has no data.")
    change_percent: str | None = Field(description="Of a count: the change in percent of what it was then; null where that was 0.")
    change_shown: str = Field(description="What to print: `+1.60个百分点`, `+12(+3.45%)`, or `—`.")


class FigureTwice(FigureView):
    """The figure that was asked for; and, always side by side, before and after the removal of unreasonable demands (剔除前、剔除后)."""

    before_removal: FigureView
    after_removal: FigureView
    taken_out: TakenOut
    previous: Compared | None = Field(default=None, description="The period before; only where it was asked for and there is one.")
    year_before: Compared | None = Field(default=None, description="The same period of the year before; only where it was asked for.")


class ReportRow(FigureTwice):
    """One row; `key` picks its tickets in the drill-down. Key `-`: tickets without a value (not placed so precisely, no category)."""

    key: str
    name: str
    share: str | None = Field(default=None, description="Of a count: the row's share of all rows in percent. The column adds up to 100.")
    share_rounded: str | None = Field(default=None, description="The same share rounded by itself, halves up: the column may not add up.")


class Exclusions(BaseModel):
    """Tickets received in the period that the filters select and no figure counts, by reason."""

    rejected: int
    cancelled: int
    merged: int
    total: int


class PeriodView(BaseModel):
    """Days in Asia/Shanghai; both belong to the period, from `since` on and until before `until` where these are given."""

    first: date
    last: date
    since: datetime | None = None
    until: datetime | None = None


def period_view(period: Period) -> PeriodView:
    """Return a period as answers tell it."""
    return PeriodView(first=period.first, last=period.last, since=period.since, until=period.until)


class ComparedPeriods(BaseModel):
    """What was compared with; null where it was not asked for, or lies before any recorded time."""

    previous: PeriodView | None = None
    year_before: PeriodView | None = None


class ReportHead(BaseModel):
    """What every report begins with: its definition, what was asked for, and how far it is counted."""

    metric: str
    name: str
    as_of: datetime = Field(description="Everything that happened before this instant is counted.")
    stale_seconds: int = Field(default=0, description="How much older than the answer that is; 0 where nothing is owed a count.")
    period: PeriodView
    unit: UnitName | None = Field(description="Whose area; null: all that you may see.")
    holder: UnitName | None
    source: Literal["complaint", "discovered", "all"]
    by: str | None
    whole: bool = Field(description="false: only the tickets of your own functional line or seats are in it.")
    unreasonable: Literal["kept", "removed"] = Field(description="Whether the figures themselves are those before or after removal.")


class Report(ReportHead):
    """A report: rows and their total, with definition, period and what was left out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "metric": "completion_rate_due@1", "name": "结案率(结案/应结案)", "as_of": "2026-11-22T04:00:00Z",
                    "period": {"first": "2026-11-01", "last": "2026-11-22"}, "unit": {"code": "441624", "name": "和平县"}, "holder": None,
                    "source": "complaint", "by": "unit:township", "whole": True,
                    "exclusions": {"rejected": 3, "cancelled": 1, "merged": 5, "total": 9},
                    "unreasonable": "kept", "rows": [{"key": "441624108", "name": "彭寨镇", **_TWICE}], "total": _TWICE,
                }
            ]
        }
    )  # fmt: skip

    exclusions: Exclusions
    rows: list[ReportRow]
    total: FigureTwice
    compared: ComparedPeriods | None = Field(default=None, description="The periods compared with, where that was asked for.")


class Quantiles(BaseModel):
    """How long tickets took. Without any, all is null and shown a dash."""

    median: int | None = Field(description="Minutes that half of the tickets did not exceed, to two significant digits.")
    p90: int | None = Field(description="Minutes that nine in ten did not exceed.")
    tickets: int = Field(description="How many tickets were measured.")
    median_shown: str
    p90_shown: str
    no_data: bool


class ComparedQuantiles(Quantiles):
    """How long tickets took in an earlier period, and what became different since, in minutes."""

    median_change: int | None
    p90_change: int | None
    median_change_shown: str = Field(description="What to print: `+3小时20分`, `持平`, or `—`.")
    p90_change_shown: str


class QuantilesTwice(Quantiles):
    """What was asked for; and, side by side, before and after the removal of unreasonable demands (剔除前、剔除后)."""

    before_removal: Quantiles
    after_removal: Quantiles
    previous: ComparedQuantiles | None = Field(default=None, description="The period before; only where it was asked for.")
    year_before: ComparedQuantiles | None = Field(default=None, description="The same period of the year before; only where asked for.")


class TimeRow(QuantilesTwice):
    """One row; `key` picks its tickets in the drill-down."""

    key: str
    name: str


_TOOK: JsonDict = {
    "median": 4300, "p90": 11000, "tickets": 911, "median_shown": "2天23小时40分", "p90_shown": "7天15小时20分", "no_data": False,
}  # fmt: skip
_TOOK_TWICE: JsonDict = {**_TOOK, "before_removal": _TOOK, "after_removal": _TOOK}


class TimeReport(ReportHead):
    """How long things took: rows and all of them together."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "metric": "close_time@1", "name": "办结用时", "as_of": "2026-11-22T04:00:00Z", "stale_seconds": 0,
                    "period": {"first": "2026-11-01", "last": "2026-11-22"}, "unit": {"code": "441624", "name": "和平县"}, "holder": None,
                    "source": "complaint", "by": "unit:township", "whole": True, "unreasonable": "kept",
                    "rows": [{"key": "441624108", "name": "彭寨镇", **_TOOK_TWICE}], "total": _TOOK_TWICE,
                }
            ]
        }
    )  # fmt: skip

    rows: list[TimeRow]
    total: QuantilesTwice
    compared: ComparedPeriods | None = Field(default=None, description="The periods compared with, where that was asked for.")


class CountedTicket(BaseModel):
    """A ticket that a figure counted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": "20261122-000017-8", "status": "closed", "channel": "hotline", "source": "complaint",
                    "category": "water.pipe_burst",
                    "place": {"code": "441624108201", "name": "太平村"}, "holder": {"code": "441624108201", "name": "太平村"},
                    "round": 1,
                    "received_at": "2026-11-21T18:10:00Z", "due_at": "2026-11-22T02:10:00Z", "completed_at": "2026-11-22T01:00:00Z",
                    "on_time": True,
                }
            ]
        }
    )  # fmt: skip

    number: str
    status: str
    channel: str
    source: str
    category: str | None
    place: UnitName
    holder: UnitName | None
    round: int
    received_at: datetime
    due_at: datetime | None
    completed_at: datetime | None
    on_time: bool | None


class CountedTickets(BaseModel):
    """One page of the tickets behind a figure. `total` is the figure."""

    metric: str = Field(examples=["completion_rate_due@1"])
    part: str = Field(description="Which part of the figure; of times `measured` or `slowest`.", examples=["numerator"])
    total: int = Field(examples=[911])
    items: list[CountedTicket]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")


class TicketList(BaseModel):
    """One page of tickets as reports know them."""

    as_of: datetime = Field(examples=["2026-11-22T04:00:00Z"])
    stale_seconds: int = Field(default=0, description="How much older than the answer that is.")
    total: int = Field(examples=[911])
    items: list[CountedTicket]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")


_STALE = "How much older than now this is, where so much waits to be counted that nobody who asks can add it; 0 elsewhere."


class OverdueTicket(BaseModel):
    """An open ticket with a running clock that is past due."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": "20261120-000003-3", "status": "dispatched", "urgency": "urgent", "channel": "hotline",
                    "category": "water.outage",
                    "place": {"code": "441624108201", "name": "太平村"}, "holder": {"code": "441624108201", "name": "太平村"},
                    "received_at": "2026-11-20T01:00:00Z", "due_at": "2026-11-20T03:00:00Z", "stages": ["accept"], "overdue_minutes": 2940,
                }
            ]
        }
    )  # fmt: skip

    number: str
    status: str
    urgency: str
    channel: str
    category: str | None
    place: UnitName
    holder: UnitName | None
    received_at: datetime
    due_at: datetime = Field(description="When the first of the stages was due.")
    stages: list[str] = Field(description="The stages past due, longest first.")
    overdue_minutes: int


class UnitCount(BaseModel):
    """How many of a unit; `unit` null: held by nobody yet."""

    unit: UnitName | None = Field(examples=[{"code": "441624108", "name": "彭寨镇"}])
    overdue: int = Field(examples=[4])


class Overdue(BaseModel):
    """Overdue tickets, the longest first, and how many each holder has."""

    as_of: datetime = Field(examples=["2026-11-22T04:00:00Z"])
    stale_seconds: int = Field(default=0, description=_STALE)
    total: int = Field(examples=[4])
    units: list[UnitCount] = Field(description="The hundred that have most; /v1/workload tells of all.")
    more_units: int = Field(default=0, description="How many others have any.")
    items: list[OverdueTicket]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")


class PostLoad(BaseModel):
    """Open tickets of one person in a unit; `member_id` null: nobody in particular."""

    member_id: str | None = Field(examples=["019aa6c0-0000-7000-8000-000000000001"])
    roles: list[str] = Field(examples=[["village_secretary"]])
    open: int = Field(examples=[3])


class UnitLoad(BaseModel):
    """Open tickets that a unit holds, and how many for each of its posts. `unit` null: held by nobody yet."""

    unit: UnitName | None = Field(examples=[{"code": "441624108", "name": "彭寨镇"}])
    open: int = Field(examples=[7])
    overdue: int = Field(examples=[2])
    statuses: dict[str, int] = Field(examples=[{"dispatched": 3, "accepted": 4}])
    posts: int = Field(description="Posts that somebody holds today.", examples=[2])
    per_post: str | None = Field(description="Open tickets per post, two places; null where nobody holds one.", examples=["3.50"])
    population: int | None = Field(default=None, description="People living there, where it is known.", examples=[3537])
    open_per_1000: str | None = Field(
        default=None,
        description="Open tickets per 1,000 people (`open_per_1000@1`); null where the population is not known.",
        examples=["1.98"],
    )
    members: list[PostLoad]


class Workload(BaseModel):
    """Open tickets by the unit that holds them, most first, in pages. Totals and medians are of all units."""

    as_of: datetime = Field(examples=["2026-11-22T04:00:00Z"])
    stale_seconds: int = Field(default=0, description=_STALE)
    total: int = Field(examples=[7])
    median_per_post: str | None = Field(
        default=None, description="`open_per_post@1`: the median of `per_post` over all units that hold any.", examples=["3.50"]
    )
    median_per_member: str | None = Field(
        default=None, description="`open_per_member@1`: the median over the people of all units that hold any.", examples=["3.00"]
    )
    all_units: int = Field(default=0, description="How many units hold any.", examples=[1])
    units: list[UnitLoad]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
