"""What administrators say about the public page."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from services.platform.text import Code

PublicRole = Literal[
    "grid_worker", "guide", "assistant", "village_secretary", "township_dispatcher", "department_officer", "hotline_operator",
    "county_supervisor",
]  # fmt: skip
PeriodCode = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}(-(0[1-9]|1[0-2])|-Q[1-4])?$")]


class PublishPosts(BaseModel):
    """Whose names the public directory shows: holders of `roles` in a unit; `below`: and in all units under it; or one member alone."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"unit_code": "441624108213", "roles": ["village_secretary", "grid_worker"], "below": True, "published": True}]
        },
    )

    unit_code: Code
    roles: Annotated[list[PublicRole], Field(min_length=1, max_length=8)]
    below: StrictBool = False
    member_id: UUID | None = Field(default=None, description="Only this member's posts.")
    published: StrictBool = Field(description="false: their names are shown no more.")


class OrderCorrection(BaseModel):
    """A correction of what was published. `recount` counts a month again, `withdraw` takes a period back."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"period": "2026-10", "act": "recount", "reason": "late_records"}]}
    )

    period: PeriodCode
    act: Literal["recount", "withdraw"]
    reason: Literal["late_records", "wrong_records", "wrong_area", "not_public"] = Field(description="A word of ours: it is published.")
