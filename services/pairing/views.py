"""What is shown of pairings."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.pairing.commands import HOUSEHOLD_EXAMPLE, MEMBER_EXAMPLE, KindName

_WHO: dict[str, Any] = {"id": MEMBER_EXAMPLE, "name": "黄小明", "staff_number": "PZ-0031"}
_PLACE: dict[str, Any] = {"code": "441624108213", "name": "水口村村民委员会"}
_HOME: dict[str, Any] = {"id": HOUSEHOLD_EXAMPLE, "unit": "441624108213001", "number": "3-012", "head": "黄**"}
_PAIRING: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d20", "kind": "member_household", "member": _WHO, "partner": None, "unit": _PLACE,
    "household": _HOME, "valid_from": "2026-11-15", "valid_to": None, "ended_because": None, "follows_id": None,
}  # fmt: skip
_SIDE: dict[str, Any] = {"total": 100_000, "paired": 99_988, "missing": 12, "share": "99.99"}
_MISSING: dict[str, Any] = {"id": HOUSEHOLD_EXAMPLE, "unit": "441624108213001", "name": None, "households": None}
_LOAD: dict[str, Any] = {"least": 3, "median": "12", "p90": "15", "most": 41, "mean": "11.63"}


class Who(BaseModel):
    """A member."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WHO]})

    id: UUID
    name: str
    staff_number: str | None


class Where(BaseModel):
    """A unit."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PLACE]})

    code: str
    name: str


class Home(BaseModel):
    """A household, masked."""

    model_config = ConfigDict(json_schema_extra={"examples": [_HOME]})

    id: UUID
    unit: str
    number: str | None
    head: str | None


class PairingView(BaseModel):
    """A pairing: in force where `valid_to` is null."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PAIRING]})

    id: UUID
    kind: KindName
    member: Who | None
    partner: Where | None
    unit: Where
    household: Home | None
    valid_from: date
    valid_to: date | None = Field(description="First day it is over.")
    ended_because: str | None
    follows_id: UUID | None = Field(description="The pairing it was taken over from.")


class HandedOver(BaseModel):
    """Who got how many households."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"households": 12, "to": [{**_WHO, "got": 12, "has": 24}]}]})

    class Receiver(Who):
        """One who took some over."""

        model_config = ConfigDict(json_schema_extra={"examples": [{**_WHO, "got": 12, "has": 24}]})

        got: int
        has: int = Field(description="How many they have now.")

    households: int
    to: list[Receiver]


class Side(BaseModel):
    """How much of one side is paired. `share` in percent, two decimals; "—" of nothing."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SIDE]})

    total: int
    paired: int
    missing: int
    share: str


class Loads(BaseModel):
    """How many households those have who have any."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LOAD]})

    least: int | None
    median: str
    p90: str
    most: int | None
    mean: str


class Coverage(BaseModel):
    """Whether everybody is paired, from both sides (B7), and how evenly (B8)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "441624", "on": "2026-11-22", "as_of": "2026-11-22T04:00:00Z", "households": _SIDE, "members": _SIDE,
                    "villages_with_unit": _SIDE, "villages_with_secretary": _SIDE, "townships_with_leader": _SIDE, "loads": _LOAD,
                    "burdened": 7,
                }
            ]
        }
    )  # fmt: skip

    unit: str
    on: date
    as_of: datetime
    households: Side = Field(description="Households of the register, and those that have a member.")
    members: Side = Field(description="Members who are to look after somebody, and those who have a household.")
    villages_with_unit: Side
    villages_with_secretary: Side
    townships_with_leader: Side
    loads: Loads
    burdened: int = Field(description="Members with more than twice the median of households.")


class MissingOne(BaseModel):
    """A household (by its id alone), member or unit that a coverage counts as missing; a member with too many; a household unattended."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MISSING]})

    id: UUID
    unit: str = Field(description="Where: of a household its grid or village, of a member an office.")
    name: str | None = Field(description="Of a member or a unit; null of a household.")
    households: int | None = Field(description="Of a burdened member.")


class MissingPage(BaseModel):
    """A page of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_MISSING], "total": 12, "next": None}]})

    items: list[MissingOne]
    total: int
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")


Missing = Literal[
    "households", "members", "villages_with_unit", "villages_with_secretary", "townships_with_leader", "burdened", "unattended"
]
