"""Reports and lists beside those of tickets: times, the three rates, the hotline, the ledger, petitions, coverage.

Each asks the very function its door answers by, so a file has the rows of the answer. Nobody is named in it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from services.activities.metrics import metric_named as ledger_metric
from services.calls import counting
from services.calls.metrics import METRICS as HOTLINE
from services.calls.metrics import HotlineMetric, Sums, figure_of
from services.calls.metrics import metric_named as call_metric
from services.calls.models import DISPOSITIONS, Call
from services.exports.asking import Given, names_of
from services.exports.columns import Column
from services.exports.known_columns import columns_named
from services.exports.paging import Fetched, Line, Page, paged, row_of
from services.exports.source import (
    FIGURE_TICKETS,
    PAGE,
    Check,
    Pages,
    Source,
    asked_of,
    metric_asked,
    named_status,
    part_of,
    said,
    whole_number,
)
from services.identity.permissions import scope_of
from services.matters.figures import MatterFigure
from services.organization.queries import unit_tree
from services.petitions.figures import AskedPetitions, counted_petitions, petition_report
from services.petitions.metrics import METRICS as PETITIONS
from services.petitions.metrics import metric_named as petition_metric
from services.platform.clock import local_day
from services.platform.errors import Invalid
from services.platform.unit_of_work import Work
from services.reports.activities import AskedLedger, ledger_entries, ledger_report
from services.reports.activities import Part as LedgerPart
from services.reports.activity_views import LedgerFigure
from services.reports.composite import ID as THREE_RATES
from services.reports.composite import composite_report
from services.reports.coverage import AskedCoverage, coverage_report, covered_items
from services.reports.coverage import Part as CoveragePart
from services.reports.coverage_metrics import metric_named as coverage_metric
from services.reports.coverage_views import CoverageFigureView
from services.reports.metrics import MOST_DECIMALS
from services.reports.questions import Asked, find_place, understand
from services.reports.repeats import AskedRepeats, repeats_report
from services.reports.times import TimePart, time_report, timed_tickets

T = TypeVar("T")
Figure = LedgerFigure | CoverageFigureView | MatterFigure
_BOUNDS = {"weeks": (1, 104), "classes": (2, 10)}


@dataclass(frozen=True)
class AskedCalls:
    """Days, both included, the rows wanted, and whose calls: of a number of ours, of an exchange; as they were known then."""

    first: date | None = None
    last: date | None = None
    by: counting.Grouping | None = None
    dnis: str | None = None
    source: str | None = None
    as_of: datetime | None = None


def bounded(kind: type[T], work: Work, given: Given) -> T:
    """Return the question of `kind`; raise Invalid ``question.invalid`` for numbers that the door would not take."""
    found = asked_of(kind, work, given)
    for name, (least, most) in _BOUNDS.items():
        if not least <= getattr(found, name, least) <= most:
            raise Invalid("question.invalid", f"`{name}` must be {least} to {most}.")
    return found


def checked(kind: type[Any], metric: Callable[[str], object] | None = None, parts: Any = None) -> Check:
    """Return the check of a source: the question read, its metric and part known, its unit within the asker's reach."""

    async def check(work: Work, given: Given) -> object:
        asked = bounded(kind, work, given)
        if metric is not None:
            metric(_metric(given))
        if parts is not None:
            part_of(given, parts, "numerator")
        return find_place(await unit_tree(work.session), scope_of(work.actor), getattr(asked, "unit", None))

    return check


def _metric(given: Given) -> str:
    return said(given, "metric", "question.metric_missing", "which figure; see GET /v1/metrics")


def one_page(lines: Sequence[Line], columns: Sequence[Column]) -> Page:
    """Return all rows there are as the only page."""
    return Page([row_of(line, columns) for line in lines], len(lines))


async def _check_times(work: Work, given: Given) -> object:
    part_of(given, TimePart, "slowest")
    return await understand(work, metric_asked(work, given), times=True)


async def _times(work: Work, given: Given) -> Pages:
    told = await time_report(work, metric_asked(work, given))
    head = {"metric": told.metric, "metric_name": told.name, "first": told.period.first, "last": told.period.last, "as_of": told.as_of}
    lines = [{**head, **row.model_dump()} for row in told.rows] + [{**head, **_TOTAL, **told.total.model_dump()}]
    yield one_page(lines, TIMES)


def _timed(work: Work, given: Given) -> Pages:
    part, asked, total = part_of(given, TimePart, "slowest"), metric_asked(work, given), None

    async def page(after: Any) -> Fetched:
        nonlocal total
        found = await timed_tickets(work, asked, part, key=given.get("key"), after=after, limit=PAGE, total=total)
        total = found.total
        return found.total, found.items, found.following

    return paged(work, page, FIGURE_TICKETS, named_status)


def _rates(work: Work, given: Given) -> Asked:
    return metric_asked(work, {**given, "metric": THREE_RATES})


async def _check_rates(work: Work, given: Given) -> object:
    whole_number(given, "decimals", 2, MOST_DECIMALS)
    return await understand(work, metric_asked(work, {**given, "metric": "response_rate"}))


async def _three_rates(work: Work, given: Given) -> Pages:
    told = await composite_report(work, _rates(work, given), decimals=whole_number(given, "decimals", 2, MOST_DECIMALS))
    head = {"metric": told.metric, "metric_name": told.name, "first": told.period.first, "last": told.period.last, "as_of": told.as_of}
    lines = []
    for named, row in [*(({}, row) for row in told.rows), (_TOTAL, told.total)]:
        parts = dict(zip(_RATES, (part.figure.shown for part in row.parts), strict=True))
        told_of = row.model_dump(exclude={"parts", "missing"})
        lines.append({**head, **named, **told_of, **parts, "weights_version": told.weights.version, "missing": "、".join(row.missing)})
    yield one_page(lines, SCORES)


async def _repeats(work: Work, given: Given) -> Pages:
    told = await repeats_report(work, asked_of(AskedRepeats, work, given))
    yield one_page([told.model_dump()], REPEATS)


def figure_line(head: Mapping[str, Any], group: str, key: str, name: str, figure: Figure) -> Line:
    """Return the line of a figure in its own counting unit."""
    made_of = {"figure_numerator": figure.numerator, "figure_denominator": figure.denominator, "counting_unit": figure.unit}
    what = {"metric": figure.metric, "metric_name": figure.name, "value": figure.value, "shown": figure.shown}
    return {**head, "group": group, "key": key, "name": name, **what, **made_of}


def _question(work: Work, given: Given) -> counting.Asked:
    found = asked_of(AskedCalls, work, given)
    more = {"by": found.by, "dnis": found.dnis, "source": found.source, "as_of": found.as_of}
    return counting.asked(local_day(found.as_of or work.now), found.first, found.last, **more)


async def _check_calls(work: Work, given: Given) -> object:
    return _question(work, given)


async def _check_call_list(work: Work, given: Given) -> object:
    part_of(given, counting.Part, "numerator")
    return _question(work, given), call_metric(_metric(given))


async def _hotline(work: Work, given: Given) -> Pages:
    question = _question(work, given)
    rows, total = await counting.sums_by_row(work, question)
    head = {"first": question.first, "last": question.last, "as_of": question.as_of or work.now}
    lines = [
        _call_line({**head, "group": "row", "key": key, "name": key}, metric, sums) for key, sums in rows.items() for metric in _CALLED
    ]
    lines += [_call_line({**head, "group": "total", **_TOTAL}, metric, total) for metric in _CALLED]
    yield one_page(lines, FIGURES)


def _call_line(head: Line, metric: HotlineMetric, sums: Sums) -> Line:
    figure, unit = figure_of(metric, sums), {"rate": "%", "count": "次"}.get(metric.kind, "秒")
    made_of = {"figure_numerator": figure.numerator, "figure_denominator": figure.denominator, "counting_unit": unit}
    return {**head, "metric": metric.key, "metric_name": metric.name, "value": figure.value, "shown": figure.shown, **made_of}


async def _calls(work: Work, given: Given) -> Pages:
    question, metric, part = _question(work, given), call_metric(_metric(given)), part_of(given, counting.Part, "numerator")
    after, more, total = None, True, None
    while more:
        total, found, after = await counting.counted_calls(work, question, metric, part, given.get("key"), after, PAGE, total)
        yield Page([row_of(_call(call), CALLS) for call in found], total)
        more = after is not None


def _call(call: Call) -> Line:
    names = ("direction", "dnis", "queue", "arrived_at", "disposition", "basis", "agent", "wait_seconds", "talk_seconds")
    told = {name: getattr(call, name) for name in names}
    return {**told, "call": call.call_id, "exchange": call.source, "disposition_name": DISPOSITIONS.get(call.disposition or "")}


async def _ledger(work: Work, given: Given) -> Pages:
    told = await ledger_report(work, asked_of(AskedLedger, work, given))
    head = {"first": told.period.first, "last": told.period.last, "as_of": told.as_of}
    groups = (("row", told.rows), ("fund", told.funds))
    lines = [figure_line(head, group, row.key, row.name, figure) for group, rows in groups for row in rows for figure in row.figures]
    yield one_page([*lines, *(figure_line(head, "total", "", "合计", figure) for figure in told.total)], FIGURES)


async def _declared(work: Work, given: Given) -> Pages:
    told = await ledger_report(work, asked_of(AskedLedger, work, given))
    names = {
        "unit": "unit_code",
        "metric": "figure",
        "metric_name": "name",
        "first": "first_day",
        "last": "last_day",
        "basis_words": "basis",
    }
    dumped = [one.model_dump() for one in told.declared]
    yield one_page([{**one, **{name: one[field] for name, field in names.items()}} for one in dumped], DECLARED)


def _entries(work: Work, given: Given) -> Pages:
    asked, metric, part = asked_of(AskedLedger, work, given), _metric(given), part_of(given, LedgerPart, "numerator")
    told: tuple[int, int] | None = None

    async def page(after: Any) -> Fetched:
        nonlocal told
        found = await ledger_entries(work, asked, metric, part, key=given.get("key"), after=after, limit=PAGE, told=told)
        told = found.body.count, found.body.total
        return found.body.count, found.body.items, found.following

    return paged(work, page, ENTRIES, lambda line: {**line, **{name: line[field] for name, field in _ENTRY.items()}})


async def _petitions(work: Work, given: Given) -> Pages:
    told = await petition_report(work, asked_of(AskedPetitions, work, given))
    head = {"first": told.period.first, "last": told.period.last, "as_of": told.as_of}
    rows = [("row", row.key, row.name, row.figures) for row in told.rows] + [("total", "", "合计", told.total)]
    lines = []
    for group, key, name, figures in rows:
        for one in figures:
            then = {f"{when}_change": getattr(one, when).shown for when in ("previous", "year_before")}
            was = {when: getattr(one, when).then for when in ("previous", "year_before")}
            changes = {f"{when}_shown": None if value is None else str(value) for when, value in was.items()}
            changes |= {f"{when}_shown": shown for when, shown in then.items()}
            what = {"metric": one.metric, "metric_name": one.name, "counting_unit": one.unit, "value": one.value, "shown": one.shown}
            lines.append({**head, "group": group, "key": key, "name": name, **what, **changes})
    for figure, value, shown in (
        ("zero_petition_townships", told.zero.count, told.zero.shown),
        ("zero_petition_rate", None, told.zero.rate),
    ):
        metric = PETITIONS[figure]
        what = {"metric": metric.key, "metric_name": metric.name, "counting_unit": metric.unit, "value": value, "shown": shown}
        lines.append({**head, "group": "total", **_TOTAL, **what})
    yield one_page(lines, PETITION_FIGURES)


async def _zero(work: Work, given: Given) -> Pages:
    told = await petition_report(work, asked_of(AskedPetitions, work, given))
    yield one_page([{"unit": unit.code, "unit_name": unit.name} for unit in told.zero.townships], ZERO)


def _petition_list(work: Work, given: Given) -> Pages:
    asked, metric = asked_of(AskedPetitions, work, given), _metric(given)
    told: tuple[int, int] | None = None

    async def page(after: Any) -> Fetched:
        nonlocal told
        found, following = await counted_petitions(work, asked, metric, key=given.get("key"), after=after, limit=PAGE, told=told)
        told = found.count, found.total
        return found.count, found.items, following

    return paged(work, page, PETITION_LIST, lambda line: named_status({**line.pop("ticket"), **line}))


async def _coverage(work: Work, given: Given) -> Pages:
    told = await coverage_report(work, bounded(AskedCoverage, work, given))
    head = {"first": told.silent_since, "as_of": told.as_of}
    lines = [figure_line(head, "row", row.key, row.name, figure) for row in told.rows for figure in row.figures]
    yield one_page([*lines, *(figure_line(head, "total", "", "合计", figure) for figure in told.total)], FIGURES)


def _covered(work: Work, given: Given) -> Pages:
    asked, metric, part = bounded(AskedCoverage, work, given), _metric(given), part_of(given, CoveragePart, "numerator")
    total: int | None = None

    async def page(after: Any) -> Fetched:
        nonlocal total
        found = await covered_items(work, asked, metric, part, key=given.get("key"), after=after, limit=PAGE, total=total)
        total = found.total
        return found.total, found.items, found.next

    return paged(work, page, COVERED, _covered_more)


def _covered_more(line: Line) -> Line:
    units = line.pop("units")
    told = {"units": "、".join(unit["code"] for unit in units), "units_names": "、".join(unit["name"] for unit in units)}
    return {**line, **told, "coverage_key": line["key"], "member": line["member_id"], "overdue_tickets": line["overdue"]}


_TOTAL = {"key": "", "name": "合计"}
_RATES = ("response_shown", "resolution_shown", "satisfaction_shown")
_CALLED = tuple(HOTLINE.values())
_ENTRY = {
    "entry": "id",
    "entry_kind": "kind",
    "entry_kind_name": "kind_name",
    "member": "member_id",
    "fund_stage": "stage",
    "fund_source": "source",
}
_HEAD = ("metric", "metric_name", "first", "last", "as_of", "key", "name")
TIMES = columns_named(
    *_HEAD, "median", "p90", "tickets", "median_shown", "p90_shown",
    *(f"{when}_{which}{end}" for when in ("previous", "year_before") for which in ("median", "p90") for end in ("_shown", "_change_shown")),
)  # fmt: skip
SCORES = columns_named(
    *_HEAD, "score", "shown", "before_removal_shown", "after_removal_shown", "weights_version", *_RATES, "missing",
    "previous_shown", "previous_change_shown", "year_before_shown", "year_before_change_shown",
)  # fmt: skip
REPEATS = columns_named("first", "last", "as_of", "unit", "repeats", "tickets", "said", "answered", "in_progress", "same_person", "others")
_FIGURE = ("group", *_HEAD, "counting_unit")
FIGURES = columns_named(*_FIGURE, "figure_numerator", "figure_denominator", "value", "shown")
CALLS = columns_named(
    "call", "exchange", "direction", "dnis", "queue", "arrived_at", "disposition", "disposition_name", "basis", "agent", "wait_seconds",
    "talk_seconds",
)  # fmt: skip
DECLARED = columns_named(
    "unit", "unit_name", "metric", "metric_name", "counting_unit", "first", "last", "amount", "shown", "basis_words", "recorded_at",
    "withdrawn_at",
)  # fmt: skip
ENTRIES = columns_named(
    "entry", "entry_kind", "entry_kind_name", "counting_unit", "place", "place_name", "member", "happened_on", "outcome", "fund_stage",
    "fund_source", "amount", "reference", "entries", "ticket", "recorded_at", "withdrawn_at",
)  # fmt: skip
PETITION_FIGURES = columns_named(
    *_FIGURE, "value", "shown", "previous_shown", "previous_change_shown", "year_before_shown", "year_before_change_shown"
)
ZERO = columns_named("unit", "unit_name")
PETITION_LIST = (*FIGURE_TICKETS, *columns_named("form", "people", "repeated"))
COVERED = columns_named("coverage_key", "units", "units_names", "member", "last_ticket_at", "last_activity_on", "overdue_tickets")

_figures, _lists = "report.read", "ticket.read"
_ASKED, _CALLS, _BOOK, _COVER = names_of(Asked), names_of(AskedCalls), names_of(AskedLedger), names_of(AskedCoverage)
_PETITIONS, _OF = names_of(AskedPetitions), ("metric", "part", "key")
_TOLD = names_of(AskedRepeats)
_SCORED = (*(name for name in _ASKED if name != "metric"), "decimals")
_book, _desk, _cover = checked(AskedLedger), checked(AskedPetitions), checked(AskedCoverage)
_entry_check = checked(AskedLedger, ledger_metric, LedgerPart)
_covered_check = checked(AskedCoverage, coverage_metric, CoveragePart)
FURTHER = (
    Source("times", "时长报表", "How long things take: median and P90", _figures, TIMES, _ASKED, _check_times, _times),
    Source(
        "time-tickets", "时长所含工单", "Tickets measured, or the slowest", _lists, FIGURE_TICKETS, (*_ASKED, "part", "key"), _check_times,
        _timed
    ),
    Source("three-rates", "三率综合得分", "The three rates as one score", _figures, SCORES, _SCORED, _check_rates, _three_rates),
    Source("repeats-report", "重复诉求报表", "The same matter told again", _figures, REPEATS, _TOLD, checked(AskedRepeats), _repeats),
    Source("hotline", "热线指标", "Figures of the hotline", _figures, FIGURES, _CALLS, _check_calls, _hotline),
    Source("hotline-calls", "热线通话", "Calls behind a figure", "call.read", CALLS, (*_CALLS, *_OF), _check_call_list, _calls),
    Source("activities", "民情台账指标", "Figures of the ledger", _figures, FIGURES, _BOOK, _book, _ledger),
    Source("activity-entries", "民情台账明细", "Entries behind a figure", _figures, ENTRIES, (*_BOOK, *_OF), _entry_check, _entries),
    Source("declared-totals", "纸面申报数", "Totals declared from paper", _figures, DECLARED, _BOOK, _book, _declared),
    Source("petitions", "信访指标", "Figures of petitions", _figures, PETITION_FIGURES, _PETITIONS, _desk, _petitions),
    Source("zero-petition-townships", "零上访镇", "Townships without any petition", _figures, ZERO, _PETITIONS, _desk, _zero),
    Source(
        "petition-tickets", "信访工单", "Petitions behind a figure", _lists, PETITION_LIST, (*_PETITIONS, "metric", "key"),
        checked(AskedPetitions, petition_metric), _petition_list,
    ),
    Source("coverage", "覆盖情况", "Figures of coverage", "unit.report", FIGURES, _COVER, _cover, _coverage),
    Source("coverage-items", "覆盖明细", "What such a figure counts", "unit.report", COVERED, (*_COVER, *_OF), _covered_check, _covered),
)  # fmt: skip
