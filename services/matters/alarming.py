"""Follow-ups that never came: told to the three supervisors, each missed day once, by however many workers it is looked for."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from services.journal.models import Event
from services.journal.noting import note
from services.matters.holding import SUBJECT
from services.matters.models import FollowUp, FollowUpAlarm, Matter, MatterFollower, MatterSupervisor
from services.matters.schedule import missed
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Alarm:
    """What one supervisor's unit is to be told."""

    unique_key: str
    event_id: UUID
    unit_id: UUID
    words: str


async def raise_alarms(work: Work) -> list[Alarm]:
    """Write down every follow-up that is overdue and was not told yet; return whom to tell of the newest of each matter."""
    today = local_day(work.now)
    last = select(func.max(FollowUp.happened_on)).where(FollowUp.follower_id == MatterFollower.id).scalar_subquery()
    query = (
        select(MatterFollower.id, MatterFollower.since, MatterFollower.rhythm_days, last.label("last"))
        .add_columns(Matter.id.label("matter_id"), Matter.number, Matter.title)
        .join(Matter, Matter.id == MatterFollower.matter_id)
        .where(MatterFollower.until.is_(None), Matter.state == "registered")
        .order_by(MatterFollower.id)
    )
    fresh: list[tuple[Any, list[date]]] = []
    for row in (await work.session.execute(query)).all():
        days = await _new_ones(work, row.id, missed(row.since, row.last, row.rhythm_days, today))
        if days:
            fresh.append((row, days))
    units = await _supervising(work, [row.matter_id for row, _ in fresh])
    return [alarm for row, days in fresh for alarm in await _alarms(work, row, days, units[row.matter_id])]


async def _new_ones(work: Work, follower_id: UUID, days: Iterable[date]) -> list[date]:
    rows = [{"follower_id": follower_id, "due_on": day, "raised_at": work.now} for day in days]
    if not rows:
        return []
    put = insert(FollowUpAlarm).values(rows).on_conflict_do_nothing().returning(FollowUpAlarm.due_on)
    return sorted(await work.session.scalars(put))


async def _alarms(work: Work, row: Any, days: list[date], units: Iterable[UUID]) -> list[Alarm]:
    await note(work, SUBJECT, row.matter_id, "matter.follow_up_missed", {"due_on": [str(day) for day in days]})
    newest = select(Event.id).where(Event.subject_id == row.matter_id).order_by(Event.seq.desc()).limit(1)
    event_id = (await work.session.execute(newest)).scalar_one()
    words = (
        f"{row.number}“{row.title}”:挂钩党员应于{days[-1].isoformat()}前跟进,至今没有记录,已缺{len(days)}次。"
        "请督办责任人督促跟进,并在系统中留下督办记录。"
    )
    return [Alarm(f"matter_follow_up:{row.id}:{days[-1]}:{unit}", event_id, unit, words) for unit in units]


async def _supervising(work: Work, matter_ids: Iterable[UUID]) -> defaultdict[UUID, list[UUID]]:
    """Return the units of those who supervise each matter now, each once."""
    query = select(MatterSupervisor.matter_id, MatterSupervisor.unit_id).where(
        one_of(MatterSupervisor.matter_id, matter_ids), MatterSupervisor.until.is_(None)
    )
    found: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for row in await work.session.execute(query.distinct().order_by(MatterSupervisor.unit_id)):
        found[row.matter_id].append(row.unit_id)
    return found
