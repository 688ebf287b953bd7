"""Every limit of a ticket, of all its rounds: what was promised, what moved it, how long it took, what was missed."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.deadlines.clocks import ClockRules, ClockState
from services.deadlines.due import is_met, office_time_between, remaining
from services.deadlines.models import STAGE_NAMES, Clock, ClockMove, Escalation
from services.deadlines.queries import rules_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.tickets.beside import unit_name
from services.tickets.views import TierUnitName

_MINUTE = timedelta(minutes=1)


class LimitOf(BaseModel):
    """How long: `amount` of `unit` (minutes, working_minutes, natural_days, working_days), counted from where `start` says."""

    amount: int
    unit: str
    start: str


class Left(BaseModel):
    """What is left of a running limit; negative once overdue."""

    minutes: int
    working_minutes: int
    working_days: int


class Move(BaseModel):
    """Why a due instant moved: a granted `extension`, the end of a `pause`, or a `recalculation` by an announced calendar."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    reason: str | None
    from_at: datetime | None
    until: datetime | None
    due_before: datetime
    due_after: datetime
    recorded_at: datetime


class LevelReached(BaseModel):
    """An escalation level that was reached, at its true instant, and when it was written down."""

    level: int
    name: str
    reached_at: datetime
    recorded_at: datetime
    unit: TierUnitName | None


class ClockStory(BaseModel):
    """A limit. `on_time` is told once it ended: against the due instant as it stands, and against the one that was set first."""

    id: UUID
    stage: str
    stage_name: str
    round: int
    turn: int
    unit: TierUnitName | None = Field(description="Whose it is, where it is neither the holder's nor the desk's.")
    state: str
    limit: LimitOf
    started_at: datetime
    first_due_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    provisional: bool = Field(description="Rests on days whose calendar is not announced yet; worked out anew when it is.")
    on_time: bool | None
    on_first_time: bool | None
    left: Left | None = Field(description="While it runs.")
    gross_minutes: int | None = Field(description="From its start to its end, or to now. Null where it ended without a verdict.")
    net_minutes: int | None = Field(description="The same without pauses.")
    office_minutes: int | None = Field(description="The office time in the gross duration.")
    calendar: str = Field(description="`code@version` of the calendar it goes by: the one in force when it started.")
    ladder: str = Field(description="`rule@version` of the ladder it climbs.")
    moves: list[Move]
    levels: list[LevelReached]


_STORY: dict[str, Any] = {
    "id": "019aa7b0-0000-7000-8000-000000000011",
    "stage": "resolve",
    "stage_name": "处置",
    "round": 1,
    "turn": 1,
    "unit": None,
    "state": "stopped",
    "limit": {"amount": 2, "unit": "working_days", "start": "at_once"},
    "started_at": "2026-02-13T09:20:00Z",
    "first_due_at": "2026-02-24T16:00:00Z",
    "due_at": "2026-02-24T16:00:00Z",
    "stopped_at": "2026-02-24T08:00:00Z",
    "provisional": False,
    "on_time": True,
    "on_first_time": True,
    "left": None,
    "gross_minutes": 15760,
    "net_minutes": 15760,
    "office_minutes": 780,
    "calendar": "default@1",
    "ladder": "days-resolve@0",
    "moves": [],
    "levels": [],
}


class ClockStories(BaseModel):
    """Every limit of a ticket, in the order they were started."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_STORY]}]})

    items: list[ClockStory]


async def clock_stories(session: AsyncSession, ticket_id: UUID, now: datetime) -> ClockStories:
    """Return every limit of a ticket. The caller has checked that the reader may see it."""
    rows = await session.execute(select(Clock.__table__).where(Clock.ticket_id == ticket_id).order_by(Clock.started_at, Clock.id))
    clocks = [ClockState.of(row) for row in rows]
    tree, rules = await unit_tree(session), await rules_of(session, clocks)
    moves: defaultdict[UUID, list[Move]] = defaultdict(list)
    moved = select(ClockMove.__table__).where(ClockMove.ticket_id == ticket_id).order_by(ClockMove.recorded_at, ClockMove.id)
    for row in await session.execute(moved):
        moves[row.clock_id].append(Move.model_validate(row))
    levels: defaultdict[UUID, list[LevelReached]] = defaultdict(list)
    for row in await session.execute(select(Escalation.__table__).where(Escalation.ticket_id == ticket_id).order_by(Escalation.level)):
        levels[row.clock_id].append(
            LevelReached(
                level=row.level, name=row.name, reached_at=row.reached_at, recorded_at=row.recorded_at, unit=unit_name(tree, row.unit_id)
            )
        )
    return ClockStories(items=[_story(clock, rules, tree, now, moves[clock.id], levels[clock.id]) for clock in clocks])


def _story(
    clock: ClockState, rules: ClockRules, tree: UnitTree, now: datetime, moves: list[Move], levels: list[LevelReached]
) -> ClockStory:
    judged = clock.stopped_at is not None
    same = ("id", "stage", "round", "turn", "state", "started_at", "first_due_at", "due_at", "stopped_at", "provisional")
    return ClockStory(
        **{name: getattr(clock, name) for name in same},
        stage_name=STAGE_NAMES[clock.stage],
        unit=unit_name(tree, clock.unit_id),
        limit=LimitOf(amount=clock.limit_amount, unit=clock.limit_unit, start=clock.start_rule),
        on_time=is_met(clock.due_at, clock.stopped_at) if judged else None,
        on_first_time=is_met(clock.first_due_at, clock.stopped_at) if judged else None,
        left=_left(clock, rules, now) if clock.state == "running" else None,
        **_durations(clock, rules, now),
        calendar=f"{clock.calendar_code}@{clock.calendar_version}",
        ladder=f"{clock.ladder_rule}@{clock.ladder_version}",
        moves=moves,
        levels=levels,
    )


def _durations(clock: ClockState, rules: ClockRules, now: datetime) -> dict[str, int | None]:
    """Return how long a limit ran, with pauses and without: nothing for one that was called off, whose end was no end of the work."""
    if clock.state == "cancelled":
        return {"gross_minutes": None, "net_minutes": None, "office_minutes": None}
    ended = max(clock.stopped_at or now, clock.started_at)
    gross = ended - clock.started_at
    paused = clock.paused_for + (max(ended - clock.paused_at, timedelta()) if clock.paused_at else timedelta())
    return {
        "gross_minutes": gross // _MINUTE,
        "net_minutes": max(gross - paused, timedelta()) // _MINUTE,
        "office_minutes": office_time_between(clock.started_at, ended, rules.calendar(clock)) // _MINUTE,
    }


def _left(clock: ClockState, rules: ClockRules, now: datetime) -> Left:
    left = remaining(clock.due_at, now, rules.calendar(clock))
    whole = abs(left.wall) // _MINUTE
    minutes = whole if left.wall >= timedelta() else -whole
    return Left(minutes=minutes, working_minutes=left.working_minutes, working_days=left.working_days)
