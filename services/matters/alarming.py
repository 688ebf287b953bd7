"""Follow-ups that never came, and people named in a matter who left: told once each, by however many workers it is looked for."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.journal.models import Event
from services.journal.noting import note
from services.matters.absences import Absences, absences_of
from services.matters.holding import SUBJECT
from services.matters.models import FollowUp, FollowUpAlarm, Matter, MatterFollower, MatterSupervisor
from services.matters.schedule import missed
from services.matters.views import LEVEL_NAMES
from services.organization.queries import unit_tree
from services.platform.bulk import insert_many, one_of
from services.platform.clock import local_day
from services.platform.secrets import fingerprint
from services.platform.unit_of_work import Work

_ALONE = int.from_bytes(fingerprint(b"matters.follow_ups")[:8], "big", signed=True)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What one unit is to be told."""

    unique_key: str
    event_id: UUID
    unit_id: UUID
    words: str


async def raise_alarms(work: Work) -> list[Alarm]:
    """Write down every follow-up that is overdue and was not told yet; return whom to tell of the newest of each matter, and who left.

    Nothing where another worker is at it.
    """
    if not await work.session.scalar(select(func.pg_try_advisory_xact_lock(_ALONE))):
        return []
    followers, supervisors = await _followers(work), await _supervisors(work)
    absences = await absences_of(work, {row.member_id for row in (*followers, *supervisors)}, work.now)
    fresh = await _fresh(work, followers, absences)
    units: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for row in supervisors:
        if row.unit_id not in units[row.matter_id]:
            units[row.matter_id].append(row.unit_id)
    told = [alarm for row, days in fresh for alarm in await _missed(work, row, days, units[row.matter_id])]
    return [*told, *await _gone(work, followers, supervisors, absences)]


async def _followers(work: Work) -> Sequence[Any]:
    last = select(func.max(FollowUp.happened_on)).where(FollowUp.follower_id == MatterFollower.id).scalar_subquery()
    query = (
        select(MatterFollower.id, MatterFollower.member_id, MatterFollower.since, MatterFollower.rhythm_days, last.label("last"))
        .add_columns(Matter.id.label("matter_id"), Matter.number, Matter.title, Matter.lead_unit_id)
        .join(Matter, Matter.id == MatterFollower.matter_id)
        .where(MatterFollower.until.is_(None), Matter.state == "registered")
        .order_by(MatterFollower.id)
    )
    return (await work.session.execute(query)).all()


async def _supervisors(work: Work) -> Sequence[Any]:
    query = (
        select(MatterSupervisor.id, MatterSupervisor.member_id, MatterSupervisor.unit_id, MatterSupervisor.level)
        .add_columns(Matter.id.label("matter_id"), Matter.number, Matter.title, Matter.unit_id.label("place_id"))
        .join(Matter, Matter.id == MatterSupervisor.matter_id)
        .where(MatterSupervisor.until.is_(None), Matter.state == "registered")
        .order_by(MatterSupervisor.matter_id, MatterSupervisor.unit_id)
    )
    return (await work.session.execute(query)).all()


async def _fresh(work: Work, followers: Sequence[Any], absences: Absences) -> list[tuple[Any, list[date]]]:
    """Keep the missed days nobody was told of; return them by follower."""
    told: defaultdict[UUID, set[date]] = defaultdict(set)
    known = select(FollowUpAlarm.follower_id, FollowUpAlarm.due_on).where(one_of(FollowUpAlarm.follower_id, [row.id for row in followers]))
    for row in await work.session.execute(known):
        told[row.follower_id].add(row.due_on)
    today, found = local_day(work.now), []
    for row in followers:
        late = missed(row.since, row.last, row.rhythm_days, today, absences.days(row.member_id))
        days = [day for day in late if day not in told[row.id]]
        if days:
            found.append((row, days))
    rows = [{"follower_id": row.id, "due_on": day, "raised_at": work.now} for row, days in found for day in days]
    await insert_many(work.session, FollowUpAlarm, rows)
    return found


async def _missed(work: Work, row: Any, days: list[date], units: Iterable[UUID]) -> list[Alarm]:
    await note(work, SUBJECT, row.matter_id, "matter.follow_up_missed", {"due_on": [str(day) for day in days]})
    event_id = (await _newest(work, [row.matter_id]))[row.matter_id]
    words = (
        f"{row.number}“{row.title}”:挂钩党员应于{days[-1].isoformat()}前跟进,至今没有记录,已缺{len(days)}次。"
        "请督办责任人督促跟进,并在系统中留下督办记录。"
    )
    return [Alarm(f"matter_follow_up:{row.id}:{days[-1]}:{unit}", event_id, unit, words) for unit in units]


async def _gone(work: Work, followers: Sequence[Any], supervisors: Sequence[Any], absences: Absences) -> list[Alarm]:
    """Return whom to tell that somebody named in a matter left: of supervisors the county, of who follows the lead. Once, by its key."""
    tree = await unit_tree(work.session)
    left = [
        (row, row.lead_unit_id, "挂钩党员已离岗,无人跟进。请另行确定跟进党员。")
        for row in followers if absences.is_gone(row.member_id)
    ]  # fmt: skip
    for row in supervisors:
        if absences.is_gone(row.member_id, row.unit_id):
            county = next((one.id for one in tree.ancestors(row.place_id) if one.kind == "county"), row.place_id)
            left.append((row, county, f"{LEVEL_NAMES[row.level]}责任人已离岗。请另行确定责任人。"))
    newest = await _newest(work, {row.matter_id for row, *_ in left})
    return [Alarm(f"matter_gone:{row.id}", newest[row.matter_id], unit, f"{row.number}“{row.title}”:{words}") for row, unit, words in left]


async def _newest(work: Work, matter_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the newest event of each matter."""
    query = select(Event.subject_id, Event.id).ext(distinct_on(Event.subject_id)).where(one_of(Event.subject_id, matter_ids))
    rows = await work.session.execute(query.order_by(Event.subject_id, Event.seq.desc()))
    return {row.subject_id: row.id for row in rows}
