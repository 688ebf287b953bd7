"""What is shown of places with signs that many voices are few people."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.complaints.sign_views import SignView, WeightView
from services.complaints.signs import ALWAYS
from services.warnings.brigading_models import BrigadingEpisode, BrigadingLook

_WEIGHT = {"tellings": 27, "households": 2, "anonymous": 1}
_EPISODE: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e", "unit": {"code": "441624108213", "name": "水口村"},
    "branch": {"code": "water", "name": "供水"}, "state": "open", "opened_at": "2026-11-22T02:10:00Z", "ended_at": None,
    "told_at": "2026-11-22T02:10:00Z", "looked_at": "2026-11-22T02:15:00Z", "usual": 3, "weight": _WEIGHT, "calls_for_a_look": True,
    "signs": [{
        "kind": "burst", "name": "短时集中", "calls_for_a_look": True, "looks": "few", "count": 27, "bound": 5, "weight": _WEIGHT,
        "words": "24小时内27次诉求,往常28天共3次,一天至多5次属常见;来自2户,另有匿名1次。次数多而户数少。",
        "advice": "请按登记的联系方式逐户回访核实;核实前照常办理。", "tickets": ["20261122-000123-6"],
    }],
}  # fmt: skip


class Named(BaseModel):
    """Something by its code and name."""

    code: str = Field(examples=["water"])
    name: str = Field(examples=["供水"])


class BrigadingView(BaseModel):
    """A place and branch of the catalogue with signs, from the first look that had any until a day after the last."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EPISODE]})

    id: UUID
    unit: Named = Field(description="The village; a wider unit where none is known.")
    branch: Named = Field(description="The branch of the catalogue; its code is empty for what has no category yet.")
    state: Literal["open", "ended"]
    opened_at: datetime
    ended_at: datetime | None
    told_at: datetime | None = Field(description="When the desk above was told of a burst: once.")
    looked_at: datetime = Field(description="When it was first seen to be so.")
    usual: int = Field(description="How often something was told there in the 28 days before the days looked at.")
    weight: WeightView
    calls_for_a_look: bool = Field(description="False where all there is is a burst of many households.")
    signs: list[SignView] = Field(description="As they were seen last.")


class BrigadingList(BaseModel):
    """Places with signs, the newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [_EPISODE], "next": None, "as_of": "2026-11-22T04:00:00Z", "rule": ALWAYS}]}
    )

    items: list[BrigadingView]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
    as_of: datetime
    rule: str = Field(description="What holds whatever the signs are.")


def brigading_view(row: BrigadingEpisode, seen: BrigadingLook, at: datetime) -> BrigadingView:
    """Return the view of an episode as it was known at an instant, when `seen` was the newest look."""
    signs = [SignView.model_validate(sign) for sign in seen.figures["signs"]]
    ended = row.ended_at is not None and row.ended_at <= at
    return BrigadingView(
        id=row.id,
        unit=Named(code=row.unit_code, name=row.unit_name),
        branch=Named(code=row.branch, name=row.branch_name),
        state="ended" if ended else "open",
        opened_at=row.opened_at,
        ended_at=row.ended_at if ended else None,
        told_at=row.told_at if row.told_at is not None and row.told_at <= at else None,
        looked_at=seen.looked_at,
        usual=seen.figures["usual"],
        weight=WeightView.model_validate(seen.figures["weight"]),
        calls_for_a_look=any(sign.calls_for_a_look for sign in signs),
        signs=signs,
    )
