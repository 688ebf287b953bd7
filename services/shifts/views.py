"""What is shown of shifts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

_AT = "2026-11-22T00:30:00Z"
_CELL: dict[str, Any] = {"lat": 24.4381, "lon": 114.9423, "cell_metres": 500, "received_at": _AT}
_PERSON: dict[str, Any] = {
    "member_id": "0198f2a0-7c00-7000-8000-000000000004",
    "name": "网格员辛",
    "unit_code": "441624108213001",
    "unit_name": "第一网格",
    "since": _AT,
    "ends_at": "2026-11-22T12:30:00Z",
}


class CellView(BaseModel):
    """Roughly where somebody is: the middle of a cell, in WGS-84."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CELL]})

    lat: float
    lon: float
    cell_metres: int = Field(description="How long a side of the cell is: anywhere inside.")
    received_at: datetime


class MyShift(BaseModel):
    """Whether the reader is on duty, and all that is kept of where they are."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"on": True, "since": _AT, "ends_at": _PERSON["ends_at"], "unit_code": None, "position": _CELL}]}
    )

    on: bool
    since: datetime | None
    ends_at: datetime | None = Field(description="When the shift ends by itself.")
    unit_code: str | None
    position: CellView | None


class OnDuty(BaseModel):
    """Somebody who is on duty."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PERSON]})

    member_id: UUID
    name: str
    unit_code: str
    unit_name: str
    since: datetime
    ends_at: datetime


class WhereOnDuty(OnDuty):
    """Somebody who is on duty, and roughly where; null where their phone says nothing, or said it too long ago."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_PERSON, "position": _CELL}]})

    position: CellView | None


class LookView(BaseModel):
    """Somebody looked where the reader was."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"at": _AT, "name": "调度员戊", "purpose": "dispatch", "purpose_name": "就近派单"}]}
    )

    at: datetime
    name: str
    purpose: str
    purpose_name: str
