"""What an operator sees. No number of a person is shown in clear, but the one they are about to call."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.complaints.same_person import EarlierTicket
from services.platform.text import ShownWords

_AT = "2026-11-22T02:10:00Z"
_DRAFT = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d44"
_NUMBER = "20261122-000123-6"
_CALL = "1795312694.0"
_TICKET: JsonDict = {
    "number": _NUMBER,
    "channel": "hotline",
    "status": "accepted",
    "status_name": "签收",
    "category": "water.pipe_burst",
    "category_name": "自来水管破裂",
    "received_at": _AT,
    "closed_at": None,
}
_LINE: JsonDict = {
    "id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d45",
    "source": "pbx-580",
    "call_id": _CALL,
    "direction": "inbound",
    "arrived_at": _AT,
    "disposition": "answered",
    "wait_seconds": 4,
    "talk_seconds": 95,
    "satisfaction": 1,
    "recorded": True,
}


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class DraftLine(_View):
    """A draft in a list, without its content."""

    id: UUID = Field(examples=[_DRAFT])
    call_id: str | None = Field(examples=[_CALL])
    author: str = Field(examples=["林小听"])
    begun_at: datetime = Field(examples=[_AT])
    saved_at: datetime = Field(examples=[_AT])
    version: int = Field(examples=[3])


class DraftView(_View):
    """A draft. `content` is null where it was put aside, or erased after a week."""

    id: UUID = Field(examples=[_DRAFT])
    call_id: str | None = Field(examples=[_CALL])
    content: dict[str, Any] | None = Field(examples=[{"words": "水口村水管爆了", "contact": {"phone": "13800000123"}}])
    version: int = Field(examples=[3])
    begun_at: datetime = Field(examples=[_AT])
    saved_at: datetime = Field(examples=[_AT])
    ended_at: datetime | None = Field(default=None, examples=[None])
    ticket: str | None = Field(default=None, description="The ticket it became.", examples=[None])


class CallLine(_View):
    """A call, without a word of who called."""

    id: UUID | None = Field(description="Null while the exchange has not told of it.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d45"])
    source: str | None = Field(examples=["pbx-580"])
    call_id: str = Field(examples=[_CALL])
    direction: str | None = Field(examples=["inbound"])
    arrived_at: datetime | None = Field(examples=[_AT])
    disposition: str | None = Field(examples=["answered"])
    wait_seconds: int | None = Field(examples=[4])
    talk_seconds: int | None = Field(examples=[95])
    satisfaction: int | None = Field(default=None, description="The key pressed after the call: 1 satisfied, 2 so-so, 3 not.", examples=[1])
    recorded: bool = Field(default=False, examples=[True])


class Caller(_View):
    """Who calls, as far as we know them."""

    phone: str | None = Field(description="Masked; null where the number is withheld.", examples=["138****0123"])
    tickets: list[EarlierTicket] = Field(examples=[[_TICKET]])
    calls: list[CallLine] = Field(examples=[[_LINE]])
    drafts: list[DraftLine] = Field(description="Drafts of the same caller that were never filed.", examples=[[]])


class CallNoteView(_View):
    """What an operator wrote of a call."""

    id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d46"])
    call_id: str = Field(examples=[_CALL])
    kind: str = Field(examples=["three_party"])
    unit: str | None = Field(examples=["和平县水利局"])
    ticket: str | None = Field(default=None, examples=[_NUMBER])
    words: ShownWords = Field(examples=["与县水利局三方通话，水利局承诺两小时内到场。"])
    author: str = Field(examples=["林小听"])
    recorded_at: datetime = Field(examples=[_AT])


class TicketCallView(_View):
    """A call about a ticket, what for, and what was noted of it. `id` is that of the link, null of the call it was told in."""

    id: UUID | None = Field(default=None, examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d48"])
    purpose: str = Field(examples=["told"])
    purpose_name: str = Field(examples=["反映"])
    call: CallLine = Field(examples=[_LINE])
    notes: list[CallNoteView] = Field(examples=[[]])


class TicketOfCall(_View):
    """A ticket a call was about."""

    number: str = Field(examples=[_NUMBER])
    purpose: str = Field(examples=["told"])
    status: str = Field(examples=["received"])


class PhoneTaskView(_View):
    """A call to make. The number is shown to whoever takes it on."""

    id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d47"])
    ticket: str = Field(examples=[_NUMBER])
    purpose: str = Field(examples=["call_back"])
    purpose_name: str = Field(examples=["回访"])
    words: ShownWords = Field(examples=["您的诉求（编号20261122-000123-6）的办理结果：已修好。"])
    name: str | None = Field(description="Masked.", examples=["张*"])
    phone: str | None = Field(description="Masked.", examples=["138****0123"])
    state: str = Field(examples=["open"])
    tries: int = Field(examples=[0])
    not_before: datetime = Field(examples=[_AT])
    taken_by: str | None = Field(default=None, description="Who is calling just now.", examples=[None])
    created_at: datetime = Field(examples=[_AT])


class NumberToCall(_View):
    """The number in clear, for the one call."""

    phone: str = Field(examples=["13800000123"])
    said: list[str] = Field(default_factory=list, description="Numbers that stand in their words, hidden elsewhere.", examples=[[]])
    taken_until: datetime = Field(examples=[_AT])
