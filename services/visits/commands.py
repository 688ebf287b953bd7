"""What is said of service days and visits: bodies of requests, and of what a phone sends later."""

import re
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.activities.commands import ActivityId
from services.complaints.commands import ATTACHMENTS_AT_MOST, AttachmentIds
from services.complaints.field_reports import UploadIds
from services.platform.clock import local_day
from services.platform.settings import settings
from services.platform.text import Code, ShortTextOfNobody, Words
from services.routing.geo import CoordinateSystem, Point
from services.shifts.cells import coarse

VISIT_EXAMPLE = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d80"
STEP_EXAMPLE = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d90"
HOUSEHOLD_EXAMPLE = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d10"
Step = Literal["check_in", "household_service", "feedback", "centre_notice", "summary"]
Outcome = Literal["met", "absent", "refused", "moved"]
Purpose = Literal["development", "party", "people"]
Unconfirmed = Literal["refused_to_sign", "illiterate_alone", "left_before", "unreachable", "told_in_confidence", "other"]
_MONTH = re.compile(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])")
_YEARS = range(1970, 2100)
_SYSTEMS = {"WGS-84": CoordinateSystem.WGS84, "GCJ-02": CoordinateSystem.GCJ02}


def _is_month(text: str) -> str:
    if not _MONTH.fullmatch(text):
        raise ValueError("must be a month such as 2026-11")
    return text


def _conceivable(at: AwareDatetime) -> AwareDatetime:
    if at.year not in _YEARS:
        raise ValueError(f"must lie between {_YEARS[0]} and {_YEARS[-1]}")
    return at


Month = Annotated[str, Field(min_length=7, max_length=7, examples=["2026-11"]), AfterValidator(_is_month)]
Instant = Annotated[AwareDatetime, AfterValidator(_conceivable)]
HappenedAt = Annotated[
    Instant | None, Field(description="When it was; now where not given. Not to come, and not more than 366 days ago.", examples=[None])
]
DayNumbers = Annotated[
    tuple[Annotated[int, Field(ge=1, le=31)], ...],
    Field(max_length=10, description="Numbers of days of the month; none: no service days.", examples=[[15, 16]]),
]


def month_of(text: str) -> date:
    """Return the first day of a month that is written ``2026-11``."""
    return date.fromisoformat(f"{text}-01")


class RuleServiceDays(BaseModel):
    """From a month on, these days of every month are service days."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: DayNumbers
    from_month: Month = Field(description="A month to come.", examples=["2027-01"])
    because: ShortTextOfNobody = Field(examples=["县委办〔2026〕12号"])


class MoveServiceDays(BaseModel):
    """In this one month, these days are service days instead."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: DayNumbers
    because: ShortTextOfNobody = Field(examples=["15日、16日逢台风，顺延至20日、21日"])


class Position(BaseModel):
    """Roughly where the phone was. As soon as it is read only the middle of its cell is left (WGS-84), here and wherever this is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, examples=[24.4381])]
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, examples=[114.9423])]
    coordinate_system: Literal["WGS-84", "GCJ-02"] = Field(examples=["GCJ-02"])

    @model_validator(mode="after")
    def _coarsely(self) -> "Position":
        lat, lon = coarse(Point(self.lat, self.lon, _SYSTEMS[self.coordinate_system]), settings().position_cell_metres)
        for name, value in (("lat", lat), ("lon", lon), ("coordinate_system", "WGS-84")):
            object.__setattr__(self, name, value)
        return self

    def __repr_args__(self) -> list[tuple[str, str]]:
        """Show nothing of the point, wherever this is printed."""
        return []


class RecordStep(BaseModel):
    """A step of one's round of a month was done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    step_id: Annotated[ActivityId, Field(description="Made by the client: the same again is the same.", examples=[STEP_EXAMPLE])]
    month: Month = Field(description="Whose service days it belongs to.")
    step: Step = Field(examples=["check_in"])
    happened_at: HappenedAt = None
    unit: Code = Field(description="Where: a grid, village or community, or the township's centre.", examples=["441624108213"])
    position: Position | None = Field(default=None, examples=[None])
    words: Words | None = Field(default=None, description="What was fed back, posted or summed up; sealed.", examples=[None])
    attachment_ids: AttachmentIds = Field(default=(), description="Photographs of it, uploaded before.", examples=[[]])
    upload_ids: UploadIds = Field(default=(), description="Photographs by the ids of their uploads, which may come later.", examples=[[]])

    @model_validator(mode="after")
    def _so_many(self) -> "RecordStep":
        if len(self.attachment_ids) + len(self.upload_ids) > ATTACHMENTS_AT_MOST:
            raise ValueError(f"a step has {ATTACHMENTS_AT_MOST} photographs at most")
        return self


class RecordVisit(BaseModel):
    """A visit to a household, or an attempt at one. `nothing_said` completes it with one tap: somebody was met, and had no opinion."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"visit_id": VISIT_EXAMPLE, "household_id": HOUSEHOLD_EXAMPLE, "nothing_said": True}]},
    )

    visit_id: Annotated[ActivityId, Field(description="Made by the client: the same again is the same.", examples=[VISIT_EXAMPLE])]
    household_id: UUID = Field(examples=[HOUSEHOLD_EXAMPLE])
    member_id: UUID | None = Field(
        default=None, description="Who called, where somebody else writes it down as it was told to them: a desk, or a colleague.",
        examples=[None],
    )  # fmt: skip
    happened_at: HappenedAt = None
    outcome: Outcome = "met"
    nothing_said: bool = Field(default=False, description="Somebody was met and had nothing to say: this completes the visit.")
    rebooked_for: date | None = Field(default=None, description="Of a closed door: when to come again.", examples=[None])
    follows_id: UUID | None = Field(
        default=None, description="The attempt this one repeats; it belongs to the same round.", examples=[None]
    )
    purposes: tuple[Purpose, ...] = Field(default=("people",), max_length=3, examples=[["people"]])
    matter_id: UUID | None = Field(default=None, description="The registered matter it was about.", examples=[None])
    words: Words | None = Field(default=None, description="A note on the visit, sealed. What villagers say is an opinion.", examples=[None])

    @model_validator(mode="after")
    def _fitting(self) -> "RecordVisit":
        if self.nothing_said and self.outcome != "met":
            raise ValueError("nothing_said is of a visit where somebody was met")
        if self.rebooked_for is not None and self.outcome not in ("absent", "refused"):
            raise ValueError("rebooked_for is of a closed door: absent or refused")
        if self.rebooked_for is not None and self.happened_at is not None and self.rebooked_for < local_day(self.happened_at):
            raise ValueError("rebooked_for must not lie before the visit")
        if self.follows_id == self.visit_id:
            raise ValueError("a visit cannot follow itself")
        return self


class CompleteVisit(BaseModel):
    """The visit is over: its opinions are all told, and confirmed or not for a reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    opinion_ids: tuple[UUID, ...] = Field(
        default=(),
        max_length=100,
        description="Opinions heard at it, where they may still be on the way: it waits for them.",
        examples=[[]],
    )
    unconfirmed_because: Unconfirmed | None = Field(
        default=None, description="Why it is completed although an opinion is not confirmed.", examples=[None]
    )
