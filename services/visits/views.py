"""What is shown of service days, rounds and visits."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.platform.text import ShownWords
from services.visits.commands import HOUSEHOLD_EXAMPLE, STEP_EXAMPLE, VISIT_EXAMPLE

_AT = "2026-11-15T01:30:00Z"
_MEMBER = "0198f2a0-7c00-7000-8000-000000000004"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ServiceDays(_View):
    """The service days of a month. `moved`: not those the rule says."""

    month: str = Field(examples=["2026-11"])
    days: list[date] = Field(examples=[["2026-11-15", "2026-11-16"]])
    due_at: datetime | None = Field(description="24:00 of the last day; null of a month without any.", examples=["2026-11-16T16:00:00Z"])
    moved: bool = Field(examples=[False])
    because: str | None = Field(description="Why they were moved, or ruled so.", examples=[None])


class StepView(_View):
    """A step of a round. `late`: after 24:00 of the last service day."""

    id: UUID = Field(examples=[STEP_EXAMPLE])
    step: str = Field(examples=["check_in"])
    name: str = Field(examples=["报到"])
    happened_at: datetime = Field(examples=[_AT])
    recorded_at: datetime = Field(examples=[_AT])
    unit_code: str = Field(examples=["441624108213"])
    unit_name: str = Field(examples=["水口村"])
    late: bool = Field(examples=[False])
    words: ShownWords | None = Field(default=None, examples=[None])
    attachment_ids: list[UUID] = Field(default=[], description="Photographs that have come.", examples=[[]])


class VisitView(_View):
    """A visit or an attempt. `month` is its round; null of one between service days (平时走访)."""

    id: UUID = Field(examples=[VISIT_EXAMPLE])
    household_id: UUID = Field(examples=[HOUSEHOLD_EXAMPLE])
    unit_code: str = Field(examples=["441624108213001"])
    member_id: UUID = Field(examples=[_MEMBER])
    month: str | None = Field(examples=["2026-11"])
    ad_hoc: bool = Field(examples=[False])
    happened_at: datetime = Field(examples=[_AT])
    recorded_at: datetime = Field(examples=[_AT])
    outcome: str = Field(examples=["met"])
    outcome_name: str = Field(examples=["见到"])
    nothing_said: bool = Field(examples=[True])
    rebooked_for: date | None = Field(examples=[None])
    follows_id: UUID | None = Field(examples=[None])
    purposes: list[str] = Field(examples=[["people"]])
    matter_id: UUID | None = Field(examples=[None])
    completed_at: datetime | None = Field(description="Null while opinions are to be told and confirmed.", examples=[_AT])
    unconfirmed_because: str | None = Field(examples=[None])
    recorded_by: str | None = Field(description="Who wrote it down, where it was not who called.", examples=[None])
    withdrawn_at: datetime | None = Field(description="When it was taken out of the ledger.", examples=[None])


class PlannedHome(_View):
    """A household of a round, masked, and how far it has come there. `missing`: nobody called."""

    household_id: UUID = Field(examples=[HOUSEHOLD_EXAMPLE])
    unit_code: str = Field(examples=["441624108213001"])
    number: str | None = Field(examples=["3-012"])
    head: str | None = Field(examples=["黄**"])
    state: Literal["visited", "attempted", "missing"] = Field(examples=["visited"])
    open_visit_id: UUID | None = Field(description="A visit that is still to be completed.", examples=[None])
    rebooked_for: date | None = Field(description="When one said one would come again, while nobody was met.", examples=[None])


class MyRound(_View):
    """One's own round of a month: what is planned, what is done, which step is next."""

    days: ServiceDays
    steps: list[StepView]
    next_step: str | None = Field(examples=["household_service"])
    next_step_name: str | None = Field(examples=["入户服务"])
    households: list[PlannedHome]
    open_opinions: int = Field(description="Heard in this month by them, and nothing became of them: what 总结 has to say.", examples=[2])


StepState = Literal["in_time", "late", "missing", "to_come"]
_STEPS: dict[str, Any] = {
    "check_in": "in_time", "household_service": "in_time", "feedback": "late", "centre_notice": "missing", "summary": "missing",
}  # fmt: skip


class MemberRound(_View):
    """A member's round, told at `as_of`. In time: by 24:00 of the last service day. Planned: whom they were paired with on that day.

    planned = visited + attempted + missing: households where somebody was met in time, where somebody called in time and met nobody, and
    where nobody called in time. `caught_up`: those of the two others where somebody was met later. `ad_hoc`: visits between service days.
    """

    member_id: UUID = Field(examples=[_MEMBER])
    member_name: str = Field(examples=["网格员辛"])
    planned: int = Field(examples=[12])
    visited: int = Field(examples=[9])
    attempted: int = Field(examples=[2])
    missing: int = Field(examples=[1])
    caught_up: int = Field(examples=[1])
    ad_hoc: int = Field(examples=[3])
    steps: dict[str, StepState] = Field(examples=[_STEPS])
    complete: bool = Field(description="All five steps in time, and nobody left out.", examples=[False])


class RoundTotals(_View):
    """The same added up over all members of the question."""

    members: int = Field(examples=[1])
    complete: int = Field(examples=[0])
    planned: int = Field(examples=[12])
    visited: int = Field(examples=[9])
    attempted: int = Field(examples=[2])
    missing: int = Field(examples=[1])
    caught_up: int = Field(examples=[1])
    ad_hoc: int = Field(examples=[3])


class ServiceDaysReport(_View):
    """How the round of a month went, member by member. `over`: 24:00 of the last day has passed by `as_of`; what lacks is then missing."""

    days: ServiceDays
    unit: str = Field(examples=["441624"])
    as_of: datetime = Field(examples=["2026-11-17T00:00:00Z"])
    over: bool = Field(examples=[True])
    totals: RoundTotals
    items: list[MemberRound]
    next: str | None = Field(default=None, description="Cursor of the next page.", examples=[None])


class MissingHome(_View):
    """A household nobody called on in time; by its id alone."""

    household_id: UUID = Field(examples=[HOUSEHOLD_EXAMPLE])
    unit_code: str = Field(examples=["441624108213001"])
    member_id: UUID = Field(examples=[_MEMBER])


class MissingHomes(_View):
    """Exactly the households the report of the same question counts as missing."""

    items: list[MissingHome]
    total: int = Field(examples=[1])
    next: str | None = Field(default=None, examples=[None])


class ObligationView(_View):
    """What somebody owed in a unit in a week. `because` is why they did not owe it."""

    kind: str = Field(examples=["weekly_visit"])
    kind_name: str = Field(examples=["每周走访网格"])
    member_id: UUID = Field(examples=[_MEMBER])
    member_name: str = Field(examples=["网格员辛"])
    unit_code: str = Field(examples=["441624108213001"])
    unit_name: str = Field(examples=["第一网格"])
    state: Literal["kept", "open", "missed", "excused"] = Field(examples=["missed"])
    done: int = Field(examples=[0])
    needed: int = Field(examples=[1])
    attempts: int = Field(description="Calls where nobody was met: they count as no visit.", examples=[1])
    because: str | None = Field(examples=[None])
    because_name: str | None = Field(examples=[None])


class ObligationTotals(_View):
    """How one kind of obligation was kept. The rate is kept ÷ (kept + missed), in percent to two places; "—" of nothing."""

    kind: str = Field(examples=["weekly_visit"])
    kind_name: str = Field(examples=["每周走访网格"])
    owed: int = Field(description="All, those who were excused too.", examples=[4])
    kept: int = Field(examples=[2])
    missed: int = Field(examples=[1])
    excused: int = Field(examples=[1])
    open: int = Field(description="Not kept yet, of a week that is not over.", examples=[0])
    rate: str = Field(examples=["66.67"])


class ObligationsReport(_View):
    """Who owed what in a week and whether it was done, as known at `as_of`; `items` are those of the state that was asked for."""

    week: str = Field(examples=["2026-W47"])
    first_day: date = Field(examples=["2026-11-16"])
    last_day: date = Field(examples=["2026-11-22"])
    unit: str = Field(examples=["441624"])
    as_of: datetime = Field(examples=["2026-11-23T00:00:00Z"])
    over: bool = Field(examples=[True])
    totals: list[ObligationTotals]
    items: list[ObligationView]
    total: int = Field(description="How many there are of that state.", examples=[1])
    next: str | None = Field(default=None, examples=[None])


class FollowUpOwed(_View):
    """What a paired member owed of a registered matter in a month."""

    matter_id: UUID = Field(examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9da0"])
    number: str | None = Field(examples=["挂号〔2026〕第0012号"])
    member_id: UUID = Field(examples=[_MEMBER])
    member_name: str = Field(examples=["网格员辛"])
    unit_code: str = Field(examples=["441624108213"])
    unit_name: str = Field(examples=["水口村"])
    state: Literal["kept", "open", "missed", "excused"] = Field(examples=["missed"])
    done: int = Field(examples=[0])
    needed: int = Field(examples=[1])
    because: str | None = Field(examples=[None])
    because_name: str | None = Field(examples=[None])


class FollowUpsReport(_View):
    """Who followed their matters in a month, as known at `as_of`; `items` are those of the state that was asked for."""

    month: str = Field(examples=["2026-11"])
    unit: str = Field(examples=["441624"])
    as_of: datetime = Field(examples=["2026-12-01T00:00:00Z"])
    over: bool = Field(examples=[True])
    totals: ObligationTotals
    items: list[FollowUpOwed]
    total: int = Field(description="How many there are of that state.", examples=[1])
    next: str | None = Field(default=None, examples=[None])
