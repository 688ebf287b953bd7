"""What the dashboard is told: each answer of one instant, each figure with its definition."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.reports.views import FigureView, PeriodView, UnitName

_FIGURE: JsonDict = {"numerator": 911, "denominator": 972, "value": "911/972", "percent": "93.72", "shown": "93.72%", "no_data": False}
_PERIOD: JsonDict = {"first": "2026-11-01", "last": "2026-11-22"}
_ROOT: JsonDict = {"code": "441624", "name": "和平县"}
_TOWNSHIP: JsonDict = {"code": "441624108", "name": "彭寨镇"}
_STAND: JsonDict = {"as_of": "2026-11-22T04:00:00Z", "stale_seconds": 0, "period": _PERIOD, "unit": _ROOT, "whole": True}


class Stand(BaseModel):
    """When it was true, for which days and whose area."""

    as_of: datetime = Field(description="Everything that happened before this instant is counted.")
    stale_seconds: int = Field(description="How far `as_of` lies behind the clock; 0 but where very much is waiting to be counted.")
    period: PeriodView
    unit: UnitName | None = Field(description="Whose area; null: all that you may see.")
    whole: bool = Field(description="false: only the tickets of your own functional line or seats are in it.")


class Headline(BaseModel):
    """A figure now, in the period before and a year before, and month by month up to now."""

    metric: str = Field(description="`id@version` of the definition.")
    name: str
    english: str
    kind: Literal["count", "rate"]
    numerator_words: str
    denominator_words: str | None
    period_words: str
    note: str
    now: FigureView
    previous: FigureView
    year_before: FigureView
    series: list[str | None] = Field(description="Counts or percents of the `months`; null without data.")


class Overview(Stand):
    """The headline figures, and where one can go from here."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_STAND,
                    "previous": {"first": "2026-10-01", "last": "2026-10-22"},
                    "year_before": {"first": "2025-11-01", "last": "2025-11-22"},
                    "months": ["2026-10-01", "2026-11-01"], "tier": "county", "above": [], "below": [_TOWNSHIP],
                    "figures": [
                        {
                            "metric": "completion_rate_due@1", "name": "结案率(结案/应结案)", "english": "Completion rate of those due",
                            "kind": "rate", "numerator_words": "本期到期且现已办结的工单",
                            "denominator_words": "本期到期的工单,含以前各期受理的", "period_words": "按到期日", "note": "",
                            "now": _FIGURE, "previous": _FIGURE, "year_before": _FIGURE, "series": ["92.10", "93.72"],
                        }
                    ],
                }
            ]
        }
    )  # fmt: skip

    previous: PeriodView | None
    year_before: PeriodView | None
    months: list[date] = Field(description="First days of the months that `series` are of.")
    tier: str | None = Field(description="Tier of `unit`.")
    above: list[UnitName] = Field(description="The areas `unit` lies in that you may ask for, the widest first.")
    below: list[UnitName] = Field(description="The areas of the next tier.")
    figures: list[Headline]


class AreaFigure(BaseModel):
    """The figure of one area. `lower` and `upper` bound the Wilson interval (95 %) of a rate, in percent; null of more than 100 areas."""

    key: str = Field(description="Its code; `-` for tickets that were not placed so precisely.")
    name: str
    parent: str | None = Field(description="Code of the area of the tier above that it lies in.")
    numerator: int
    denominator: int | None
    percent: str | None
    shown: str
    lower: float | None
    upper: float | None
    x: float | None = Field(description="Rightwards to the middle of its hexagon on the schematic map, neighbours one apart.")
    y: float | None = Field(description="Downwards.")


class Areas(Stand):
    """One figure for every area of a tier."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_STAND, "metric": "satisfaction_rate@1", "name": "满意率", "english": "Satisfaction rate", "kind": "rate",
                    "by": "unit:township", "map": "order", "parents": [],
                    "rows": [
                        {
                            "key": "441624108", "name": "彭寨镇", "parent": "441624", "numerator": 84, "denominator": 90,
                            "percent": "93.33", "shown": "93.33%", "lower": 86.2, "upper": 96.9, "x": 0.0, "y": 0.0,
                        }
                    ],
                }
            ]
        }
    )  # fmt: skip

    metric: str
    name: str
    english: str
    kind: Literal["count", "rate"]
    by: str
    map: Literal["centres", "order"] = Field(
        description="What the places on the map are made from: centre points, or nothing but the order of codes. Never boundaries."
    )
    parents: list[UnitName] = Field(description="The areas that `parent` names.")
    rows: list[AreaFigure]


class StreamView(BaseModel):
    """Tickets of a channel that are with a tier and came to an outcome."""

    channel: str
    tier: str = Field(description="Tier of the unit that has it; '' where none does.")
    outcome: Literal["completed", "open", "rejected", "cancelled", "merged"]
    tickets: int


class Flow(Stand):
    """From channel to tier to outcome. All streams together are what was received, and what no figure counts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_STAND, "metric": "received@1", "channels": {"hotline": "热线"}, "received": 972, "left_out": 4,
                    "streams": [{"channel": "hotline", "tier": "village", "outcome": "completed", "tickets": 911}],
                }
            ]
        }
    )  # fmt: skip

    metric: str = Field(description="What is followed.")
    channels: dict[str, str] = Field(description="Names of channels.")
    received: int
    left_out: int = Field(description="Rejected, cancelled or merged: in no figure.")
    streams: list[StreamView]


class CategoryFigures(BaseModel):
    """A category: how many were received of it, what share was completed and satisfied."""

    key: str = Field(description="Its code; `-` for none.")
    name: str
    above: str | None = Field(description="Name of the category it belongs to.")
    received: int
    share: str = Field(description="Of all received, in percent.")
    completed: FigureView
    satisfied: FigureView


class OtherCategories(BaseModel):
    """What is not listed: how many categories, and how many tickets."""

    categories: int
    received: int
    share: str


class Categories(Stand):
    """The categories most was received of, and the rest together."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_STAND, "metrics": ["received@1", "completion_rate_received@1", "satisfaction_rate@1"], "received": 972,
                    "rows": [
                        {
                            "key": "water.pipe_burst", "name": "自来水管破裂", "above": "水利供水", "received": 120, "share": "12.3",
                            "completed": _FIGURE, "satisfied": _FIGURE,
                        }
                    ],
                    "others": {"categories": 40, "received": 852, "share": "87.7"},
                }
            ]
        }
    )  # fmt: skip

    metrics: list[str]
    received: int
    rows: list[CategoryFigures]
    others: OtherCategories


class LateTicket(BaseModel):
    """An open ticket with a running clock past due."""

    number: str = Field(examples=["20261120-000003-3"])
    status: str = Field(examples=["dispatched"])
    place: UnitName
    holder: UnitName | None
    due_at: datetime = Field(description="When the first of its limits was due.", examples=["2026-11-20T03:00:00Z"])
    overdue_minutes: int = Field(examples=[2940])


class HolderCount(BaseModel):
    """How many late tickets a unit has; `unit` null: held by nobody yet."""

    unit: UnitName | None
    tickets: int = Field(examples=[4])


class LateNow(BaseModel):
    """What is late at this instant: the same tickets as /v1/overdue, in short."""

    as_of: datetime = Field(examples=["2026-11-22T04:00:00Z"])
    stale_seconds: int = Field(default=0, description="How much older than now this is, where very much waits to be counted.")
    total: int = Field(examples=[4])
    units: list[HolderCount] = Field(description="Those that have most.")
    more_units: int = Field(description="How many others have any.", examples=[0])
    items: list[LateTicket] = Field(description="Those late the longest.")


class Names(BaseModel):
    """What codes are called, for lists of tickets."""

    channels: dict[str, str] = Field(examples=[{"hotline": "热线"}])
    categories: dict[str, str] = Field(examples=[{"water.pipe_burst": "自来水管破裂"}])
