"""What administrators say: bodies of the requests that change the organisation."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StringConstraints, model_validator

from services.organization.duty_phones import duty_number, is_mobile
from services.platform.text import Code, ShortTextOfNobody

Kind = Literal["city", "county", "township", "village", "community", "grid", "station", "department"]
Tier = Literal["grid", "village", "township", "county", "city"]
Role = Literal[
    "grid_worker", "guide", "assistant", "grid_instructor", "village_secretary", "township_dispatcher",
    "department_officer", "county_supervisor", "hotline_operator", "service_member", "organization_inspector", "discipline_inspector",
    "analyst", "administrator",
]  # fmt: skip
Phone = Annotated[str, StringConstraints(pattern=r"^[0-9+][0-9 -]{2,19}$"), AfterValidator(duty_number)]
Function = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
Latitude = Annotated[float, Field(ge=-90, le=90, strict=True)]
Longitude = Annotated[float, Field(ge=-180, le=180, strict=True)]
Count = Annotated[int, Field(ge=0, le=100_000_000, strict=True)]
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_out(day: object) -> object:
    """Refuse what pydantic would take for a day besides ``2026-11-22``: seconds since 1970."""
    if isinstance(day, date) or (isinstance(day, str) and _DAY.fullmatch(day)):
        return day
    raise ValueError("must be a day such as 2026-11-22")


def _sensible(day: date) -> date:
    if not 1949 <= day.year <= 2200:  # noqa: PLR2004  outside of it, a typing mistake
        raise ValueError("must be a day between 1949 and 2200")
    return day


Day = Annotated[date, BeforeValidator(_written_out), AfterValidator(_sensible)]


class _Place(BaseModel):
    """Where a unit is and how its office is reached. Both coordinates or none, WGS-84 degrees; a mobile number only with a reason."""

    lat: Latitude | None = None
    lon: Longitude | None = None
    duty_phone: Phone | None = Field(default=None, description="The office's number; everybody may read it.", examples=["0762-5631234"])
    duty_phone_reason: ShortTextOfNobody | None = Field(
        default=None,
        description="Why a mobile number is published as the office's, and that its holder agreed; with a mobile number only.",
        examples=[None],
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> "_Place":
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat and lon are given together or not at all")
        return self

    @model_validator(mode="after")
    def _on_purpose(self) -> "_Place":
        if (self.duty_phone is not None and is_mobile(self.duty_phone)) != (self.duty_phone_reason is not None):
            raise ValueError("a mobile number is published with duty_phone_reason, which goes with no other: give the office's landline")
        return self


class AddUnit(_Place):
    """A new unit below another."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "441624108213004",
                    "parent_code": "441624108213",
                    "name": "第四网格",
                    "kind": "grid",
                    "tier": "grid",
                    "aliases": ["老屋组"],
                }
            ]
        },
    )

    code: Code
    parent_code: Code
    name: ShortTextOfNobody
    kind: Kind
    tier: Tier
    aliases: list[ShortTextOfNobody] = Field(default_factory=list, max_length=50)
    function: Function | None = None
    population: Count | None = None
    households: Count | None = None


class ChangeUnit(_Place):
    """What is to be different in a unit; members left out stay as they are. `valid_to` closes it from that day."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"duty_phone": "0762-5631234", "aliases": ["水口", "水口大队"]}]}
    )

    name: ShortTextOfNobody | None = None
    parent_code: Code | None = None
    aliases: list[ShortTextOfNobody] | None = Field(default=None, max_length=50)
    function: Function | None = None
    population: Count | None = None
    households: Count | None = None
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _something(self) -> "ChangeUnit":
        if not self.model_fields_set:
            raise ValueError("says nothing to change")
        for needed in ("name", "parent_code", "aliases"):
            if needed in self.model_fields_set and getattr(self, needed) is None:
                raise ValueError(f"{needed} cannot be null")
        return self


class AddMember(BaseModel):
    """A new member of the organisation. `party_member` decides between guide 指导员 and assistant 助理员."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "黄小明", "staff_number": "PZ-0031", "party_member": True}]}
    )

    name: ShortTextOfNobody
    staff_number: Code | None = None
    party_member: StrictBool


class ChangeMember(BaseModel):
    """What is to be different in a member. `left_on`: the first day they are no longer here. Who joins the party becomes a guide."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"party_member": True}]})

    name: ShortTextOfNobody | None = None
    party_member: StrictBool | None = None
    left_on: Day | None = None

    @model_validator(mode="after")
    def _something(self) -> "ChangeMember":
        if not self.model_fields_set:
            raise ValueError("says nothing to change")
        for needed in ("name", "party_member"):
            if needed in self.model_fields_set and getattr(self, needed) is None:
                raise ValueError(f"{needed} cannot be null")
        return self


class GivePost(BaseModel):
    """A post for a member. The role ``grid_instructor`` becomes guide or assistant as party membership says (A17)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"unit_code": "441624108213001", "role": "grid_instructor", "valid_from": "2026-12-01"}]},
    )

    unit_code: Code
    role: Role
    valid_from: Day | None = Field(default=None, description="First day; today where not given.")


class EndPost(BaseModel):
    """The end of a post."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"valid_to": "2026-12-31"}]})

    valid_to: Day | None = Field(default=None, description="The first day the post is over; today where not given.")
