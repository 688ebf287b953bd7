"""How long things took, row by row: from cells where they tell enough apart, else over the facts; with what is not counted yet."""

from typing import Any

from sqlalchemy import FromClause, Select, func, literal, literal_column, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.reports.durations import Measure
from services.reports.grouping import Folding
from services.reports.known import AS_KEPT, Known
from services.reports.measures import UNREASONABLE
from services.reports.models import DurationCell
from services.reports.planning import Need, Period, Stretch, plan, to_the_months_end
from services.reports.questions import Question, Removal
from services.reports.selecting import columns_of, fact_key, path_end, within

Minutes = dict[int, int]
"""How many tickets by how many minutes."""
_CELLS = DurationCell.__table__.c
_BY = (None, "unit:county", "unit:township", "month", "quarter", "year")
_REMOVALS: tuple[Removal, ...] = ("kept", "removed")


async def duration_sums(
    session: AsyncSession, question: Question, measure: Measure, *, known: Known = AS_KEPT, by_sums: bool = True
) -> dict[Removal, dict[str, Minutes]]:
    """Return for each row how many tickets took how long, before and after the removal of unreasonable demands.

    `by_sums=False` counts everything over the facts: the same figures.
    """
    found = await session.execute(_query(question, measure, known, by_sums=by_sums))
    fold = Folding(question.by, question.tree)
    both: dict[Removal, dict[str, Minutes]] = {removal: {} for removal in _REMOVALS}
    for sign, key, unreasonable, minutes, tickets in found:
        for removal in ("kept",) if unreasonable else _REMOVALS:
            row = both[removal].setdefault(fold(key), {})
            row[minutes] = row.get(minutes, 0) + sign * int(tickets)
    return {removal: _without_nothing(rows) for removal, rows in both.items()}


def _query(question: Question, measure: Measure, known: Known, *, by_sums: bool) -> Any:
    kept, parts = known.facts if known.past else AS_KEPT.facts, []
    for part in question.parts if by_sums and not known.past else (question,):
        cells = by_sums and not known.past and part.whole and measure.code in question.made.measures and _told_apart(part)
        period = to_the_months_end(question.period, question.today) if cells else question.period  # nothing of these lies ahead
        for stretch in plan(period, Need(part.need.level), cells=cells, today=question.today):
            if _monthly(stretch):
                parts.append((stretch.sign, _of_cells(part, measure, stretch.period)))
            else:
                parts.append((stretch.sign, _of_facts(part, measure, stretch.period, kept)))
    for sign, owed in ((1, known.fresh), (-1, known.stale)):
        if owed is not None:
            parts.append((sign, _of_facts(question, measure, question.period, owed)))
    signed = [
        query.with_only_columns(literal_column(str(sign)).label("sign"), *query.selected_columns, maintain_column_froms=True)
        for sign, query in parts
    ]
    return union_all(*signed) if len(signed) > 1 else signed[0]


def _told_apart(question: Question) -> bool:
    """Tell whether cells of durations, which know townships and months alone, can answer."""
    need = question.need
    return question.by in _BY and not need.dimensions and need.level in ("whole", "township")


def _monthly(stretch: Stretch) -> bool:
    return stretch.grain is not None and stretch.grain.period == "month"


def _of_cells(question: Question, measure: Measure, months: Period) -> Select[Any]:
    whole = question.need.level == "whole"
    key = _CELLS.area if question.tier else _CELLS.month if question.by else literal("")
    unreasonable = _CELLS.demand == UNREASONABLE
    query = select(key.label("key"), unreasonable.label("unreasonable"), _CELLS.minutes, func.sum(_CELLS.tickets).label("tickets"))
    query = query.where(_CELLS.measure == measure.code, _CELLS.month.between(months.first, months.last))
    if whole:
        query = query.where(_CELLS.area == "")
    elif question.unit is not None and question.unit != question.tree.root:
        query = query.where(_CELLS.area >= question.unit.path, _CELLS.area < path_end(question.unit.path))
    else:
        query = query.where(_CELLS.area > "")
    if question.wanted.source:
        query = query.where(_CELLS.source == question.wanted.source)
    return query.group_by(*((key,) if question.by else ()), unreasonable, _CELLS.minutes)


def _of_facts(question: Question, measure: Measure, period: Period, facts: FromClause) -> Select[Any]:
    instant, minutes = facts.c[measure.basis], facts.c[measure.column]
    key, unreasonable = fact_key(question, facts, instant), facts.c.unreasonable
    query = select(key.label("key"), unreasonable.label("unreasonable"), minutes.label("minutes"), func.count().label("tickets"))
    query = query.where(*within(instant, period), facts.c.counted, minutes.is_not(None), *question.conditions(columns_of(facts)))
    return query.group_by(*((key,) if question.by else ()), unreasonable, minutes)


def _without_nothing(rows: dict[str, Minutes]) -> dict[str, Minutes]:
    kept = {key: {minutes: tickets for minutes, tickets in row.items() if tickets} for key, row in rows.items()}
    return {key: row for key, row in kept.items() if row}
