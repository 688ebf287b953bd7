"""Questions as SQL: sums from cells, sums from facts, and the facts themselves. All three from the same declarations of counters."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, cast, func, literal, literal_column, not_, or_, select

from services.platform.clock import SHANGHAI, day_end, day_start
from services.reports.facts import PLACES
from services.reports.measures import COUNTERS, UNREASONABLE, Counter, Grain
from services.reports.models import ReportFact, RollupCell
from services.reports.planning import Period
from services.reports.questions import Question

FACTS = ReportFact.__table__.c
FACT_COLUMNS: dict[str, ColumnElement[Any]] = {**dict(FACTS.items()), "id": FACTS.ticket_id}
_CELLS = RollupCell.__table__.c
NONE_KEY = "-"
"""Key of the row for what has no value in a dimension: no category, no place as deep as asked. Codes never look like it."""


def cell_sums(question: Question, grain: Grain, period: Period, counters: Sequence[str]) -> Select[Any]:
    """Return the query of (key, whether of unreasonable demands, sums…) over the cells of `grain`."""
    key, unreasonable = _cell_key(question), _CELLS.demand == UNREASONABLE
    query = select(
        key.label("key"), unreasonable.label("unreasonable"), *(func.sum(_CELLS[counter]).label(counter) for counter in counters)
    )
    query = query.where(_CELLS.grain == grain.code, _CELLS.day.between(period.first, period.last))
    if question.unit is not None and question.unit != question.tree.root:
        query = query.where(_CELLS.area >= question.unit.path, _CELLS.area < _path_end(question.unit.path))
    if question.wanted.source:
        query = query.where(_CELLS.source == question.wanted.source)
    for channel in question.wanted.channel:
        query = query.where(_CELLS.channel == channel)
    for category in question.wanted.category:
        query = query.where(or_(_CELLS.category == category, _CELLS.category.startswith(f"{category}.", autoescape=True)))
    return query.group_by(key, unreasonable) if question.by else query.group_by(unreasonable)


def fact_sums(question: Question, period: Period, counters: Sequence[str]) -> list[Select[Any]]:
    """Return the queries of (key, whether of unreasonable demands, sums…) over the facts: one for each instant counters go by."""
    queries = []
    for basis in dict.fromkeys(COUNTERS[counter].basis for counter in counters):
        key = _fact_key(question, FACTS[basis])
        sums = []
        for counter in counters:
            declared = COUNTERS[counter]
            here = declared.basis == basis
            sums.append(func.count().filter(_holds(declared)).label(counter) if here else literal_column("0").label(counter))
        query = select(key.label("key"), FACTS.unreasonable.label("unreasonable"), *sums).select_from(ReportFact)
        query = query.where(*_within(FACTS[basis], period), *question.conditions(FACT_COLUMNS))
        queries.append(query.group_by(key, FACTS.unreasonable) if question.by else query.group_by(FACTS.unreasonable))
    return queries


def counted_facts(question: Question, counters: Sequence[str], key: str | None, *, taken_out: bool = False) -> list[ColumnElement[bool]]:
    """Return the conditions on facts that pick exactly what `counters` (all of one basis) counted, in the row `key` where given.

    `taken_out`: of those the ones with an unreasonable demand, which the figure after removal leaves out.
    """
    (basis,) = {COUNTERS[counter].basis for counter in counters}
    found = [or_(*(_holds(COUNTERS[counter]) for counter in counters)), *_within(FACTS[basis], question.period)]
    found += question.conditions(FACT_COLUMNS)
    if taken_out or question.exclusions == "removed":
        found.append(FACTS.unreasonable.is_(taken_out))
    if key is not None:
        found.append(_in_row(question, key, FACTS[basis]))
    return found


def _holds(counter: Counter) -> ColumnElement[bool]:
    found = []
    for column, value in counter.values.items():
        found.append(FACTS[column].is_(value) if isinstance(value, bool) else FACTS[column] == value)
    return and_(*found)


def _within(column: ColumnElement[Any], period: Period) -> list[ColumnElement[bool]]:
    return [column >= day_start(period.first), column < day_end(period.last)]


def _path_end(path: str) -> str:
    """Return the first text after everything that begins with `path`, which ends in a slash."""
    return path[:-1] + chr(ord("/") + 1)


def _cell_key(question: Question) -> ColumnElement[Any]:
    if question.tier:
        return _CELLS.area
    keys: dict[str, ColumnElement[Any]] = {
        "channel": _CELLS.channel, "category": _CELLS.category, "category:top": _CELLS.category, "day": _CELLS.day, "month": _CELLS.day,
    }  # fmt: skip
    return keys.get(question.by or "", literal(""))


def _fact_key(question: Question, instant: ColumnElement[Any]) -> ColumnElement[Any]:
    if question.tier:
        return FACTS.area_path
    keys: dict[str, ColumnElement[Any]] = {
        "channel": FACTS.channel,
        "category": func.coalesce(FACTS.category_code, literal_column("''")),
        "category:top": func.coalesce(FACTS.category_code, literal_column("''")),
        "day": _local_day(instant),
        "month": _local_day(instant),
    }
    return keys.get(question.by or "", literal(""))


def _local_day(instant: ColumnElement[Any]) -> ColumnElement[date]:
    return cast(func.timezone(literal_column(f"'{SHANGHAI.key}'"), instant), Date)


def _in_row(question: Question, key: str, instant: ColumnElement[Any]) -> ColumnElement[bool]:
    if question.tier:
        return _in_place(question, key)
    if question.by in ("day", "month"):
        first = date.fromisoformat(key)
        period = Period(first, first) if question.by == "day" else question.period.within(first)
        return and_(*_within(instant, period))
    if question.by == "channel":
        return FACTS.channel == key
    if key == NONE_KEY:
        return FACTS.category_code.is_(None)
    if question.by == "category:top":
        return or_(FACTS.category_code == key, FACTS.category_code.startswith(f"{key}.", autoescape=True))
    return FACTS.category_code == key


def _in_place(question: Question, key: str) -> ColumnElement[bool]:
    column = {"township": FACTS.township_path, "village": FACTS.village_path, "grid": FACTS.grid_path}.get(question.tier or "")
    if column is not None:
        return column.is_(None) if key == NONE_KEY else column.endswith(f"/{key}/", autoescape=True)
    areas = [unit.path for unit in question.tree.by_code.values() if unit.tier == "county" and unit.kind in PLACES]
    if key != NONE_KEY:
        areas = [path for path in areas if path.endswith(f"/{key}/")]
    inside = or_(*(FACTS.area_path.startswith(path, autoescape=True) for path in areas)) if areas else literal_column("false")
    return not_(inside) if key == NONE_KEY else inside
