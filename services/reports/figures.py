"""Answering a question: one statement over sums or facts, folded into rows and their total."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, func, literal_column, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.platform.clock import local_day
from services.platform.unit_of_work import Work
from services.reports.grouping import Folding, rows_of
from services.reports.known import AS_KEPT, Known, first_then, known_now, known_when
from services.reports.measures import EXCLUSIONS, lies_ahead
from services.reports.metrics import figure_from, parts_of
from services.reports.models import ReportFact
from services.reports.planning import Period, plan, to_the_months_end
from services.reports.questions import Asked, Question, Removal, understand
from services.reports.selecting import Front, cell_sums, fact_sums
from services.reports.shares import shares
from services.reports.views import Exclusions, FigureTwice, FigureView, Report, ReportRow, TakenOut, UnitName, period_view

Sums = dict[str, int]
REMOVALS: tuple[Removal, ...] = ("kept", "removed")
_NOTHING: Sums = {}


async def report(work: Work, asked: Asked, *, decimals: int = 2) -> Report:
    """Return the report; raise where something asked for is unknown, not the asker's or impossible."""
    await one_snapshot(work.session)
    question = await understand(work, asked)
    known = await known_of(work, question)
    both = await both_sums(work.session, question, known=known)
    total = {removal: added(both[removal].values()) for removal in REMOVALS}
    began = await first_day(work, known)
    recorded = began is not None and question.period.touches(began, question.today)
    tell, told_rows = _Telling(question, decimals), []
    # every row that has tickets before removal: else what was taken out of the rows would not add up to what was taken out of all
    for key, name, period in rows_of(question.by, question.period, both["kept"], question.shown):
        here = recorded and began is not None and period.touches(began, question.today)
        told_rows.append((key, name, tell({removal: both[removal].get(key, _NOTHING) for removal in REMOVALS}, recorded=here)))
    return Report(
        **head_of(question, known),
        exclusions=_exclusions(total[question.exclusions]),
        rows=_rows(question, told_rows, decimals),
        total=FigureTwice(**tell(total, recorded=recorded)),
    )


def head_of(question: Question, known: Known) -> dict[str, Any]:
    """Return the fields that every report begins with."""
    return {
        "metric": question.metric.key,
        "name": question.metric.name,
        "as_of": known.as_of,
        "stale_seconds": known.stale_seconds,
        "period": period_view(question.period),
        "unit": named(question.unit),
        "holder": named(question.holder),
        "source": question.source,
        "by": question.by,
        "whole": question.whole,
        "unreasonable": question.exclusions,
    }


async def one_snapshot(session: AsyncSession) -> None:
    """Have everything this transaction reads be of one instant; before its first query. Several reports may share one transaction."""
    if not session.info.get("one_snapshot"):
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        session.info["one_snapshot"] = True


async def known_of(work: Work, question: Question) -> Known:
    """Return what a question is answered from: what is known now, or what was as of the instant it names. Once a transaction for each."""
    return await known_when(work, question.as_of)


async def sums_by_row(session: AsyncSession, question: Question, *, by_sums: bool = True, known: Known = AS_KEPT) -> dict[str, Sums]:
    """Return the sums by counter of each row that has any. `by_sums=False` counts everything over the facts: the same figures."""
    (found,) = await several_sums(session, [question], by_sums=by_sums, known=known)
    return found


async def several_sums(
    session: AsyncSession, questions: Sequence[Question], *, by_sums: bool = True, known: Known = AS_KEPT
) -> list[dict[str, Sums]]:
    """Return what :func:`sums_by_row` does for each of several questions, in one statement. They may differ in their period alone."""
    counters = tuple(dict.fromkeys((*questions[0].metric.counters, *EXCLUSIONS)))  # a row is one of anything that came in
    parts = [
        query
        for place, question in enumerate(questions)
        for query in _parts(question, counters, known, by_sums=by_sums, place=place, apart=False)
    ]
    found = await session.execute(_together(parts))
    fold = Folding(questions[0].by, questions[0].tree)
    rows: list[dict[str, Sums]] = [{} for _ in questions]
    for place, sign, key, *values in found:
        row = rows[place].setdefault(fold(key), {})
        for counter, value in zip(counters, values, strict=True):
            if value:
                row[counter] = row.get(counter, 0) + sign * int(value)
    return [_without_nothing(some) for some in rows]


async def both_sums(
    session: AsyncSession, question: Question, *, by_sums: bool = True, known: Known = AS_KEPT
) -> dict[Removal, dict[str, Sums]]:
    """Return what :func:`sums_by_row` does, before and after the removal of unreasonable demands, of one reading."""
    counters = tuple(dict.fromkeys((*question.metric.counters, *EXCLUSIONS)))
    parts = _parts(question, counters, known, by_sums=by_sums)
    found = await session.execute(_together(parts))
    fold = Folding(question.by, question.tree)
    both: dict[Removal, dict[str, Sums]] = {removal: {} for removal in REMOVALS}
    kept, removed = (both[removal] for removal in REMOVALS)
    for _place, sign, key, unreasonable, *values in found:
        name = fold(key)
        rows = [kept.setdefault(name, {})] if unreasonable else [kept.setdefault(name, {}), removed.setdefault(name, {})]
        for counter, value in zip(counters, values, strict=True):
            if value:
                for row in rows:
                    row[counter] = row.get(counter, 0) + sign * int(value)
    return {removal: _without_nothing(sums) for removal, sums in both.items()}


def _parts(
    question: Question, counters: tuple[str, ...], known: Known, *, by_sums: bool, place: int = 0, apart: bool = True
) -> list[Select[Any]]:
    """Return the queries of (`place`, sign, key…): sums and facts as kept, the fresh facts added (1), the stale ones taken off (-1)."""
    by_sums, parts = by_sums and not known.past, []
    kept = known.facts if known.past else AS_KEPT.facts
    for part in question.parts if by_sums else (question,):
        cells = by_sums and part.whole and question.made.counters.issuperset(counters)
        for some, period in _told_apart(part, counters, by_sums=cells):
            for stretch in plan(period, part.need, cells=cells, grains=question.made.grains, today=question.today):
                front = _front(place, stretch.sign)
                if stretch.grain is not None:
                    parts.append(cell_sums(part, stretch.grain, stretch.period, some, front=front, apart=apart))
                else:
                    parts += fact_sums(part, stretch.period, some, kept, front=front, apart=apart)
    for sign, owed in ((1, known.fresh), (-1, known.stale)):
        if owed is not None:
            every = dict.fromkeys(counters, True)
            parts += fact_sums(question, question.period, every, owed, front=_front(place, sign), apart=apart)
    return parts


def _together(parts: Sequence[Select[Any]]) -> Any:
    return union_all(*parts) if len(parts) > 1 else parts[0]


@cache
def _front(place: int, sign: int) -> Front:
    """Return the two numbers that every row begins with."""
    return literal_column(str(place)).label("place"), literal_column(str(sign)).label("sign")


def _told_apart(question: Question, counters: tuple[str, ...], *, by_sums: bool) -> list[tuple[dict[str, bool], Period]]:
    """Return which counters to read over which period: of a period that ends today, what has happened over the whole month."""
    longer = to_the_months_end(question.period, question.today)
    if not by_sums or longer == question.period:
        return [(dict.fromkeys(counters, True), question.period)]
    ahead = {counter: lies_ahead(counter) for counter in counters}
    happened = {counter: not later for counter, later in ahead.items()}
    return [(some, period) for some, period in ((happened, longer), (ahead, question.period)) if any(some.values())]


def _without_nothing(sums: Mapping[str, Sums]) -> dict[str, Sums]:
    rows = {key: {counter: value for counter, value in row.items() if value} for key, row in sums.items()}
    return {key: row for key, row in rows.items() if row}


async def first_day(work: Work, known: Known) -> date | None:
    """Return the first day with any ticket; None before that."""
    if known.instant is None:
        first = known.first or await work.session.scalar(select(func.min(ReportFact.received_at)))
    else:
        first = await first_then(work, known.instant)
    days = [local_day(instant) for instant in (first, known.earliest) if instant is not None]
    return min(days, default=None)


async def recorded_time(work: Work) -> tuple[date | None, datetime]:
    """Return the first day with any ticket (None before that), and the instant up to which everything is counted."""
    known = await known_now(work)
    return await first_day(work, known), known.as_of


def added(rows: Iterable[Sums]) -> Sums:
    """Return the sums of all rows together."""
    total: Sums = {}
    for row in rows:
        for counter, value in row.items():
            total[counter] = total.get(counter, 0) + value
    return total


def _exclusions(total: Sums) -> Exclusions:
    found = {reason: total.get(reason, 0) for reason in EXCLUSIONS}
    return Exclusions(total=sum(found.values()), **found)


class _Telling:
    """Figures as answers carry them: the one that was asked for, and beside it those before and after removal, with what was taken out.

    Of thousands of rows most have the same few counts: what is the same is made once.
    """

    def __init__(self, question: Question, decimals: int) -> None:
        self._metric, self._asked, self._decimals = question.metric, question.exclusions, decimals
        self._made: dict[Any, dict[str, Any]] = {}

    def __call__(self, sums: Mapping[Removal, Sums], *, recorded: bool) -> dict[str, Any]:
        """Return the fields of the figure that these sums make."""
        parts = (*parts_of(self._metric, sums["kept"]), *parts_of(self._metric, sums["removed"]), recorded)
        if parts not in self._made:
            self._made[parts] = self._told(*parts)
        return self._made[parts]

    def _told(self, many: int, of: int | None, fewer: int, of_fewer: int | None, recorded: bool) -> dict[str, Any]:
        before = FigureView(**vars(figure_from(many, of, recorded=recorded, decimals=self._decimals)))
        after = FigureView(**vars(figure_from(fewer, of_fewer, recorded=recorded, decimals=self._decimals)))
        less = None if of is None else of - (of_fewer or 0)
        return {
            **dict(before if self._asked == "kept" else after),
            "before_removal": before,
            "after_removal": after,
            "taken_out": TakenOut(numerator=many - fewer, denominator=less),
        }


def _rows(question: Question, told: Sequence[tuple[str, str, dict[str, Any]]], decimals: int) -> list[ReportRow]:
    """Return the rows; those of a count say which share of the counted they are."""
    if question.metric.denominator or not told:
        return [ReportRow(key=key, name=name, **fields) for key, name, fields in told]
    found = shares([fields["numerator"] for _key, _name, fields in told], decimals)
    return [
        ReportRow(key=key, name=name, share=share.share, share_rounded=share.share_rounded, **fields)
        for (key, name, fields), share in zip(told, found, strict=True)
    ]


def named(unit: Any) -> UnitName | None:
    """Return code and name of a unit; None of none."""
    return UnitName(code=unit.code, name=unit.name) if unit else None
