"""Counting the ledger, and listing exactly what was counted: both from the same declarations of counters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    LargeBinary,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from services.activities.metrics import COUNTERS, Counter
from services.activities.models import Activity, HelpedPerson, OpinionThing
from services.activities.queries import visible
from services.organization.models import Unit
from services.platform.actor import Actor

TOTAL = ""
_COLUMNS = Activity.__table__.c


@dataclass(frozen=True)
class Selection:
    """Which entries are counted, and the key of the row each falls into. `rows`: the key of each unit, where rows are units."""

    actor: Actor
    first: date
    last: date
    as_of: datetime
    unit_path: str | None = None
    by: str | None = None
    rows: Mapping[UUID, str] = field(default_factory=dict)

    @property
    def by_unit(self) -> bool:
        """Tell whether rows are units."""
        return self.by is not None and self.by.startswith("unit:")


Sums = dict[str, int]


async def sums_of(session: AsyncSession, wanted: Selection, counters: Iterable[str] = COUNTERS) -> dict[str, Sums]:
    """Return the sums by counter of each row that has any, and of all together under ``TOTAL``: distinct ones over all rows at once."""
    declared = [COUNTERS[code] for code in counters]
    found: dict[str, Sums] = {TOTAL: {}}
    plain = [counter for counter in declared if counter.tally != "persons"]
    people = [counter for counter in declared if counter.tally == "persons"]
    for group in (plain, people):
        if not group:
            continue
        key, query = _selected(wanted, persons=group is people)
        total = func.grouping(key) if wanted.by else literal(1)
        sums = query.with_only_columns(key.label("key"), total.label("total"), *(_tallied(counter) for counter in group))
        if wanted.by:
            sums = sums.group_by(func.grouping_sets(tuple_(key), tuple_()))
        for row_key, is_total, *values in await session.execute(sums):
            if row_key is None and not is_total:
                continue  # what has no source is in no row of sources
            row = found.setdefault(TOTAL if is_total else str(row_key), {})
            row.update({counter.code: int(value) for counter, value in zip(group, values, strict=True) if value})
    return found


async def first_day(session: AsyncSession) -> date | None:
    """Return the day of the oldest entry; before it nothing is recorded. None while the ledger is empty."""
    found: date | None = await session.scalar(select(func.min(Activity.happened_on)))
    return found


def counted_entries(wanted: Selection, counter: Counter, row: str | None) -> Select[Any]:
    """Return the query of exactly the entries that `counter` counts, in the row `row` where given: their ids, days, and reference.

    Of a counter of distinct ones each household or person is one row: its newest entry, and how many there are (`entries`).
    """
    key, query = _selected(wanted, persons=counter.tally == "persons")
    query = query.where(_holds(counter))
    if row is not None:
        query = query.where(key == (date.fromisoformat(row) if wanted.by == "month" else row))
    if counter.tally in ("entries", "sum"):
        nothing = literal(b"", LargeBinary()).label("reference")
        plain: Any = query.with_only_columns(Activity.id, Activity.happened_on, Activity.amount, literal(1).label("entries"), nothing)
        return plain  # type: ignore[no-any-return]  # as wide as what is returned below
    reference: Any = Activity.household if counter.tally == "households" else HelpedPerson.person
    newest = func.array_agg(aggregate_order_by(Activity.id, Activity.happened_on.desc(), Activity.id.desc()), type_=ARRAY(Uuid()))
    columns = (newest[1].label("id"), func.max(Activity.happened_on).label("happened_on"), func.sum(Activity.amount).label("amount"))
    return query.with_only_columns(*columns, func.count().label("entries"), reference.label("reference")).group_by(reference)


def _selected(wanted: Selection, *, persons: bool) -> tuple[ColumnElement[Any], Select[Any]]:
    """Return the key of rows, and the entries of the selection with all that counters look at."""
    key: ColumnElement[Any] = literal(TOTAL)
    led = and_(OpinionThing.opinion_id == Activity.id, *_there(OpinionThing.recorded_at, OpinionThing.withdrawn_at, wanted.as_of))
    query = select(Activity.id).join(Unit, Unit.id == Activity.unit_id)
    query = query.join(HelpedPerson, HelpedPerson.activity_id == Activity.id) if persons else query.outerjoin(OpinionThing, led)
    query = query.where(Activity.happened_on.between(wanted.first, wanted.last), visible(wanted.actor))
    query = query.where(*_there(Activity.recorded_at, Activity.withdrawn_at, wanted.as_of))
    if wanted.unit_path is not None:
        query = query.where(Unit.path.startswith(wanted.unit_path, autoescape=True))
    if wanted.by_unit:
        ids, keys = list(wanted.rows), list(wanted.rows.values())
        given = func.unnest(bindparam(None, ids, ARRAY(Uuid())), bindparam(None, keys, ARRAY(Text())))
        places = given.table_valued(column("id", Uuid()), column("key", Text())).render_derived("places")
        query = query.join(places, places.c.id == Activity.unit_id)
        key = places.c.key
    elif wanted.by == "month":
        key = func.date_trunc(text("'month'"), Activity.happened_on).cast(_COLUMNS.happened_on.type)
    elif wanted.by in ("kind", "source"):
        key = _COLUMNS[wanted.by]
    return key, query


def _there(recorded: Any, withdrawn: Any, as_of: datetime) -> Sequence[ColumnElement[bool]]:
    """Return the condition that a row was known and not withdrawn at `as_of`."""
    return recorded <= as_of, or_(withdrawn.is_(None), withdrawn > as_of)


def _tallied(counter: Counter) -> ColumnElement[Any]:
    what: Any = {
        "entries": func.count(Activity.id),
        "sum": func.sum(Activity.amount),
        "households": func.count(Activity.household.distinct()),
        "persons": func.count(HelpedPerson.person.distinct()),
    }[counter.tally]
    return what.filter(_holds(counter)).label(counter.code)  # type: ignore[no-any-return]  # a function of SQL is untyped


def _holds(counter: Counter) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [_COLUMNS[name] == value for name, value in counter.values.items()]
    found += [_COLUMNS[name].is_not(None) if given else _COLUMNS[name].is_(None) for name, given in counter.given.items()]
    if counter.led:
        found.append(OpinionThing.thing_id.is_not(None))
    return and_(*found)
