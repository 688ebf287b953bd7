"""Naming who supervises at each level and who follows; what they note. Each is one at a time, and who it was stays to be seen."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from services.attachments.linking import link
from services.households.models import Household
from services.identity.permissions import area_of_path
from services.matters import bypassing, deeds
from services.matters.holding import Held, changed, require_past, who
from services.matters.models import LEVELS, LOOKED_AT, FollowUp, MatterFollower, MatterSupervisor, SupervisionNote
from services.organization.models import Post
from services.organization.tree import UnitNode, UnitTree
from services.pairing.models import Pairing
from services.pairing.queries import in_force
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.errors import Conflict, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

BELOW = dict(zip(LEVELS, LOOKED_AT, strict=True))
"""逐级督办: what each level looks at."""
_LEVEL_OF_TIER = {"city": "county", "county": "county", "township": "township", "village": "village", "grid": "village"}


async def name_supervisor(work: Work, held: Held, command: deeds.NameSupervisor) -> None:
    """Name who supervises at a level. The same again changes nothing.

    Raises Invalid ``matter.not_of_level`` for somebody without a post of that level over the place, and Conflict
    ``matter.supervises_already`` for whoever supervises at another level.
    """
    unit = await _seat_of(work, held, command.member_id, command.level)
    now = {row.level: row for row in await _supervisors(work, held.matter.id)}
    there = now.get(command.level)
    if there is not None and there.member_id == command.member_id:
        return
    if any(row.member_id == command.member_id for row in now.values()):
        raise Conflict("matter.supervises_already", "Three levels are three people; name somebody else.")
    if there is not None:
        _end(work, held, there)
        await work.session.flush()
    work.session.add(
        MatterSupervisor(
            id=new_id(), matter_id=held.matter.id, level=command.level, member_id=command.member_id, unit_id=unit.id, since=held.today,
            **who(work),
        )
    )  # fmt: skip
    said = {"level": command.level, "member_id": str(command.member_id), "unit": unit.code}
    await changed(work, held, "matter.supervisor_named", said)


async def supervise(work: Work, held: Held, command: deeds.NoteSupervision) -> None:
    """Leave a note as the supervisor one is, or acts for. Raises Invalid ``supervision.not_below`` for what is not below one's level."""
    require_past(command.happened_on, held.today, "/happened_on")
    mine = _mine(work, await _supervisors(work, held.matter.id))
    about = command.about or BELOW[mine.level]
    if LOOKED_AT.index(about) < LEVELS.index(mine.level):
        raise Invalid("supervision.not_below", "Each level looks at what is below it.", extra={"level": mine.level})
    work.session.add(
        SupervisionNote(
            id=new_id(), supervisor_id=mine.id, about=about, happened_on=command.happened_on, words=command.words, **who(work)
        )
    )  # fmt: skip
    await changed(work, held, "matter.supervised", {"level": mine.level, "about": about, "on": str(command.happened_on)})
    if about != BELOW[mine.level]:
        await bypassing.tell(work, held, "supervised", held.unit)


def _mine(work: Work, rows: list[MatterSupervisor]) -> MatterSupervisor:
    """Return as which supervisor the actor stands: by name, or else for whom they act."""
    acting = {(seat.acting.member_id, seat.unit_id) for seat in work.actor.seats if seat.acting is not None}
    own = [row for row in rows if row.member_id == work.actor.member_id]
    return (own or [row for row in rows if (row.member_id, row.unit_id) in acting])[0]


async def attach_follower(work: Work, held: Held, command: deeds.AttachFollower) -> None:
    """Have a paired member follow. The same at the same rhythm changes nothing. Raises Invalid ``matter.not_paired``."""
    if not await _is_paired(work, held.tree, held.unit, command.member_id):
        raise Invalid("matter.not_paired", "Name a member who is paired with the village, one of its households, or whose office is.")
    there = await follower_of(work, held.matter.id)
    if there is not None and (there.member_id, there.rhythm_days) == (command.member_id, command.rhythm_days):
        return
    if there is not None:
        _end(work, held, there)
        await work.session.flush()
    work.session.add(
        MatterFollower(
            id=new_id(), matter_id=held.matter.id, member_id=command.member_id, rhythm_days=command.rhythm_days, since=held.today,
            **who(work),
        )
    )  # fmt: skip
    said = {"member_id": str(command.member_id), "rhythm_days": command.rhythm_days}
    await changed(work, held, "matter.follower_attached", said)


async def follow_up(work: Work, held: Held, command: deeds.ReportFollowUp) -> None:
    """Report how it goes. The same id with the same words is the same report; with others 409 ``matter.id_taken``."""
    require_past(command.happened_on, held.today, "/happened_on")
    there = await work.session.get(FollowUp, command.follow_up_id)
    mine = await follower_of(work, held.matter.id)
    assert mine is not None  # who may do this is the follower
    if there is not None:
        if (there.follower_id, there.happened_on, there.words) != (mine.id, command.happened_on, command.words):
            raise Conflict("matter.id_taken", "Another report has this id; make a new one.")
        return
    if command.happened_on < mine.since:
        raise Invalid("matter.before_following", f"This member follows since {mine.since}.")
    work.session.add(
        FollowUp(id=command.follow_up_id, follower_id=mine.id, happened_on=command.happened_on, words=command.words, **who(work))
    )
    await work.session.flush()
    await link(work, command.attachment_ids, "matter", command.follow_up_id)
    await changed(work, held, "matter.followed_up", {"on": str(command.happened_on), "id": str(command.follow_up_id)})


async def follower_of(work: Work, matter_id: UUID) -> MatterFollower | None:
    """Return who follows now."""
    query = select(MatterFollower).where(MatterFollower.matter_id == matter_id, MatterFollower.until.is_(None))
    return await work.session.scalar(query)


async def _supervisors(work: Work, matter_id: UUID) -> list[MatterSupervisor]:
    query = select(MatterSupervisor).where(MatterSupervisor.matter_id == matter_id, MatterSupervisor.until.is_(None))
    return list(await work.session.scalars(query))


def _end(work: Work, held: Held, row: MatterSupervisor | MatterFollower) -> None:
    row.until, row.ended_at, row.ended_by_account_id = held.today, work.now, work.actor.account_id


async def _seat_of(work: Work, held: Held, member_id: UUID, level: str) -> UnitNode:
    """Return the unit of the post from which a member supervises at a level: one of that level whose area holds the place."""
    units = [held.tree.by_id[one] for one in await _posts_of(work, member_id, held.today) if one in held.tree.by_id]
    if not units:
        raise NotFound("member.unknown", "Nobody of this id has a post now; see GET /v1/members.")
    fitting = [
        unit for unit in units
        if level_of(held.tree, unit) == level and held.unit.path.startswith(area_of_path(unit.path, unit.kind))
    ]  # fmt: skip
    if not fitting:
        raise Invalid("matter.not_of_level", "Name somebody with a post of this level whose area holds the place.", extra={"level": level})
    return min(fitting, key=lambda unit: unit.code)


def level_of(tree: UnitTree, unit: UnitNode) -> str:
    """Return at which of the three levels a unit stands: offices at that of the area they serve."""
    lineage = [unit, *tree.ancestors(unit)] if unit.kind not in ("station", "department") else tree.ancestors(unit)
    return next((_LEVEL_OF_TIER[one.tier] for one in lineage if one.tier in _LEVEL_OF_TIER), LEVELS[0])


async def _posts_of(work: Work, member_id: UUID, day: date) -> list[UUID]:
    query = select(Post.unit_id).where(Post.member_id == member_id, Post.valid_from <= day, _goes_on(Post.valid_to, day))
    return list(await work.session.scalars(query))


def _goes_on(until: Any, day: date) -> ColumnElement[bool]:
    return or_(until.is_(None), until > day)


async def _is_paired(work: Work, tree: UnitTree, unit: UnitNode, member_id: UUID) -> bool:
    """Tell whether a member looks after the place: one of its households, the village or township itself, or through their office."""
    places = [one.id for one in (unit, *tree.ancestors(unit), *tree.under(unit))]
    day = local_day(work.now)
    offices = select(Post.unit_id).where(Post.member_id == member_id, Post.valid_from <= day, _goes_on(Post.valid_to, day))
    query = (
        select(Pairing.id)
        .outerjoin(Household, Household.id == Pairing.household_id)
        .where(in_force(day), (Pairing.member_id == member_id) | Pairing.by_unit_id.in_(offices))
        .where(one_of(Pairing.unit_id, places) | one_of(Household.unit_id, places))
        .limit(1)
    )
    return await work.session.scalar(query) is not None
