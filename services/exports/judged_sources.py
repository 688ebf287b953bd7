"""What judges: queues by size of place, assessments with sheets, items and objections, early warnings, bulletins with tables and figures.

Each asks the very function its door answers by: whoever may not see a sheet there has it in no file. Persons are told by sheet and post,
never by name; what people wrote stays at the doors.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.assessment import reading
from services.assessment.queue_fairness import AskedQueue, queue_fairness, queue_tickets
from services.assessment.queue_views import QueueClass
from services.assessment.views import SheetRow
from services.bulletins.document import Document, Row, Table
from services.bulletins.periods import Kind
from services.bulletins.queries import document_of, find_bulletin, list_bulletins
from services.bulletins.sheet import figure_rows
from services.exports.asking import Given, names_of
from services.exports.further_sources import bounded, checked, one_page
from services.exports.known_columns import columns_named
from services.exports.paging import Fetched, Line, Page, paged, row_of
from services.exports.source import FIGURE_TICKETS, PAGE, Pages, Source, asked_of, named_status, whole_number
from services.platform.unit_of_work import Work
from services.warnings.acknowledging import State, list_warnings

_FEW = 100
"""Sheets read at once where each is worked out anew."""


@dataclass(frozen=True)
class AskedRuns:
    """Nothing: all runs one may know of."""


@dataclass(frozen=True)
class AskedSheets:
    """A run, and a group of comparable units."""

    run: UUID
    group: str | None = None


@dataclass(frozen=True)
class AskedAppeals:
    """A run, and the state of its objections."""

    run: UUID
    state: Literal["open", "granted", "refused"] | None = None


@dataclass(frozen=True)
class AskedWarnings:
    """Which warnings."""

    state: State | None = None
    measure: Literal["inflow", "overdue"] | None = None
    as_of: datetime | None = None


@dataclass(frozen=True)
class AskedBulletins:
    """Whose bulletins, and of which kind."""

    unit: str | None = None
    kind: Kind | None = None


@dataclass(frozen=True)
class AskedBulletin:
    """One bulletin."""

    bulletin: UUID


async def _check_runs(work: Work, given: Given) -> object:
    return asked_of(AskedRuns, work, given)


async def _check_sheets(work: Work, given: Given) -> object:
    return await reading.read_run(work, asked_of(AskedSheets, work, given).run)


async def _check_appeals(work: Work, given: Given) -> object:
    return await reading.read_run(work, asked_of(AskedAppeals, work, given).run)


async def _check_warnings(work: Work, given: Given) -> object:
    return asked_of(AskedWarnings, work, given)


async def _check_bulletins(work: Work, given: Given) -> object:
    return asked_of(AskedBulletins, work, given)


async def _check_bulletin(work: Work, given: Given) -> object:
    return await find_bulletin(work, asked_of(AskedBulletin, work, given).bulletin)


def _runs(work: Work, _given: Given) -> Pages:
    async def page(after: Any) -> Fetched:
        items, following = await reading.list_runs(work, after=after, limit=PAGE)
        return None, items, following

    return paged(work, page, RUNS, lambda line: {**line, "run": line["id"], "title": line["name"]})


async def _each(work: Work, asked: AskedSheets) -> AsyncIterator[list[SheetRow]]:
    """Yield the sheets one may see, some at a time."""
    await reading.read_run(work, asked.run)
    after: tuple[str, UUID] | None = None
    while True:
        items, after = await reading.list_sheets(work, asked.run, group=asked.group, after=after, limit=_FEW)
        yield items
        if after is None:
            return


def _sheet_line(row: SheetRow) -> Line:
    line = row.model_dump(exclude={"person"})
    return {**line, "sheet": row.id, "peers": row.group, "peers_name": row.group_name}


async def _sheets(work: Work, given: Given) -> Pages:
    asked = asked_of(AskedSheets, work, given)
    async for items in _each(work, asked):
        yield Page([row_of({**_sheet_line(row), "run": asked.run}, SHEETS) for row in items])


async def _items(work: Work, given: Given) -> Pages:
    asked = asked_of(AskedSheets, work, given)
    async for rows in _each(work, asked):
        lines: list[Line] = []
        for row in rows:
            sheet = await reading.read_sheet(work, asked.run, row.id)
            head = {"run": asked.run, "sheet": row.id, "unit": row.unit, "unit_name": row.unit_name, "role": row.role}
            lines += [
                {**head, **item.model_dump(), "item": item.code, "item_name": item.name, "item_percent": item.percent}
                for item in sheet.items
            ]
            lines += [{**head, **one.model_dump(), "item": one.code, "item_name": one.name} for one in sheet.counted]
        yield Page([row_of(line, ITEMS) for line in lines])


async def _appeals(work: Work, given: Given) -> Pages:
    asked = asked_of(AskedAppeals, work, given)
    await reading.read_run(work, asked.run)
    found = await reading.list_appeals(work, asked.run, state=asked.state)
    yield one_page([one.model_dump(exclude={"words", "decision", "change"}) for one in found], APPEALS)


def _warnings(work: Work, given: Given) -> Pages:
    asked = asked_of(AskedWarnings, work, given)

    async def page(after: Any) -> Fetched:
        items, following = await list_warnings(work, state=asked.state, measure=asked.measure, after=after, limit=PAGE, as_of=asked.as_of)
        return None, items, following

    return paged(work, page, WARNINGS, lambda line: {**line, "key": line["code"]})


def _bulletins(work: Work, given: Given) -> Pages:
    asked = asked_of(AskedBulletins, work, given)

    async def page(after: Any) -> Fetched:
        items, following = await list_bulletins(work, unit=asked.unit, kind=asked.kind, after=after, limit=PAGE)
        return None, items, following

    return paged(work, page, BULLETINS, lambda line: {**line, "bulletin": line["number"], "bulletin_kind": line["kind"]})


async def _document(work: Work, given: Given) -> Document:
    return document_of(await find_bulletin(work, asked_of(AskedBulletin, work, given).bulletin))


async def _bulletin_figures(work: Work, given: Given) -> Pages:
    rows = figure_rows(await _document(work, given))
    codes = [column.code for column in PRINTED]
    lines = [dict(zip(codes, row, strict=True)) for row in rows]
    yield one_page([{**line, "as_of": datetime.fromisoformat(str(line["as_of"]))} for line in lines], PRINTED)


async def _bulletin_tables(work: Work, given: Given) -> Pages:
    document = await _document(work, given)
    tables = [(section.heading, table) for section in document.sections for table in section.tables]
    lines = [{"bulletin": document.number, "section": heading, **line} for heading, table in tables for line in _cells(table)]
    yield one_page(lines, CELLS)


def _cells(table: Table) -> Iterable[Line]:
    rows: tuple[Row, ...] = (*table.rows, table.total) if table.total else table.rows
    for row in rows:
        for column in table.columns:
            cell = row.cells.get(column.key)
            if cell is not None:
                made_of = {"figure_numerator": cell.numerator, "figure_denominator": cell.denominator}
                place = {"table": table.caption, "row_key": row.key, "row_name": row.name, "column_name": column.name}
                yield {**place, "shown": cell.text, **made_of}


async def _queues(work: Work, given: Given) -> Pages:
    told = await queue_fairness(work, bounded(AskedQueue, work, given))
    head = {"first": told.first, "last": told.last, "as_of": told.as_of}
    yield one_page([{**head, **line} for one in told.classes for line in _queue_lines(one)], QUEUES)


def _queue_lines(one: QueueClass) -> Iterable[Line]:
    yield {"size_class": one.size_class, "places": one.places, "households": one.households, **one.waits.model_dump()}
    for unit in one.units:
        named = {"size_class": one.size_class, "unit": unit.unit, "unit_name": unit.name, "households": unit.households}
        yield {**named, **unit.waits.model_dump()}


def _queue_class(given: Given) -> int | None:
    return whole_number(given, "size_class", 0, _MOST_CLASSES) if "size_class" in given else None


async def _check_queue_list(work: Work, given: Given) -> object:
    _queue_class(given)
    return await checked(AskedQueue)(work, given)


def _queue_list(work: Work, given: Given) -> Pages:
    asked, wanted = bounded(AskedQueue, work, given), _queue_class(given)
    total: int | None = None

    async def page(after: Any) -> Fetched:
        nonlocal total
        where = {"place": given.get("place"), "after": after, "limit": PAGE, "total": total}
        total, items, following = await queue_tickets(work, asked, size_class=wanted, **where)
        return total, items, following

    return paged(work, page, QUEUE_LIST, named_status)


_MOST_CLASSES = 10
RUNS = columns_named(
    "run", "scheme", "title", "subjects", "first", "last", "policy_version", "state", "asked_at", "as_of", "published_at",
    "objections_until", "finalized_at", "withdrawn_at",
)  # fmt: skip
SHEETS = columns_named(
    "run", "sheet", "unit", "unit_name", "role", "peers", "peers_name", "households", "total", "lower", "upper", "rank", "best", "worst",
    "funnel_visits", "funnel_opinions", "funnel_received", "funnel_discovered", "funnel_completed",
)  # fmt: skip
ITEMS = columns_named(
    "run", "sheet", "unit", "unit_name", "role", "item", "item_name", "weight", "weight_used", "item_percent", "points", "lower", "upper",
    "changed", "why_not",
)  # fmt: skip
APPEALS = columns_named("run", "sheet", "item", "state", "made_at", "decided_at")
WARNINGS = columns_named(
    "measure", "subject", "key", "name", "state", "opened_on", "opened_at", "last_outside_on", "ended_on", "acknowledged_at",
    *(f"{look}_{what}" for look in ("opened_with", "peak", "latest") for what in ("value", "of", "limit")),
)  # fmt: skip
BULLETINS = columns_named(
    "bulletin", "title", "unit", "unit_name", "bulletin_kind", "period", "first", "last", "edition", "state", "public", "hash", "made_at",
    "published_at", "corrects", "corrected_by",
)  # fmt: skip
PRINTED = columns_named(
    "bulletin",
    "as_of",
    "when",
    "group",
    "key",
    "name",
    "metric",
    "metric_name",
    "removal",
    "figure_numerator",
    "figure_denominator",
    "shown",
)
CELLS = columns_named(
    "bulletin", "section", "table", "row_key", "row_name", "column_name", "shown", "figure_numerator", "figure_denominator"
)
QUEUES = columns_named(
    "first", "last", "as_of", "size_class", "places", "unit", "unit_name", "households", "tickets", "waiting", "median_minutes",
    "p90_minutes", "longest_minutes", "longest", "per_100_households",
)  # fmt: skip
QUEUE_LIST = (*FIGURE_TICKETS, *columns_named("wait_minutes"))
_figures, _lists, _assessed = "report.read", "ticket.read", "assessment.read"
_SHEETS, _BULLETIN, _QUEUE = names_of(AskedSheets), names_of(AskedBulletin), names_of(AskedQueue)
JUDGED = (
    Source("assessments", "考核", "Assessments there were", _assessed, RUNS, (), _check_runs, _runs),
    Source("assessment-sheets", "考核评分表", "Sheets one may see", _assessed, SHEETS, _SHEETS, _check_sheets, _sheets),
    Source("assessment-items", "考核评分项", "Items of these sheets", _assessed, ITEMS, _SHEETS, _check_sheets, _items),
    Source(
        "assessment-appeals", "考核异议", "Objections to these sheets", _assessed, APPEALS, names_of(AskedAppeals), _check_appeals, _appeals
    ),
    Source("warnings", "预警", "Early warnings", _figures, WARNINGS, names_of(AskedWarnings), _check_warnings, _warnings),
    Source("bulletins", "通报", "Bulletins one may read", _figures, BULLETINS, names_of(AskedBulletins), _check_bulletins, _bulletins),
    Source(
        "bulletin-figures", "通报所载指标", "Figures a bulletin prints", _figures, PRINTED, _BULLETIN, _check_bulletin, _bulletin_figures
    ),
    Source(
        "bulletin-tables", "通报表格", "Tables of a bulletin, a cell a row", _figures, CELLS, _BULLETIN, _check_bulletin, _bulletin_tables
    ),
    Source("queue-fairness", "排队公平", "Waits by size of place", _figures, QUEUES, _QUEUE, checked(AskedQueue), _queues),
    Source(
        "queue-tickets", "排队工单", "Tickets of a class of places", _lists, QUEUE_LIST, (*_QUEUE, "size_class", "place"),
        _check_queue_list, _queue_list,
    ),
)  # fmt: skip
