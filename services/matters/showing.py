"""From rows to what is shown, as it was known at an instant. Pure."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from services.matters.bypassing import DEED_NAMES
from services.matters.ledger import SOURCE_NAMES, UNITS, Posting, sums_of
from services.matters.ledger import Unit as LedgerUnit
from services.matters.models import Matter, MatterState
from services.matters.people import BELOW
from services.matters.schedule import age_days, is_stale, next_due, slip_of
from services.matters.story import Story
from services.matters.striking_views import Ended
from services.matters.views import (
    BLOCKER_NAMES,
    LEVEL_NAMES,
    STATE_NAMES,
    BlockerView,
    BypassView,
    EntryView,
    FollowerView,
    FollowUpView,
    InspectionView,
    LedgerView,
    MatterLine,
    MatterTaskView,
    MatterView,
    MatterVisitView,
    MilestoneView,
    PlaceName,
    PlanView,
    PostingView,
    SegmentOf,
    SiteView,
    SourceSumView,
    SumsView,
    SupervisionView,
    SupervisorView,
    TaskReportView,
)
from services.organization.tree import UnitTree
from services.platform.clock import local_day

_BELOW: dict[str, Any] = BELOW


def line_of(tree: UnitTree, story: Story, matter: Matter, state: MatterState) -> MatterLine:
    """Return the line of a matter."""
    today = local_day(story.at)
    tasks = [task_view(tree, story, row, today) for row in story.tasks[matter.id]]
    milestones = [milestone_view(story, row, today) for row in story.milestones[matter.id]]
    followers = [follower_view(story, row, today) for row in story.followers[matter.id]]
    weight = matter.counted["weight"]
    return MatterLine(
        id=matter.id, number=state.number, title=matter.title, state=state.state, state_name=STATE_NAMES[state.state],
        unit=unit_view(tree, matter.unit_id), category=matter.category_code, urgency=matter.urgency, tension=state.tension,
        origin_on=matter.origin_on, age_days=age_days(matter.origin_on, today),
        lead=unit_view(tree, state.lead_unit_id) if state.lead_unit_id else None, households=weight["households"],
        blockers=[row.code for row in story.open_blockers(matter.id)], tasks=len(tasks),
        tasks_accepted=sum(one.state == "accepted" for one in tasks), overdue_tasks=sum(one.overdue for one in tasks),
        late_milestones=sum(one.late for one in milestones), stale=any(one.stale for one in followers), round=state.round,
        version=state.version,
    )  # fmt: skip


def matter_view(tree: UnitTree, story: Story, matter: Matter, state: MatterState, allowed: list[str], ended: Ended) -> MatterView:
    """Return everything of a matter."""
    today, at = local_day(story.at), story.at
    decided = matter.decided_at is not None and matter.decided_at <= at
    return MatterView(
        **line_of(tree, story, matter, state).model_dump(),
        candidate_id=matter.candidate_id, segment=_segment(story, matter.segment_id), because=matter.because,
        counted={name: value for name, value in matter.counted.items() if name != "sources"},
        determined_at=matter.determined_at, decided_at=matter.decided_at if decided else None,
        decision=matter.decision if decided else None,
        tickets=[row.number for row in story.sources[matter.id] if row.number],
        opinions=[row.source_id for row in story.sources[matter.id] if row.kind == "opinion"],
        visits=[_visit(tree, row) for row in story.visits[matter.id]],
        supervisors=[_supervisor(tree, story, row) for row in story.supervisors[matter.id]],
        followers=[follower_view(story, row, today) for row in story.followers[matter.id]],
        bypassed=[_bypass(tree, row) for row in story.bypassed[matter.id]],
        task_list=[task_view(tree, story, row, today) for row in story.tasks[matter.id]],
        blocker_list=[blocker_view(story, row, today) for row in story.blockers[matter.id]],
        milestones=[milestone_view(story, row, today) for row in story.milestones[matter.id]],
        sites=[_site(story, row) for row in story.sites[matter.id]],
        ledger=_ledger(story, matter.id), allowed_actions=allowed, as_of=at,
        struck_off_at=ended.certificate.issued_at if ended.certificate else None, certificate=ended.certificate,
        certificates=ended.certificates, striking=ended.striking,
    )  # fmt: skip


def _visit(tree: UnitTree, row: Any) -> MatterVisitView:
    unit = unit_view(tree, row.unit_id)
    return MatterVisitView(
        id=row.id, member_name=row.name, happened_on=local_day(row.happened_at), outcome=row.outcome, unit=unit
    )  # fmt: skip


def unit_view(tree: UnitTree, unit_id: UUID) -> PlaceName:
    """Return a unit by its code and name."""
    unit = tree.by_id[unit_id]
    return PlaceName(code=unit.code, name=unit.name)


def task_view(tree: UnitTree, story: Story, row: Any, today: date) -> MatterTaskView:
    """Return a sub-task as it stood."""
    reports = [
        TaskReportView(
            done_on=one.done_on, words=one.words, attachment_ids=_files(story, one.id), recorded_at=one.recorded_at,
            accepted=one.accepted if (decided := one.decided_at is not None and one.decided_at <= story.at) else None,
            decision=one.decision if decided else None,
        )
        for one in story.reports[row.id]
    ]  # fmt: skip
    accepted = any(one.accepted for one in reports)
    waits = any(one.accepted is None for one in reports)
    return MatterTaskView(
        id=row.id, unit=unit_view(tree, row.unit_id), title=row.title, due_on=row.due_on,
        state="accepted" if accepted else "reported" if waits else "open", overdue=not accepted and not waits and today > row.due_on,
        reports=reports,
    )  # fmt: skip


def blocker_view(story: Story, row: Any, today: date) -> BlockerView:
    """Return what stood in the way."""
    over = not story.goes_on(row)
    return BlockerView(
        code=row.code, name=BLOCKER_NAMES[row.code], since=row.since, words=row.words, ended_on=row.ended_on if over else None,
        ended_words=row.ended_words if over else None, days=((row.ended_on if over else today) - row.since).days,
    )  # fmt: skip


def milestone_view(story: Story, row: Any, today: date) -> MilestoneView:
    """Return a milestone with all its plans."""
    plans = sorted(story.plans[row.id], key=lambda plan: plan.nth)
    done = next(iter(story.done[row.id]), None)
    first, present, done_on = plans[0].planned_on, plans[-1].planned_on, done.done_on if done else None
    slip = slip_of(first, present, done_on, today)
    return MilestoneView(
        id=row.id, title=row.title, first_planned_on=first, planned_on=present, done_on=done_on, words=done.words if done else None,
        slip_days=slip.days, late=slip.late, attachment_ids=_files(story, row.id),
        plans=[PlanView(planned_on=one.planned_on, because=one.because, recorded_at=one.recorded_at) for one in plans],
    )  # fmt: skip


def follower_view(story: Story, row: Any, today: date) -> FollowerView:
    """Return who follows, or followed."""
    goes_on, away = story.goes_on(row), story.absences.days(row.member_id)
    reports = sorted(story.follow_ups[row.id], key=lambda one: (one.happened_on, one.recorded_at))
    last = reports[-1].happened_on if reports else None
    return FollowerView(
        member_id=row.member_id, name=story.names[row.member_id], rhythm_days=row.rhythm_days, since=row.since,
        until=None if goes_on else row.until, next_due_on=next_due(row.since, last, row.rhythm_days, away) if goes_on else None,
        stale=goes_on and is_stale(row.since, last, row.rhythm_days, today, away),
        away_until=next((one.after for one in away if one.first <= today < one.after), None),
        gone=goes_on and story.absences.is_gone(row.member_id),
        alarms=sorted(one.due_on for one in story.alarms[row.id]),
        reports=[
            FollowUpView(
                id=one.id, happened_on=one.happened_on, words=one.words, recorded_at=one.recorded_at, attachment_ids=_files(story, one.id)
            )
            for one in reports
        ],
    )  # fmt: skip


def _supervisor(tree: UnitTree, story: Story, row: Any) -> SupervisorView:
    goes_on = story.goes_on(row)
    return SupervisorView(
        level=row.level, level_name=LEVEL_NAMES[row.level], member_id=row.member_id, name=story.names[row.member_id],
        unit=unit_view(tree, row.unit_id), looks_at=_BELOW[row.level], since=row.since, until=None if goes_on else row.until,
        gone=goes_on and story.absences.is_gone(row.member_id, row.unit_id),
        notes=[
            SupervisionView(happened_on=one.happened_on, words=one.words, recorded_at=one.recorded_at, about=one.about)
            for one in story.notes[row.id]
        ],
    )  # fmt: skip


def _bypass(tree: UnitTree, event: Any) -> BypassView:
    unit, at = (tree.by_code[event.data[name]] for name in ("unit", "at"))
    return BypassView(
        unit=unit_view(tree, unit.id), deed=event.data["deed"], deed_name=DEED_NAMES[event.data["deed"]], at=unit_view(tree, at.id),
        happened_at=event.recorded_at,
    )  # fmt: skip


def _site(story: Story, row: Any) -> SiteView:
    pictures: dict[str, list[UUID]] = {"before": [], "after": []}
    for shown in story.shown[row.id]:
        pictures[shown.shown] += _files(story, shown.id)
    return SiteView(
        id=row.id, name=row.name, from_m=row.from_m, to_m=row.to_m, before=pictures["before"], after=pictures["after"],
        inspections=[
            InspectionView(happened_on=one.happened_on, words=one.words, recorded_at=one.recorded_at, passed=one.passed)
            for one in story.inspections[row.id]
        ],
    )  # fmt: skip


def _segment(story: Story, segment_id: UUID | None) -> SegmentOf | None:
    for segment, asset in story.segments[segment_id] if segment_id else ():
        length = segment.to_m - segment.from_m
        return SegmentOf(id=segment.id, asset=asset.code, asset_name=asset.name, from_m=segment.from_m, to_m=segment.to_m, length_m=length)
    return None


def _ledger(story: Story, matter_id: UUID) -> LedgerView:
    entries = story.entries[matter_id]
    lines = [Posting(line.account, line.unit, line.amount) for entry in entries for line in story.lines[entry.id]]
    sums = [sums_view(lines, unit) for unit in UNITS]
    return LedgerView(sums=sums, entries=[_entry(story, one) for one in entries])


def sums_view(lines: Iterable[Posting], unit: LedgerUnit) -> SumsView:
    """Return how lines of a ledger add up in one unit."""
    found = sums_of(lines, unit)
    sources = [
        SourceSumView(source=one.source, name=SOURCE_NAMES[one.source], pledged=one.pledged, received=one.received, due=one.due)
        for one in found.sources
    ]
    return SumsView(
        unit=unit, pledged=found.pledged, received=found.received, spent=found.spent, held=found.held, due=found.due,
        settled=found.settled, sources=sources,
    )  # fmt: skip


def _entry(story: Story, row: Any) -> EntryView:
    lines = sorted(story.lines[row.id], key=lambda line: line.account)
    return EntryView(
        id=row.id, deed=row.deed, source=row.source, happened_on=row.happened_on, words=row.words, reverses_id=row.reverses_id,
        recorded_at=row.recorded_at, lines=[PostingView(account=one.account, unit=one.unit, amount=one.amount) for one in lines],
    )  # fmt: skip


def _files(story: Story, subject_id: UUID) -> list[UUID]:
    return [one.attachment_id for one in story.files[subject_id]]
