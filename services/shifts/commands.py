"""What people in the field say of their shift, and what a desk asks."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

_POINT: JsonDict = {"lat": 24.44, "lon": 114.94, "coordinate_system": "WGS-84"}


class KeepShift(BaseModel):
    """On duty (上岗) or off (下岗), from now on."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"state": "on", "device_id": "019aa7c0-0000-7000-8000-0000000000d1"}]},
    )

    state: Literal["on", "off"]
    device_id: UUID | None = Field(default=None, description="As the phone names itself in its batches; it names nobody.")


class SendPosition(BaseModel):
    """Where the phone is now. It is made coarse before anything is done with it, and counts as of its arrival."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, json_schema_extra={"examples": [_POINT]})

    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
    coordinate_system: Literal["WGS-84", "GCJ-02"]

    def __repr_args__(self) -> list[tuple[str, str]]:
        """Show nothing of the point, wherever this is printed."""
        return []


class LookAtPositions(BaseModel):
    """Where people on duty are, and what for it is asked: 就近派单 or 人员安全."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"purpose": "dispatch", "unit": "441624108213"}]}
    )

    purpose: Literal["dispatch", "safety"]
    unit: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="Only below this unit; without it the whole area of the desk."
    )
