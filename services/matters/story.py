"""Reading matters with everything that belongs to them, as it was known at an instant: a fixed number of statements for any number."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from services.attachments.models import AttachmentLink
from services.journal.models import Event
from services.matters.absences import Absences, absences_of
from services.matters.bypassing import EVENT
from services.matters.models import (
    Asset,
    AssetSegment,
    FollowUp,
    FollowUpAlarm,
    Matter,
    MatterFollower,
    MatterSource,
    MatterState,
    MatterSupervisor,
    SupervisionNote,
)
from services.matters.work_models import (
    Blocker,
    MatterEntry,
    MatterPosting,
    MatterSite,
    MatterTask,
    Milestone,
    MilestoneDone,
    MilestonePlan,
    SiteInspection,
    SiteShown,
    TaskReport,
)
from services.organization.models import Member
from services.platform.bulk import one_of
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket
from services.visits.about import visits_about

Rows = defaultdict[UUID, list[Any]]


@dataclass
class Story:
    """What belongs to some matters, by what it belongs to, oldest first. `at` is the instant it was known at."""

    at: datetime
    sources: Rows = field(default_factory=lambda: defaultdict(list))
    visits: Rows = field(default_factory=lambda: defaultdict(list))
    supervisors: Rows = field(default_factory=lambda: defaultdict(list))
    notes: Rows = field(default_factory=lambda: defaultdict(list))
    followers: Rows = field(default_factory=lambda: defaultdict(list))
    follow_ups: Rows = field(default_factory=lambda: defaultdict(list))
    alarms: Rows = field(default_factory=lambda: defaultdict(list))
    tasks: Rows = field(default_factory=lambda: defaultdict(list))
    reports: Rows = field(default_factory=lambda: defaultdict(list))
    blockers: Rows = field(default_factory=lambda: defaultdict(list))
    milestones: Rows = field(default_factory=lambda: defaultdict(list))
    plans: Rows = field(default_factory=lambda: defaultdict(list))
    done: Rows = field(default_factory=lambda: defaultdict(list))
    sites: Rows = field(default_factory=lambda: defaultdict(list))
    shown: Rows = field(default_factory=lambda: defaultdict(list))
    inspections: Rows = field(default_factory=lambda: defaultdict(list))
    entries: Rows = field(default_factory=lambda: defaultdict(list))
    lines: Rows = field(default_factory=lambda: defaultdict(list))
    files: Rows = field(default_factory=lambda: defaultdict(list))
    bypassed: Rows = field(default_factory=lambda: defaultdict(list))
    segments: Rows = field(default_factory=lambda: defaultdict(list))
    absences: Absences = field(default_factory=Absences)
    names: dict[UUID, str] = field(default_factory=dict)

    def open_blockers(self, matter_id: UUID) -> list[Any]:
        """Return what stood in the way then."""
        return [row for row in self.blockers[matter_id] if self.goes_on(row)]

    def goes_on(self, row: Any) -> bool:
        """Tell whether something that was begun had not ended, as it was known then."""
        return row.ended_at is None or row.ended_at > self.at


def state_then(at: datetime) -> type[MatterState]:
    """Return what of a matter could change, as it was known at an instant: to be joined laterally to its row."""
    newest = select(MatterState).where(MatterState.matter_id == Matter.id, MatterState.known_at <= at)
    return aliased(MatterState, newest.order_by(MatterState.version.desc()).limit(1).lateral("state"))


async def story_of(work: Work, matters: Sequence[Matter], at: datetime) -> Story:
    """Return all that belongs to these matters, as it was known at `at`."""
    story, ids = Story(at), [one.id for one in matters]
    await _people(work, story, ids)
    for row in await visits_about(work, ids, at):
        story.visits[row.matter_id].append(row)
    await _work(work, story, ids)
    await _ledger(work, story, ids)
    events = select(Event).where(one_of(Event.subject_id, ids), Event.type == EVENT, Event.recorded_at <= at)
    for event in await work.session.scalars(events.order_by(Event.seq)):
        story.bypassed[event.subject_id].append(event)
    wanted = [one.segment_id for one in matters if one.segment_id]
    if wanted:
        query = select(AssetSegment, Asset).join(Asset, Asset.id == AssetSegment.asset_id).where(one_of(AssetSegment.id, wanted))
        for row in await work.session.execute(query):
            story.segments[row[0].id].append(row)
    members = {row.member_id for kind in (story.supervisors, story.followers) for rows in kind.values() for row in rows}
    if members:
        rows = await work.session.execute(select(Member.id, Member.name).where(one_of(Member.id, members)))
        story.names = {row.id: row.name for row in rows}
        story.absences = await absences_of(work, members, at)
    return story


async def _people(work: Work, story: Story, ids: Sequence[UUID]) -> None:
    await _rows(work, story, story.supervisors, MatterSupervisor, "matter_id", ids)
    await _rows(work, story, story.followers, MatterFollower, "matter_id", ids)
    await _rows(work, story, story.notes, SupervisionNote, "supervisor_id", _ids(story.supervisors))
    followers = _ids(story.followers)
    await _rows(work, story, story.follow_ups, FollowUp, "follower_id", followers)
    await _rows(work, story, story.alarms, FollowUpAlarm, "follower_id", followers, FollowUpAlarm.raised_at)
    query = (
        select(MatterSource.matter_id, MatterSource.source_id, MatterSource.kind, Ticket.number)
        .outerjoin(Ticket, and_(Ticket.id == MatterSource.source_id, Ticket.privacy != "confidential"))  # it may have become so since
        .where(one_of(MatterSource.matter_id, ids), MatterSource.joined_at <= story.at)
        .where(or_(MatterSource.left_at.is_(None), MatterSource.left_at > story.at))
        .order_by(MatterSource.joined_at, MatterSource.source_id)
    )
    for row in await work.session.execute(query):
        story.sources[row.matter_id].append(row)


async def _work(work: Work, story: Story, ids: Sequence[UUID]) -> None:
    await _rows(work, story, story.tasks, MatterTask, "matter_id", ids)
    await _rows(work, story, story.blockers, Blocker, "matter_id", ids)
    await _rows(work, story, story.milestones, Milestone, "matter_id", ids)
    await _rows(work, story, story.sites, MatterSite, "matter_id", ids)
    await _rows(work, story, story.reports, TaskReport, "task_id", _ids(story.tasks))
    milestones, sites = _ids(story.milestones), _ids(story.sites)
    await _rows(work, story, story.plans, MilestonePlan, "milestone_id", milestones)
    await _rows(work, story, story.done, MilestoneDone, "milestone_id", milestones)
    await _rows(work, story, story.shown, SiteShown, "site_id", sites)
    await _rows(work, story, story.inspections, SiteInspection, "site_id", sites)
    subjects = [*milestones, *_ids(story.reports), *_ids(story.shown), *_ids(story.follow_ups)]
    await _rows(work, story, story.files, AttachmentLink, "subject_id", subjects, AttachmentLink.linked_at)


async def _ledger(work: Work, story: Story, ids: Sequence[UUID]) -> None:
    await _rows(work, story, story.entries, MatterEntry, "matter_id", ids)
    entries = _ids(story.entries)
    if entries:
        for row in await work.session.scalars(select(MatterPosting).where(one_of(MatterPosting.entry_id, entries))):
            story.lines[row.entry_id].append(row)


async def _rows(
    work: Work, story: Story, into: Rows, row_class: Any, owner: str, ids: Sequence[UUID], known: ColumnElement[Any] | Any = None
) -> None:
    if not ids:
        return
    known_at = row_class.recorded_at if known is None else known
    query = select(row_class).where(one_of(getattr(row_class, owner), ids), known_at <= story.at).order_by(known_at)
    for row in await work.session.scalars(query):
        into[getattr(row, owner)].append(row)


def _ids(rows: Rows) -> list[UUID]:
    return [row.id for found in rows.values() for row in found]
