"""What is said of a deliberation at the door: a proposal, meetings with their votes in numbers, and showing it to everybody."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.activities.commands import ActivityId, Reason
from services.platform.text import Code, ShortTextOfNobody, Words, WordsOfNobody

Form = Literal["villagers", "households", "representatives", "group", "council"]
PROPOSAL, MEETING = "019aa7c0-7a56-7c60-a0b4-5d1f6a2fa010", "019aa7c0-7a56-7c60-a0b4-5d1f6a2fa011"
_MOST = 1_000_000


class Propose(BaseModel):
    """What is to be talked over (议事)."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"deliberation_id": PROPOSAL, "unit": "441624108213", "title": "集资修水渠3.5公里", "proposed_on": "2026-11-02"}]
        },
    )

    deliberation_id: Annotated[ActivityId, Field(description="Made by the client.")]
    unit: Code = Field(description="Whose it is: a grid, village or wider.")
    title: ShortTextOfNobody = Field(description="The proposal, as everybody may read it. Names nobody.")
    proposed_on: date
    words: Words | None = Field(default=None, description="More of it, and who proposes it. Sealed.")
    ticket: str | None = Field(default=None, min_length=1, max_length=64, description="The ticket it is about.")
    matter_id: UUID | None = Field(default=None, description="The registered matter it is about.")


class RecordMeeting(BaseModel):
    """A meeting and its vote. Whether it was quorate, and what it comes to, follows from the numbers."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "meeting_id": MEETING, "form": "representatives", "held_on": "2026-11-05", "place": "水口村委会", "eligible": 45,
                    "present": 40, "votes_for": 36, "votes_against": 1, "abstained": 3, "decision": "同意每户投工两天，村集体出资一半。",
                }
            ]
        },
    )  # fmt: skip

    meeting_id: Annotated[ActivityId, Field(description="Made by the client.")]
    form: Form = Field(description="村民会议 by people or by households, 村民代表会议, 村民小组会议, 议事会.")
    held_on: date
    place: ShortTextOfNobody
    eligible: int = Field(ge=1, le=_MOST, description="How many may vote: people, or households, as the form says.")
    present: int = Field(ge=1, le=_MOST)
    votes_for: int = Field(ge=0, le=_MOST)
    votes_against: int = Field(ge=0, le=_MOST)
    abstained: int = Field(ge=0, le=_MOST)
    decision: WordsOfNobody | None = Field(default=None, description="What was decided, as everybody may read it. None without a quorum.")


class WithdrawMeeting(BaseModel):
    """Take a meeting back that was written down wrongly; it stays to be seen, and is shown to the public no more."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"reason": "typing_error"}]})

    reason: Reason


class PublishMeeting(BaseModel):
    """Have it shown to everybody, after having read it."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"names_nobody": True}]})

    names_nobody: Literal[True] = Field(description="Whoever publishes has read it: nobody is named in proposal and decision.")
