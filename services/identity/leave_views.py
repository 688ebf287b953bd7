"""What is shown of leave and deputies."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.identity.views import MemberName

State = Literal["ahead", "running", "over", "ended"]
_IDS = [f"0198f2a0-7c00-7000-8000-00000000000{number}" for number in range(10)]
_ACTING: dict[str, Any] = {
    "id": _IDS[7],
    "post_id": _IDS[3],
    "role": "township_dispatcher",
    "title": "乡镇调度员",
    "unit_code": "441624108",
    "unit_name": "彭寨镇",
    "deputy": {"id": _IDS[5], "name": "陈小红"},
    "valid_from": "2026-12-01",
    "valid_to": "2026-12-06",
    "over_on": "2026-12-06",
    "state": "ahead",
}
_LEAVE: dict[str, Any] = {
    "id": _IDS[6],
    "member": {"id": _IDS[1], "name": "黄小明"},
    "kind": "annual",
    "kind_name": "年休假",
    "valid_from": "2026-12-01",
    "valid_to": "2026-12-06",
    "over_on": "2026-12-06",
    "state": "ahead",
    "entered_at": "2026-11-22T02:00:00Z",
    "entered_by": "黄小明",
    "ended_at": None,
    "deputies": [_ACTING],
}


class ActingView(BaseModel):
    """A deputy for a post."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ACTING]})

    id: UUID
    post_id: UUID
    role: str
    title: str
    unit_code: str
    unit_name: str
    deputy: MemberName
    valid_from: date
    valid_to: date
    over_on: date = Field(description="The first day it is over in fact: before `valid_to` where it was ended early.")
    state: State = Field(description="ended: before its time.")


class LeaveView(BaseModel):
    """Leave of a member. A deputy is not told of what kind it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LEAVE]})

    id: UUID
    member: MemberName
    kind: str | None
    kind_name: str | None
    valid_from: date
    valid_to: date
    over_on: date = Field(description="The first day it is over in fact: before `valid_to` where it was ended early.")
    state: State = Field(description="ended: before its time.")
    entered_at: datetime
    entered_by: str | None = Field(description="Who entered it; null: the operator.")
    ended_at: datetime | None
    deputies: list[ActingView]


def state_of(first: date, over_on: date, today: date, *, ended: bool) -> State:
    """Return how it stands on a day."""
    if ended:
        return "ended"
    return "ahead" if today < first else "running" if today < over_on else "over"
