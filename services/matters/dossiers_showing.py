"""From a matter's rows to its entry in a dossier: as it stood at the year's end, by what was known at an instant. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import UUID

from services.matters.dossiers_rules import CAPACITIES, LEADING, OUTCOMES, Fate, Year, missed_between
from services.matters.dossiers_views import (
    AnsweringView,
    DossierMatter,
    HandOffView,
    HistoryLine,
    KeptFollowUps,
    MilestoneOfYear,
    SupervisionOfYear,
    TasksOfYear,
    YearEndAnswerView,
    YearEndBlocker,
    YearEndOutcomeView,
    YearEndQuestionView,
)
from services.matters.ledger import UNITS, Posting
from services.matters.models import Matter
from services.matters.schedule import age_days, slip_of
from services.matters.showing import sums_view, unit_view
from services.matters.story import Story
from services.matters.views import BLOCKER_NAMES
from services.organization.tree import UnitTree
from services.platform.clock import local_day

HISTORY = {
    "matter.determined": "确定为焦点问题",
    "matter.registered": "挂号",
    "matter.lead_changed": "更换牵头单位",
    "matter.task_set": "分解任务",
    "matter.task_decided": "任务验收",
    "matter.blocked": "出现梗阻",
    "matter.unblocked": "梗阻消除",
    "matter.milestone_moved": "节点调整",
    "matter.milestone_done": "节点完成",
    "matter.supervisor_named": "确定督办责任人",
    "matter.follower_attached": "确定跟进党员",
    "matter.follow_up_missed": "跟进逾期",
    "matter.site_inspected": "现场检查",
    "matter.struck_off": "销号",
    "matter.registered_again": "重新挂号",
    "matter.questioned": "年终质询",
    "matter.answered": "作出说明",
    "matter.judged": "作出处理",
}
"""Events that a dossier tells, in words; what a follow-up or a note says stands with those."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a matter went through: states and leads and events, oldest first, what became of it in the year, and all questions ever."""

    turns: Sequence[Any]
    events: Sequence[Any]
    fate: Fate
    questions: Sequence[YearEndQuestionView]


def entry_of(tree: UnitTree, story: Story, matter: Matter, year: Year, record: Record, names: Mapping[UUID, str]) -> DossierMatter:
    """Return the entry of a matter in the dossier of `year`, as it stood on its last day."""
    last, questions = year.last_day, record.questions
    known = [turn for turn in record.turns if turn.known_at < year.end or not year.over]
    registered = next(turn for turn in known if turn.number is not None)
    leads = [turn for turn in known if turn.lead_unit_id is not None]
    return DossierMatter(
        id=matter.id, number=registered.number, title=matter.title, unit=unit_view(tree, matter.unit_id), category=matter.category_code,
        lead=unit_view(tree, leads[-1].lead_unit_id), origin_on=matter.origin_on, age_days=age_days(matter.origin_on, last),
        registered_on=local_day(registered.known_at), round=known[-1].round, years_before=list(record.fate.years_before),
        households=matter.counted["weight"]["households"],
        persons=persons_of(tree, story, matter, leads[-1].lead_unit_id, last, names),
        history=[HistoryLine(on=day, what=HISTORY[one.type]) for one in record.events if (day := local_day(one.recorded_at)) <= last],
        blockers=_blockers(story, matter.id, last), hand_offs=_hand_offs(tree, leads),
        follow_ups=_follow_ups(story, matter.id, year, last), supervision=_supervision(story, matter.id, year, last),
        tasks=_tasks(story, matter.id, last), milestones=_milestones(story, matter.id, last), money=_money(story, matter.id, last),
        questions=[one for one in questions if one.year == year.number], before=[one for one in questions if one.year < year.number],
    )  # fmt: skip


def persons_of(tree: UnitTree, story: Story, matter: Matter, lead_id: UUID, last: date, names: Mapping[UUID, str]) -> list[AnsweringView]:
    """Return who answers for a matter on a day: the supervisors by name, who holds a working post in the lead unit, and who follows."""
    found = [
        _answering(tree, row.level, row.member_id, row.unit_id, names)
        for row in story.supervisors[matter.id] if _on(story, row, last)
    ]  # fmt: skip
    lead = {post.member_id for post in tree.active_posts(lead_id, last) if post.role in LEADING}
    found += [_answering(tree, "lead", member, lead_id, names) for member in sorted(lead)]
    following = [row.member_id for row in story.followers[matter.id] if _on(story, row, last)]
    found += [_answering(tree, "follower", member, matter.unit_id, names) for member in following]
    order = list(CAPACITIES)
    return sorted(found, key=lambda one: (order.index(one.capacity), str(one.member_id)))


def question_view(question: Any, number: str, answers: Sequence[Any], outcomes: Sequence[Any], names: Mapping[UUID, str]) -> Any:
    """Return a question with its answers and outcomes; `names` knows members, and accounts by whose they are."""
    shown = [
        YearEndOutcomeView(
            nth=one.nth, code=one.code, name=OUTCOMES[one.code], new_date=one.new_date, words=one.words, because=one.because,
            decided_at=one.decided_at, decided_by=names.get(one.decided_by_account_id, "—"),
        )
        for one in sorted(outcomes, key=lambda one: one.nth)
    ]  # fmt: skip
    return YearEndQuestionView(
        id=question.id, matter=number, matter_id=question.matter_id, year=question.year, member_id=question.member_id,
        name=names.get(question.member_id, "—"), capacity=question.capacity, capacity_name=CAPACITIES[question.capacity],
        words=question.words, answer_by=question.answer_by, asked_at=question.asked_at,
        asked_by=names.get(question.asked_by_account_id, "—"),
        answers=[YearEndAnswerView(id=one.id, words=one.words, answered_at=one.answered_at) for one in answers],
        outcome=shown[-1] if shown else None, corrected=shown[:-1],
    )  # fmt: skip


def _answering(tree: UnitTree, capacity: Any, member_id: UUID, unit_id: UUID, names: Mapping[UUID, str]) -> AnsweringView:
    return AnsweringView(
        capacity=capacity, capacity_name=CAPACITIES[capacity], member_id=member_id, name=names.get(member_id, "—"),
        unit=unit_view(tree, unit_id),
    )  # fmt: skip


def _on(story: Story, row: Any, last: date) -> bool:
    """Tell whether somebody was named for something at the end of a day."""
    return row.since <= last and (story.goes_on(row) or row.until is None or row.until > last)


def _blockers(story: Story, matter_id: UUID, last: date) -> list[YearEndBlocker]:
    found = []
    for row in story.blockers[matter_id]:
        if row.since > last:
            continue
        ended = None if story.goes_on(row) or row.ended_on is None or row.ended_on > last else row.ended_on
        days = ((ended or last) - row.since).days
        found.append(YearEndBlocker(code=row.code, name=BLOCKER_NAMES[row.code], since=row.since, ended_on=ended, days=days))
    return found


def _hand_offs(tree: UnitTree, leads: Sequence[Any]) -> list[HandOffView]:
    return [
        HandOffView(on=local_day(new.known_at), old=unit_view(tree, old.lead_unit_id), new=unit_view(tree, new.lead_unit_id))
        for old, new in pairwise(leads)
        if old.lead_unit_id != new.lead_unit_id
    ]


def _follow_ups(story: Story, matter_id: UUID, year: Year, last: date) -> list[KeptFollowUps]:
    found = []
    for row in story.followers[matter_id]:
        until = last if _on(story, row, last) else min(last, row.until)
        if row.since > last or until < year.first_day:
            continue
        days = [one.happened_on for one in story.follow_ups[row.id]]
        kept = sum(year.first_day <= day <= until for day in days)
        # on the last day itself a report may still come
        missed = missed_between(row.since, days, row.rhythm_days, year.first_day, until if year.over else _before(until))
        found.append(
            KeptFollowUps(
                member_id=row.member_id, name=story.names.get(row.member_id, "—"), rhythm_days=row.rhythm_days, since=row.since, kept=kept,
                missed=missed,
            )
        )  # fmt: skip
    return found


def _before(day: date) -> date:
    return day.fromordinal(max(day.toordinal() - 1, 1))


def _supervision(story: Story, matter_id: UUID, year: Year, last: date) -> list[SupervisionOfYear]:
    return [
        SupervisionOfYear(
            capacity=row.level, name=story.names.get(row.member_id, "—"),
            notes=sum(year.first_day <= one.happened_on <= last for one in story.notes[row.id]),
        )
        for row in story.supervisors[matter_id] if row.since <= last
    ]  # fmt: skip


def _tasks(story: Story, matter_id: UUID, last: date) -> TasksOfYear:
    rows = [row for row in story.tasks[matter_id] if local_day(row.recorded_at) <= last]
    accepted = {
        row.id for row in rows for one in story.reports[row.id]
        if one.accepted and one.decided_at <= story.at and local_day(one.decided_at) <= last
    }  # fmt: skip
    overdue = sum(row.id not in accepted and row.due_on < last for row in rows)
    return TasksOfYear(total=len(rows), accepted=len(accepted), overdue=overdue)


def _milestones(story: Story, matter_id: UUID, last: date) -> list[MilestoneOfYear]:
    found = []
    for row in story.milestones[matter_id]:
        plans = sorted((plan for plan in story.plans[row.id] if local_day(plan.recorded_at) <= last), key=lambda plan: plan.nth)
        if not plans:
            continue
        done = next((one.done_on for one in story.done[row.id] if one.done_on <= last), None)
        first, present = plans[0].planned_on, plans[-1].planned_on
        slip = slip_of(first, present, done, last).days
        shown = MilestoneOfYear(title=row.title, first_planned_on=first, planned_on=present, done_on=done, slip_days=slip)
        found.append(shown)
    return found


def _money(story: Story, matter_id: UUID, last: date) -> list[Any]:
    entries = [one for one in story.entries[matter_id] if one.happened_on <= last]
    lines = [Posting(line.account, line.unit, line.amount) for entry in entries for line in story.lines[entry.id]]
    return [sums_view(lines, unit) for unit in UNITS]
