"""What is shown of the ledger."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.activities.commands import ACTIVITY_EXAMPLE

KIND_NAMES = {
    "visit": ("走访", "次"), "opinion": ("意见建议", "条"), "thing": ("办实事", "件"), "funds": ("资金", "元"),
    "help": ("帮扶", "人"), "dispute": ("矛盾纠纷", "起"), "labour": ("以工代劳", "天"),
}  # fmt: skip
SOURCE_NAMES = {
    "finance": "财政及部门资金", "donation": "社会捐助", "members": "党员干部捐款", "collective": "村集体",
    "villagers": "群众自筹", "other": "其他",
}  # fmt: skip


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ActivityView(_View):
    """An entry of the ledger. `household` tells only which entries are of the same one. Withdrawn entries stay, with why."""

    id: UUID = Field(examples=[ACTIVITY_EXAMPLE])
    kind: str = Field(examples=["visit"])
    kind_name: str = Field(examples=["走访"])
    counting_unit: str = Field(description="What one entry, or its amount, is counted in.", examples=["次"])
    unit_code: str = Field(examples=["441624108213001"])
    unit_name: str = Field(examples=["第一网格"])
    member_id: UUID = Field(examples=["019aa6c0-0000-7000-8000-000000000001"])
    happened_on: date = Field(examples=["2026-11-20"])
    outcome: str | None = Field(examples=["met"])
    household: str | None = Field(description="A keyed reference.", examples=["5f2b8c0d11aa9e42"])
    stage: str | None = Field(default=None, examples=[None])
    source: str | None = Field(default=None, examples=[None])
    amount: int | None = Field(default=None, description="Fen, half-days, or people where nobody is listed.", examples=[None])
    persons: int | None = Field(default=None, description="How many persons are listed, of help.", examples=[None])
    words: str | None = Field(default=None, description="Null where there are none, or the reader may not see them.", examples=[None])
    within_id: UUID | None = Field(default=None, examples=[None])
    thing_id: UUID | None = Field(default=None, description="Of an opinion: the thing that was done about it.", examples=[None])
    ticket: str | None = Field(default=None, description="Number of the ticket it belongs to.", examples=[None])
    corrects_id: UUID | None = Field(default=None, description="The entry it stands for.", examples=[None])
    recorded_at: datetime = Field(examples=["2026-11-22T02:10:00Z"])
    withdrawn_at: datetime | None = Field(default=None, examples=[None])
    withdrawn_because: str | None = Field(default=None, examples=[None])


class ActivityResult(_View):
    """What became of one entry of a batch."""

    activity_id: UUID | None = Field(examples=[ACTIVITY_EXAMPLE])
    status: Literal["recorded", "repeated", "refused"] = Field(examples=["recorded"])
    problem: dict[str, Any] | None = Field(default=None, description="Of a refused one: why, and what to do.", examples=[None])


class EntriesResult(_View):
    """What became of each entry, in the order they came."""

    results: list[ActivityResult]


class DeclaredView(_View):
    """A total from paper. It is never part of a counted figure."""

    id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d70"])
    unit_code: str = Field(examples=["441624"])
    unit_name: str = Field(examples=["和平县"])
    figure: str = Field(examples=["visits@1"])
    name: str = Field(examples=["入户走访"])
    counting_unit: str = Field(examples=["次"])
    first_day: date = Field(examples=["2013-06-01"])
    last_day: date = Field(examples=["2014-05-31"])
    amount: int = Field(examples=[186000])
    shown: str = Field(examples=["186000"])
    basis: str = Field(examples=["县三进三服务办公室2014年6月通报"])
    recorded_at: datetime = Field(examples=["2026-11-22T02:10:00Z"])
    withdrawn_at: datetime | None = Field(default=None, examples=[None])
    withdrawn_because: str | None = Field(default=None, examples=[None])


class DeclaredTotals(_View):
    """Totals from paper, by unit, figure and period."""

    items: list[DeclaredView]
