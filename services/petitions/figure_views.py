"""Answers about petitions in figures."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.reports.views import CountedTicket, PeriodView, UnitName

_THEN: JsonDict = {"then": 12, "difference": -5, "percent": "-41.67", "shown": "-5(-41.67%)"}
_FIGURE: JsonDict = {
    "metric": "petitions@1", "name": "信访量", "unit": "宗", "value": 7, "shown": "7", "previous": _THEN, "year_before": _THEN,
}  # fmt: skip


class ChangeView(BaseModel):
    """What a figure was in an earlier period, and what became different since."""

    model_config = ConfigDict(json_schema_extra={"examples": [_THEN]})

    then: int | None = Field(description="The number then; null where nothing is known of that time.")
    difference: int | None
    percent: str | None = Field(description="In percent of what it was, halves up; null where that was 0 or is not known.")
    shown: str = Field(description="What to print beside the two numbers.")


class PetitionFigure(BaseModel):
    """A figure with its changes; the numbers themselves always stand beside the percentages."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FIGURE]})

    metric: str
    name: str
    unit: str = Field(description="宗, or 人次.")
    value: int | None = Field(description="Null before any recorded time.")
    shown: str
    previous: ChangeView = Field(description="环比: the period before.")
    year_before: ChangeView = Field(description="同比: the same period of the year before.")


class PetitionRow(BaseModel):
    """One row; key `-`: petitions that are not placed so precisely."""

    key: str = Field(examples=["441624108"])
    name: str = Field(examples=["彭寨镇"])
    figures: list[PetitionFigure]


class ZeroPetitions(BaseModel):
    """Townships without any petition in the period (零上访). Only those one sees the whole of are told."""

    count: int | None = Field(description="`zero_petition_townships@1`; as many as are listed. Null without data.", examples=[7])
    of: int = Field(description="How many townships there are.", examples=[17])
    shown: str = Field(description="What to print.", examples=["7/17"])
    rate: str = Field(description="`zero_petition_rate@1`.", examples=["41.18%"])
    townships: list[UnitName]
    unplaced: int = Field(description="Petitions of the period that lie in no township.", examples=[0])


class PetitionReport(BaseModel):
    """Petitions of a period, beside the period before and the year before."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-12-01T02:10:00Z", "period": {"first": "2026-11-01", "last": "2026-11-30"},
                    "previous": {"first": "2026-10-01", "last": "2026-10-31"}, "year_before": {"first": "2025-11-01", "last": "2025-11-30"},
                    "unit": None, "by": None, "whole": True, "total": [_FIGURE], "rows": [],
                    "zero": {"count": 7, "of": 17, "shown": "7/17", "rate": "41.18%", "townships": [], "unplaced": 0},
                }
            ]
        }
    )  # fmt: skip

    as_of: datetime
    period: PeriodView
    previous: PeriodView | None
    year_before: PeriodView | None
    unit: UnitName | None
    by: str | None
    whole: bool = Field(description="false: only the petitions of your own functional line or seats are in it.")
    total: list[PetitionFigure]
    rows: list[PetitionRow]
    zero: ZeroPetitions


class CountedPetition(BaseModel):
    """A petition that a figure counted, and how it was received."""

    ticket: CountedTicket
    form: str | None = Field(description="`visit` or `letter`; null where it was not filed at the petition desk.", examples=["visit"])
    people: int | None = Field(examples=[12])
    repeated: bool | None = Field(examples=[False])


class CountedPetitions(BaseModel):
    """A page of the petitions behind a figure."""

    metric: str = Field(examples=["group_petitions@1"])
    total: int = Field(description="The figure: as many as are listed, or the people of all of them.", examples=[3])
    count: int = Field(description="How many petitions the list has.", examples=[3])
    items: list[CountedPetition]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
