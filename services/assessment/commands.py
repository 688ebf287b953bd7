"""What can be asked of assessment."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.platform.text import Code, ShortTextOfNobody, WordsOfNobody

TicketNumber = Annotated[str, Field(pattern=r"^[0-9]{8}-[0-9]{6}-[0-9]$", examples=["20261122-000123-6"])]
_Change = Annotated[int, Field(ge=-100_000, le=100_000)]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AskForRun(_Command):
    """Have a scheme of the rules in force worked out for some days; both belong to the period, and both are over."""

    scheme: Code = Field(description="Code of a scheme of the rules of kind `assessment`.", examples=["townships"])
    first: date = Field(examples=["2026-10-01"])
    last: date = Field(examples=["2026-10-31"])

    @model_validator(mode="after")
    def _in_order(self) -> "AskForRun":
        if not date(2000, 1, 1) <= self.first <= self.last <= date(2099, 12, 31):
            raise ValueError("first must not lie after last, and both between 2000 and 2099")
        return self


class WithdrawRun(_Command):
    """Take a run back before it is final."""

    words: ShortTextOfNobody = Field(description="Why; it stays readable.", examples=["规则有误，重新考核"])


class MakeAppeal(_Command):
    """Object to a sheet: to one item, or to all of it."""

    item: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_]*$")] = Field(
        default="", description="Code of an item; empty: the whole sheet.", examples=["satisfaction"]
    )
    words: WordsOfNobody = Field(examples=["该工单已按期办结，系统外电话告知，请复核。"])
    tickets: Annotated[list[TicketNumber], Field(max_length=50)] = Field(
        default_factory=list, description="Tickets that show it.", examples=[["20261122-000123-6"]]
    )


class SheetChange(_Command):
    """What a granted objection changes in one item: tickets of a metric, or points outright."""

    item: Code = Field(examples=["satisfaction"])
    metric: Annotated[str, Field(max_length=80)] | None = Field(
        default=None, description="Of which metric, where tickets change.", examples=["satisfaction_rate@1"]
    )
    numerator: _Change = Field(default=0, examples=[1])
    denominator: _Change = Field(default=0, examples=[0])
    points: Annotated[str, Field(pattern=r"^-?[0-9]{1,4}(\.[0-9]{1,2})?$")] = Field(
        default="0", description="Points given or taken outright, as text.", examples=["0"]
    )


class DecideScoreAppeal(_Command):
    """Grant an objection with what it changes, or refuse it; the words say why and stand beside the sheet."""

    granted: bool = Field(examples=[True])
    words: WordsOfNobody = Field(examples=["经核实，诉求人确已满意，予以更正。"])
    change: SheetChange | None = Field(default=None, description="What is put right; where it is granted.")

    @model_validator(mode="after")
    def _consistent(self) -> "DecideScoreAppeal":
        if self.granted != (self.change is not None):
            raise ValueError("a granted objection says what it changes, a refused one changes nothing")
        return self
