"""Questions as SQL: sums from cells, sums from facts, and the facts themselves. All three from the same declarations of counters.

`facts` is what facts are read from: the table as kept, or one of :mod:`services.reports.known`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from typing import cast as typed
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Select,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array

from services.organization.tree import UnitNode
from services.platform.bulk import one_of
from services.platform.clock import SHANGHAI
from services.reports.facts import PLACES
from services.reports.grouping import CELL_DIMENSIONS, NONE_KEY, SPAN_KINDS, top_unit
from services.reports.grouping import FACT_COLUMNS as ROW_COLUMNS
from services.reports.measures import COUNTERS, UNREASONABLE, Counter, Grain
from services.reports.models import ReportFact, RollupCell
from services.reports.planning import Period, SpanKind, span_of
from services.reports.questions import Question
from services.tickets.filters import LAST_ROUND, Columns

KEPT: FromClause = ReportFact.__table__
FACTS = ReportFact.__table__.c
_CELLS = RollupCell.__table__.c


def columns_of(facts: FromClause) -> Columns:
    """Return the columns of facts under the names that the query kernel knows."""
    return {**dict(facts.c.items()), "id": facts.c.ticket_id}


def in_area(unit: UnitNode | None, columns: Columns, as_of: datetime | None) -> list[ColumnElement[bool]]:
    """Return the condition that a matter lies in the area of `unit`, where given; as of an instant wherever in the tree that stood then."""
    if unit is None:
        return []
    path = columns["area_path"]
    return [path.startswith(unit.path, autoescape=True) if as_of is None else path.contains(f"/{unit.code}/", autoescape=True)]


FACT_COLUMNS = columns_of(KEPT)


Front = Sequence[ColumnElement[Any]]
# Made once: a statement has up to forty of them for each stretch, and SQLAlchemy takes longer to make them than Postgres to add them up.
_SUMS = {counter: func.sum(_CELLS[counter]).label(counter) for counter in COUNTERS}
_NOTHING: Mapping[str, ColumnElement[Any]] = {counter: literal_column("0").label(counter) for counter in COUNTERS}
_DEMANDED = _CELLS.demand == UNREASONABLE
_UNREASONABLE = _DEMANDED.label("unreasonable")


def cell_sums(
    question: Question, grain: Grain, period: Period, counters: Mapping[str, bool], *, front: Front = (), apart: bool = True
) -> Select[Any]:
    """Return the query of (`front`…, key, whether of unreasonable demands, sums…) over the cells of `grain`; 0 for what is not wanted.

    Not `apart`: without the last but the sums, over what `question.exclusions` says alone.
    """
    key = _cell_key(question)
    sums = [_SUMS[counter] if wanted else _NOTHING[counter] for counter, wanted in counters.items()]
    told, groups = ([_UNREASONABLE], [_DEMANDED]) if apart else ([], [])
    query = select(*front, key.label("key"), *told, *sums).select_from(RollupCell).where(*cells_of(question, grain, period))
    if not apart and question.exclusions == "removed":
        query = query.where(_CELLS.demand != UNREASONABLE)
    return query.group_by(*([key] if question.by else []), *groups) if question.by or apart else query


def cells_of(question: Question, grain: Grain, period: Period) -> list[ColumnElement[bool]]:
    """Return the conditions on cells of `grain` that what is asked for stands in."""
    # the grain stands in the statement itself: grains differ too much in size for one plan
    found = [_CELLS.grain == literal_column(f"'{grain.code}'"), _CELLS.day.between(period.first, period.last)]
    if question.unit is not None and question.unit != question.tree.root:
        found += [_CELLS.area >= question.unit.path, _CELLS.area < path_end(question.unit.path)]
    wanted = question.wanted
    if wanted.source:
        found.append(_CELLS.source == wanted.source)
    if wanted.channel:
        found.append(_CELLS.channel.in_(wanted.channel))
    if wanted.tier:
        found.append(_CELLS.tier.in_(wanted.tier))
    if wanted.urgency:
        found.append(_CELLS.urgency.in_(wanted.urgency))
    if wanted.round:
        found.append(_CELLS.round.in_([str(number) for number in wanted.round]))
    if wanted.category:
        below = (_CELLS.category.startswith(f"{category}.", autoescape=True) for category in wanted.category)
        found.append(or_(_CELLS.category.in_(wanted.category), *below))
    if question.holder is not None:
        held = [str(unit.id) for unit in question.tree.by_code.values() if unit.path.startswith(question.holder.path)]
        found.append(_CELLS.holder == func.any(array(held)))
    return found


def fact_sums(
    question: Question, period: Period, counters: Mapping[str, bool], facts: FromClause = KEPT, *, front: Front = (), apart: bool = True
) -> list[Select[Any]]:
    """Return the same queries over facts, one for each instant that wanted counters go by."""
    queries = []
    for basis in dict.fromkeys(COUNTERS[counter].basis for counter, wanted in counters.items() if wanted):
        key, unreasonable = fact_key(question, facts, facts.c[basis]), facts.c.unreasonable
        sums = []
        for counter, wanted in counters.items():
            declared = COUNTERS[counter]
            here = wanted and declared.basis == basis
            sums.append(func.count().filter(holds(declared, facts)).label(counter) if here else _NOTHING[counter])
        told, groups = ([unreasonable.label("unreasonable")], [unreasonable]) if apart else ([], [])
        query = select(*front, key.label("key"), *told, *sums).select_from(facts)
        query = query.where(*within(facts.c[basis], period), *question.conditions(columns_of(facts)))
        if not apart and question.exclusions == "removed":
            query = query.where(unreasonable.is_(False))
        queries.append(query.group_by(*([key] if question.by else []), *groups) if question.by or apart else query)
    return queries


def counted_facts(
    question: Question,
    counters: Sequence[str],
    key: str | None,
    *,
    less: Sequence[str] = (),
    taken_out: bool = False,
    facts: FromClause = KEPT,
) -> list[ColumnElement[bool]]:
    """Return the conditions on facts that pick exactly what `counters` (all of one basis) counted, in the row `key` where given.

    `less`: without what these count. `taken_out`: of them those with an unreasonable demand, which the figure after removal leaves out.
    """
    (basis,) = {COUNTERS[counter].basis for counter in (*counters, *less)}
    found = [or_(*(holds(COUNTERS[counter], facts) for counter in counters)), *within(facts.c[basis], question.period)]
    found += [holds(COUNTERS[counter], facts).is_not(true()) for counter in less]
    found += question.conditions(columns_of(facts))
    if taken_out or question.exclusions == "removed":
        found.append(facts.c.unreasonable.is_(taken_out))
    if key is not None:
        found.append(in_row(question, facts, key, facts.c[basis]))
    return found


def holds(counter: Counter, facts: FromClause = KEPT) -> ColumnElement[bool]:
    """Return the condition that a counter counts a fact, its day aside."""
    found = []
    for column, value in counter.values.items():
        found.append(facts.c[column].is_(value) if isinstance(value, bool) else facts.c[column] == value)
    return and_(*found)


def within(instant: ColumnElement[Any], period: Period) -> list[ColumnElement[bool]]:
    """Return the conditions that an instant belongs to a period."""
    return [instant >= period.start, instant < period.end]


def path_end(path: str) -> str:
    """Return the first text after everything that begins with `path`, which ends in a slash."""
    return path[:-1] + chr(ord("/") + 1)


def _cell_key(question: Question) -> ColumnElement[Any]:
    by = question.by or ""
    if question.tier:
        return _CELLS.area
    if by in SPAN_KINDS:
        return _CELLS.day
    return _CELLS[CELL_DIMENSIONS[by]] if by in CELL_DIMENSIONS else literal("")


def fact_key(question: Question, facts: FromClause, instant: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what facts, counted at `instant`, are grouped by: `grouping.Folding` makes the row's key of it."""
    by = question.by or ""
    if question.tier:
        return facts.c.area_path
    if by in SPAN_KINDS:
        return local_day_of(instant)
    if by not in ROW_COLUMNS:
        return literal("")
    column: ColumnElement[Any] = facts.c[ROW_COLUMNS[by]]
    return func.coalesce(cast(column, Text), literal_column("''"))


def local_day_of(instant: ColumnElement[Any]) -> ColumnElement[date]:
    """Return the day in Asia/Shanghai that an instant lies in."""
    return cast(func.timezone(literal_column(f"'{SHANGHAI.key}'"), instant), Date)


def in_row(  # noqa: PLR0911  one answer for each kind of grouping
    question: Question, facts: FromClause, key: str, instant: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Return the condition that a fact, counted at `instant`, stands in the row `key`."""
    by: str = question.by or ""
    if question.tier:
        return _in_place(question, facts, key)
    if by in SPAN_KINDS:
        part = question.period.part(*span_of(typed("SpanKind", by), date.fromisoformat(key)))
        return and_(*within(instant, part))
    column = facts.c[ROW_COLUMNS[by]]
    if key == NONE_KEY:
        return column.is_(None)
    if by in ("category:top", "category:2"):
        return _in_category(column, key, whole=by == "category:top" or "." in key)
    if by == "department:top":
        return one_of(column, _below(question, key))
    if by == "department":
        return column == question.tree.by_code[key].id
    if by == "round":
        return column >= LAST_ROUND if key == str(LAST_ROUND) else column == int(key)
    return column == key


def _in_category(column: ColumnElement[Any], key: str, *, whole: bool) -> ColumnElement[bool]:
    """Return the condition on a category's code; `whole`: with all below it. A top category by itself has a row of the second level too."""
    return or_(column == key, column.startswith(f"{key}.", autoescape=True)) if whole else column == key


def _below(question: Question, key: str) -> list[UUID]:
    tree = question.tree
    return [unit.id for unit in tree.by_code.values() if top_unit(tree, unit).code == key]


def _in_place(question: Question, facts: FromClause, key: str) -> ColumnElement[bool]:
    column = {"township": facts.c.township_path, "village": facts.c.village_path, "grid": facts.c.grid_path}.get(question.tier or "")
    if column is not None:
        return column.is_(None) if key == NONE_KEY else column.endswith(f"/{key}/", autoescape=True)
    areas = [unit.path for unit in question.tree.by_code.values() if unit.tier == "county" and unit.kind in PLACES]
    if key != NONE_KEY:
        areas = [path for path in areas if path.endswith(f"/{key}/")]
    inside = or_(*(facts.c.area_path.startswith(path, autoescape=True) for path in areas)) if areas else false()
    return not_(inside) if key == NONE_KEY else inside
