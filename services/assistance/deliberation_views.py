"""What is shown of deliberations: proposal, numbers and decision; sealed words only inside, where it belongs to one's area."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.assistance.deliberation_commands import MEETING, PROPOSAL
from services.pairing.views import Where
from services.platform.text import ShownWords

FORM_NAMES = {
    "villagers": "村民会议", "households": "村民会议（户代表）", "representatives": "村民代表会议", "group": "村民小组会议",
    "council": "村民议事会",
}  # fmt: skip
VERDICT_NAMES = {"adopted": "通过", "rejected": "未通过", "no_quorum": "未达法定人数"}
_VOTE: dict[str, Any] = {
    "form": "representatives", "form_name": "村民代表会议", "held_on": "2026-11-05", "place": "水口村委会", "eligible": 45, "present": 40,
    "votes_for": 36, "votes_against": 1, "abstained": 3, "verdict": "adopted", "verdict_name": "通过",
    "decision": "同意每户投工两天，村集体出资一半。",
}  # fmt: skip
_MEETING: dict[str, Any] = {
    "id": MEETING, **_VOTE, "rules_version": 0, "recorded_at": "2026-11-05T09:10:00Z", "published_at": None, "withdrawn_at": None,
    "withdrawn_because": None,
}  # fmt: skip
_DELIBERATION: dict[str, Any] = {
    "id": PROPOSAL, "unit": {"code": "441624108213", "name": "水口村"}, "title": "集资修水渠3.5公里", "proposed_on": "2026-11-02",
    "state": "adopted", "state_name": "通过", "ticket": None, "matter_id": None, "recorded_at": "2026-11-02T02:10:00Z",
}  # fmt: skip


class DeliberationView(BaseModel):
    """A deliberation as it stands in a list. `state`: open, adopted or rejected."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DELIBERATION]})

    id: UUID
    unit: Where
    title: str
    proposed_on: date
    state: str
    state_name: str
    ticket: str | None
    matter_id: UUID | None
    recorded_at: datetime


class MeetingView(BaseModel):
    """A meeting and its vote. `rules_version`: of the rules that said what it comes to."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MEETING]})

    id: UUID
    form: str
    form_name: str
    held_on: date
    place: str
    eligible: int
    present: int
    votes_for: int
    votes_against: int
    abstained: int
    verdict: str
    verdict_name: str
    decision: ShownWords | None
    rules_version: int
    recorded_at: datetime
    published_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_because: str | None


class DeliberationDetail(DeliberationView):
    """A deliberation with all its meetings, those that were taken back too."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_DELIBERATION, "words": None, "meetings": [_MEETING]}]})

    words: ShownWords | None = Field(description="Null where there are none, or whoever reads may not see them.")
    meetings: list[MeetingView]
