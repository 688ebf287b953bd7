"""What can be asked of exports and saved reports."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.exports.formats import FileFormat
from services.platform.text import Code, ShortTextOfNobody

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
Value = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9\-][A-Za-z0-9._:@+,\-]{0,399}$")]
Question = Annotated[
    dict[Name, Value],
    Field(
        max_length=20,
        description="The parameters as they would stand in the address; lists as codes with commas; `period` for one that moves with the"
        " day: `last_month`, `this_week`, `last_7_days`. GET /v1/exports/dictionary lists what each source may be asked.",
        examples=[{"metric": "completion_rate_due", "by": "unit:township", "period": "last_month"}],
    ),
]
SourceName = Annotated[Code, Field(description="What is asked for; see GET /v1/exports/dictionary.", examples=["reports"])]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AskExport(_Command):
    """Ask for a report or list as a file."""

    source: SourceName
    format: Annotated[FileFormat, Field(examples=["xlsx"])]
    question: Question = Field(default_factory=dict)


class SaveReport(_Command):
    """Keep a question under a name. `unit`: whoever has a seat there or below may run it too, each seeing their own part."""

    name: Annotated[ShortTextOfNobody, Field(examples=["上月各镇结案率"])]
    source: SourceName
    question: Question = Field(default_factory=dict)
    unit: Annotated[Code | None, Field(examples=["441624"])] = None


class ScheduleReport(_Command):
    """Have a saved report told to a webhook subscription, at an hour of Asia/Shanghai, as its owner sees it then.

    The subscription must be one that takes `report.delivered`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"frequency": "weekly", "weekday": 1, "hour": 8, "subscription": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d50"},
                {"frequency": "monthly", "monthday": 3, "hour": 9, "subscription": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d50"},
            ]
        }
    )

    frequency: Literal["daily", "weekly", "monthly"]
    hour: Annotated[int, Field(ge=0, le=23)]
    weekday: Annotated[int | None, Field(ge=1, le=7, description="1 is Monday; for weekly.")] = None
    monthday: Annotated[int | None, Field(ge=1, le=28, description="Every month has it; for monthly.")] = None
    subscription: UUID

    @model_validator(mode="after")
    def _whole(self) -> "ScheduleReport":
        if (self.weekday is not None) != (self.frequency == "weekly") or (self.monthday is not None) != (self.frequency == "monthly"):
            raise ValueError("`weekday` goes with weekly and `monthday` with monthly; each needs it")
        return self
