"""Answering a question: one statement over sums or facts, folded into rows and their total."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.journal.models import Delivery
from services.journal.subscriptions import COUNT
from services.platform.clock import local_day
from services.platform.unit_of_work import Work
from services.reports.facts import PLACES, Places
from services.reports.measures import EXCLUSIONS
from services.reports.metrics import Figure, figure_of
from services.reports.models import ReportFact
from services.reports.planning import Period, plan
from services.reports.questions import Asked, Question, Removal, understand
from services.reports.selecting import NONE_KEY, cell_sums, fact_sums
from services.reports.views import Exclusions, FigureTwice, FigureView, PeriodView, Report, ReportRow, TakenOut, UnitName

Sums = dict[str, int]
REMOVALS: tuple[Removal, ...] = ("kept", "removed")
_UNPLACED, _UNCATEGORISED = "未定位到该层级", "未分类"


async def report(work: Work, asked: Asked, *, decimals: int = 2) -> Report:
    """Return the report; raise where something asked for is unknown, not the asker's or impossible."""
    await one_snapshot(work.session)
    question = await understand(work, asked)
    both = await both_sums(work.session, question)
    sums = both[question.exclusions]
    total = {removal: _added(both[removal].values()) for removal in REMOVALS}
    began, as_of = await recorded_time(work)
    recorded = began is not None and question.period.touches(began, question.today)
    rows = []
    for key, name, period in _rows(question, sums):
        here = recorded and began is not None and period.touches(began, question.today)
        told = _told(question, {removal: both[removal].get(key, {}) for removal in REMOVALS}, recorded=here, decimals=decimals)
        rows.append(ReportRow(key=key, name=name, **told))
    return Report(
        metric=question.metric.key,
        name=question.metric.name,
        as_of=as_of,
        period=PeriodView(first=question.period.first, last=question.period.last),
        unit=named(question.unit),
        holder=named(question.holder),
        source=question.source,
        by=question.by,
        whole=question.whole,
        unreasonable=question.exclusions,
        exclusions=_exclusions(total[question.exclusions]),
        rows=rows,
        total=FigureTwice(**_told(question, total, recorded=recorded, decimals=decimals)),
    )


async def one_snapshot(session: AsyncSession) -> None:
    """Have everything this transaction reads be of one instant; before its first query. Several reports may share one transaction."""
    if not session.info.get("one_snapshot"):
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        session.info["one_snapshot"] = True


async def sums_by_row(session: AsyncSession, question: Question, *, by_sums: bool = True) -> dict[str, Sums]:
    """Return the sums by counter of each row that has any. `by_sums=False` counts everything over the facts: the same figures."""
    return (await both_sums(session, question, by_sums=by_sums))[question.exclusions]


async def both_sums(session: AsyncSession, question: Question, *, by_sums: bool = True) -> dict[Removal, dict[str, Sums]]:
    """Return what :func:`sums_by_row` does, before and after the removal of unreasonable demands, of one reading."""
    counters = tuple(dict.fromkeys((*question.metric.numerator, *question.metric.denominator, *EXCLUSIONS)))
    queries = []
    for stretch in plan(question.period, question.need, cells=question.by_sums and by_sums):
        if stretch.grain is not None:
            queries.append(cell_sums(question, stretch.grain, stretch.period, counters))
        else:
            queries += fact_sums(question, stretch.period, counters)
    found = await session.execute(union_all(*queries) if len(queries) > 1 else queries[0])
    fold = _Folding(question)
    both: dict[Removal, dict[str, Sums]] = {removal: {} for removal in REMOVALS}
    for key, unreasonable, *values in found:
        for removal in ("kept",) if unreasonable else REMOVALS:
            row = both[removal].setdefault(fold(key), {})
            for counter, value in zip(counters, values, strict=True):
                if value:
                    row[counter] = row.get(counter, 0) + int(value)
    return {removal: {key: row for key, row in sums.items() if row} for removal, sums in both.items()}


async def recorded_time(work: Work) -> tuple[date | None, datetime]:
    """Return the first day with any ticket (None before that), and the instant up to which everything is counted."""
    pending = select(func.min(Delivery.due_at)).where(Delivery.handler == COUNT)
    query = select(select(func.min(ReportFact.received_at)).scalar_subquery(), pending.scalar_subquery())
    first, oldest_owed = (await work.session.execute(query)).one()
    return local_day(first) if first else None, min(work.now, oldest_owed or work.now)


class _Folding:
    """From the key of a cell or fact to the key of its row."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.places = Places.of_units(question.tree.by_code.values() if question.tier else ())

    def __call__(self, key: Any) -> str:
        by = self.question.by
        if self.question.tier:
            path = self.places.at(key, self.question.tier)
            return path.strip("/").rpartition("/")[2] if path else NONE_KEY
        if by == "month":
            return str(key.replace(day=1))
        if by == "category:top":
            key = key.partition(".")[0]
        return str(key) or (NONE_KEY if by else "")


def _rows(question: Question, sums: Mapping[str, Sums]) -> list[tuple[str, str, Period]]:
    """Return (key, name, period) of each row, in reading order; rows without tickets too where the set of rows is known."""
    period = question.period
    if question.by is None:
        return []
    if question.by == "day":
        return [(str(day), str(day), Period(day, day)) for day in period.days()]
    if question.by == "month":
        return [(str(month), f"{month:%Y-%m}", period.within(month)) for month in period.months()]
    if question.tier:
        names = _unit_rows(question, sums)
    elif question.by == "channel":
        shown = question.wanted.channel or question.channels
        names = {code: question.channels.get(code, code) for code in dict.fromkeys((*shown, *sums))}
    else:
        names = _category_rows(question, sums)
    if NONE_KEY in sums:
        names[NONE_KEY] = _UNPLACED if question.tier else _UNCATEGORISED
    return [(key, name, period) for key, name in names.items()]


def _unit_rows(question: Question, sums: Mapping[str, Sums]) -> dict[str, str]:
    areas = [question.unit.path] if question.unit else [*question.scope.prefixes, *(area for _function, area in question.scope.functions)]
    everywhere = question.scope.everything and question.unit is None
    names = {}
    for code, unit in sorted(question.tree.by_code.items()):
        here = unit.active and unit.tier == question.tier and unit.kind in PLACES
        if code in sums or (here and (everywhere or any(unit.path.startswith(area) for area in areas))):
            names[code] = unit.name
    return names | {code: code for code in sums if code not in names and code != NONE_KEY}


def _category_rows(question: Question, sums: Mapping[str, Sums]) -> dict[str, str]:
    """Return the categories with tickets, in the catalogue's order."""
    names = {category.code: category.name for category in question.policies.all() if category.code in sums}
    return names | {code: code for code in sorted(sums) if code not in names and code != NONE_KEY}


def _added(rows: Iterable[Sums]) -> Sums:
    total: Sums = {}
    for row in rows:
        for counter, value in row.items():
            total[counter] = total.get(counter, 0) + value
    return total


def _exclusions(total: Sums) -> Exclusions:
    found = {reason: total.get(reason, 0) for reason in EXCLUSIONS}
    return Exclusions(total=sum(found.values()), **found)


def _told(question: Question, sums: Mapping[Removal, Sums], *, recorded: bool, decimals: int) -> dict[str, Any]:
    """Return the figure that was asked for, and beside it the one before and the one after removal, with how many were taken out."""
    figures = {removal: figure_of(question.metric, sums[removal], recorded=recorded, decimals=decimals) for removal in REMOVALS}
    before, after = figures["kept"], figures["removed"]
    less = None if before.denominator is None else before.denominator - (after.denominator or 0)
    return {
        **vars(figures[question.exclusions]),
        "before_removal": _view(before),
        "after_removal": _view(after),
        "taken_out": TakenOut(numerator=before.numerator - after.numerator, denominator=less),
    }


def _view(figure: Figure) -> FigureView:
    return FigureView(**vars(figure))


def named(unit: Any) -> UnitName | None:
    """Return code and name of a unit; None of none."""
    return UnitName(code=unit.code, name=unit.name) if unit else None
