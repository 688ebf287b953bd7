"""The work on a matter: sub-tasks that somebody else accepts, what stands in the way, milestones that slip visibly, sites in pictures."""

from uuid import UUID

from sqlalchemy import select

from services.attachments.linking import link
from services.identity.persons import is_same_person
from services.matters import bypassing, deeds
from services.matters.holding import Held, changed, require_past, unit_of, who
from services.matters.work_models import (
    Blocker,
    MatterSite,
    MatterTask,
    Milestone,
    MilestoneDone,
    MilestonePlan,
    SiteInspection,
    SiteShown,
    TaskReport,
)
from services.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work


async def set_task(work: Work, held: Held, command: deeds.SetTask) -> None:
    """Give a unit a sub-task. Raises 404 ``unit.unknown``, 422 ``matter.day_past``."""
    unit = unit_of(held.tree, command.unit, "/unit")
    if command.due_on < held.today:
        raise Invalid("matter.day_past", "Give it a day that is still to come.", errors=[Fault("/due_on", "must not be in the past")])
    task_id = new_id()
    work.session.add(
        MatterTask(id=task_id, matter_id=held.matter.id, unit_id=unit.id, title=command.title, due_on=command.due_on, **who(work))
    )
    await changed(work, held, "matter.task_set", {"task_id": str(task_id), "unit": unit.code, "due_on": str(command.due_on)})
    await bypassing.tell(work, held, "task_set", unit)


async def report_task(work: Work, held: Held, command: deeds.ReportTask) -> None:
    """Say that a sub-task is done, as its unit or the lead.

    Raises 404 ``task.unknown``, 403 ``matter.not_yours``, 409 ``task.waits`` and ``task.accepted``.
    """
    require_past(command.done_on, held.today, "/done_on")
    task = await _task(work, held, command.task_id)
    path = held.tree.by_id[task.unit_id].path
    if "lead" not in held.relations and all(seat.path != path for seat in work.actor.seats):
        raise Forbidden("matter.not_yours", "This sub-task is another unit's.")
    for there in await work.session.scalars(select(TaskReport).where(TaskReport.task_id == task.id)):
        if there.decided_at is None:
            raise Conflict("task.waits", "It was reported already, and waits to be accepted.")
        if there.accepted:
            raise Conflict("task.accepted", "This sub-task was accepted already.")
    report_id = new_id()
    account = work.actor.account_id
    work.session.add(
        TaskReport(
            id=report_id, task_id=task.id, done_on=command.done_on, words=command.words, done_by_account_id=account, recorded_at=work.now
        )
    )
    await work.session.flush()
    await link(work, command.attachment_ids, "matter", report_id)
    await changed(work, held, "matter.task_reported", {"task_id": str(task.id), "on": str(command.done_on)})


async def decide_task(work: Work, held: Held, command: deeds.DecideTask) -> None:
    """Accept a sub-task or give it back. Raises 404 ``task.unknown``, 409 ``task.not_reported``, 403 ``task.own_work``."""
    task = await _task(work, held, command.task_id)
    waiting = await work.session.scalar(select(TaskReport).where(TaskReport.task_id == task.id, TaskReport.decided_at.is_(None)))
    if waiting is None:
        raise Conflict("task.not_reported", "Nobody says that it is done; there is nothing to decide.")
    if await is_same_person(work.session, work.actor.account_id, waiting.done_by_account_id):
        raise Forbidden("task.own_work", "Whoever did it does not accept it; ask somebody else.")
    waiting.accepted, waiting.decision = command.accepted, command.words
    waiting.decided_at, waiting.decided_by_account_id = work.now, work.actor.account_id
    said = {"task_id": str(task.id), "accepted": command.accepted, "words": command.words}
    await changed(work, held, "matter.task_decided", said)


async def block(work: Work, held: Held, command: deeds.Block) -> None:
    """Say what stands in the way. Raises 409 ``blocker.there`` where that code does already."""
    require_past(command.since, held.today, "/since")
    if await _blocker(work, held, command.code) is not None:
        raise Conflict("blocker.there", "This stands in the way already; end it first, if it began anew.")
    work.session.add(
        Blocker(id=new_id(), matter_id=held.matter.id, code=command.code, since=command.since, words=command.words, **who(work))
    )
    await changed(work, held, "matter.blocked", {"code": command.code, "since": str(command.since)})


async def unblock(work: Work, held: Held, command: deeds.Unblock) -> None:
    """Say that it stands in the way no longer. Raises 409 ``blocker.not_there``, 422 ``blocker.not_begun``."""
    require_past(command.on, held.today, "/on")
    there = await _blocker(work, held, command.code)
    if there is None:
        raise Conflict("blocker.not_there", "This does not stand in the way.")
    if command.on < there.since:
        raise Invalid("blocker.not_begun", f"It stands in the way since {there.since}.")
    there.ended_on, there.ended_words = command.on, command.words
    there.ended_at, there.ended_by_account_id = work.now, work.actor.account_id
    await changed(work, held, "matter.unblocked", {"code": command.code, "on": str(command.on)})


async def set_milestone(work: Work, held: Held, command: deeds.SetMilestone) -> None:
    """Plan a milestone: its first plan."""
    milestone_id = new_id()
    work.session.add(Milestone(id=milestone_id, matter_id=held.matter.id, title=command.title, **who(work)))
    await work.session.flush()
    plan = MilestonePlan(milestone_id=milestone_id, nth=1, planned_on=command.planned_on, because=None, **who(work))
    work.session.add(plan)
    await changed(work, held, "matter.milestone_set", {"milestone_id": str(milestone_id), "on": str(command.planned_on)})


async def move_milestone(work: Work, held: Held, command: deeds.MoveMilestone) -> None:
    """Plan a milestone for another day. Raises 404 ``milestone.unknown``, 409 ``milestone.done``; the same day changes nothing."""
    milestone = await _undone(work, held, command.milestone_id)
    query = select(MilestonePlan).where(MilestonePlan.milestone_id == milestone.id).order_by(MilestonePlan.nth.desc()).limit(1)
    last = (await work.session.scalars(query)).one()
    if last.planned_on == command.planned_on:
        return
    work.session.add(
        MilestonePlan(milestone_id=milestone.id, nth=last.nth + 1, planned_on=command.planned_on, because=command.words, **who(work))
    )
    said = {"milestone_id": str(milestone.id), "from": str(last.planned_on), "to": str(command.planned_on), "words": command.words}
    await changed(work, held, "matter.milestone_moved", said)


async def finish_milestone(work: Work, held: Held, command: deeds.FinishMilestone) -> None:
    """Say that a milestone is reached. Raises 404 ``milestone.unknown``, 409 ``milestone.done``."""
    require_past(command.done_on, held.today, "/done_on")
    milestone = await _undone(work, held, command.milestone_id)
    work.session.add(MilestoneDone(milestone_id=milestone.id, done_on=command.done_on, words=command.words, **who(work)))
    await work.session.flush()
    await link(work, command.attachment_ids, "matter", milestone.id)
    await changed(work, held, "matter.milestone_done", {"milestone_id": str(milestone.id), "on": str(command.done_on)})


async def add_site(work: Work, held: Held, command: deeds.AddSite) -> None:
    """Name a place of the work. Raises 409 ``site.there`` for a name that is taken."""
    same = select(MatterSite.id).where(MatterSite.matter_id == held.matter.id, MatterSite.name == command.name)
    if await work.session.scalar(same) is not None:
        raise Conflict("site.there", "There is a site of this name already.")
    site_id = new_id()
    site = MatterSite(id=site_id, matter_id=held.matter.id, name=command.name, from_m=command.from_m, to_m=command.to_m, **who(work))
    work.session.add(site)
    await changed(work, held, "matter.site_added", {"site_id": str(site_id)})


async def show_site(work: Work, held: Held, command: deeds.ShowSite) -> None:
    """Show a site in pictures. Raises 404 ``site.unknown``, 422 ``attachment.unknown``."""
    require_past(command.happened_on, held.today, "/happened_on")
    site = await _site(work, held, command.site_id)
    shown_id = new_id()
    work.session.add(SiteShown(id=shown_id, site_id=site.id, shown=command.shown, happened_on=command.happened_on, **who(work)))
    await work.session.flush()
    await link(work, command.attachment_ids, "matter", shown_id, dict.fromkeys(command.attachment_ids, command.shown))
    await changed(work, held, "matter.site_shown", {"site_id": str(site.id), "shown": command.shown})


async def inspect_site(work: Work, held: Held, command: deeds.InspectSite) -> None:
    """Say what was found on a site. Raises 404 ``site.unknown``."""
    require_past(command.happened_on, held.today, "/happened_on")
    site = await _site(work, held, command.site_id)
    work.session.add(
        SiteInspection(
            id=new_id(), site_id=site.id, happened_on=command.happened_on, passed=command.passed, words=command.words, **who(work)
        )
    )
    await changed(work, held, "matter.site_inspected", {"site_id": str(site.id), "passed": command.passed})
    await bypassing.tell(work, held, "inspected", held.unit)


async def _task(work: Work, held: Held, task_id: UUID) -> MatterTask:
    task = await work.session.get(MatterTask, task_id)
    if task is None or task.matter_id != held.matter.id:
        raise NotFound("task.unknown", "This matter has no such sub-task.")
    return task


async def _blocker(work: Work, held: Held, code: str) -> Blocker | None:
    query = select(Blocker).where(Blocker.matter_id == held.matter.id, Blocker.code == code, Blocker.ended_on.is_(None))
    return await work.session.scalar(query)


async def _undone(work: Work, held: Held, milestone_id: UUID) -> Milestone:
    milestone = await work.session.get(Milestone, milestone_id)
    if milestone is None or milestone.matter_id != held.matter.id:
        raise NotFound("milestone.unknown", "This matter has no such milestone.")
    if await work.session.get(MilestoneDone, milestone_id) is not None:
        raise Conflict("milestone.done", "This milestone is reached already.")
    return milestone


async def _site(work: Work, held: Held, site_id: UUID) -> MatterSite:
    site = await work.session.get(MatterSite, site_id)
    if site is None or site.matter_id != held.matter.id:
        raise NotFound("site.unknown", "This matter has no such site.")
    return site
