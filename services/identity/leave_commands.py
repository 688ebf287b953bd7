"""What is said about leave and deputies."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.organization.commands import Day

LeaveKind = Literal["annual", "sick", "personal", "family", "training", "official", "other"]
_MEMBER, _POST, _DEPUTY = (f"0198f2a0-7c00-7000-8000-00000000000{number}" for number in (1, 3, 5))


class Appoint(BaseModel):
    """A deputy for one post of whoever is on leave: for all of it, or for some of its days."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"post_id": _POST, "deputy_id": _DEPUTY}]})

    post_id: UUID
    deputy_id: UUID = Field(description="The member who acts (代班).")
    valid_from: Day | None = Field(default=None, description="The first day; null: the first of the leave, or today where that is over.")
    valid_to: Day | None = Field(default=None, description="The first day it is over; null: with the leave.")


class EnterLeave(BaseModel):
    """Leave of a member, with deputies for their posts. Without `member_id` it is one's own."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "annual", "valid_from": "2026-12-01", "valid_to": "2026-12-06"},
                {
                    "member_id": _MEMBER,
                    "kind": "annual",
                    "valid_from": "2026-12-01",
                    "valid_to": "2026-12-06",
                    "deputies": [{"post_id": _POST, "deputy_id": _DEPUTY}],
                },
            ]
        },
    )

    member_id: UUID | None = None
    kind: LeaveKind = Field(
        description="annual 年休假, sick 病假, personal 事假, family 婚丧产育假, training 学习培训, official 公务外出, other 其他."
    )
    valid_from: Annotated[Day, Field(description="The first day of leave.")]
    valid_to: Annotated[Day, Field(description="The first day after it.")]
    deputies: list[Appoint] = Field(default_factory=list, max_length=20)
