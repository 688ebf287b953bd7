"""Who owed what in a week, and whether it was done: from posts, visits, traces of being there, leave and the calendar, as known then.

What counts as done comes from the ledger and from what is recorded anyway; nobody reports that they kept an obligation. Posts tell when
they were given and end as they stand; shifts are kept for 92 days, and weeks before those tell by visits and steps alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text

from services.deadlines.calendars import Calendars
from services.deadlines.queries import calendar_book
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.clock import day_start, local_day
from services.platform.rounding import percent_text
from services.platform.unit_of_work import Work
from services.visits.asking import Within, within
from services.visits.obligations import KIND_NAMES, REASON_NAMES, WEEKLY, Judged, Kind, Owed, Span, State, Week, judge, week_of
from services.visits.views import ObligationsReport, ObligationTotals, ObligationView

StateAsked = Literal["missed", "kept", "excused", "open", "all"]
_POSTS = text("""
SELECT s.member_id, m.name, s.unit_id, CASE WHEN u.kind = 'grid' THEN 'weekly_visit' ELSE 'grid_days' END AS kind, s.valid_from,
  least(s.valid_to, m.left_on) AS valid_to
FROM posts s JOIN members m ON m.id = s.member_id JOIN units u ON u.id = s.unit_id
WHERE u.path ^@ ANY (CAST(:areas AS text[])) AND s.created_at <= :as_of AND s.valid_from < :until
  AND coalesce(least(s.valid_to, m.left_on), :until) > :monday
  AND (u.kind = 'grid' AND s.role IN ('guide', 'assistant') OR u.kind IN ('village', 'community') AND s.role = 'village_secretary')
""")
_DEEDS = text("""
SELECT a.member_id, a.unit_id, a.happened_on AS day, a.outcome FROM activities a
WHERE a.kind = 'visit' AND a.member_id = ANY (CAST(:members AS uuid[])) AND a.happened_on >= :monday AND a.happened_on < :until
  AND a.recorded_at <= :as_of AND (a.withdrawn_at IS NULL OR a.withdrawn_at > :as_of)
UNION ALL
SELECT s.member_id, s.unit_id, (s.happened_at AT TIME ZONE 'Asia/Shanghai')::date, 'there' FROM service_steps s
WHERE s.member_id = ANY (CAST(:members AS uuid[])) AND s.happened_at >= :begins AND s.happened_at < :ends AND s.recorded_at <= :as_of
UNION ALL
SELECT c.member_id, f.unit_id, (f.started_at AT TIME ZONE 'Asia/Shanghai')::date, 'there'
FROM shifts f JOIN accounts c ON c.id = f.account_id
WHERE c.member_id = ANY (CAST(:members AS uuid[])) AND f.started_at >= :begins AND f.started_at < :ends AND f.id < :recorded_before
""")
LEAVES = text("""
SELECT member_id, valid_from, CASE WHEN ended_at <= :as_of THEN over_on ELSE valid_to END AS over_on FROM leaves
WHERE member_id = ANY (CAST(:members AS uuid[])) AND entered_at <= :as_of AND valid_from < :until AND valid_to > :monday
""")


@dataclass(frozen=True, slots=True)
class AskedWeek:
    """Whose area, which week (the one of `as_of` where not given), as known when (now where not given)."""

    unit: str | None = None
    week: Week | None = None
    as_of: datetime | None = None


@dataclass(slots=True)
class _Post:
    """An obligation: of whom, in which unit, and when they held the post."""

    kind: Kind
    member_id: UUID
    name: str
    unit: UnitNode
    held: list[Span] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.unit.path} {self.kind} {self.member_id}"


async def obligations_report(
    work: Work, asked: AskedWeek, state: StateAsked, *, after: str, limit: int
) -> tuple[ObligationsReport, str | None]:
    """Return the report and the place where its next page begins: totals of all, and up to `limit` of the asked state behind `after`.

    Raises as :func:`within` does.
    """
    inside = await within(work, asked.unit, asked.as_of)
    week = asked.week or week_of(local_day(inside.as_of))
    over = inside.as_of >= day_start(week.until)
    tree = await unit_tree(work.session)
    given = _given(inside, week)
    posts = _posts(await work.session.execute(_POSTS, given), tree)
    given["members"] = list({post.member_id for post in posts})
    deeds = _by_member(await work.session.execute(_DEEDS, given))
    leaves = _by_member(await work.session.execute(LEAVES, given))
    calendars = (await calendar_book(work.session)).at(inside.as_of)
    judged = [
        (post, *_judged(post, week, deeds.get(post.member_id, ()), leaves.get(post.member_id, ()), calendars, tree, over)) for post in posts
    ]
    wanted = [one for one in judged if state in ("all", one[1].state)]
    page = [one for one in wanted if one[0].key > after][: limit + 1]
    report = ObligationsReport(
        week=week.name, first_day=week.monday, last_day=week.days[-1], unit=inside.unit.code, as_of=inside.as_of, over=over,
        totals=[totals_of(kind, [one[1].state for one in judged if one[0].kind == kind]) for kind in WEEKLY],
        items=[_view(*one) for one in page[:limit]], total=len(wanted),
    )  # fmt: skip
    return report, page[limit - 1][0].key if len(page) > limit else None


def _given(inside: Within, week: Week) -> dict[str, Any]:
    moment = int(inside.as_of.timestamp() * 1000) + 1
    return {
        "areas": list(inside.areas),
        "as_of": inside.as_of,
        "monday": week.monday,
        "until": week.until,
        "begins": day_start(week.monday),
        "ends": day_start(week.until),
        "recorded_before": UUID(int=max(moment, 0) << 80),  # a shift has no other trace of when it was written down than its id
    }


def _posts(rows: Iterable[Row[Any]], tree: UnitTree) -> list[_Post]:
    """Return what is owed, each once: posts in one unit that follow each other are one."""
    found: dict[tuple[Any, ...], _Post] = {}
    for row in rows:
        post = found.setdefault((row.kind, row.member_id, row.unit_id), _Post(row.kind, row.member_id, row.name, tree.by_id[row.unit_id]))
        post.held.append((row.valid_from, row.valid_to))
    return sorted(found.values(), key=lambda post: post.key)


def _by_member(rows: Iterable[Row[Any]]) -> Mapping[UUID, Sequence[Row[Any]]]:
    found: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.member_id, []).append(row)
    return found


def _judged(
    post: _Post,
    week: Week,
    deeds: Sequence[Any],
    leaves: Sequence[Any],
    calendars: Calendars,
    tree: UnitTree,
    over: bool,
) -> tuple[Judged, int]:
    """Return how it was kept, and how many calls there were where nobody was met."""
    calendar = calendars.calendar(calendars.code_for(post.unit.path))
    there = [deed for deed in deeds if tree.by_id[deed.unit_id].path.startswith(post.unit.path)]
    counting = there if post.kind == "grid_days" else [deed for deed in there if deed.outcome == "met"]
    owed = Owed(
        post.kind,
        week,
        tuple(post.held),
        tuple((leave.valid_from, leave.over_on) for leave in leaves),
        frozenset(day for day in week.days if calendar.is_working(day)),
        tuple(deed.day for deed in counting),
    )
    return judge(owed, over=over), sum(deed.outcome not in ("met", "there") for deed in there)


def totals_of(kind: Kind, states: Sequence[State]) -> ObligationTotals:
    """Return how one kind was kept."""
    count: dict[State, int] = {"kept": 0, "missed": 0, "excused": 0, "open": 0}
    for state in states:
        count[state] += 1
    rate = percent_text(count["kept"], count["kept"] + count["missed"]) or "—"
    return ObligationTotals(
        kind=kind, kind_name=KIND_NAMES[kind], owed=len(states), kept=count["kept"], missed=count["missed"],
        excused=count["excused"], open=count["open"], rate=rate,
    )  # fmt: skip


def _view(post: _Post, judged: Judged, attempts: int) -> ObligationView:
    return ObligationView(
        kind=post.kind, kind_name=KIND_NAMES[post.kind], member_id=post.member_id, member_name=post.name, unit_code=post.unit.code,
        unit_name=post.unit.name, state=judged.state, done=judged.done, needed=judged.needed, attempts=attempts, because=judged.because,
        because_name=REASON_NAMES[judged.because] if judged.because else None,
    )  # fmt: skip
