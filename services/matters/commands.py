"""What is decided about candidates and focus issues, and what is said of assets and problem villages. Words name nobody."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.platform.text import Code, ShortTextOfNobody, WordsOfNobody

Urgency = Literal["normal", "urgent", "emergency"]
FlagLevel = Literal["province", "city", "county"]
AssetKind = Literal["canal", "road", "pipe", "embankment", "power_line", "bridge", "other"]
Tension = Annotated[int, Field(ge=1, le=5, description="1 calm to 5 about to erupt (矛盾激化程度).", examples=[4])]
TicketNumber = Annotated[str, Field(min_length=1, max_length=64, examples=["20261122-000123-6"])]
CANDIDATE_EXAMPLE, MATTER_EXAMPLE = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e01", "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e02"
SEGMENT_EXAMPLE, MEMBER_EXAMPLE = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e03", "0198f2a0-7c00-7000-8000-000000000001"
_DETERMINE: dict[str, Any] = {
    "unit": "441624108213", "title": "水口村水渠修复", "category": "water.canal", "urgency": "urgent", "tension": 4,
    "origin_on": "2004-03-01", "because": "四十户反映,春灌在即,群众反映最多且亟需解决。",
}  # fmt: skip
_ASSET: dict[str, Any] = {"code": "canal-hfd", "kind": "canal", "name": "黄峰斗水渠", "called": ["水渠", "水圳"], "length_m": 320_000}
_SEGMENT: dict[str, Any] = {"unit": "441624108213", "from_m": 118_000, "to_m": 121_500}
_FLAG: dict[str, Any] = {"unit": "441624108213", "level": "city", "since": "2012-03-01", "because": "省市备案整顿的问题突出村。"}


class Command(BaseModel):
    """What every command has: nothing that is not in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Determine(Command):
    """Make a candidate a focus issue (焦点问题): most told, and urgent. Who decides, when and what was counted then is kept for good.

    A legacy problem that nobody tells any more has no candidate: then name its village, and tickets if there are any.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_DETERMINE]})

    candidate_id: UUID | None = None
    unit: Code | None = Field(default=None, description="Where it is; of a candidate it is known.", examples=["441624108213"])
    tickets: Annotated[tuple[TicketNumber, ...], Field(max_length=200)] = ()
    title: ShortTextOfNobody
    category: Code
    urgency: Urgency
    tension: Tension
    origin_on: date = Field(description="Since when the trouble is there, by what people say; its age counts from here.")
    because: WordsOfNobody
    segment_id: UUID | None = Field(default=None, description="The segment of an asset; of a candidate that has one, that one.")

    @model_validator(mode="after")
    def _placed(self) -> "Determine":
        if (self.candidate_id is None) == (self.unit is None):
            raise ValueError("name the candidate, or the unit of a trouble without one")
        return self


class SetAside(Command):
    """Leave a candidate for now, with a reason. It is a candidate again once twice as many households tell it."""

    because: WordsOfNobody = Field(examples=["自来水公司已列入本月检修计划。"])


class AddAsset(Command):
    """Enter a canal, a road or another long thing that several villages share."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_ASSET]})

    code: Code
    kind: AssetKind
    name: ShortTextOfNobody
    called: Annotated[tuple[ShortTextOfNobody, ...], Field(max_length=10, description="What villagers call it.")] = ()
    length_m: int = Field(ge=1, le=10_000_000)


class AddSegment(Command):
    """Say which part of an asset lies in a village, in metres from where it begins."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_SEGMENT]})

    unit: Code
    from_m: int = Field(ge=0, le=10_000_000)
    to_m: int = Field(ge=1, le=10_000_000)

    @model_validator(mode="after")
    def _forward(self) -> "AddSegment":
        if self.to_m <= self.from_m:
            raise ValueError("to_m must be behind from_m")
        return self


class FlagVillage(Command):
    """Put a village on the list of problem villages (问题村) of a level."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_FLAG]})

    unit: Code
    level: FlagLevel
    since: date
    because: WordsOfNobody


class UnflagVillage(Command):
    """Take a village off the list, with a reason; that it was on it stays to be seen."""

    until: date = Field(examples=["2014-12-31"])
    because: WordsOfNobody = Field(examples=["整顿验收合格。"])
