"""When a vote counts, what it comes to, and after how many days an agreement is asked about: a county's rules as versions.

Version 0 follows the law: 村民委员会组织法 (2018) art. 22 (村民会议: more than half of the grown-up villagers, or two thirds of the
households; decided by more than half of those present), art. 26 (村民代表会议: two thirds of its members) and art. 28 (村民小组会议: two
thirds). A 议事会 (`council`) has no law; it is asked for half of its members. 以上 includes the number itself, 过半数 does not.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from services.assistance.models import FORMS
from services.platform.database import Json
from services.platform.errors import Fault, Invalid
from services.policies.actions import Kind
from services.policies.findings import MALFORMED, Finding
from services.policies.queries import Books

Verdict = Literal["adopted", "rejected", "no_quorum"]
NAME = "assistance"
_WHOLE = 1000


class Share(BaseModel):
    """A part of a number of people: ``of`` in ``out_of``; `more`: more than that, else that or more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: Annotated[int, Field(ge=1, le=_WHOLE)]
    out_of: Annotated[int, Field(ge=1, le=_WHOLE)]
    more: bool = False

    @model_validator(mode="after")
    def _a_part(self) -> "Share":
        if self.of > self.out_of or (self.more and self.of == self.out_of):
            raise ValueError("must be a part that can be reached")
        return self

    def reached(self, people: int, whole: int) -> bool:
        """Tell whether `people` are this part of `whole`, exactly: no fraction is ever rounded."""
        one, other = people * self.out_of, whole * self.of
        return one > other if self.more else one >= other


class FormRules(BaseModel):
    """Of one form of meeting: who must be there, of those who may vote; and who must agree, of those who are there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quorum: Share
    majority: Share


class AssistanceRules(BaseModel):
    """`forms`: every form of meeting; `follow_up_days`: how long after a settlement is asked whether it is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    forms: dict[Literal["villagers", "households", "representatives", "group", "council"], FormRules]
    follow_up_days: Annotated[int, Field(ge=1, le=365)]

    @model_validator(mode="after")
    def _every_form(self) -> "AssistanceRules":
        if set(self.forms) != set(FORMS):
            raise ValueError(f"forms must have all of {', '.join(FORMS)}")
        return self


_HALF = {"of": 1, "out_of": 2, "more": True}
_TWO_THIRDS = {"of": 2, "out_of": 3, "more": False}
BUILT_IN: Json = {
    "forms": {
        "villagers": {"quorum": _HALF, "majority": _HALF},
        "households": {"quorum": _TWO_THIRDS, "majority": _HALF},
        "representatives": {"quorum": _TWO_THIRDS, "majority": _HALF},
        "group": {"quorum": _TWO_THIRDS, "majority": _HALF},
        "council": {"quorum": _HALF, "majority": _HALF},
    },
    "follow_up_days": 30,
}


def rules_from(_version: int, definition: Json) -> AssistanceRules:
    """Return the rules of a definition that was checked."""
    return AssistanceRules.model_validate(definition)


async def _check(_session: AsyncSession, definition: Json) -> Sequence[Finding]:
    try:
        AssistanceRules.model_validate(definition)
    except ValidationError as faults:
        return [
            Finding(MALFORMED, "/" + "/".join(str(part) for part in one["loc"]), one["msg"]) for one in faults.errors(include_input=False)
        ]
    return []


KIND = Kind(NAME, BUILT_IN, _check)
RULES: Books[AssistanceRules] = Books(NAME, rules_from, rules_from(0, BUILT_IN))


def verdict_of(rules: FormRules, *, eligible: int, present: int, votes: tuple[int, int, int]) -> Verdict:
    """Return what a vote comes to; `votes` are for, against and abstained.

    Raises Invalid ``deliberation.more_than_eligible`` and ``deliberation.votes`` where the numbers cannot be right.
    """
    if present > eligible:
        fault = [Fault("/present", "more than are eligible")]
        raise Invalid("deliberation.more_than_eligible", "More are present than may vote; count again.", errors=fault)
    if sum(votes) != present:
        fault = [Fault("/votes_for", "for, against and abstained must add up to present")]
        raise Invalid("deliberation.votes", "The votes do not add up to those present; who said nothing abstained.", errors=fault)
    if not rules.quorum.reached(present, eligible):
        return "no_quorum"
    return "adopted" if rules.majority.reached(votes[0], present) else "rejected"
