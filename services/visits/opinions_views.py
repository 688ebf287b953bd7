"""What is shown of the handbook."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.platform.text import ShownWords

_ID = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d80"
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_AT = "2026-11-15T02:10:00Z"
_WORDING: dict[str, Any] = {
    "sequence": 1, "words": "水渠要修，田里没有水。", "words_hash": _HASH, "because": None, "author": "黄干部", "happened_at": _AT,
    "recorded_at": _AT,
}  # fmt: skip
_CONFIRMATION: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d46", "kind": "signature", "kind_name": "手写签名", "strength": 5, "sequence": 1,
    "void": False, "happened_at": _AT, "recorded_at": _AT, "by": "黄干部", "witness": None,
    "attachment_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d44", "call_id": None,
}  # fmt: skip
_OUTCOME: dict[str, Any] = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d47", "kind": "ticket", "kind_name": "转为工单", "because": None, "words": None,
    "ticket": "20261122-000123-6", "ticket_status": "accepted", "matter_id": None, "holds": True, "happened_at": _AT, "recorded_at": _AT,
    "by": "黄干部", "message": None,
}  # fmt: skip
OPINION: dict[str, Any] = {
    "id": _ID, "household_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d10", "visit_id": None, "unit": "441624108213", "unit_name": "水口村",
    "member_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d11", "member": "黄干部", "category": "water.canal", "wants_answer": True,
    "told_by": "黄**", "heard_at": _AT, "recorded_at": _AT, "words": "水渠要修，田里没有水。", "words_hash": _HASH,
    "confirmed": "confirmed", "confirmed_name": "已确认", "strength": 5, "ended_in": "ticket", "ended_in_name": "转为工单",
    "withdrawn_at": None, "wordings": [_WORDING], "confirmations": [_CONFIRMATION], "outcomes": [_OUTCOME], "attachment_ids": [],
}  # fmt: skip


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class WordingView(_View):
    """Words of an opinion: the first are the villager's own, each later one was laid over them."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_WORDING]})

    sequence: int = Field(description="1 is what the villager said.", examples=[1])
    words: ShownWords | None = Field(description="Null after erasure.", examples=["水渠要修，田里没有水。"])
    words_hash: str = Field(description="SHA-256 of the canonical words, in hex.", examples=[_HASH])
    because: str | None = Field(examples=[None])
    author: str | None = Field(examples=["黄干部"])
    happened_at: datetime
    recorded_at: datetime


class ConfirmationView(_View):
    """That the villager stands by words: how, how strong that is, and whether it still counts."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_CONFIRMATION]})

    id: UUID
    kind: str = Field(examples=["signature"])
    kind_name: str = Field(examples=["手写签名"])
    strength: int = Field(description="1 to 5; 5 is the villager's own hand.", examples=[5])
    sequence: int = Field(description="Which wording they saw.", examples=[1])
    void: bool = Field(description="The words were changed since: it counts for nothing any more, and stays.", examples=[False])
    happened_at: datetime
    recorded_at: datetime
    by: str | None = Field(description="Who entered it; null where the villager's own WeChat said so.", examples=["黄干部"])
    witness: str | None = Field(description="Who was there: a colleague by name, anybody else masked.", examples=[None])
    attachment_id: UUID | None = Field(description="The signature.", examples=[None])
    call_id: UUID | None = Field(examples=[None])


class OutcomeView(_View):
    """What became of an opinion."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_OUTCOME]})

    id: UUID
    kind: str = Field(examples=["ticket"])
    kind_name: str = Field(examples=["转为工单"])
    because: str | None = Field(examples=[None])
    words: ShownWords | None = Field(description="What was done, or what the villager was told.", examples=[None])
    ticket: str | None = Field(examples=["20261122-000123-6"])
    ticket_status: str | None = Field(description="Of one that was merged, that of the ticket it went into.", examples=["accepted"])
    matter_id: UUID | None = Field(examples=[None])
    message: str | None = Field(
        description="Of an answer that is sent to the villager's telephone: queued, sent, or given_up. Null: told by word of mouth alone.",
        examples=[None],
    )
    holds: bool = Field(description="False of a ticket that was cancelled or rejected: something is still owed.", examples=[True])
    happened_at: datetime
    recorded_at: datetime
    by: str | None = Field(examples=["黄干部"])


class OpinionView(_View):
    """An opinion as the handbook has it."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [OPINION]})

    id: UUID
    household_id: UUID
    visit_id: UUID | None
    unit: str = Field(examples=["441624108213"])
    unit_name: str = Field(examples=["水口村"])
    member_id: UUID
    member: str | None = Field(description="Who heard it.", examples=["黄干部"])
    category: str | None = Field(examples=["water.canal"])
    wants_answer: bool
    told_by: str | None = Field(description="Who of the household said it, masked; null for whom the register names.", examples=["黄**"])
    heard_at: datetime
    recorded_at: datetime
    words: ShownWords | None = Field(description="In force. Null after erasure.", examples=["水渠要修，田里没有水。"])
    words_hash: str = Field(description="Of the words in force: what a confirmation names.", examples=[_HASH])
    confirmed: Literal["confirmed", "void", "unconfirmed"] = Field(examples=["confirmed"])
    confirmed_name: str = Field(examples=["已确认"])
    strength: int = Field(description="Of the strongest confirmation that counts; 0 of none.", examples=[5])
    ended_in: Literal["open", "on_the_spot", "ticket", "matter", "answered"] = Field(examples=["ticket"])
    ended_in_name: str = Field(examples=["转为工单"])
    withdrawn_at: datetime | None = Field(description="Taken out of the ledger, with a reason that stands there.", examples=[None])
    wordings: tuple[WordingView, ...]
    confirmations: tuple[ConfirmationView, ...]
    outcomes: tuple[OutcomeView, ...]
    attachment_ids: tuple[UUID, ...]


class HandbookVisit(_View):
    """A visit as a page of the handbook begins."""

    id: UUID
    happened_at: datetime = Field(examples=[_AT])
    outcome: str = Field(examples=["met"])
    outcome_name: str = Field(examples=["见到"])
    member: str | None = Field(examples=["黄干部"])
    nothing_said: bool = Field(examples=[False])
    completed_at: datetime | None = Field(examples=[_AT])
    unconfirmed_because: str | None = Field(examples=[None])


HANDBOOK: dict[str, Any] = {
    "household_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d10", "number": "3-012", "head": "黄**", "unit": "441624108213",
    "unit_name": "水口村", "visits": [], "opinions": [OPINION], "open": 0, "unconfirmed": 0,
}  # fmt: skip


class Handbook(_View):
    """The pages of a household (《服务群众工作手册》): who called, what was said, who stands by it, what became of it. The oldest first."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [HANDBOOK]})

    household_id: UUID
    number: str | None = Field(description="In the village's register.", examples=["3-012"])
    head: str | None = Field(description="Masked.", examples=["黄**"])
    unit: str = Field(examples=["441624108213"])
    unit_name: str = Field(examples=["水口村"])
    visits: tuple[HandbookVisit, ...]
    opinions: tuple[OpinionView, ...]
    open: int = Field(description="Opinions nothing became of.", examples=[0])
    unconfirmed: int = Field(description="Opinions nobody stands by, or not any more.", examples=[0])


class CodeView(_View):
    """A code that was made."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [{"id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d48", "way": "sms_code", "expires_at": _AT, "code": None}]
        },
    )

    id: UUID
    way: str = Field(examples=["sms_code"])
    expires_at: datetime
    code: str | None = Field(
        description="Of `wechat`: to be shown to the villager, who sends 确认 and it; if they like, 满意 or 不满意 with who called."
        " One that is sent is told to nobody else."
    )


class OpenOpinion(_View):
    """An opinion that waits, by its id: whoever may read it reads it there."""

    id: UUID
    unit: str = Field(examples=["441624108213"])
    unit_name: str = Field(examples=["水口村"])
    member_id: UUID
    member: str | None = Field(examples=["黄干部"])
    heard_at: datetime = Field(examples=[_AT])
    days: int = Field(description="Natural days since it was heard.", examples=[16])
    late: bool = Field(description="The desk is told of it.", examples=[True])
    dropped_ticket: str | None = Field(description="The ticket it was, that was cancelled or rejected.", examples=[None])


class OpenOpinions(_View):
    """A page of opinions that wait for something to become of them, the oldest first."""

    items: tuple[OpenOpinion, ...]
    total: int = Field(examples=[1])
    next: str | None = Field(default=None, examples=[None])


class OpinionFigures(_View):
    """What became of the opinions heard in an area and period, and how they are confirmed."""

    heard: int = Field(description="条", examples=[120])
    withdrawn: int = Field(description="Taken out of the ledger; in no other figure.", examples=[1])
    ended_in: dict[str, int] = Field(description="By what they ended in; they add up to `heard`.", examples=[{"open": 2, "ticket": 18}])
    confirmed: dict[str, int] = Field(
        description="By the strongest kind that counts; `void` and `unconfirmed` besides. They add up to `heard`.",
        examples=[{"signature": 100, "void": 2, "unconfirmed": 18}],
    )
    late: int = Field(description="Open, and the desk is told.", examples=[1])
