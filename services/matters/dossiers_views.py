"""What is shown of 年终质询. Nothing in it is personal data of a villager: colleagues by name, units, words that name nobody, counts."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.matters.commands import MATTER_EXAMPLE, MEMBER_EXAMPLE
from services.matters.views import PlaceName, SumsView
from services.platform.text import ShownWords

QUESTION_EXAMPLE, DOSSIER_EXAMPLE = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9f01", "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9f02"
OutcomeCode = Literal["accepted", "carry_over", "supervised", "criticised", "passed_to_discipline", "no_answer"]
Capacity = Literal["county", "township", "village", "lead", "follower"]
_NUMBER = "挂号〔2026〕第0012号"
_COUNTS: dict[str, Any] = {"carried_in": 0, "registered": 12, "struck_off": 9, "open": 3, "questioned": 3, "answered": 3, "decided": 3}
_OUTCOME: dict[str, Any] = {
    "nth": 1, "code": "carry_over", "name": "限期结转", "new_date": "2027-06-30", "words": "资金已落实,限明年六月底前完成。",
    "because": None, "decided_at": "2027-01-12T02:10:00Z", "decided_by": "组织干部子",
}  # fmt: skip
_QUESTION: dict[str, Any] = {
    "id": QUESTION_EXAMPLE, "matter": "挂号〔2026〕第0012号", "matter_id": MATTER_EXAMPLE, "year": 2026, "member_id": MEMBER_EXAMPLE,
    "name": "书记庚", "capacity": "follower", "capacity_name": "挂钩党员", "words": "为何一年未能销号?", "answer_by": "2027-01-10",
    "asked_at": "2027-01-04T02:10:00Z", "asked_by": "组织干部子", "answers": [], "outcome": _OUTCOME, "corrected": [],
}  # fmt: skip
_FROZEN: dict[str, Any] = {
    "id": DOSSIER_EXAMPLE, "unit": {"code": "441624", "name": "和平县"}, "year": 2026, "edition": 1, "corrects_id": None,
    "corrected_by_id": None, "reason": None, "hash": "9f" * 32, "frozen_at": "2027-01-15T02:10:00Z", "frozen_by": "组织干部子",
    "counts": _COUNTS,
}  # fmt: skip


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class YearEndAnswerView(_View):
    """What the person asked said."""

    id: UUID
    words: ShownWords
    answered_at: datetime


class YearEndOutcomeView(_View):
    """What was decided on a question; `because` of one that corrects an earlier one."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_OUTCOME]})

    nth: int
    code: OutcomeCode
    name: str
    new_date: date | None = Field(description="Of what is carried over: by when.")
    words: ShownWords
    because: ShownWords | None
    decided_at: datetime
    decided_by: str


class YearEndQuestionView(_View):
    """A question to somebody who answers for a matter, with what became of it. `corrected` are outcomes that were decided anew."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_QUESTION]})

    id: UUID
    matter: str
    matter_id: UUID
    year: int
    member_id: UUID = Field(examples=[MEMBER_EXAMPLE])
    name: str
    capacity: str
    capacity_name: str
    words: ShownWords
    answer_by: date
    asked_at: datetime
    asked_by: str
    answers: list[YearEndAnswerView]
    outcome: YearEndOutcomeView | None
    corrected: list[YearEndOutcomeView]


class AnsweringView(_View):
    """Somebody who answers for a matter, and why."""

    capacity: Capacity
    capacity_name: str
    member_id: UUID = Field(examples=[MEMBER_EXAMPLE])
    name: str
    unit: PlaceName


class HistoryLine(_View):
    """Something that happened to a matter."""

    on: date
    what: str


class HandOffView(_View):
    """The lead went from one unit to another."""

    on: date
    old: PlaceName
    new: PlaceName


class YearEndBlocker(_View):
    """What stood in the way, and for how many days up to the end of the year."""

    code: str
    name: str
    since: date
    ended_on: date | None
    days: int


class KeptFollowUps(_View):
    """Which follow-ups of the year came, and on which days one was due and none did."""

    member_id: UUID
    name: str
    rhythm_days: int
    since: date
    kept: int
    missed: list[date]


class SupervisionOfYear(_View):
    """How often a supervisor noted something in the year."""

    capacity: Capacity
    name: str
    notes: int


class TasksOfYear(_View):
    """Sub-tasks as they stood at the end of the year."""

    total: int
    accepted: int
    overdue: int


class MilestoneOfYear(_View):
    """A milestone as it stood at the end of the year; `slip_days` is against the first plan."""

    title: ShownWords
    first_planned_on: date
    planned_on: date
    done_on: date | None
    slip_days: int


class DossierMatter(_View):
    """A matter that was registered and not struck off, with all that speaks about why."""

    id: UUID = Field(examples=[MATTER_EXAMPLE])
    number: str
    title: ShownWords
    unit: PlaceName
    category: str
    lead: PlaceName
    origin_on: date
    age_days: int = Field(description="At the end of the year, since `origin_on`.")
    registered_on: date
    round: int
    years_before: list[int] = Field(description="Years at whose end it was open already: it was carried over from each of them.")
    households: int
    persons: list[AnsweringView]
    history: list[HistoryLine]
    blockers: list[YearEndBlocker]
    hand_offs: list[HandOffView]
    follow_ups: list[KeptFollowUps]
    supervision: list[SupervisionOfYear]
    tasks: TasksOfYear
    milestones: list[MilestoneOfYear]
    money: list[SumsView]
    questions: list[YearEndQuestionView]
    before: list[YearEndQuestionView] = Field(description="What was asked and decided at the end of the years before.")


class DossierPerson(_View):
    """Somebody who answers for matters that are open, with their numbers."""

    member_id: UUID
    name: str
    units: list[PlaceName]
    matters: list[str]
    asked: int
    answered: int
    decided: int


class DossierCounts(_View):
    """How many; what was carried in and registered less what was struck off is what is open."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_COUNTS]})

    carried_in: int
    registered: int
    struck_off: int
    open: int
    questioned: int = Field(description="Open matters about which somebody was asked.")
    answered: int = Field(description="Open matters about which somebody answered.")
    decided: int = Field(description="Open matters with an outcome.")


class DossierLists(_View):
    """The matters behind each number; one that was registered twice in a year stands twice."""

    carried_in: list[str]
    registered: list[str]
    struck_off: list[str]
    open: list[str]
    undecided: list[str] = Field(description="Open ones without an outcome: nobody answered for them yet.")


class FrozenDossierView(_View):
    """A dossier that was frozen. `hash` is the SHA-256 of its document's canonical bytes."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_FROZEN]})

    id: UUID
    unit: PlaceName
    year: int
    edition: int
    corrects_id: UUID | None
    corrected_by_id: UUID | None
    reason: ShownWords | None
    hash: str
    frozen_at: datetime
    frozen_by: str
    counts: DossierCounts


class YearEndDossierView(_View):
    """年终质询: what is registered and not struck off, and who answers for it, as it was known at `as_of`."""

    year: int = Field(examples=[2026])
    unit: PlaceName | None
    over: bool = Field(description="Whether the year is over; before, the list is what there would be today.", examples=[True])
    as_of: datetime
    counts: DossierCounts
    lists: DossierLists = Field(
        examples=[{"carried_in": [], "registered": [_NUMBER], "struck_off": [], "open": [_NUMBER], "undecided": [_NUMBER]}]
    )
    persons: list[DossierPerson] = Field(
        examples=[
            [
                {
                    "member_id": MATTER_EXAMPLE,
                    "name": "李镇长",
                    "units": [{"code": "441624108", "name": "彭寨镇"}],
                    "matters": [_NUMBER],
                    "asked": 1,
                    "answered": 0,
                    "decided": 0,
                }
            ]
        ]
    )
    matters: list[DossierMatter] = Field(description="With all that speaks about why each is open.", examples=[[]])


class DossierChange(_View):
    """What a correction changes."""

    where: str
    old: str | None
    new: str | None


class FrozenDocument(_View):
    """The document that is hashed: the dossier, and of a later edition what it corrects, why, and everything that became different."""

    form: Literal["year_end@1"] = "year_end@1"
    edition: int
    corrects: str | None = Field(description="The hash of the edition it corrects.")
    reason: ShownWords | None
    changes: list[DossierChange]
    unfinished: ShownWords | None = Field(description="Why it was frozen though something is undecided.")
    dossier: YearEndDossierView


class FrozenDossierWhole(FrozenDossierView):
    """A frozen dossier with its document, exactly as it was frozen."""

    document: FrozenDocument


class FrozenDossiers(BaseModel):
    """Frozen dossiers, the newest first."""

    as_of: datetime
    items: list[FrozenDossierView]
