"""What is told of the composite of the three rates: 三率."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.reports.views import ComparedPeriods, FigureView, ReportHead


class CompositePart(BaseModel):
    """One of the three rates, and how much it counts."""

    metric: str
    name: str
    weight: int = Field(description="Of 100.")
    figure: FigureView


class CompositeFigure(BaseModel):
    """A score and what it was made of. Without data of any rate that counts there is none, and `missing` names the rate."""

    value: str | None = Field(description="The exact score of 100, as a fraction in lowest terms.")
    score: str | None = Field(description="Rounded, halves up.")
    shown: str
    no_data: bool
    missing: list[str] = Field(description="Rates without data. Their weight is never shared out among the others.")
    parts: list[CompositePart]


class ComparedScore(BaseModel):
    """The score of an earlier period, by the weights of that time, and what became different since."""

    score: str | None
    shown: str
    no_data: bool
    missing: list[str]
    change: str | None = Field(description="Of the printed scores, with its sign; null where either has no data.")
    change_shown: str = Field(description="What to print: `+1.25分`, `持平`, or `—`.")


class CompositeTwice(CompositeFigure):
    """The score that was asked for; and, side by side, before and after the removal of unreasonable demands (剔除前、剔除后)."""

    before_removal: CompositeFigure
    after_removal: CompositeFigure
    previous: ComparedScore | None = Field(default=None, description="The period before; only where it was asked for.")
    year_before: ComparedScore | None = Field(default=None, description="The same period of the year before; only where asked for.")


class CompositeRow(CompositeTwice):
    """The score of one row."""

    key: str
    name: str


class WeightsView(BaseModel):
    """The weights a period is scored by: the version in force when it ends."""

    version: int = Field(description="Of the rules of kind `composite`; 0 is what the product comes with.")
    parts: dict[str, int]


def _rate(numerator: int, denominator: int, value: str, percent: str) -> JsonDict:
    return {
        "numerator": numerator, "denominator": denominator, "value": value, "percent": percent, "shown": f"{percent}%", "no_data": False,
    }  # fmt: skip


_PARTS: JsonDict = {
    "value": "361/4", "score": "90.25", "shown": "90.25分", "no_data": False, "missing": [],
    "parts": [
        {"metric": "response_rate@1", "name": "响应率", "weight": 30, "figure": _rate(40, 40, "1/1", "100.00")},
        {"metric": "resolution_rate@1", "name": "解决率", "weight": 35, "figure": _rate(34, 40, "17/20", "85.00")},
        {"metric": "satisfaction_rate@1", "name": "满意率", "weight": 35, "figure": _rate(35, 40, "7/8", "87.50")},
    ],
}  # fmt: skip
_TWICE: JsonDict = {**_PARTS, "before_removal": _PARTS, "after_removal": _PARTS}


class CompositeReport(ReportHead):
    """Scores by the three rates: rows and their total."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "metric": "three_rates@1", "name": "三率综合得分", "as_of": "2026-11-22T04:00:00Z", "stale_seconds": 0,
                    "period": {"first": "2026-11-01", "last": "2026-11-22"}, "unit": {"code": "441624", "name": "和平县"}, "holder": None,
                    "source": "complaint", "by": "unit:township", "whole": True, "unreasonable": "kept",
                    "weights": {"version": 0, "parts": {"response_rate@1": 30, "resolution_rate@1": 35, "satisfaction_rate@1": 35}},
                    "rows": [{"key": "441624108", "name": "彭寨镇", **_TWICE}], "total": _TWICE,
                }
            ]
        }
    )  # fmt: skip

    weights: WeightsView
    rows: list[CompositeRow]
    total: CompositeTwice
    compared: ComparedPeriods | None = Field(default=None, description="The periods compared with, where that was asked for.")
