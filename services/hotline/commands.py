"""What an operator asks for."""

from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.complaints.commands import Phone
from services.platform.text import Code, ShortTextOfNobody, Token, Words, WordsOfNobody, storable

DRAFT_BYTES_AT_MOST = 32 * 1024
CallId = Annotated[Token, Field(description="The telephone system's id of the call.", examples=["1795312694.0"])]
Source = Annotated[Code | None, Field(description="Code of the exchange, where there are several.", examples=["pbx-580"])]


def _bearable(content: dict[str, Any]) -> dict[str, Any]:
    if len(orjson.dumps(content)) > DRAFT_BYTES_AT_MOST:
        raise ValueError(f"must not be longer than {DRAFT_BYTES_AT_MOST} bytes")
    storable(orjson.dumps(content).decode())
    return content


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SaveDraft(_Command):
    """Keep what was typed so far, whole or not: nothing of it is checked before it is filed."""

    content: Annotated[
        dict[str, Any],
        AfterValidator(_bearable),
        Field(examples=[{"words": "水口村水管爆了", "contact": {"phone": "13800000123"}}]),
    ]
    call_id: CallId | None = None
    source: Source = None


class DiscardDraft(_Command):
    """Put a draft aside, and say why: silent call, wrong number, filed elsewhere."""

    because: Annotated[ShortTextOfNobody, Field(examples=["无声电话"])]


class WhoCalls(_Command):
    """Whose earlier tickets are wanted: of a call, or of a number somebody says; in the body, since addresses are logged."""

    phone: Phone = None
    call_id: CallId | None = None
    source: Source = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "WhoCalls":
        if (self.phone is None) == (self.call_id is None):
            raise ValueError("either phone or call_id is needed")
        return self


class LinkCall(_Command):
    """Say that a call was about a ticket, and what for."""

    call_id: CallId
    source: Source = None
    purpose: Annotated[Literal["supplement", "urge", "tell", "call_back", "three_party"], Field(examples=["urge"])]


class NoteCall(_Command):
    """Write something of a call down; of a three-party call, with which unit."""

    call_id: CallId
    source: Source = None
    kind: Annotated[Literal["note", "three_party"], Field(examples=["three_party"])] = "note"
    unit: Annotated[Code | None, Field(examples=["441624-D-SLJ"])] = None
    ticket: Annotated[str | None, Field(max_length=40, examples=["20261122-000123-6"])] = None
    words: Annotated[WordsOfNobody, Field(examples=["与县水利局三方通话，水利局承诺两小时内到场。"])]

    @model_validator(mode="after")
    def _with_a_unit(self) -> "NoteCall":
        if self.kind == "three_party" and self.unit is None:
            raise ValueError("a three-party call needs the unit it was held with")
        return self


class TakeTask(_Command):
    """See the number of whoever is to be called, for a purpose that is kept."""

    purpose: Annotated[ShortTextOfNobody, Field(examples=["回访"])]


class TaskOutcome(_Command):
    """How a call went. `told` ends a task to tell, `reached` one to call back, with what the person said; `unreachable` is tried again."""

    outcome: Annotated[Literal["told", "reached", "unreachable"], Field(examples=["reached"])]
    call_id: CallId | None = None
    source: Source = None
    contacted: bool | None = Field(default=None, description="Whether the unit had contacted the person.", examples=[True])
    solved: bool | None = Field(default=None, examples=[True])
    satisfied: bool | None = Field(default=None, examples=[True])
    words: Words | None = Field(default=None, examples=["水已经通了，谢谢。"])


DraftId = Annotated[UUID, Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d44"])]
