"""What is shown of a matter. Nothing in it is personal data of a villager: colleagues by name, units, words that name nobody, counts."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.matters.commands import CANDIDATE_EXAMPLE, MATTER_EXAMPLE, MEMBER_EXAMPLE, SEGMENT_EXAMPLE
from services.matters.striking_views import CertificateView, StrikingView
from services.platform.text import ShownWords

STATE_NAMES = {"determined": "焦点问题", "registered": "已挂号", "declined": "不予挂号", "struck_off": "已销号"}
LEVEL_NAMES = {"county": "县级督办", "township": "镇级督办", "village": "村级督办"}
BLOCKER_NAMES = {
    "funding": "资金缺口", "no_responsible_unit": "“三不管”、无责任单位", "no_consensus": "群众意见不统一", "land": "用地",
    "approval": "审批", "technical": "技术", "weather": "天气", "other": "其他",
}  # fmt: skip
_LINE: dict[str, Any] = {
    "id": MATTER_EXAMPLE, "number": "挂号〔2026〕第0012号", "title": "水口村水渠修复", "state": "registered", "state_name": "已挂号",
    "unit": {"code": "441624108213", "name": "水口村"}, "category": "water.canal", "urgency": "urgent", "tension": 4,
    "origin_on": "2004-03-01", "age_days": 8304, "lead": {"code": "441624-D-SLJ", "name": "和平县水利局"}, "households": 40,
    "blockers": ["funding"], "tasks": 3, "tasks_accepted": 1, "overdue_tasks": 0, "late_milestones": 1, "stale": False, "round": 1,
    "version": 9,
}  # fmt: skip


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class PlaceName(_View):
    """A unit by its code and name."""

    code: str = Field(examples=["441624108213"])
    name: str = Field(examples=["水口村"])


class ColleagueNote(_View):
    """Something a colleague noted: of which day, when it was recorded."""

    happened_on: date
    words: ShownWords
    recorded_at: datetime


class SupervisionView(ColleagueNote):
    """What a supervisor noted, and what they looked at: the next level below, or past it."""

    about: Literal["township", "village", "work"]


class SupervisorView(_View):
    """Who supervises, at which level, which level below they look at, and their notes. `until` of those who did before."""

    level: Literal["county", "township", "village"]
    level_name: str
    member_id: UUID = Field(examples=[MEMBER_EXAMPLE])
    name: str
    unit: PlaceName
    looks_at: Literal["township", "village", "work"] = Field(description="The level below: 逐级督办.")
    gone: bool = Field(description="They hold the post no more, and were not replaced: name somebody else.")
    since: date
    until: date | None
    notes: list[SupervisionView]


class BypassView(_View):
    """下抓一级: that the county looked at a village's work directly, or instructed it, and which township was told of it."""

    unit: PlaceName = Field(description="The township that was passed over.")
    deed: Literal["supervised", "inspected", "task_set"]
    deed_name: str
    at: PlaceName = Field(description="Whose work it was.")
    happened_at: datetime


class FollowUpView(ColleagueNote):
    """A report of the paired member."""

    id: UUID
    attachment_ids: list[UUID]


class MatterVisitView(_View):
    """A call at a household about the matter (动员走访); whose household it was is told nowhere here."""

    id: UUID
    member_name: str
    happened_on: date
    outcome: str = Field(examples=["met"])
    unit: PlaceName


class FollowerView(_View):
    """The paired member who follows. `alarms` are the days on which a report was due and never came."""

    member_id: UUID = Field(examples=[MEMBER_EXAMPLE])
    name: str
    rhythm_days: int
    since: date
    until: date | None
    next_due_on: date | None = Field(description="Null for whoever follows no more.")
    stale: bool
    away_until: date | None = Field(description="They are on leave and nobody acts for them; what falls due is due when they are back.")
    gone: bool = Field(description="They hold no post any more: attach somebody else.")
    alarms: list[date]
    reports: list[FollowUpView]


class TaskReportView(_View):
    """That a sub-task is done, and what was decided about it."""

    done_on: date
    words: ShownWords
    attachment_ids: list[UUID]
    recorded_at: datetime
    accepted: bool | None
    decision: ShownWords | None


class MatterTaskView(_View):
    """A sub-task of the lead or a helper."""

    id: UUID
    unit: PlaceName
    title: ShownWords
    due_on: date
    state: Literal["open", "reported", "accepted"]
    overdue: bool
    reports: list[TaskReportView]


class BlockerView(_View):
    """What stands in the way, or stood."""

    code: str
    name: str
    since: date
    words: ShownWords
    ended_on: date | None
    ended_words: ShownWords | None
    days: int


class PlanView(_View):
    """For when a milestone was planned, and why it moved."""

    planned_on: date
    because: ShownWords | None
    recorded_at: datetime


class MilestoneView(_View):
    """A milestone: first plan, present plan, reached or not. `slip_days` is against the first plan."""

    id: UUID
    title: ShownWords
    first_planned_on: date
    planned_on: date
    done_on: date | None
    words: ShownWords | None
    slip_days: int
    late: bool
    plans: list[PlanView]
    attachment_ids: list[UUID]


class InspectionView(ColleagueNote):
    """What was found on a site."""

    passed: bool


class SiteView(_View):
    """A place of the work, with its pictures and what was found."""

    id: UUID
    name: ShownWords
    from_m: int | None
    to_m: int | None
    before: list[UUID]
    after: list[UUID]
    inspections: list[InspectionView]


class SegmentOf(_View):
    """The segment of an asset that a matter is about."""

    id: UUID = Field(examples=[SEGMENT_EXAMPLE])
    asset: str
    asset_name: str
    from_m: int
    to_m: int
    length_m: int


class SourceSumView(_View):
    """What a source promised or gave, what came of it, what is still owed."""

    source: str
    name: str
    pledged: int
    received: int
    due: int


class SumsView(_View):
    """How the ledger stands in one unit: fen of money, half-days of labour."""

    unit: Literal["fen", "half_day"]
    pledged: int
    received: int
    spent: int
    held: int
    due: int
    settled: bool
    sources: list[SourceSumView]


class PostingView(_View):
    """One line of an entry."""

    account: str
    unit: Literal["fen", "half_day"]
    amount: int


class EntryView(_View):
    """An entry of the ledger; its lines add up to nothing."""

    id: UUID
    deed: str
    source: str | None
    happened_on: date
    words: ShownWords
    reverses_id: UUID | None
    recorded_at: datetime
    lines: list[PostingView]


class LedgerView(_View):
    """Money and labour of a matter."""

    sums: list[SumsView]
    entries: list[EntryView]


class MatterLine(_View):
    """A matter of the register, in a line."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_LINE]})

    id: UUID
    number: str | None
    title: ShownWords
    state: Literal["determined", "registered", "declined", "struck_off"]
    state_name: str
    unit: PlaceName
    category: str
    urgency: str
    tension: int
    origin_on: date
    age_days: int = Field(description="Since `origin_on`, not since somebody typed it in.")
    lead: PlaceName | None
    households: int = Field(description="As counted when it was made a focus issue.")
    blockers: list[str]
    tasks: int
    tasks_accepted: int
    overdue_tasks: int
    late_milestones: int
    stale: bool = Field(description="Nobody followed up in time.")
    round: int
    version: int


class MatterView(MatterLine):
    """A matter with everything that belongs to it, as it was known at `as_of`."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    **_LINE, "candidate_id": CANDIDATE_EXAMPLE, "segment": None, "because": "四十户反映,春灌在即。",
                    "counted": {"weight": {"tellings": 52, "households": 40, "anonymous": 3}, "rank": {"of": 4, "place": 1}},
                    "determined_at": "2026-11-20T02:10:00Z", "decided_at": "2026-11-21T02:10:00Z", "decision": "列入县级台账。",
                    "tickets": ["20261122-000123-6"], "opinions": [], "visits": [],
                    "supervisors": [], "followers": [], "bypassed": [], "task_list": [], "blocker_list": [],
                    "milestones": [], "sites": [], "ledger": {"sums": [], "entries": []}, "allowed_actions": ["supervise"],
                    "struck_off_at": None, "certificate": None, "certificates": [], "striking": None,
                    "as_of": "2026-11-22T02:10:00Z",
                }
            ]
        },
    )  # fmt: skip

    candidate_id: UUID | None
    segment: SegmentOf | None
    because: ShownWords
    counted: dict[str, Any] = Field(description="What spoke for it when it was made a focus issue: households, signs, rank; frozen.")
    determined_at: datetime
    decided_at: datetime | None
    decision: ShownWords | None
    tickets: list[str]
    opinions: list[UUID] = Field(description="Opinions of the handbook that are part of it.")
    visits: list[MatterVisitView] = Field(description="Visits and attempts that were made about it, the oldest first.")
    supervisors: list[SupervisorView]
    followers: list[FollowerView]
    bypassed: list[BypassView] = Field(description="Where the county passed over a township, the oldest first.")
    task_list: list[MatterTaskView]
    blocker_list: list[BlockerView]
    milestones: list[MilestoneView]
    sites: list[SiteView]
    ledger: LedgerView
    struck_off_at: datetime | None
    certificate: CertificateView | None = Field(description="Of the present round, once it is struck off.")
    certificates: list[CertificateView] = Field(description="Of all rounds; those of earlier ones are superseded.")
    striking: StrikingView | None = Field(description="What is missing before it may be struck off; of a registered matter.")
    allowed_actions: list[str] = Field(description="What whoever asks may do now; empty as of an instant in the past.")
    as_of: datetime


class MatterPage(BaseModel):
    """A page of the register, the newest first."""

    items: list[MatterLine]
    next: str | None = None
