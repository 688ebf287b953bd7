"""What is shown of early warnings."""

from datetime import date, datetime
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.warnings.models import EarlyWarning, WarningState

_FIGURES: dict[str, Any] = {
    "span": "week", "first": "2026-11-15", "last": "2026-11-21", "value": 31, "of": None, "middle": "14.00", "limit": 29,
    "excess": "2.2143", "before": ["13", "15", "14", "12", "16", "14", "11", "18", "14", "15", "13", "14"],
    "tickets": "/v1/reports/received/tickets?from=2026-11-15&to=2026-11-21&unit=441624108",
}  # fmt: skip
_WARNING: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e", "measure": "inflow", "subject": "unit", "code": "441624108", "name": "彭寨镇",
    "state": "open", "opened_on": "2026-11-20", "opened_at": "2026-11-20T16:05:00Z", "last_outside_on": "2026-11-21", "ended_on": None,
    "opened_with": _FIGURES, "peak": _FIGURES, "latest": _FIGURES, "acknowledged_at": None, "acknowledged_words": None,
}  # fmt: skip


class Figures(BaseModel):
    """A look outside of the band: what there was, what is usual, and where the tickets are."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FIGURES]})

    span: Literal["day", "week"]
    first: date
    last: date
    value: int = Field(description="Matters that came in; of `overdue` those that were due and not closed in time.")
    of: int | None = Field(description="Of how many that were due; null for inflow.")
    middle: str = Field(description="What is usual in the middle, of as many.")
    limit: int = Field(description="The most that is still usual.")
    excess: str = Field(description="How many times what is usual.")
    before: list[str] = Field(description="The same days of the weeks before, the latest first; shares as part/whole.")
    tickets: str = Field(description="Address of the tickets at the reporting door; of `overdue` those that were due.")


class WarningView(BaseModel):
    """An episode outside of the usual band."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WARNING]})

    id: UUID
    measure: Literal["inflow", "overdue"]
    subject: Literal["unit", "department", "category"]
    code: str
    name: str
    state: Literal["open", "ended"]
    opened_on: date = Field(description="The first day outside.")
    opened_at: datetime
    last_outside_on: date
    ended_on: date | None
    opened_with: Figures
    peak: Figures
    latest: Figures
    acknowledged_at: datetime | None
    acknowledged_words: str | None = Field(description="What the desk above found out.")


class Warnings(BaseModel):
    """Warnings one may see, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_WARNING], "next": None, "looked_until": "2026-11-21"}]})

    items: list[WarningView]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
    looked_until: date | None = Field(description="The last day that was looked at.")


def warning_view(row: EarlyWarning) -> WarningView:
    """Return the view of a warning as it is."""
    return _view(row, {})


def warning_then(row: EarlyWarning, stood: WarningState, as_of: datetime) -> WarningView:
    """Return the view of a warning as it stood at an instant; the tickets of its figures are those known then."""
    then = {name: getattr(stood, name) for name in ("last_outside_on", "ended_on", "peak", "latest")}
    if row.acknowledged_at is not None and row.acknowledged_at > as_of:
        then |= {"acknowledged_at": None, "acknowledged_words": None}
    return _view(row, then, as_of)


def _view(row: EarlyWarning, other: dict[str, Any], as_of: datetime | None = None) -> WarningView:
    """Return the view of a warning of which something was `other` than it is."""
    found = {name: other.get(name, getattr(row, name)) for name in WarningView.model_fields if name != "state"}
    for name in ("opened_with", "peak", "latest"):
        found[name] = Figures(**found[name], tickets=_address(row, found[name], as_of))
    return WarningView(**found, state="open" if found["ended_on"] is None else "ended")


def _address(row: EarlyWarning, figures: dict[str, Any], as_of: datetime | None) -> str:
    place = {"unit": "unit", "department": "holder", "category": "category"}[row.subject]
    query = {"from": figures["first"], "to": figures["last"], place: row.code}
    if as_of is not None:
        query["as_of"] = as_of.isoformat()
    if row.measure == "inflow":
        return f"/v1/reports/received/tickets?{urlencode(query)}"
    return f"/v1/reports/on_time_rate_due/tickets?{urlencode({**query, 'part': 'denominator'})}"
