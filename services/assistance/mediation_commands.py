"""What is said of a mediation at the door. Parties are 甲方 (a) and 乙方 (b) wherever words are written."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.activities.commands import ActivityId, Reason
from services.complaints.commands import AttachmentIds
from services.complaints.field_reports import UploadIds
from services.platform.phones import normalised_phone
from services.platform.text import Code, ShortText, ShortTextOfNobody, Words

DisputeKind = Literal["land", "water", "neighbours", "family", "money", "labour", "damage", "other"]
Side = Literal["a", "b"]
EndingName = Literal["settled", "unsettled", "withdrawn"]
Present = Literal["both", "a", "b"]
Found = Literal["kept", "partly", "broken", "unreachable"]
ErasedBecause = Literal["request", "order", "unlawful"]
Purpose = Literal["session", "follow_up", "safety", "complaint"]
MEDIATION, SESSION, ENDING, FOLLOW_UP = (f"019aa7c0-7a56-7c60-a0b4-5d1f6a2f9f{nth}" for nth in (10, 11, 12, 13))


def _phone(given: str) -> str | None:
    return normalised_phone(given)


class PartyOf(BaseModel):
    """Who one side is. Sealed under a key of its own, and shown to nobody of the other side."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"name": "黄某某"}]})

    name: Annotated[ShortText, Field(max_length=60)]
    phone: Annotated[ShortText, AfterValidator(_phone)] | None = Field(default=None, examples=["13800000123"])
    household_id: UUID | None = Field(default=None, description="Its household in the register: whoever looks after it is on its side.")
    wants: Words | None = Field(default=None, description="What this side asks for; told to nobody of the other side.")


class OpenMediation(BaseModel):
    """A dispute between two parties that somebody mediates (调解)."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "mediation_id": MEDIATION, "unit": "441624108213001", "kind": "water", "opened_on": "2026-11-02",
                    "words": "甲方与乙方为田间放水先后起争执。", "party_a": {"name": "黄某某"}, "party_b": {"name": "李某某"},
                }
            ]
        },
    )  # fmt: skip

    mediation_id: Annotated[ActivityId, Field(description="Made by the client.")]
    unit: Code = Field(description="Where: a grid, village, township or the county.")
    kind: DisputeKind
    opened_on: date
    words: Words = Field(description="What it is about, with 甲方 and 乙方 in place of names. Sealed.")
    party_a: PartyOf
    party_b: PartyOf
    mediator_id: UUID | None = Field(default=None, description="Who mediates; whoever opens it where not given.")
    ticket: str | None = Field(default=None, min_length=1, max_length=64, description="The ticket it came from.")
    follows_id: UUID | None = Field(default=None, description="The mediation that ended before, of which it goes on.")


class RecordSession(BaseModel):
    """One session, with both parties or with one alone (背靠背)."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"session_id": SESSION, "held_on": "2026-11-03", "present": "both", "words": "甲方同意上午放水，乙方下午。"}]
        },
    )

    session_id: Annotated[ActivityId, Field(description="Made by the client.")]
    held_on: date
    present: Present
    words: Words = Field(description="What was said, with 甲方 and 乙方. Sealed.")
    attachment_ids: AttachmentIds = ()
    upload_ids: UploadIds = ()


class EndMediation(BaseModel):
    """How it ended. A settlement is in writing; a dispute that its parties withdrew is in no figure."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"ending_id": ENDING, "outcome": "settled", "ended_on": "2026-11-04", "agreement": "甲方上午放水，乙方下午放水，轮流清渠。"}
            ]
        },
    )

    ending_id: Annotated[ActivityId, Field(description="Made by the client; its entry in the ledger has the same id.")]
    outcome: EndingName
    ended_on: date
    agreement: Words | None = Field(default=None, description="What was agreed, or why nothing was, with 甲方 and 乙方. Sealed.")
    attachment_id: UUID | None = Field(default=None, description="The signed agreement, as a file.")


class WithdrawEnding(BaseModel):
    """Take an ending back that was written down wrongly: the mediation goes on."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"reason": "typing_error"}]})

    reason: Reason


class RecordFollowUp(BaseModel):
    """Whether what was agreed is kept (回访)."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"follow_up_id": FOLLOW_UP, "held_on": "2026-11-20", "found": "kept"}]},
    )

    follow_up_id: Annotated[ActivityId, Field(description="Made by the client.")]
    held_on: date
    found: Found
    words: Words | None = Field(default=None, description="With 甲方 and 乙方. Sealed.")


class OpenParty(BaseModel):
    """Why somebody wants to read who a party is."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"purpose": "follow_up", "words": "回访"}]})

    purpose: Purpose
    words: ShortTextOfNobody = Field(description="In one's own words, without names.")


class EraseParty(BaseModel):
    """Why what is kept of one party is erased; the other party's stays."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"because": "request"}]})

    because: ErasedBecause
