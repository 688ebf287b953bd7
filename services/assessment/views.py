"""What is shown of assessment."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.assessment.models import AssessmentAppeal, AssessmentRun

_RUN: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e", "scheme": "townships", "name": "乡镇考核", "subjects": "units", "first": "2026-10-01",
    "last": "2026-10-31", "policy_version": 2, "state": "published", "asked_at": "2026-11-02T01:00:00Z", "as_of": "2026-11-02T01:00:03Z",
    "published_at": "2026-11-02T03:00:00Z", "objections_until": "2026-11-09T16:00:00Z", "finalized_at": None, "sha256": None,
    "withdrawn_at": None, "withdrawn_because": None,
}  # fmt: skip
_SHARE: dict[str, Any] = {
    "metric": "satisfaction_rate@1", "weight": "1.00", "numerator": 29, "denominator": 30, "percent": "96.67", "lower": "83.33",
    "upper": "99.41", "scored": True,
    "tickets": "/v1/reports/satisfaction_rate@1/tickets?from=2026-10-01&to=2026-10-31&unit=441624108&exclusions=removed",
}  # fmt: skip
_ITEM: dict[str, Any] = {
    "code": "satisfaction", "name": "满意率", "weight": "40.00", "weight_used": "40.00", "shares": [_SHARE], "percent": "96.67",
    "points": "33.34", "lower": "6.66", "upper": "38.82", "changed": "0.00", "why_not": None,
}  # fmt: skip
_COUNTED: dict[str, Any] = {
    "code": "found", "name": "主动发现", "metric": "discovered@1", "numerator": 12, "points": "1.20", "capped": False, "changed": "0.00",
    "tickets": "/v1/reports/discovered@1/tickets?from=2026-10-01&to=2026-10-31&unit=441624108",
}  # fmt: skip
_ROW: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3f", "unit": "441624108", "unit_name": "彭寨镇", "person": None, "role": None, "group": "A",
    "group_name": "A类", "households": 9800, "total": "88.10", "lower": "61.02", "upper": "94.40", "rank": 1, "best": 1, "worst": 4,
    "funnel": {"visits": 640, "opinions": 520, "received": 210, "discovered": 95, "completed": 204},
}  # fmt: skip
_APPEAL: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d40", "run": _RUN["id"], "sheet": _ROW["id"], "item": "satisfaction", "state": "granted",
    "words": "诉求人已表示满意，登记有误。", "tickets": ["20261122-000123-6"], "made_at": "2026-11-04T02:00:00Z",
    "decided_at": "2026-11-05T02:00:00Z", "decision": "经核实，予以更正。",
    "change": {
        "item": "satisfaction", "metric": "satisfaction_rate@1", "numerator": 1, "denominator": 0, "points": "0",
        "total_before": "88.10", "total_after": "90.11",
    },
}  # fmt: skip


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [value]})


class RunView(BaseModel):
    """A run: whose rules, which days, and how far it is."""

    model_config = _example(_RUN)

    id: UUID
    scheme: str
    name: str
    subjects: Literal["units", "persons"]
    first: date
    last: date
    policy_version: int = Field(description="Version of the rules of kind `assessment`; the run keeps them whole.")
    state: Literal["asked", "draft", "published", "final", "withdrawn"]
    asked_at: datetime
    as_of: datetime | None = Field(description="Figures are those known at this instant; null until it is made.")
    published_at: datetime | None
    objections_until: datetime | None = Field(description="Until when those assessed may object.")
    finalized_at: datetime | None
    sha256: str | None = Field(description="Over rules, sheets and objections, once it is final.")
    withdrawn_at: datetime | None
    withdrawn_because: str | None


class Runs(BaseModel):
    """Runs, the newest period first."""

    model_config = _example({"items": [_RUN], "next": None})

    items: list[RunView]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")


class ShareView(BaseModel):
    """One metric of an item, with its 95 % interval (Wilson) and where its tickets are."""

    model_config = _example(_SHARE)

    metric: str
    weight: str
    numerator: int
    denominator: int
    percent: str | None
    lower: str | None = Field(description="Lower end of the 95 % interval, in percent.")
    upper: str | None
    scored: bool = Field(description="false: fewer tickets than the rules ask for; its weight went to the others.")
    tickets: str = Field(description="Address of the tickets at the reporting door; with `&part=denominator` those divided by.")


class ItemView(BaseModel):
    """An item of a sheet."""

    model_config = _example(_ITEM)

    code: str
    name: str
    weight: str
    weight_used: str | None = Field(description="With what came from items that were not scored.")
    shares: list[ShareView]
    percent: str | None
    points: str | None
    lower: str | None = Field(description="Points at the worse end of the interval.")
    upper: str | None
    changed: str = Field(description="Points a granted objection gave or took.")
    why_not: Literal["no_data", "below_minimum"] | None = Field(description="Why it was not scored.")


class CountedView(BaseModel):
    """A bonus or malus by tickets."""

    model_config = _example(_COUNTED)

    code: str
    name: str
    metric: str
    numerator: int
    points: str
    capped: bool
    changed: str
    tickets: str


class SheetRow(BaseModel):
    """A sheet in a list. Persons have no rank: nobody is ranked in public."""

    model_config = _example(_ROW)

    id: UUID
    unit: str
    unit_name: str
    person: str | None = Field(description="Name of the person assessed.")
    role: str | None
    group: str
    group_name: str
    households: int | None
    total: str | None = Field(description="Points; null where nothing could be scored.")
    lower: str | None
    upper: str | None
    rank: int | None = Field(description="One more than the number of those certainly better; overlapping intervals share it.")
    best: int | None = Field(description="The best place that cannot be ruled out.")
    worst: int | None
    funnel: dict[str, Any] = Field(description="How much came in, was found by themselves, and became of it: not part of the score.")


class Sheets(BaseModel):
    """Sheets of a run that one may see, by code of their units."""

    model_config = _example({"items": [_ROW], "next": None})

    items: list[SheetRow]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")


class AppealView(BaseModel):
    """An objection, and what became of it."""

    model_config = _example(_APPEAL)

    id: UUID
    run: UUID
    sheet: UUID
    item: str
    state: Literal["open", "granted", "refused"]
    words: str
    tickets: list[str]
    made_at: datetime
    decided_at: datetime | None
    decision: str | None
    change: dict[str, Any] | None = Field(description="What it changed in the sheet, with the total before and after.")


class SheetView(SheetRow):
    """A sheet, whole."""

    model_config = _example(
        {**_ROW, "run": _RUN, "items": [_ITEM], "counted": [_COUNTED], "appeals": [_APPEAL], "reproduced": True, "attributed": None}
    )

    run: RunView
    items: list[ItemView]
    counted: list[CountedView]
    appeals: list[AppealView]
    reproduced: bool = Field(description="The sheet was worked out anew from its frozen figures just now, and is the same.")
    attributed: str | None = Field(description="How tickets are put down to a person; null for units.")


class Appeals(BaseModel):
    """Objections of a run to sheets that one may see, the oldest first."""

    model_config = _example({"items": [_APPEAL]})

    items: list[AppealView]


def run_view(run: AssessmentRun) -> RunView:
    """Return the view of a run."""
    values = {name: getattr(run, name) for name in RunView.model_fields if name != "sha256"}
    return RunView(**values, sha256=run.content_hash.hex() if run.content_hash else None)


def appeal_view(appeal: AssessmentAppeal) -> AppealView:
    """Return the view of an objection."""
    values = {name: getattr(appeal, name) for name in AppealView.model_fields if name not in ("run", "sheet")}
    return AppealView(**values, run=appeal.run_id, sheet=appeal.sheet_id)
