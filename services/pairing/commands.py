"""What is said of pairings at the door."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.platform.text import Code

KindName = Literal["leader_township", "secretary_village", "unit_village", "member_household"]
EndedBecause = Literal["left", "household_ended", "reassigned", "mistake", "other"]
HandedBecause = Literal["left", "reassigned", "other"]
MEMBER_EXAMPLE, HOUSEHOLD_EXAMPLE = "0198f2a0-7c00-7000-8000-000000000001", "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d10"
_PAIR: dict[str, Any] = {"kind": "member_household", "member_id": MEMBER_EXAMPLE, "household_id": HOUSEHOLD_EXAMPLE}
_HAND_OVER: dict[str, Any] = {"from_member_id": MEMBER_EXAMPLE, "to": ["0198f2a0-7c00-7000-8000-00000000000a"], "because": "left"}


class Pair(BaseModel):
    """Who looks after whom from now on, or since a day past."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_PAIR]})

    kind: KindName
    member_id: UUID | None = Field(default=None, description="Whose it is; of unit_village nobody's.", examples=[MEMBER_EXAMPLE])
    partner: Code | None = Field(
        default=None, description="Of unit_village: the office that looks after the village.", examples=["441624-D-SLJ"]
    )
    unit: Code | None = Field(default=None, description="The township or village; of a household it is known.", examples=["441624108213"])
    household_id: UUID | None = Field(default=None, description="Of member_household: which.", examples=[HOUSEHOLD_EXAMPLE])
    since: date | None = Field(default=None, description="First day; today where not given, never ahead.", examples=["2026-11-15"])

    @model_validator(mode="after")
    def _whole(self) -> "Pair":
        home = self.kind == "member_household"
        if home != (self.household_id is not None) or home == (self.unit is not None):
            raise ValueError("name the household of member_household, and the unit of any other kind")
        if (self.kind == "unit_village") != (self.partner is not None) or (self.partner is None) == (self.member_id is None):
            raise ValueError("name the partner of unit_village, and the member of any other kind")
        return self


class EndPairing(BaseModel):
    """A pairing that is over."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"because": "reassigned", "on": "2026-11-20"}]})

    because: EndedBecause
    on: date | None = Field(default=None, description="First day it is over; today where not given, never ahead.", examples=["2026-11-20"])


class HandOver(BaseModel):
    """All households of a member go to others, evenly by what they have, neighbours together."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_HAND_OVER]})

    from_member_id: UUID = Field(examples=[MEMBER_EXAMPLE])
    to: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]
    because: HandedBecause = "left"

    @model_validator(mode="after")
    def _others(self) -> "HandOver":
        if len(set(self.to)) != len(self.to) or self.from_member_id in self.to:
            raise ValueError("name each of the others once, and not whose they were")
        return self
