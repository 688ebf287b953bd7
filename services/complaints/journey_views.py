"""What is answered about the way of words: to their complainant by code, and to the staff."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

_NUMBER = "20261122-000123-6"
_AT = "2026-11-22T02:10:00Z"
_DID = "`same`: stands in both · `added`: new in this one · `removed`: stood in the version before."


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class Difference(_View):
    """A stretch of words that stayed, was added or was removed. Without the removed ones they are the words, in reading order."""

    did: Literal["same", "added", "removed"] = Field(description=_DID, examples=["added"])
    words: str = Field(examples=["村委会门口"])


class Step(_View):
    """Something that was done with the matter, as 派单 or 退单."""

    action: str = Field(description="As in the lifecycle; `receive` 受理, `follow` 随迁 and `escalated` 升级 besides.", examples=["return"])
    name: str = Field(examples=["退单"])
    at: datetime = Field(examples=[_AT])
    reason: str | None = Field(default=None, description="Its coded reason, in words.", examples=["不属于本单位职责"])
    level: str | None = Field(default=None, description="Of an escalation: what was reached.", examples=["督办"])
    units: tuple[str, ...] = Field(default=(), description="Whom it was given to, or who was called.", examples=[["彭寨镇"]])


class HopView(_View):
    """A time in which one unit had the matter. The last step is what ended it."""

    since: datetime = Field(examples=[_AT])
    until: datetime | None = Field(default=None, description="Null while it has it.", examples=["2026-11-22T03:40:00Z"])
    minutes: int = Field(description="How long, in whole minutes; those of all hops add up to the whole.", examples=[90])
    working_minutes: int | None = Field(description="Of these in office time. Null where no limit of it counts that.", examples=[70])
    state: Literal["waiting", "working", "verifying", "over"] = Field(examples=["working"])
    state_words: str = Field(examples=["承办单位办理"])
    round: int = Field(examples=[1])
    tier: str | None = Field(default=None, examples=["village"])
    tier_name: str | None = Field(default=None, examples=["村（社区）"])
    unit: str | None = Field(description="Null while the system looks for a unit, and between an end and a new round.", examples=["水口村"])
    steps: tuple[Step, ...] = ()


class Overlay(_View):
    """The original words, or what was laid over or beside them: by which office, and what differs from the version before."""

    kind: Literal["original", "rewording", "supplement", "answer"] = Field(examples=["rewording"])
    kind_name: str = Field(examples=["补正"])
    at: datetime = Field(examples=[_AT])
    by: str = Field(description="诉求人, or the office; never the name of a person.", examples=["彭寨镇"])
    channel: str | None = Field(default=None, description="How it came, of what the complainant told.", examples=["热线"])
    round: int | None = Field(default=None, description="Of an answer.", examples=[1])
    words: str | None = Field(default=None, description="Null where only a place or files came.", examples=["水管在村委会门口爆了"])
    files: int = Field(default=0, examples=[1])
    difference: tuple[Difference, ...] = Field(
        default=(),
        description="To the version before: of a rewording the one before it (first the original), of an answer that of the round before.",
    )


class LookedAt(_View):
    """That a colleague saw the contact in clear."""

    at: datetime = Field(examples=[_AT])
    office: str = Field(examples=["县12345热线"])
    purpose: str | None = Field(default=None, description="As it was written down; null after erasure.", examples=["回访"])


class Journey(_View):
    """How the words of one complainant travelled, what was laid over them, and who looked at their contact."""

    number: str = Field(examples=[_NUMBER])
    status: str = Field(examples=["accepted"])
    status_words: str = Field(examples=["承办单位已签收，正在办理"])
    received_at: datetime = Field(examples=[_AT])
    ended_at: datetime | None = Field(default=None, description="Null while somebody has it.", examples=[None])
    minutes: int = Field(description="From the receipt to the end, or to now.", examples=[90])
    working_minutes: int | None = Field(default=None, examples=[70])
    hops: tuple[HopView, ...] = ()
    words: tuple[Overlay, ...] = Field(default=(), description="In the order they came. None after erasure.")
    erased: bool = Field(
        default=False, description="The person or the words were erased: nothing of them is told any more.", examples=[False]
    )
    looked: tuple[LookedAt, ...] = Field(default=(), description="Who saw the contact in clear: when, which office, what for.")


class AuthoredOverlay(Overlay):
    """The same for the staff: with the name of who wrote it."""

    author: str = Field(description="Name of the colleague; 诉求人 for the complainant, who is never named here.", examples=["李接线"])


class ComplaintWords(_View):
    """The words of one complaint, and everything laid over or beside them."""

    complaint_id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"])
    number: str = Field(description="Of the ticket it was told in; another one where that was merged.", examples=[_NUMBER])
    repeat: bool = Field(description="Told again without new facts.", examples=[False])
    words: tuple[AuthoredOverlay, ...]


class TicketWords(_View):
    """The timeline of words of a ticket: every complaint of it and of those merged into it, the first told first."""

    items: tuple[ComplaintWords, ...]


class TicketHops(_View):
    """Who had a ticket from when to when, and what they did with it: the first first. The minutes of all hops add up to the whole."""

    items: tuple[HopView, ...]
