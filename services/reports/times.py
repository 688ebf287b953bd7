"""How long things took: median and P90 of each row and of all together, and the slowest tickets behind them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, false

from services.platform.unit_of_work import Work
from services.reports.comparing import UNCHANGED, asked_before, beside
from services.reports.drilldown import Counted, page_of
from services.reports.duration_sums import Minutes, duration_sums
from services.reports.durations import MEASURES, MEDIAN, P90, Measure, quantile
from services.reports.figures import REMOVALS, head_of, known_of, one_snapshot
from services.reports.grouping import require_key, rows_of
from services.reports.metrics import NOTHING
from services.reports.questions import Asked, Question, Removal, understand
from services.reports.selecting import columns_of, in_row, within
from services.reports.views import ComparedQuantiles, Quantiles, QuantilesTwice, TimeReport, TimeRow

TimePart = Literal["measured", "slowest"]
Place = tuple[datetime, UUID]
_HOUR, _DAY = 60, 24 * 60


def minutes_text(minutes: int | None) -> str:
    """Return a duration as people say it: 45分, 3小时20分, 2天4小时; a dash for none."""
    if minutes is None:
        return NOTHING
    days, rest = divmod(minutes, _DAY)
    hours, left = divmod(rest, _HOUR)
    told = (f"{days}天" if days else "") + (f"{hours}小时" if hours else "") + (f"{left}分" if left else "")
    return told or "0分"


def quantiles_of(tickets: Mapping[int, int]) -> Quantiles:
    """Return median and P90 of so many tickets by minutes."""
    median, p90 = quantile(tickets, MEDIAN), quantile(tickets, P90)
    return Quantiles(
        median=median,
        p90=p90,
        tickets=sum(tickets.values()),
        median_shown=minutes_text(median),
        p90_shown=minutes_text(p90),
        no_data=median is None,
    )


async def time_report(work: Work, asked: Asked) -> TimeReport:
    """Return how long things took, with what `asked.compare` wants beside it; raise where anything asked is unknown or not the asker's."""
    told = await _report(work, asked)
    earlier, periods = asked_before(work, asked)
    for name, then in earlier.items():
        told = beside(told, name, await _report(work, then), compared_times)
    return told.model_copy(update={"compared": periods})


def compared_times(now: Quantiles, then: Quantiles | None) -> ComparedQuantiles:
    """Return how long things took in an earlier period, with the change since. A row that did not exist then has no data."""
    told = Quantiles(**{name: getattr(then, name) for name in Quantiles.model_fields}) if then else quantiles_of({})
    changes: dict[str, Any] = {}
    for name in ("median", "p90"):
        new, old = getattr(now, name), getattr(told, name)
        change = None if new is None or old is None else new - old
        words = f"{'+' if change > 0 else '-'}{minutes_text(abs(change))}" if change else UNCHANGED
        changes |= {f"{name}_change": change, f"{name}_change_shown": NOTHING if change is None else words}
    return ComparedQuantiles(**told.model_dump(), **changes)


async def _report(work: Work, asked: Asked) -> TimeReport:
    await one_snapshot(work.session)
    question = await understand(work, asked, times=True)
    known = await known_of(work, question)
    both = await duration_sums(work.session, question, MEASURES[question.metric.measure], known=known)
    rows = [
        TimeRow(key=key, name=name, **_told(question, {removal: both[removal].get(key, {}) for removal in REMOVALS}))
        for key, name, _period in rows_of(question.by, question.period, both["kept"], question.shown)
    ]
    return TimeReport(
        **head_of(question, known),
        rows=rows,
        total=QuantilesTwice(**_told(question, {removal: _together(both[removal]) for removal in REMOVALS})),
    )


async def timed_tickets(
    work: Work, asked: Asked, part: TimePart, *, key: str | None, after: Place | None, limit: int, total: int | None = None
) -> Counted:
    """Return a page of the tickets that were measured, or of those that took as long as the P90 (of the row `key`, where given) or longer.

    They come in the order of the instant they are counted by. `total`: where a page before told it. Raises as the report does, and where
    `key` can be no row of it.
    """
    await one_snapshot(work.session)
    question = await understand(work, asked, times=True)
    if key is not None:
        require_key(question.by, key, question.period, question.shown)
    measure, known = MEASURES[question.metric.measure], await known_of(work, question)
    ways = [_measured(one, measure, known.facts, key) for one in question.parts]
    if part == "slowest":
        rows = (await duration_sums(work.session, question, measure, known=known))[question.exclusions]
        least = quantile(_together(rows) if key is None else rows.get(key, {}), P90)
        slow = known.facts.c[measure.column] >= least if least is not None else false()
        ways = [[*conditions, slow] for conditions in ways]
    return await page_of(work, question, known.facts, known.facts.c[measure.basis], ways, after, limit, total=total)


def _measured(question: Question, measure: Measure, facts: FromClause, key: str | None) -> list[ColumnElement[bool]]:
    instant = facts.c[measure.basis]
    found = [*within(instant, question.period), facts.c.counted, facts.c[measure.column].is_not(None)]
    found += question.conditions(columns_of(facts))
    if question.exclusions == "removed":
        found.append(facts.c.unreasonable.is_(False))
    if key is not None:
        found.append(in_row(question, facts, key, instant))
    return found


def _together(rows: Mapping[str, Minutes]) -> Minutes:
    total: Minutes = {}
    for row in rows.values():
        for minutes, tickets in row.items():
            total[minutes] = total.get(minutes, 0) + tickets
    return total


def _told(question: Question, found: Mapping[Removal, Minutes]) -> dict[str, Any]:
    told = {removal: quantiles_of(tickets) for removal, tickets in found.items()}
    return {**told[question.exclusions].model_dump(), "before_removal": told["kept"], "after_removal": told["removed"]}
