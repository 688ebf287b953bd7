"""What is answered about verification."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.platform.text import ShownWords

_ID, _NUMBER, _AT = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d44", "20261122-000123-6", "2026-11-22T02:10:00Z"
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class DrawView(_View):
    """A draw, as anybody may see it. What was chosen is shown when it is opened, together with the seed."""

    id: UUID = Field(examples=[_ID])
    state: Literal["announced", "drawn", "opened"] = Field(examples=["opened"])
    first: date = Field(examples=["2026-11-01"])
    last: date = Field(examples=["2026-11-22"])
    sequence: int = Field(description="Which draw it is over days that overlap.", examples=[1])
    words: str | None = Field(default=None, description="Why there is a further one.", examples=[None])
    per_mille: int = Field(description="Of the rounds of each unit, rounded up.", examples=[100])
    minimum: int = Field(examples=[3])
    calls_until: date = Field(examples=["2026-12-06"])
    seed_hash: str = Field(description="SHA-256 of the seed, hexadecimal: the promise.", examples=[_HASH])
    seed: str | None = Field(description="The seed, hexadecimal, once it is opened.", examples=["00" * 32])
    announced_at: datetime = Field(examples=[_AT])
    drawn_at: datetime | None = Field(examples=[_AT])
    opened_at: datetime | None = Field(examples=[_AT])
    candidates: int | None = Field(description="How many rounds could be drawn.", examples=[214])
    chosen: int | None = Field(examples=[42])
    candidates_hash: str | None = Field(description="SHA-256 over the list, as docs/verification.md says.", examples=[_HASH])
    left_out: dict[str, int] | None = Field(
        description="Tickets received in these days that could not be drawn, by why.",
        examples=[{"merged": 4, "rejected": 1, "cancelled": 0}],
    )


class CandidateView(_View):
    """A round that could be drawn, and whether it was."""

    number: str = Field(examples=[_NUMBER])
    round: int = Field(examples=[1])
    unit: str = Field(description="Code of the unit that did the work.", examples=["441624108"])
    chosen: bool = Field(examples=[True])


class CandidateList(_View):
    """One page of what could be drawn, in the order the hash is made over."""

    items: list[CandidateView]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")


class CallToMake(_View):
    """A round that was drawn, and how far calling is."""

    number: str = Field(examples=[_NUMBER])
    round: int = Field(examples=[1])
    unit: str = Field(examples=["441624108"])
    state: Literal["to_call", "no_answer", "reached", "overtaken"] = Field(
        description="`no_answer`: tried and not reached; `overtaken`: the next round began before anybody was reached.",
        examples=["to_call"],
    )
    tries: int = Field(examples=[1])
    try_again_at: datetime | None = Field(description="Null where it need not be tried again.", examples=[_AT])


class ShareView(_View):
    """So many of `n` who said either; `percent` null where nobody did."""

    yes: int = Field(examples=[1])
    n: int = Field(examples=[2])
    percent: str | None = Field(examples=["50.00"])


class TallyView(_View):
    """What the draw came to for a unit; `unit` null for all of them. `drawn` = `reached` + `no_answer` + `not_called`."""

    unit: str | None = Field(examples=["441624108"])
    name: str | None = Field(examples=["彭寨镇"])
    candidates: int = Field(examples=[3])
    drawn: int = Field(examples=[3])
    reached: int = Field(examples=[2])
    no_answer: int = Field(examples=[1])
    not_called: int = Field(examples=[0])
    contacted: ShareView
    solved: ShareView
    satisfied: ShareView


class Coverage(_View):
    """A draw's result so far."""

    draw_id: UUID = Field(examples=[_ID])
    units: list[TallyView]
    total: TallyView


class CallBackView(_View):
    """One word about the result: how it came, and how sure it is (`strength`, 1 to 5) that the complainant said so."""

    id: UUID = Field(examples=[_ID])
    round: int = Field(examples=[1])
    said_at: datetime = Field(examples=[_AT])
    way: str = Field(examples=["paper"])
    way_name: str = Field(examples=["书面确认"])
    strength: int = Field(examples=[5])
    reached: bool = Field(examples=[True])
    contacted: bool | None = Field(examples=[True])
    solved: bool | None = Field(examples=[True])
    satisfied: bool | None = Field(default=None, examples=[None])
    signed: bool = Field(examples=[True])
    by: str | None = Field(description="The member who wrote it down; null where the complainants did.", examples=["书记庚"])
    next_round: bool = Field(description='It said "not solved", and the next round began.', examples=[False])


class CallBacks(_View):
    """Every word about a ticket's results, oldest first."""

    items: list[CallBackView]


class Confirmed(_View):
    """What became of a complainant's own word."""

    number: str = Field(examples=[_NUMBER])
    round: int = Field(description="The round it is about.", examples=[1])
    outcome: Literal["kept", "next_round", "kept_too_late"] = Field(
        description="`next_round`: the matter is taken up again; `kept_too_late`: the days for that are over.", examples=["next_round"]
    )


class ExclusionView(_View):
    """An adjudication of an unreasonable demand, with everybody who had a part in it."""

    number: str = Field(examples=[_NUMBER])
    round: int = Field(examples=[1])
    state: str = Field(examples=["granted"])
    counts: bool = Field(description="Whether the ticket is left out of the rates after removal now.", examples=[True])
    reason: str = Field(examples=["beyond_policy"])
    reason_name: str = Field(examples=["所提要求超出政策规定"])
    words: ShownWords = Field(examples=["要求为个人宅基地修建专用道路。"])
    proposed_at: datetime = Field(examples=[_AT])
    proposed_by: str = Field(examples=["调度员戊"])
    decided_at: datetime | None = Field(examples=[_AT])
    decided_by: str | None = Field(examples=["督办员乙"])
    decision: ShownWords | None = Field(examples=["同意认定。"])
    appeal_until: datetime | None = Field(examples=[_AT])
    appealed_at: datetime | None = Field(default=None, examples=[None])
    closed_at: datetime | None = Field(default=None, examples=[None])
    closed_by: str | None = Field(default=None, examples=[None])
    closing: ShownWords | None = Field(default=None, examples=[None])


class Exclusions(_View):
    """Adjudications, oldest first."""

    items: list[ExclusionView]


class Appealed(_View):
    """An appeal that was taken."""

    number: str = Field(examples=[_NUMBER])
    appealed_at: datetime = Field(examples=[_AT])


def of_hash(value: bytes | None) -> str | None:
    """Return bytes as they are published."""
    return value.hex() if value is not None else None
