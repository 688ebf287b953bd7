"""What is told of a ticket: to staff, never with a complainant's contact."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.platform.text import ShownData, ShownWords

_UNIT: JsonDict = {"code": "441624108", "name": "彭寨镇", "tier": "township"}
_TICKET: JsonDict = {
    "id": "019aa7b0-0000-7000-8000-000000000001",
    "number": "20261122-000123-6",
    "status": "accepted",
    "status_name": "签收",
    "version": 3,
    "round": 1,
    "source": "complaint",
    "channel": "hotline",
    "category": {"code": "water.pipe_burst", "name": "供水管道破裂"},
    "urgency": "urgent",
    "privacy": "normal",
    "place": {"code": "441624108205", "name": "水口村", "tier": "village"},
    "tier": "township",
    "holder": _UNIT,
    "desk": _UNIT,
    "received_at": "2026-11-21T18:10:00Z",
    "dispatched_at": "2026-11-21T18:10:01Z",
    "accepted_at": "2026-11-21T18:20:00Z",
    "due_at": "2026-11-23T16:00:00Z",
    "overdue": False,
    "hand_offs": 1,
    "returns": 0,
    "adjudication": False,
    "suspended": False,
    "merged_into": None,
    "resolved_at": None,
    "answered_at": None,
    "closed_at": None,
}
_CLOCK: JsonDict = {
    "stage": "resolve",
    "state": "running",
    "started_at": "2026-11-21T18:10:01Z",
    "first_due_at": "2026-11-23T16:00:00Z",
    "due_at": "2026-11-23T16:00:00Z",
    "stopped_at": None,
    "provisional": False,
    "level": 0,
}


class TierUnitName(BaseModel):
    """A unit by code and name."""

    code: str
    name: str
    tier: str


class CategoryName(BaseModel):
    """A category by code and name."""

    code: str
    name: str


class ClockView(BaseModel):
    """A limit that runs or ran in the present round."""

    model_config = ConfigDict(from_attributes=True)

    stage: str
    state: str
    started_at: datetime
    first_due_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    provisional: bool = Field(description="Rests on days whose calendar is not announced yet.")
    level: int = Field(description="Escalation levels reached.")
    unit: TierUnitName | None = Field(default=None, description="Whose clock it is, where it is neither the holder's nor the desk's.")


class TicketLine(BaseModel):
    """A ticket in a list."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TICKET]})

    id: UUID
    number: str
    status: str
    status_name: str
    version: int
    round: int
    source: str
    channel: str
    category: CategoryName | None
    urgency: str
    privacy: str
    place: TierUnitName | None
    tier: str | None
    holder: TierUnitName | None = Field(description="Who holds it now: 主办.")
    desk: TierUnitName | None
    received_at: datetime
    dispatched_at: datetime | None
    accepted_at: datetime | None
    due_at: datetime | None = Field(description="When the work must be done, as extended.")
    overdue: bool
    hand_offs: int
    returns: int
    adjudication: bool
    suspended: bool
    merged_into: str | None
    resolved_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None


class ToldBy(BaseModel):
    """Who told a matter, over the ticket and all merged into it, without a word of who they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"complaints": 5, "households": 3, "anonymous": 1, "repeats": 1}]})

    complaints: int = Field(description="How often it was told, repeats included.")
    households: int = Field(description="Distinct complainants: who shares a telephone number or a WeChat account is one.")
    anonymous: int = Field(description="Complaints of which nothing is known that could tell whose they are; not among the households.")
    repeats: int = Field(description="How often it was told again without new facts; several of one person within an hour are one.")


class TaskView(BaseModel):
    """A co-handler's task. `state`: open, done, unfinished, became_lead (it has the whole now), round_over or renumbered."""

    unit: TierUnitName | None
    task: ShownWords | None
    state: str
    assigned_at: datetime
    due_at: datetime | None
    ended_at: datetime | None


class DirectiveView(BaseModel):
    """催办, 督办 or 批示. Only an instruction is acknowledged and followed."""

    id: UUID
    kind: str
    from_unit: TierUnitName | None
    to_unit: TierUnitName | None = Field(description="Who answers for it.")
    instead_of: TierUnitName | None = Field(description="Who was addressed, where nobody holds a post there.")
    words: ShownWords
    given_at: datetime
    report_in_working_days: int | None
    acknowledged_at: datetime | None
    followed_at: datetime | None
    report: ShownWords | None


class CallView(BaseModel):
    """A department that a whistle calls, and what it answered."""

    unit: TierUnitName | None
    instead_of: TierUnitName | None = Field(description="Who was called, where nobody holds a post there.")
    answer: str | None
    words: ShownWords | None
    answered_at: datetime | None
    arrived_at: datetime | None


class WhistleView(BaseModel):
    """吹哨: who was called where and when, who came, and what came of it."""

    id: UUID
    round: int
    kind: str
    place: ShownWords
    words: ShownWords
    meet_at: datetime
    called_at: datetime
    called_by: TierUnitName | None
    calls: list[CallView]
    ended_at: datetime | None
    end_kind: str | None = Field(description="`concluded` or `called_off`.")
    outcome: ShownWords | None


class SuspensionView(BaseModel):
    """A pause that was asked for or made."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    round: int
    reason_code: str
    words: ShownWords
    working_days: int
    requested_at: datetime | None
    decided_at: datetime | None
    granted: bool | None
    decision: ShownWords | None
    began_at: datetime | None
    until_at: datetime | None = Field(description="When it ends by itself.")
    ended_at: datetime | None


class TicketView(TicketLine):
    """A ticket with its clocks, helpers and what the reader may do with it now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_TICKET,
                    "clocks": [_CLOCK],
                    "co_handlers": [],
                    "allowed_actions": ["log_work", "resolve"],
                    "merged_tickets": [],
                    "tasks": [],
                    "directives": [],
                    "whistles": [],
                    "suspensions": [],
                }
            ]
        }
    )

    clocks: list[ClockView]
    co_handlers: list[TierUnitName]
    allowed_actions: list[str]
    merged_tickets: list[str] = Field(description="Numbers of tickets merged into this one.")
    tasks: list[TaskView] = Field(description="Of co-handlers in this round.")
    directives: list[DirectiveView]
    whistles: list[WhistleView]
    suspensions: list[SuspensionView]
    told_by: ToldBy | None = Field(default=None, description="Null where it was not counted: beside a synchronisation.")


class EventView(BaseModel):
    """Something that happened to the ticket."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "seq": 2,
                    "type": "ticket.dispatched",
                    "happened_at": "2026-11-21T18:10:01Z",
                    "recorded_at": "2026-11-21T18:10:01Z",
                    "actor": "系统",
                    "acting_for": [],
                    "unit": None,
                    "data": {"rule": "category"},
                    "hash": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
                }
            ]
        }
    )

    seq: int
    type: str
    happened_at: datetime
    recorded_at: datetime
    actor: str
    acting_for: list[str] = Field(default_factory=list, description="Whose post the actor acted for, who was on leave (代班).")
    unit: TierUnitName | None
    data: ShownData
    hash: str


class Timeline(BaseModel):
    """All events of a ticket, oldest first; `intact` says whether each still fits the hash of the one before."""

    items: list[EventView]
    intact: bool = Field(examples=[True])


class WhyView(BaseModel):
    """One dispatch order and its reason."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "sequence": 1,
                    "round": 1,
                    "part": "lead",
                    "unit": _UNIT,
                    "assigned_at": "2026-11-21T18:10:01Z",
                    "accepted_at": None,
                    "ended_at": None,
                    "end": None,
                    "why": {"rule": "category", "skipped": [{"code": "441624108205001", "reason": "nobody holds a post there now"}]},
                }
            ]
        }
    )

    sequence: int
    round: int
    part: str
    unit: TierUnitName
    assigned_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    end: str | None
    why: ShownData


class Whys(BaseModel):
    """Every dispatch order of a ticket, oldest first."""

    items: list[WhyView]


class WorkLogView(BaseModel):
    """What somebody did: words and pictures."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019aa7b0-0000-7000-8000-000000000009",
                    "round": 1,
                    "kind": "work",
                    "unit": _UNIT,
                    "words": "已到现场,先关阀止水",
                    "happened_at": "2026-11-21T18:40:00Z",
                    "recorded_at": "2026-11-21T18:41:00Z",
                    "files": [],
                }
            ]
        }
    )

    id: UUID
    round: int
    kind: str
    unit: TierUnitName | None
    words: ShownWords
    happened_at: datetime
    recorded_at: datetime
    files: list[dict[str, str]]


class WorkLogs(BaseModel):
    """The work log of a ticket, oldest first."""

    items: list[WorkLogView]


class TicketCount(BaseModel):
    """How many tickets a filter selects: exactly as many as its list has."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"count": 42}]})

    count: int


class WorkItem(TicketLine):
    """A ticket that waits for the reader."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{**_TICKET, "part": "lead", "task": None, "next_stage": "resolve", "next_due_at": "2026-11-23T16:00:00Z"}]
        }
    )

    part: str = Field(
        description="`lead`: held by a seat of the reader's · `co`: a task of theirs · `desk`: waits to be handed out by them · "
        "`called`: a whistle calls them or they were instructed."
    )
    task: ShownWords | None = Field(description="The co-handler's task.")
    next_stage: str | None = Field(description="The limit that is over first: `accept`, `resolve`, `dispatch`, `task`, `respond`, …")
    next_due_at: datetime | None = Field(
        description="When that is; the list is in this order. Null where nothing runs, as in a suspension."
    )


class GoneTicket(BaseModel):
    """A ticket that is no longer the reader's work."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "019aa7b0-0000-7000-8000-000000000002", "number": "20261122-000124-4", "gone": True}]}
    )

    id: UUID
    number: str
    gone: bool = True
