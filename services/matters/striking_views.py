"""What is shown of striking off: what is missing, who told it, what households say, notices and objections; certificates. Of nobody."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from services.matters.models import Matter
from services.matters.proving import Proof, confirming, last_words, missing
from services.matters.story import Story
from services.matters.striking_facts import proof_of, striking_of
from services.matters.striking_models import MatterCertificate
from services.platform.clock import local_day
from services.platform.text import ShownWords
from services.platform.unit_of_work import Work

_ID = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e20"
_HASH = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
TELLER_STATES = {
    "solved": "已确认解决", "not_solved": "表示没有解决", "answered": "已答复理由", "waived": "已注明原因", "anonymous": "匿名,无法询问",
    "unasked": "尚未询问",
}  # fmt: skip


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class MissingView(_View):
    """Something that lacks before the matter may be struck off."""

    code: str = Field(examples=["segment.not_inspected"])
    sentence: str = Field(description="What lacks, in Chinese.", examples=["责任段有渠段(路段)未经检查合格。"])
    todo: str = Field(description="What is to be done, in Chinese.", examples=["检查所列米数之间的一段,或补登点位后检查。"])
    about: str | None = Field(description="The id, level, code, amount or metres it is about.", examples=["118000-121500"])


class TellerView(_View):
    """Somebody who told the trouble: in a ticket or an opinion. `household` tells who is the same, and nothing else."""

    id: UUID = Field(examples=[_ID])
    kind: Literal["ticket", "opinion"]
    number: str | None = Field(description="Of a ticket.", examples=["20261122-000123-6"])
    household: int
    state: Literal["solved", "not_solved", "answered", "waived", "anonymous", "unasked"]
    state_name: str
    because: str | None


class WordView(_View):
    """What a household said of the result: an opinion of the handbook, or what a complainant answered to a call-back."""

    id: UUID = Field(examples=[_ID])
    household: int
    solved: bool
    said_at: datetime
    kind: str
    strength: int
    answered: str | None = Field(description='Why "not solved" does not stand in the way.')


class NoticeView(_View):
    """公示: from the day it was opened to its last whole day."""

    id: UUID = Field(examples=[_ID])
    begins_on: date
    ends_on: date
    words: ShownWords


class ObjectionView(_View):
    """An objection; its words are read apart, by whoever decides on it."""

    id: UUID = Field(examples=[_ID])
    recorded_at: datetime
    upheld: bool | None
    decision: ShownWords | None


class CertificateView(_View):
    """A certificate of striking off. `superseded`: the matter was registered again since."""

    id: str = Field(examples=[_HASH])
    round: int
    issued_at: datetime
    signed: bool
    superseded: bool


class StrikingView(_View):
    """How far a matter is from being struck off, in its present round."""

    round: int
    completed_at: datetime | None = Field(description="When the work was last reported complete.")
    households: int = Field(description="Distinct households that say it is solved.")
    households_asked: int
    notice_days: int
    tellers: list[TellerView]
    words: list[WordView]
    notices: list[NoticeView]
    objections: list[ObjectionView]
    missing: list[MissingView] = Field(description="Nothing: a county supervisor may strike it off.")


async def striking_view(work: Work, matter: Matter, story: Story, round: int) -> StrikingView:  # noqa: A002  the column's name
    """Return how far a matter is, as it was known at the story's instant."""
    striking = await striking_of(work, matter, round, story.at)
    proof = proof_of(matter, story, striking, local_day(story.at))
    numbers = {one.id: (one.kind, one.number) for one in striking.tellings}
    return StrikingView(
        round=round, completed_at=striking.completions[-1].recorded_at if striking.completions else None, households=confirming(proof),
        households_asked=proof.rules.households, notice_days=proof.rules.notice_days,
        tellers=_tellers(proof, numbers), words=[_word(one) for one in proof.words], notices=[_notice(one) for one in striking.notices],
        objections=[_objection(story, one) for one in striking.objections], missing=missing_views(proof),
    )  # fmt: skip


class Ended(_View):
    """How a matter stands to its end: what is missing while it is registered, and its certificates."""

    certificate: CertificateView | None
    certificates: list[CertificateView]
    striking: StrikingView | None


async def ended_view(work: Work, matter: Matter, story: Story, state: Any) -> Ended:
    """Return how a matter stood to its end, as it was known at the story's instant."""
    query = select(MatterCertificate).where(MatterCertificate.matter_id == matter.id, MatterCertificate.issued_at <= story.at)
    struck_off = state.state == "struck_off"
    found = [
        CertificateView(
            id=row.id, round=row.round, issued_at=row.issued_at, signed=row.signed_at is not None and row.signed_at <= story.at,
            superseded=not (struck_off and row.round == state.round),
        )
        for row in await work.session.scalars(query.order_by(MatterCertificate.round))
    ]  # fmt: skip
    striking = await striking_view(work, matter, story, state.round) if state.state == "registered" else None
    return Ended(certificate=next((one for one in found if not one.superseded), None), certificates=found, striking=striking)


def missing_views(proof: Proof) -> list[MissingView]:
    """Return what lacks."""
    return [MissingView(**asdict(one)) for one in missing(proof)]


def _tellers(proof: Proof, numbers: dict[UUID, Any]) -> list[TellerView]:
    last = last_words(proof.words, proof.completions[0].at) if proof.completions else {}
    found = []
    for teller in proof.tellers:
        word = last.get(teller.household)
        state = "waived" if teller.because else "unasked" if teller.household else "anonymous"
        if word is not None and not (teller.because and not word.solved):
            state = "solved" if word.solved else "answered" if word.answered else "not_solved"
        kind, number = numbers[UUID(teller.id)]
        shown = {"kind": kind, "number": number, "state": state, "state_name": TELLER_STATES[state], "because": teller.because}
        found.append(TellerView.model_validate({"id": teller.id, "household": teller.household, **shown}))
    return found


def _word(word: Any) -> WordView:
    shown = word._asdict()
    return WordView.model_validate({**shown, "said_at": shown.pop("at")})


def _notice(row: Any) -> NoticeView:
    return NoticeView(id=row.id, begins_on=row.begins_on, ends_on=row.ends_on, words=row.words)


def _objection(story: Story, row: Any) -> ObjectionView:
    decided = row.decided_at is not None and row.decided_at <= story.at
    return ObjectionView(
        id=row.id, recorded_at=row.recorded_at, upheld=row.upheld if decided else None, decision=row.decision if decided else None
    )
