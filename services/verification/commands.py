"""What is asked of verification."""

from datetime import date
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.platform.text import ShortText, Words, WordsOfNobody

Reason = Literal["unlawful", "beyond_policy", "impossible", "finally_decided", "private_matter", "harms_others", "untrue"]
Said = Annotated[bool | None, Field(examples=[True])]
Word = TypeVar("Word", "ConfirmOnPaper", "ConfirmByCode")


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnnounceDraw(_Command):
    """Promise a draw over the rounds that were answered (closed, where nobody was owed an answer) in these days."""

    first: Annotated[date, Field(description="First day, Asia/Shanghai.", examples=["2026-11-01"])]
    last: Annotated[date, Field(description="Last day; it belongs to the days.", examples=["2026-11-22"])]
    per_mille: Annotated[int, Field(ge=1, le=1000, description="Of the rounds of each unit, rounded up.", examples=[100])] = 100
    minimum: Annotated[int, Field(ge=0, le=100, description="At least so many of each unit.", examples=[3])] = 3
    calls_until: Annotated[
        date | None,
        Field(description="Until when the calls are to be made. Default: 14 days after `last`, or after today.", examples=[None]),
    ] = None
    words: Annotated[
        WordsOfNobody | None,
        Field(description="Why there is a further draw, where there is one over some of these days already.", examples=[None]),
    ] = None


class Witness(_Command):
    """Who saw it being signed: a colleague with an account, or anybody else by name, which is sealed."""

    member_id: Annotated[UUID | None, Field(examples=[None])] = None
    name: Annotated[ShortText | None, Field(examples=["黄小明"])] = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "Witness":
        if (self.member_id is None) == (self.name is None):
            raise ValueError("either member_id or name is needed")
        return self


class ConfirmOnPaper(_Command):
    """What a complainant signed, entered by somebody who was there."""

    solved: Said = None
    satisfied: Said = None
    contacted: Said = None
    signature: Annotated[
        UUID, Field(description="An uploaded picture of the signature.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d44"])
    ]
    witness: Witness
    complaint_id: Annotated[UUID | None, Field(description="Whose word it is, where there are several.", examples=[None])] = None
    words: Annotated[Words | None, Field(examples=["当面确认，水已通"])] = None

    @model_validator(mode="after")
    def _says_something(self) -> "ConfirmOnPaper":
        return says_something(self)


class ConfirmByCode(_Command):
    """What a complainant says of the result, who has the code of the ticket. The code is never part of an address."""

    code: Annotated[str, Field(min_length=1, max_length=64, examples=["K7M3QX5A"])]
    solved: Said = None
    satisfied: Said = None
    contacted: Said = None

    @model_validator(mode="after")
    def _says_something(self) -> "ConfirmByCode":
        return says_something(self)


class AppealByCode(_Command):
    """A complainant does not agree that their demand is unreasonable."""

    code: Annotated[str, Field(min_length=1, max_length=64, examples=["K7M3QX5A"])]
    words: Annotated[Words, Field(examples=["我要求修的是公共水管，不是自家的。"])]


class ProposeExclusion(_Command):
    """Propose to leave a ticket out of the rates, because what is demanded is unreasonable (不合理诉求)."""

    reason: Annotated[Reason, Field(examples=["beyond_policy"])]
    words: Annotated[WordsOfNobody, Field(examples=["诉求人要求为其个人宅基地修建专用道路，超出政策规定。"])]


class DecideExclusion(_Command):
    """Grant or refuse what somebody else proposed."""

    granted: Annotated[bool, Field(examples=[True])]
    words: Annotated[WordsOfNobody, Field(examples=["经核，要求超出村内道路建设政策，同意认定。"])]


class TakeAppeal(_Command):
    """Write down that a complainant appeals, who says so by telephone or at the desk."""

    words: Annotated[Words, Field(examples=["诉求人来电表示不同意认定。"])]


class DecideAppeal(_Command):
    """Uphold the adjudication or overturn it."""

    upheld: Annotated[bool, Field(examples=[False])]
    words: Annotated[WordsOfNobody, Field(examples=["经复核，所反映路段为公共道路，撤销认定。"])]


def says_something(command: Word) -> Word:
    """Return `command`; raise ValueError where it says neither."""
    if (command.solved, command.satisfied, command.contacted) == (None, None, None):
        raise ValueError("say at least one of solved, satisfied and contacted")
    return command
