"""The actions that lead to striking off: reporting complete, publishing, objecting, what households say, and reasons why not."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from services.matters.commands import Command
from services.matters.deed_parts import ClientId, Day, example_of
from services.matters.striking_models import HOUSEHOLDS_BECAUSE, TELLER_BECAUSE
from services.platform.text import Words, WordsOfNobody

_ID = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e20"


class ReportComplete(Command):
    """Report the whole work complete (报告完工), as the lead. What supervisors, households and the notice say counts from here."""

    model_config = example_of("report_complete", completion_id=_ID, done_on="2026-11-20", words="3.5公里渠段全部完工通水。")
    action: Literal["report_complete"]
    completion_id: ClientId
    done_on: Day
    words: WordsOfNobody


class OpenNotice(Command):
    """Publish the result for objections (公示); its days begin after the day it is opened."""

    model_config = example_of("open_notice", notice_id=_ID, words="在村务公开栏公示七日。")
    action: Literal["open_notice"]
    notice_id: ClientId
    words: WordsOfNobody


class ObjectTo(Command):
    """Write down an objection (异议) for a household, or for somebody who does not say who they are. The words are sealed."""

    model_config = example_of("object", objection_id=_ID, household_id=None, words="渠尾还在漏水。")
    action: Literal["object"]
    objection_id: ClientId
    household_id: UUID | None = None
    words: Words


class DecideObjection(Command):
    """Decide an objection, as somebody who neither did the work nor wrote the objection down."""

    model_config = example_of("decide_objection", objection_id=_ID, upheld=False, words="现场复核无渗漏。")
    action: Literal["decide_objection"]
    objection_id: UUID
    upheld: bool
    words: WordsOfNobody


class ConfirmHousehold(Command):
    """Say that an opinion of the handbook is a household's word on the result; confirmed by them where it says that it is solved."""

    model_config = example_of("confirm_household", opinion_id=_ID, solved=True)
    action: Literal["confirm_household"]
    opinion_id: UUID
    solved: bool


class AnswerRefusal(Command):
    """Answer a household's "not solved" with a coded reason: 不属本事项、政策不允许、另案办理、不合理诉求、其他."""

    model_config = example_of("answer_refusal", word_id=_ID, because="separate_matter", words="支渠另行立项。")
    action: Literal["answer_refusal"]
    word_id: UUID
    because: Literal["outside_matter", "policy_does_not_allow", "separate_matter", "not_reasonable", "other"]
    words: WordsOfNobody


class Waive(Command):
    """Say by name why somebody who told it is not asked (联系不上、迁出、去世、不愿表态、其他), or why fewer households suffice."""

    model_config = example_of("waive", about="teller", teller_ids=[_ID], because="moved_away", words="全户已迁往县城。")
    action: Literal["waive"]
    about: Literal["teller", "households"]
    teller_ids: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()
    because: Literal["unreachable", "moved_away", "deceased", "wants_no_question", "few_households", "other"]
    words: WordsOfNobody

    @model_validator(mode="after")
    def _fits(self) -> "Waive":
        if bool(self.teller_ids) is not (self.about == "teller"):
            raise ValueError("name who told it, about tellers and about nothing else")
        if self.because not in (TELLER_BECAUSE if self.about == "teller" else HOUSEHOLDS_BECAUSE):
            raise ValueError("this is no reason about that")
        return self


class RegisterAgain(Command):
    """Register a struck-off matter again (重新挂号), with a reason: a new round under the same number."""

    model_config = example_of("register_again", words="汛期渠段再次塌方。")
    action: Literal["register_again"]
    words: WordsOfNobody


class StrikeOff(Command):
    """Strike a matter off (销号)."""

    words: WordsOfNobody = Field(examples=["全部要求已满足,准予销号。"])


StrikingDeed = (
    ReportComplete | OpenNotice | ObjectTo | DecideObjection | ConfirmHousehold | AnswerRefusal | Waive | RegisterAgain
)  # fmt: skip
