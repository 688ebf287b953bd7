"""What is said of a help item at the door. Ids are made by the client: the same again is the same."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.activities.commands import FEN_AT_MOST, PERSONS_AT_MOST, ActivityId, Number, Reason, Source
from services.complaints.commands import AttachmentIds
from services.complaints.field_reports import UploadIds
from services.platform.text import ShortTextOfNobody, Words

HelpKind = Literal["production", "skills", "employment", "housing", "medical", "schooling", "care", "disaster", "policy", "other"]
StepKind = Literal["given", "pledged", "received", "handed_over"]
HelpOutcome = Literal["achieved", "partly", "not_achieved", "moved_away", "declined"]
Confirmation = Literal["signature", "call_recording", "wechat", "sms_code", "witness"]
Unconfirmed = Literal["absent", "refused", "ill", "moved_away", "deceased"]
HELPERS_AT_MOST = 20
ITEM, STEP, HOME, SOMEBODY = (
    "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e10",
    "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e11",
    "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d10",
    "019aa6c0-0000-7000-8000-000000000001",
)


class OpenHelp(BaseModel):
    """What somebody undertakes for a household (帮扶)."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "item_id": ITEM, "household_id": HOME, "kind": "production", "goal": "帮助采购小羊，教会养殖技术。",
                    "started_on": "2026-11-02", "due_on": "2027-05-31", "persons": ["3-012-1", "3-012-2"],
                }
            ]
        },
    )  # fmt: skip

    item_id: Annotated[ActivityId, Field(description="Made by the client.")]
    household_id: UUID = Field(description="The household that is helped.")
    kind: HelpKind
    goal: Words = Field(description="What is to be reached, in words. Sealed.")
    started_on: date = Field(description="Day in Asia/Shanghai; may be long ago, never to come.")
    due_on: date | None = Field(default=None, description="Until when it is to be reached.")
    needed_fen: int | None = Field(default=None, ge=1, le=FEN_AT_MOST, description="The money it takes, where money is raised (筹集).")
    helper_ids: tuple[UUID, ...] = Field(default=(), max_length=HELPERS_AT_MOST, description="Who helps; whoever opens it where empty.")
    persons: tuple[Number, ...] = Field(default=(), max_length=PERSONS_AT_MOST, description="Who is helped: numbers in the register.")
    people: int | None = Field(default=None, ge=1, le=100, description="How many, where nobody is listed.")
    follows_id: UUID | None = Field(default=None, description="The closed item it goes on from.")

    @model_validator(mode="after")
    def _sensible(self) -> "OpenHelp":
        if bool(self.persons) == (self.people is not None):
            raise ValueError("say who is helped with persons, or how many with people: one of both")
        if self.due_on is not None and self.due_on < self.started_on:
            raise ValueError("due_on must not be before started_on")
        return self


class SetHelpers(BaseModel):
    """Who helps from now on: all of them. Whoever is left out helps no more."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"helper_ids": [SOMEBODY]}]})

    helper_ids: tuple[UUID, ...] = Field(min_length=1, max_length=HELPERS_AT_MOST)


class RecordHelpStep(BaseModel):
    """One deed: help given; or money or goods promised (认捐), come (到位) or handed over (交付). Goods are no money."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "step_id": STEP, "kind": "received", "happened_on": "2026-11-03", "source": "donation", "amount_fen": 600000,
                    "words": "爱心企业捐助购羊款。",
                }
            ]
        },
    )  # fmt: skip

    step_id: Annotated[ActivityId, Field(description="Made by the client; its entry in the ledger has the same id.")]
    kind: StepKind
    happened_on: date
    words: Words | None = None
    source: Source | None = Field(default=None, description="Of money: where it comes from.")
    amount_fen: int | None = Field(default=None, ge=1, le=FEN_AT_MOST)
    goods: ShortTextOfNobody | None = Field(default=None, description="Of goods: what and how many. Names nobody.")
    helper_id: UUID | None = Field(default=None, description="Who did it, where somebody else writes it down.")
    attachment_ids: AttachmentIds = ()
    upload_ids: UploadIds = ()

    @model_validator(mode="after")
    def _one_thing(self) -> "RecordHelpStep":
        if self.kind == "given" and (self.amount_fen is not None or self.goods is not None):
            raise ValueError("what is given with money or goods is handed_over")
        if self.kind != "given" and (self.amount_fen is None) == (self.goods is None):
            raise ValueError("say amount_fen of money or goods of things: one of both")
        if (self.amount_fen is None) != (self.source is None):
            raise ValueError("money has a source, and nothing else has one")
        return self


class WithdrawStep(BaseModel):
    """Take a step back, out of the figures; it stays to be seen."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"reason": "wrong_amount"}]})

    reason: Reason


class CloseHelp(BaseModel):
    """How an item ended. The household confirms in one of five ways, the strongest first.

    Its signature as a picture, a recorded call, the code they sent us by WeChat, the code they told from an SMS, a witness.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"outcome": "achieved", "closed_on": "2026-11-20", "unconfirmed_because": "absent"}]},
    )

    outcome: HelpOutcome
    closed_on: date
    words: Words | None = Field(default=None, description="What was reached. Sealed.")
    money_left: Words | None = Field(default=None, description="What becomes of money that came and was not handed over.")
    confirmation: Confirmation | None = None
    attachment_id: UUID | None = Field(default=None, description="Of a signature: the picture.")
    call_id: UUID | None = Field(default=None, description="Of a recorded call.")
    witness_id: UUID | None = Field(default=None, description="Of a witness: a member who neither helped nor closes it.")
    code_id: UUID | None = Field(default=None, description="Of `wechat` and `sms_code`: the code that was asked for.")
    code: Annotated[str, Field(min_length=1, max_length=16)] | None = Field(default=None, description="Of `sms_code`: as it was told.")
    unconfirmed_because: Unconfirmed | None = Field(default=None, description="Why the household did not confirm.")

    @model_validator(mode="after")
    def _proven(self) -> "CloseHelp":
        if (self.confirmation is None) == (self.unconfirmed_because is None):
            raise ValueError("say confirmation or unconfirmed_because: one of both")
        wanted = {"signature": "attachment_id", "call_recording": "call_id", "witness": "witness_id"}
        for kind, name in wanted.items():
            if (self.confirmation == kind) != (getattr(self, name) is not None):
                raise ValueError(f"{name} is what a confirmation by {kind} has, and no other")
        if (self.confirmation in ("wechat", "sms_code")) != (self.code_id is not None):
            raise ValueError("code_id is what a confirmation by wechat or sms_code has, and no other")
        if (self.confirmation == "sms_code") != (self.code is not None):
            raise ValueError("code is what a confirmation by sms_code has, and no other")
        return self


class AskHelpCode(BaseModel):
    """Have a code made that the household says back for an end, in the words it is to be closed with."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"code_id": STEP, "way": "sms_code", "outcome": "achieved", "words": "十只小羊已长成。"}]},
    )

    code_id: Annotated[ActivityId, Field(description="Made by the client.")]
    way: Literal["sms_code", "wechat"]
    outcome: HelpOutcome
    words: Words | None = None
