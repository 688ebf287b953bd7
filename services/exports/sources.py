"""What can be exported, saved and delivered: each source with its columns, what can be asked of it, and how its rows are read.

To add one: a line in `SOURCES`, and its columns in `known_columns.py`. A source reads page after page under the asker's own scope, in one
snapshot; what it gives holds no personal data and no words of anybody who complained.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime

from services.exports.asking import Given, names_of, read, require_known
from services.exports.columns import Column
from services.exports.definitions import every_definition
from services.exports.facts_source import fact_columns, fact_pages
from services.exports.further_sources import FURTHER
from services.exports.help_sources import HELPED
from services.exports.judged_sources import JUDGED
from services.exports.known_columns import columns_named
from services.exports.paging import Fetched, Page, paged, row_of
from services.exports.register_sources import REGISTERED
from services.exports.source import FIGURE_TICKETS, PAGE, Pages, Source, metric_asked, named_status, part_of, whole_number
from services.platform.clock import local_day
from services.platform.errors import NotFound
from services.platform.unit_of_work import Work
from services.reports.backlog import overdue, workload
from services.reports.drilldown import Part, counted_tickets
from services.reports.figures import one_snapshot, report
from services.reports.hand_offs import AskedHandOffs, hand_offs, handed_off
from services.reports.hand_offs import Part as HandOffPart
from services.reports.listing import list_known
from services.reports.metrics import MOST_DECIMALS
from services.reports.public_list import listed
from services.reports.questions import Asked, understand
from services.reports.repeats import AskedRepeats, repeated_tickets
from services.tickets.filters import TicketFilter
from services.tickets.queries import conditions, count_tickets, list_tickets


@dataclass(frozen=True)
class Place:
    """Where, who holds, and as of when."""

    unit: str | None = None
    holder: str | None = None
    as_of: datetime | None = None


class Known(TicketFilter):
    """A filter of tickets, and when they are to be known."""

    as_of: AwareDatetime | None = None


@dataclass(frozen=True)
class Listed:
    """A month of the public list, where, who was late, and as of when."""

    month: str | None = None
    unit: str | None = None
    late: str | None = None
    as_of: datetime | None = None


async def _check_report(work: Work, given: Given) -> object:
    whole_number(given, "decimals", 2, MOST_DECIMALS)
    return await understand(work, metric_asked(work, given))


async def _report(work: Work, given: Given) -> Pages:
    decimals = whole_number(given, "decimals", 2, MOST_DECIMALS)
    told = await report(work, metric_asked(work, given), decimals=decimals)
    same = {"metric": told.metric, "metric_name": told.name, "first": told.period.first, "last": told.period.last}
    total = {"key": "", "name": "合计"}
    lines = [{**same, **row.model_dump()} for row in told.rows] + [{**same, **total, **told.total.model_dump()}]
    yield Page([row_of(line, REPORT) for line in lines], len(lines))


async def _check_figure(work: Work, given: Given) -> object:
    part_of(given, Part, "numerator")
    return await understand(work, metric_asked(work, given))


def _figure(work: Work, given: Given) -> Pages:
    part, asked, total = part_of(given, Part, "numerator"), metric_asked(work, given), None

    async def page(after: Any) -> Fetched:
        nonlocal total
        found = await counted_tickets(work, asked, part, key=given.get("key"), after=after, limit=PAGE, total=total)
        total = found.total
        return found.total, found.items, found.following

    return paged(work, page, FIGURE_TICKETS, named_status)


async def _check_tickets(work: Work, given: Given) -> object:
    return await conditions(work.session, work.actor, _filter(work, given))


def _filter(work: Work, given: Given) -> TicketFilter:
    return read(TicketFilter, given, local_day(work.now))


def _tickets(work: Work, given: Given) -> Pages:
    wanted = _filter(work, given)

    async def page(after: Any) -> Fetched:
        total = None if after else await count_tickets(work.session, work.actor, wanted)
        found = await list_tickets(work.session, work.actor, wanted, limit=PAGE, after=after, now=work.now)
        return total, found, (found[-1].received_at, found[-1].id) if len(found) == PAGE else None

    return paged(work, page, TICKETS)


async def _check_known(work: Work, given: Given) -> object:
    return await conditions(work.session, work.actor, _known_filter(work, given)[0])


def _known_filter(work: Work, given: Given) -> tuple[TicketFilter, datetime | None]:
    found = read(Known, given, local_day(work.now))
    return TicketFilter.model_validate(found.model_dump(exclude={"as_of"})), found.as_of


def _known(work: Work, given: Given) -> Pages:
    return known_pages(work, *_known_filter(work, given))


def known_pages(work: Work, wanted: TicketFilter, as_of: datetime | None) -> Pages:
    """Yield the tickets a filter selects as they are, or were at `as_of`, known: rows of the source ``known-tickets``."""
    total: int | None = None

    async def page(after: Any) -> Fetched:
        nonlocal total
        told, following = await list_known(work, wanted, as_of=as_of, after=after, limit=PAGE, total=total)
        total = told.total
        return told.total, told.items, following

    return paged(work, page, FIGURE_TICKETS, named_status)


def _facts(work: Work, given: Given) -> Pages:
    return fact_pages(work, _filter(work, given))


def _overdue(work: Work, given: Given) -> Pages:
    return overdue_pages(work, read(Place, given, local_day(work.now)))


def overdue_pages(work: Work, place: Place) -> Pages:
    """Yield the open tickets past due: rows of the source ``overdue``."""
    total: int | None = None

    async def page(after: Any) -> Fetched:
        nonlocal total
        found = await overdue(work, unit=place.unit, holder=place.holder, after=after, limit=PAGE, as_of=place.as_of, total=total)
        total = found.body.total
        return found.body.total, found.body.items, found.following

    return paged(work, page, OVERDUE, _overdue_more)


def _overdue_more(line: dict[str, Any]) -> dict[str, Any]:
    return named_status({**line, "stages": "、".join(line["stages"])})


def _listed(work: Work, given: Given) -> Pages:
    asked, total = read(Listed, given, local_day(work.now)), None

    async def page(after: Any) -> Fetched:
        nonlocal total
        found = await listed(work, **vars(asked), after=after, limit=PAGE, total=total)
        total = found.body.total
        return found.body.total, found.body.items, found.following

    return paged(work, page, LISTED, named_status)


async def _workload(work: Work, given: Given) -> Pages:
    place = read(Place, given, local_day(work.now))
    told = await workload(work, unit=place.unit, holder=place.holder, as_of=place.as_of)
    lines = [{**load.model_dump(), "open_overdue": load.overdue} for load in told.units]
    yield Page([row_of(line, WORKLOAD) for line in lines], len(lines))


async def _hand_offs(work: Work, given: Given) -> Pages:
    told = await hand_offs(work, read(AskedHandOffs, given, local_day(work.now)))
    lines = [{**unit.model_dump(), "passed_on_tickets": unit.passed_on} for unit in told.units]
    yield Page([row_of(line, HAND_OFFS) for line in lines], len(lines))


def _handed_off(work: Work, given: Given) -> Pages:
    part = part_of(given, HandOffPart, "idle")
    asked = read(AskedHandOffs, {name: value for name, value in given.items() if name not in ("of", "part")}, local_day(work.now))

    total: int | None = None

    async def page(after: Any) -> Fetched:
        nonlocal total
        total, items, following = await handed_off(work, asked, of=given.get("of"), part=part, after=after, limit=PAGE, total=total)
        return total, items, following

    return paged(work, page, HAND_OFF_TICKETS, named_status)


def _repeats(work: Work, given: Given) -> Pages:
    asked = read(AskedRepeats, given, local_day(work.now))

    total: int | None = None

    async def page(after: Any) -> Fetched:
        nonlocal total
        total, items, following = await repeated_tickets(work, asked, after=after, limit=PAGE, total=total)
        return total, items, following

    return paged(work, page, REPEATS, lambda line: {**line, "place_name": line["place"]})


async def _metrics(_work: Work, _given: Given) -> Pages:
    lines = [{**vars(one), **{name: getattr(one, field) or None for name, field in _DEFINED.items()}} for one in every_definition()]
    yield Page([row_of(line, DEFINITIONS) for line in lines], len(lines))


async def _nothing(_work: Work, _given: Given) -> object:
    """Check a question that has no parameters."""
    return None


def _reading(kind: type[Any], *more: str) -> Callable[[Work, Given], Awaitable[object]]:
    """Return the check of a source of which only the question itself can be wrong before its rows are read."""

    async def check(work: Work, given: Given) -> object:
        return read(kind, {name: value for name, value in given.items() if name not in more}, local_day(work.now))

    return check


REPORT = columns_named(
    "metric", "metric_name", "first", "last", "key", "name", "numerator", "denominator", "percent", "shown",
    "before_removal_shown", "after_removal_shown", "taken_out_numerator", "taken_out_denominator",
    "share", "previous_shown", "previous_change_shown", "year_before_shown", "year_before_change_shown",
)  # fmt: skip
TICKETS = columns_named(
    "number", "status", "status_name", "source", "channel", "category", "category_name", "urgency", "place", "place_name", "tier",
    "holder", "holder_name", "desk", "desk_name", "round", "hand_offs", "returns", "suspended", "overdue", "received_at",
    "dispatched_at", "accepted_at", "due_at", "resolved_at", "answered_at", "closed_at",
)  # fmt: skip
OVERDUE = columns_named(
    "number", "status", "status_name", "urgency", "channel", "category", "place", "place_name", "holder", "holder_name", "received_at",
    "due_at", "stages", "overdue_minutes",
)  # fmt: skip
LISTED = columns_named(
    "number", "status", "status_name", "urgency", "category", "place", "place_name", "late", "late_name", "stage", "due_at", "listed_at",
    "running",
)  # fmt: skip
WORKLOAD = columns_named("unit", "unit_name", "open", "open_overdue", "posts", "per_post", "population", "open_per_1000")
HAND_OFFS = columns_named("unit", "unit_name", "received", "passed_on_tickets", "idle", "times", "passed_on_share", "idle_share")
HAND_OFF_TICKETS = columns_named(
    "number", "status", "status_name", "category", "place", "place_name", "holder", "holder_name", "received_at", "given_at",
    "times_passed_on", "times_idly", "returns",
)  # fmt: skip
REPEATS = columns_named(
    "number", "status", "status_name", "category", "category_name", "place_name", "received_at", "repeats", "said", "last_at"
)
DEFINITIONS = columns_named(
    "metric", "metric_name", "english", "version", "family", "kind", "counting_unit", "numerator_words", "denominator_words",
    "numerator_code", "denominator_code", "period_words", "scope_words", "exclusions_words", "rounding_words", "zero_words", "ask", "field",
    "source", "note",
)  # fmt: skip
_DEFINED = {
    "metric": "key", "metric_name": "name", "counting_unit": "unit", "numerator_words": "numerator", "denominator_words": "denominator",
    "denominator_code": "denominator_code", "period_words": "period", "scope_words": "scope", "exclusions_words": "exclusions",
    "rounding_words": "rounding", "zero_words": "zero_denominator",
}  # fmt: skip
_ASKED, _FILTER, _PLACE = names_of(Asked), names_of(TicketFilter), names_of(Place)
_PASSED = names_of(AskedHandOffs)
_TOLD = names_of(AskedRepeats)

_figures, _lists = "report.read", "ticket.read"
_FIGURE_LIST, _PASSED_LIST = (*_ASKED, "part", "key"), (*_PASSED, "of", "part")
_check_passed, _check_handed = _reading(AskedHandOffs), _reading(AskedHandOffs, "of", "part")

_DECLARED = (
    Source(
        "reports", "指标报表", "A metric, by whatever it can be grouped", _figures, REPORT, (*_ASKED, "decimals"), _check_report, _report
    ),
    Source("figure-tickets", "指标所含工单", "The tickets of a figure", _lists, FIGURE_TICKETS, _FIGURE_LIST, _check_figure, _figure),
    Source("tickets", "工单列表", "Tickets of a filter", _lists, TICKETS, _FILTER, _check_tickets, _tickets),
    Source("known-tickets", "工单(当时所知)", "Tickets as they were known", _lists, FIGURE_TICKETS, names_of(Known), _check_known, _known),
    Source("facts", "工单统计明细", "What reports know of each ticket", _lists, fact_columns(), _FILTER, _check_tickets, _facts),
    Source("overdue", "超期工单", "Open tickets past due", _lists, OVERDUE, _PLACE, _reading(Place), _overdue),
    Source("listed", "超期通报", "Limits named in public for being late", _lists, LISTED, names_of(Listed), _reading(Listed), _listed),
    Source("workload", "在办负荷", "Open tickets of each unit", _lists, WORKLOAD, _PLACE, _reading(Place), _workload),
    Source("hand-offs", "转办统计", "Who passes matters on", _figures, HAND_OFFS, _PASSED, _check_passed, _hand_offs),
    Source("hand-off-tickets", "转办工单", "Tickets passed on", _lists, HAND_OFF_TICKETS, _PASSED_LIST, _check_handed, _handed_off),
    Source("repeats", "重复诉求工单", "Tickets that were told again", _lists, REPEATS, _TOLD, _reading(AskedRepeats), _repeats),
    Source("metrics", "指标定义", "The definitions of the metrics", _figures, DEFINITIONS, (), _nothing, _metrics),
)
SOURCES: dict[str, Source] = {source.code: source for source in (*_DECLARED, *FURTHER, *HELPED, *REGISTERED, *JUDGED)}


def source_named(code: str) -> Source:
    """Return a source; raise NotFound ``export.source_unknown``."""
    found = SOURCES.get(code)
    if found is None:
        raise NotFound("export.source_unknown", f"There is no such source; there are {', '.join(SOURCES)}.")
    return found


async def check_question(work: Work, source: Source, given: Given) -> None:
    """Raise what asking `given` of `source` now would raise: unknown or impossible parameters, units out of reach."""
    require_known(given, source.parameters)
    await source.check(work, given)


async def rows_of(work: Work, source: Source, given: Given) -> Pages:
    """Yield the pages of rows, all of one snapshot; must be the first reading of its transaction. Raises as the check does."""
    await one_snapshot(work.session)
    require_known(given, source.parameters)
    async for page in source.pages(work, given):
        yield page


def every_column(sources: Iterable[Source]) -> list[tuple[Source, Column]]:
    """Return each column of each source."""
    return [(source, column) for source in sources for column in source.columns]
