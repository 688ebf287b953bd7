"""Who reported of the matters they follow in a month, and who did not. What was reported is told by the room of matters."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.deadlines.queries import calendar_book
from services.organization.queries import unit_tree
from services.platform.clock import day_start, local_day
from services.platform.unit_of_work import Work
from services.visits.asking import Within, within
from services.visits.obligations import REASON_NAMES, Judged, Month, Owed, Span, judge
from services.visits.owed import LEAVES, StateAsked, totals_of
from services.visits.service_days import first_of
from services.visits.views import FollowUpOwed, FollowUpsReport


@dataclass(frozen=True, slots=True)
class Following:
    """Somebody who follows a matter: when they did while it was registered, and the days of their reports."""

    matter_id: UUID
    number: str | None
    member_id: UUID
    member_name: str
    unit_id: UUID
    held: tuple[Span, ...]
    reports: tuple[date, ...]

    @property
    def key(self) -> str:
        """Its place in a list."""
        return f"{self.matter_id} {self.member_id}"


Facts = Callable[[Work, Within, Month], Awaitable[Sequence[Following]]]
"""What is known of an area and a month, as of an instant: whoever followed a matter there for a day at least."""


@dataclass(frozen=True, slots=True)
class AskedMonth:
    """Whose area, which month (that of `as_of` where not given), as known when (now where not given)."""

    unit: str | None = None
    month: date | None = None
    as_of: datetime | None = None


async def follow_ups_report(
    work: Work, asked: AskedMonth, facts: Facts, state: StateAsked, *, after: str, limit: int
) -> tuple[FollowUpsReport, str | None]:
    """Return the report and the place where its next page begins, as the weekly report does. Raises as :func:`within` does."""
    inside = await within(work, asked.unit, asked.as_of)
    month = Month(first_of(asked.month or local_day(inside.as_of)))
    over = inside.as_of >= day_start(month.until)
    found = sorted(await facts(work, inside, month), key=lambda one: one.key)
    judged = [(one, result) for one, result in zip(found, await _judged(work, inside, month, found, over=over), strict=True)]
    wanted = [one for one in judged if state in ("all", one[1].state)]
    page = [one for one in wanted if one[0].key > after][: limit + 1]
    tree = await unit_tree(work.session)
    items = []
    for one, result in page[:limit]:
        unit = tree.by_id[one.unit_id]
        items.append(_view(one, result, unit.code, unit.name))
    report = FollowUpsReport(
        month=month.name, unit=inside.unit.code, as_of=inside.as_of, over=over,
        totals=totals_of("monthly_follow_up", [result.state for _one, result in judged]), items=items, total=len(wanted),
    )  # fmt: skip
    return report, page[limit - 1][0].key if len(page) > limit else None


async def _judged(work: Work, inside: Within, month: Month, found: Sequence[Following], *, over: bool) -> list[Judged]:
    tree = await unit_tree(work.session)
    calendars = (await calendar_book(work.session)).at(inside.as_of)
    given = {"members": list({one.member_id for one in found}), "as_of": inside.as_of, "monday": month.first, "until": month.until}
    away: dict[UUID, list[Span]] = {}
    for row in await work.session.execute(LEAVES, given):
        away.setdefault(row.member_id, []).append((row.valid_from, row.over_on))
    results = []
    for one in found:
        calendar = calendars.calendar(calendars.code_for(tree.by_id[one.unit_id].path))
        working = frozenset(day for day in month.days if calendar.is_working(day))
        owed = Owed("monthly_follow_up", month, one.held, tuple(away.get(one.member_id, ())), working, one.reports)
        results.append(judge(owed, over=over))
    return results


def _view(one: Following, judged: Judged, code: str, name: str) -> FollowUpOwed:
    return FollowUpOwed(
        matter_id=one.matter_id, number=one.number, member_id=one.member_id, member_name=one.member_name, unit_code=code, unit_name=name,
        state=judged.state, done=judged.done, needed=judged.needed, because=judged.because,
        because_name=REASON_NAMES[judged.because] if judged.because else None,
    )  # fmt: skip
