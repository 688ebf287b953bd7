"""What is asked, answered and decided at the end of a year, and the order to freeze it. Words name nobody."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.matters.commands import MATTER_EXAMPLE, MEMBER_EXAMPLE
from services.matters.dossiers_views import OutcomeCode
from services.platform.text import Code, WordsOfNobody

AnyYear = Annotated[int, Field(ge=2000, le=9998, description="The year that is over.", examples=[2026])]
_ASK: dict[str, Any] = {
    "year": 2026, "matter_id": MATTER_EXAMPLE, "member_id": MEMBER_EXAMPLE, "words": "为何一年未能销号?卡在哪一环节?",
    "answer_by": "2027-01-10",
}  # fmt: skip
_DECIDE: dict[str, Any] = {"code": "carry_over", "new_date": "2027-06-30", "words": "资金已落实,限明年六月底前完成。"}


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AskAtYearEnd(_Command):
    """Ask somebody who answers for a matter why it is not struck off (质询). One question for each person, matter and year."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_ASK]})

    year: AnyYear
    matter_id: UUID
    member_id: UUID
    words: WordsOfNobody
    answer_by: date = Field(description="By the end of which day an answer is due; within sixty days.", examples=["2027-01-10"])


class AnswerAtYearEnd(_Command):
    """Answer what one was asked (说明)."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"words": "渠首段用地五月方才落实,余下三百米待春灌后施工。"}]}
    )

    words: WordsOfNobody


class DecideAtYearEnd(_Command):
    """Decide on a question (处理). A later decision corrects the one before, and says why."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_DECIDE]})

    code: OutcomeCode
    new_date: date | None = Field(default=None, description="Of `carry_over` alone: by when it is to be done.", examples=["2027-06-30"])
    words: WordsOfNobody
    because: WordsOfNobody | None = Field(default=None, description="Why the decision before is corrected; not of the first.")

    @model_validator(mode="after")
    def _dated(self) -> "DecideAtYearEnd":
        if (self.code == "carry_over") != (self.new_date is not None):
            raise ValueError("give `new_date` with `carry_over`, and with nothing else")
        return self


class FreezeYearEnd(_Command):
    """Freeze the dossier of a year and area."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"year": 2026, "unit": "441624"}]})

    year: AnyYear
    unit: Code = Field(description="A county or a township.", examples=["441624"])
    unfinished: WordsOfNobody | None = Field(default=None, description="Why it is frozen though something is undecided.")


class CorrectYearEnd(_Command):
    """Freeze it anew, as a correction that stands beside what it corrects."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"reason": "补录十二月一次跟进,处理意见相应更正。"}]}
    )

    reason: WordsOfNobody
    unfinished: WordsOfNobody | None = Field(default=None, description="Why it is frozen though something is undecided.")
