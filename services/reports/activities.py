"""The figures of the ledger, in rows and in total, and exactly the entries behind each.

Counting is done by `services/activities/sums.py`; here what was asked is looked up, rows get their names, and what tickets and paper say
is laid beside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, func, select, tuple_

from services.activities.declaring import declared_totals
from services.activities.metrics import COUNTERS, DEFINITIONS, ActivityMetric, figure_of, metric_named
from services.activities.models import Activity
from services.activities.programmes import Reach, reach_of
from services.activities.queries import shown_columns
from services.activities.sums import TOTAL, Selection, Sums, counted_entries, first_day, sums_of
from services.activities.views import KIND_NAMES, SOURCE_NAMES, DeclaredView
from services.identity.permissions import Scope, scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.clock import local_day
from services.platform.errors import Invalid, NotFound
from services.platform.unit_of_work import Work
from services.reports.activity_views import BesideTickets, CountedEntries, CountedEntry, LedgerFigure, LedgerReport, LedgerRow
from services.reports.facts import PLACES, Places
from services.reports.figures import named, one_snapshot, report
from services.reports.grouping import NONE_KEY
from services.reports.known import require_known
from services.reports.planning import Period
from services.reports.questions import Asked, find_place
from services.reports.views import PeriodView, UnitName

By = Literal["unit:county", "unit:township", "unit:village", "unit:grid", "month", "kind", "source"]
Part = Literal["numerator", "denominator"]
Place = tuple[date, UUID, bytes]
_MOST_MONTHS = 400
_FUNDS = tuple(metric for metric in DEFINITIONS if metric.unit == "元")
_UNPLACED = "未定位到该层级"


@dataclass(frozen=True)
class AskedLedger:
    """What is asked: days, both included, a place with all below, rows, and as of when; of a programme its days and units alone."""

    first: date | None = None
    last: date | None = None
    unit: str | None = None
    by: By | None = None
    as_of: datetime | None = None
    programme: str | None = None


@dataclass(frozen=True)
class _Question:
    period: Period
    unit: UnitNode | None
    tree: UnitTree
    scope: Scope
    wanted: Selection

    @property
    def tier(self) -> str:
        return (self.wanted.by or "").removeprefix("unit:")


async def ledger_report(work: Work, asked: AskedLedger) -> LedgerReport:
    """Return the figures of a period; raise what `Period` and `find_place` raise."""
    await one_snapshot(work.session)
    question = await _understood(work, asked)
    began = await first_day(work.session, question.wanted.as_of)
    recorded = began is not None and question.period.last >= began
    sums = await sums_of(work.session, question.wanted)
    rows = [
        LedgerRow(key=key, name=name, figures=_figures(metrics, sums.get(key, {}), recorded=recorded and _since(began, key, asked.by)))
        for key, name, metrics in _rows(question, sums)
    ]
    period = PeriodView(first=question.period.first, last=question.period.last)
    return LedgerReport(
        as_of=question.wanted.as_of,
        period=period,
        unit=named(question.unit),
        programme=asked.programme,
        by=asked.by,
        total=_figures(DEFINITIONS, sums[TOTAL], recorded=recorded),
        rows=rows,
        funds=await _by_source(work, question, recorded=recorded),
        beside_tickets=await _beside_tickets(work, asked, question, sums[TOTAL]),
        declared=await _declared(work, question),
    )


@dataclass(frozen=True)
class Counted:
    """One page of entries, and where the next goes on."""

    body: CountedEntries
    following: Place | None


async def ledger_entries(
    work: Work,
    asked: AskedLedger,
    metric: str,
    part: Part,
    *,
    key: str | None,
    after: Place | None,
    limit: int,
    told: tuple[int, int] | None = None,
) -> Counted:
    """Return exactly the entries that `part` of a figure (of its row `key`, where given) counted, in the order of their days.

    `told`: how many there are and the figure's part, where a page before told them.
    """
    await one_snapshot(work.session)
    definition = metric_named(metric)
    code = definition.above if part == "numerator" else definition.below
    if not code:
        raise Invalid("part.unknown", "This figure has a numerator only.")
    question = await _understood(work, asked)
    if key is not None:
        _require_key(question, key)
    counter = COUNTERS[code]
    counted = counted_entries(question.wanted, counter, key).subquery()
    if told is None:
        count, amount = (await work.session.execute(select(func.count(), func.sum(counted.c.amount)))).one()
        told = count, int(amount or 0) if counter.tally == "sum" else count
    order = (counted.c.happened_on, counted.c.id, counted.c.reference)
    query = shown_columns().join(counted, counted.c.id == Activity.id)
    query = query.add_columns(counted.c.entries, counted.c.reference, counted.c.amount.label("adds")).order_by(*order).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    found = (await work.session.execute(query)).all()
    page = found[:limit]
    body = CountedEntries(metric=definition.key, part=part, total=told[1], count=told[0], items=[_entry(row) for row in page])
    last = page[-1] if len(found) > limit else None
    return Counted(body, (last.Activity.happened_on, last.Activity.id, last.reference) if last is not None else None)


async def _understood(work: Work, asked: AskedLedger) -> _Question:
    today, tree, scope = local_day(work.now), await unit_tree(work.session), scope_of(work.actor)
    require_known(asked.as_of, work.now)
    reach = await reach_of(work.session, asked.programme, asked.as_of or work.now) if asked.programme else None
    period = _period(asked, reach, today)
    if asked.by == "month" and sum(1 for _ in period.months()) > _MOST_MONTHS:
        raise Invalid("period.invalid", f"That would be more than {_MOST_MONTHS} months; ask for a shorter period.")
    unit = find_place(tree, scope, asked.unit)
    rows = _places(tree, asked.by.removeprefix("unit:")) if asked.by and asked.by.startswith("unit:") else {}
    path, within = unit.path if unit else None, reach.paths if reach else ()
    wanted = Selection(work.actor, period.first, period.last, asked.as_of or work.now, path, asked.by, rows, within)
    return _Question(period, unit, tree, scope, wanted)


def _period(asked: AskedLedger, reach: Reach | None, today: date) -> Period:
    """Return the days asked for: this month so far where none are named; of a programme its own so far (活动开展以来)."""
    if reach is None:
        last = asked.last or (max(today, asked.first) if asked.first else today)
        return Period(asked.first or last.replace(day=1), last)
    ends = [day for day in (asked.last or max(today, reach.first), reach.last) if day]
    first, last = max(asked.first or reach.first, reach.first), min(ends)
    if last < first:
        raise Invalid("programme.other_days", f"The programme runs from {reach.first} to {reach.last or 'now'}; ask for days of these.")
    return Period(first, last)


def _places(tree: UnitTree, tier: str) -> dict[UUID, str]:
    """Return, for each unit, the code of the unit of `tier` it lies in: the key of its row."""
    places = Places.of_tree(tree)
    found = {unit.id: places.at(unit.path, tier) for unit in tree.by_id.values()}
    return {unit_id: path.strip("/").rpartition("/")[2] if path else NONE_KEY for unit_id, path in found.items()}


def _rows(question: _Question, sums: Mapping[str, Sums]) -> list[tuple[str, str, Sequence[ActivityMetric]]]:
    """Return (key, name, figures) of each row in reading order, empty ones too where the set of rows is known."""
    by = question.wanted.by
    if by is None:
        return []
    if by == "month":
        return [(str(month), f"{month:%Y-%m}", DEFINITIONS) for month in question.period.months()]
    if by == "kind":
        return [(kind, name, _of_kind(kind)) for kind, (name, _unit) in KIND_NAMES.items()]
    if by == "source":
        return [(code, name, _FUNDS) for code, name in SOURCE_NAMES.items()]
    rows: list[tuple[str, str, Sequence[ActivityMetric]]] = []
    for code, unit in sorted(question.tree.by_code.items()):
        here = unit.active and unit.tier == question.tier and unit.kind in PLACES and _reached(question, unit)
        if here or code in sums:
            rows.append((code, unit.name, DEFINITIONS))
    if NONE_KEY in sums:
        rows.append((NONE_KEY, _UNPLACED, DEFINITIONS))
    return rows


def _reached(question: _Question, unit: UnitNode) -> bool:
    if question.wanted.within and not unit.path.startswith(question.wanted.within):
        return False
    if question.unit is not None:
        return unit.path.startswith(question.unit.path)
    areas = (*question.scope.prefixes, *(area for _function, area in question.scope.functions))
    return question.scope.everything or any(unit.path.startswith(area) for area in areas)


def _of_kind(kind: str) -> list[ActivityMetric]:
    """Return the figures of one kind alone: what relates two kinds is no figure of either's row."""
    parts = ((metric, {COUNTERS[code].values["kind"] for code in (metric.above, metric.below) if code}) for metric in DEFINITIONS)
    return [metric for metric, kinds in parts if kinds == {kind}]


def _since(began: date | None, key: str, by: By | None) -> bool:
    """Tell whether a row lies in the time the ledger is kept for; only rows of months can lie before it."""
    return by != "month" or (began is not None and key >= str(began.replace(day=1)))


def _figures(metrics: Sequence[ActivityMetric], sums: Sums, *, recorded: bool) -> list[LedgerFigure]:
    return [
        LedgerFigure(metric=metric.key, name=metric.name, unit=metric.unit, **vars(figure_of(metric, sums, recorded=recorded)))
        for metric in metrics
    ]


async def _by_source(work: Work, question: _Question, *, recorded: bool) -> list[LedgerRow]:
    wanted = replace(question.wanted, by="source", rows={})
    sums = await sums_of(work.session, wanted, [metric.above for metric in _FUNDS])
    return [
        LedgerRow(key=code, name=name, figures=_figures(_FUNDS, sums.get(code, {}), recorded=recorded))
        for code, name in SOURCE_NAMES.items()
    ]


async def _declared(work: Work, question: _Question) -> list[DeclaredView]:
    """Return totals from paper of the days and the place; of a programme those of its units alone."""
    period, wanted = question.period, question.wanted
    found = await declared_totals(work, unit_path=wanted.unit_path, first=period.first, last=period.last, as_of=wanted.as_of)
    if not wanted.within:
        return found
    return [one for one in found if question.tree.by_code[one.unit_code].path.startswith(wanted.within)]


async def _beside_tickets(work: Work, asked: AskedLedger, question: _Question, sums: Sums) -> BesideTickets:
    """Return things done beside tickets closed, as the report of `completed` tells them, of each area of a programme apart."""
    told = [
        await report(work, Asked("completed", question.period.first, question.period.last, unit, source="all", as_of=asked.as_of))
        for unit in _areas(question)
    ]
    alone, counted = sums.get("things_alone", 0), [one.total.numerator for one in told if not one.total.no_data]
    closed = sum(counted) if counted else None
    return BesideTickets(
        things_without_ticket=alone,
        things_with_ticket=sums.get("things_of_tickets", 0),
        tickets_closed=closed,
        together=None if closed is None else alone + closed,
    )


def _areas(question: _Question) -> list[str | None]:
    """Return the codes of units that make up what is asked for, none in another; None: all one may see."""
    unit, within = question.unit, question.wanted.within
    if not within:
        return [unit.code if unit else None]
    if unit is not None and unit.path.startswith(within):
        return [unit.code]
    inside = [one for one in question.tree.by_id.values() if one.active and one.path in within]
    return [one.code for one in inside if unit is None or one.path.startswith(unit.path)]


def _require_key(question: _Question, key: str) -> None:
    by = question.wanted.by
    if by is None:
        raise Invalid("key.without_rows", "`key` picks a row; say with `by` which rows are meant.")
    known: bool
    if by == "month":
        known = key in {str(month) for month in question.period.months()}
    elif question.wanted.by_unit:
        known = key in set(question.wanted.rows.values())
    else:
        known = key in (KIND_NAMES if by == "kind" else SOURCE_NAMES)
    if not known:
        raise NotFound("key.unknown", "The report has no row with this key.")


def _entry(row: Row[Any]) -> CountedEntry:
    entry: Activity = row.Activity
    kind_name, unit = KIND_NAMES[entry.kind]
    same = ("id", "kind", "member_id", "happened_on", "outcome", "stage", "source", "recorded_at", "withdrawn_at")
    return CountedEntry(
        **{name: getattr(entry, name) for name in same},
        kind_name=kind_name,
        counting_unit=unit,
        place=UnitName(code=row.code, name=row.name),
        amount=int(row.adds) if row.adds is not None else None,
        reference=row.reference.hex()[:16] or None,
        entries=row.entries,
        ticket=row.number,
    )
