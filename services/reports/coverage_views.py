"""Answers about coverage."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.reports.views import UnitName

_FIGURE: JsonDict = {
    "metric": "silent_grid_rate@1", "name": "沉默网格占比", "unit": "%", "numerator": 123, "denominator": 6955, "value": "123/6955",
    "shown": "1.77%", "no_data": False,
}  # fmt: skip


class CoverageFigureView(BaseModel):
    """A figure of coverage, and what it was made of."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FIGURE]})

    metric: str
    name: str
    unit: str
    numerator: int
    denominator: int | None = Field(description="null for a count")
    value: int | str | None
    shown: str
    no_data: bool


class CoverageRow(BaseModel):
    """One row of units; key `-`: units that lie in none of the tier."""

    key: str = Field(examples=["441624108"])
    name: str = Field(examples=["彭寨镇"])
    figures: list[CoverageFigureView]


class CoverageReport(BaseModel):
    """How far the county is covered with people, and whether anything is heard of its grids."""

    as_of: datetime = Field(examples=["2026-11-22T04:00:00Z"])
    weeks: int = Field(description="How long a grid must have been silent to count.", examples=[4])
    silent_since: date = Field(description="The first day of these weeks: nothing since.", examples=["2026-10-25"])
    unit: UnitName | None
    by: str | None = Field(examples=["unit:township"])
    total: list[CoverageFigureView]
    rows: list[CoverageRow]


class CoveredItem(BaseModel):
    """What a figure of coverage counted: a unit, or a cadre by id and the units of their posts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "441624108213001", "units": [{"code": "441624108213001", "name": "第一网格"}], "member_id": None,
                    "last_ticket_at": "2026-09-30T02:10:00Z", "last_activity_on": None, "overdue": None,
                }
            ]
        }
    )  # fmt: skip

    key: str
    units: list[UnitName]
    member_id: UUID | None
    last_ticket_at: datetime | None = Field(description="Of a grid: when the last ticket came; null where there never was one.")
    last_activity_on: date | None = Field(description="Of a grid: the day of the last entry of the ledger.")
    overdue: int | None = Field(description="Of a unit that holds tickets: how many are overdue; they are listed at /v1/overdue.")


class CoveredItems(BaseModel):
    """A page of what a figure counted; `total` is the figure's part."""

    metric: str = Field(examples=["silent_grids@1"])
    part: Literal["numerator", "denominator"] = Field(examples=["numerator"])
    total: int = Field(examples=[123])
    items: list[CoveredItem]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
