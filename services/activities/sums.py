"""Counting the ledger, and listing exactly what was counted: both from the same declarations of counters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    LargeBinary,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.activities.metrics import COUNTERS, Counter
from services.activities.models import Activity, HelpedPerson, OpinionThing
from services.activities.queries import visible
from services.organization.models import Unit
from services.platform.actor import Actor

TOTAL = ""
_PLAIN = ("entries", "sum")
_DAY = len("2026-11-22")
_COLUMNS = Activity.__table__.c


@dataclass(frozen=True)
class Selection:
    """Which entries are counted, and the key of the row each falls into.

    `rows`: the key of each unit, where rows are units. `within`: beginnings of paths, one of which a place must have, where any are given.
    """

    actor: Actor
    first: date
    last: date
    as_of: datetime
    unit_path: str | None = None
    by: str | None = None
    rows: Mapping[UUID, str] = field(default_factory=dict)
    within: tuple[str, ...] = ()

    @property
    def by_unit(self) -> bool:
        """Tell whether rows are units."""
        return self.by is not None and self.by.startswith("unit:")


Sums = dict[str, int]


async def sums_of(session: AsyncSession, wanted: Selection, counters: Iterable[str] = COUNTERS) -> dict[str, Sums]:
    """Return the sums by counter of each row that has any, and of all together under ``TOTAL``: distinct ones over all rows at once."""
    declared = [COUNTERS[code] for code in counters]
    found: dict[str, Sums] = {TOTAL: {}}
    plain = [counter for counter in declared if counter.tally in _PLAIN]
    if plain:
        key, query = _selected(wanted, plain)
        sums = query.with_only_columns(key.label("key"), *(_tallied(counter) for counter in plain))
        for row_key, *values in await session.execute(sums.group_by(key) if wanted.by else sums):
            for counter, value in zip(plain, values, strict=True):
                _add(found, row_key, counter.code, int(value or 0))
                if wanted.by:
                    _add(found, TOTAL, counter.code, int(value or 0))
    for counter in declared:
        if counter.tally not in _PLAIN:
            await _count_distinct(session, wanted, counter, found)
    return found


async def _count_distinct(session: AsyncSession, wanted: Selection, counter: Counter, found: dict[str, Sums]) -> None:
    """Count each household or person once in its row, and once in all: hashed, not sorted as DISTINCT inside of a count would be."""
    key, query = _selected(wanted, [counter])
    pairs = query.where(_holds(counter)).with_only_columns(key.label("key"), _reference(counter).label("reference")).distinct().subquery()
    everything = select(pairs.c.reference).distinct().subquery()
    _add(found, TOTAL, counter.code, await session.scalar(select(func.count()).select_from(everything)) or 0)
    if wanted.by:
        for row_key, value in await session.execute(select(pairs.c.key, func.count()).group_by(pairs.c.key)):
            _add(found, row_key, counter.code, value)


def _add(found: dict[str, Sums], key: object, code: str, value: int) -> None:
    if value and key is not None:  # what has no source is in no row of sources
        row = found.setdefault(str(key), {})
        row[code] = row.get(code, 0) + value


async def first_day(session: AsyncSession, as_of: datetime) -> date | None:
    """Return the day of the oldest entry there was at an instant; before it nothing is recorded. None while the ledger was empty."""
    found: date | None = await session.scalar(select(func.min(Activity.happened_on)).where(Activity.recorded_at <= as_of))
    return found


def counted_entries(wanted: Selection, counter: Counter, row: str | None) -> Select[Any]:
    """Return the query of exactly the entries that `counter` counts, in the row `row` where given: their ids, days, and reference.

    Of a counter of distinct ones each household or person is one row: its newest entry, and how many there are (`entries`).
    """
    key, query = _selected(wanted, [counter])
    query = query.where(_holds(counter))
    if row is not None:
        query = query.where(key == (date.fromisoformat(row) if wanted.by == "month" else row))
    if counter.tally in _PLAIN:
        nothing = literal(b"", LargeBinary()).label("reference")
        plain: Any = query.with_only_columns(Activity.id, Activity.happened_on, Activity.amount, literal(1).label("entries"), nothing)
        return plain  # type: ignore[no-any-return]  # as wide as what is returned below
    reference = _reference(counter)
    # the newest day with the id behind it, as one text: a maximum is hashed, where an ordered aggregate sorts everything
    newest = func.max(func.concat(cast(Activity.happened_on, Text), cast(Activity.id, Text)).collate("C"))
    columns = (
        cast(func.substr(newest, _DAY + 1), Uuid()).label("id"),
        cast(func.left(newest, _DAY), Date()).label("happened_on"),
        func.sum(Activity.amount).label("amount"),
    )
    return query.with_only_columns(*columns, func.count().label("entries"), reference.label("reference")).group_by(reference)


def _selected(wanted: Selection, counters: Sequence[Counter]) -> tuple[ColumnElement[Any], Select[Any]]:
    """Return the key of rows, and the entries of the selection that `counters` look at, with all they look at."""
    key: ColumnElement[Any] = literal(TOTAL)
    query = select(Activity.id).join(Unit, Unit.id == Activity.unit_id)
    if any(counter.tally == "persons" for counter in counters):
        query = query.join(HelpedPerson, HelpedPerson.activity_id == Activity.id)
    if any(counter.led for counter in counters):
        now = _there(OpinionThing.recorded_at, OpinionThing.withdrawn_at, wanted.as_of)
        query = query.outerjoin(OpinionThing, and_(OpinionThing.opinion_id == Activity.id, *now))
    kinds = sorted({counter.values["kind"] for counter in counters})
    query = query.where(Activity.kind.in_(kinds), Activity.happened_on.between(wanted.first, wanted.last), visible(wanted.actor))
    query = query.where(*_there(Activity.recorded_at, Activity.withdrawn_at, wanted.as_of))
    if wanted.unit_path is not None:
        query = query.where(Unit.path.startswith(wanted.unit_path, autoescape=True))
    if wanted.within:
        query = query.where(or_(*(Unit.path.startswith(path, autoescape=True) for path in wanted.within)))
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
    }[counter.tally]
    return what.filter(_holds(counter)).label(counter.code)  # type: ignore[no-any-return]  # a function of SQL is untyped


def _reference(counter: Counter) -> ColumnElement[Any]:
    found: Any = Activity.household if counter.tally == "households" else HelpedPerson.person
    return found  # type: ignore[no-any-return]  # a column either way


def _holds(counter: Counter) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [_COLUMNS[name] == value for name, value in counter.values.items()]
    found += [_COLUMNS[name].is_not(None) if given else _COLUMNS[name].is_(None) for name, given in counter.given.items()]
    if counter.led:
        found.append(OpinionThing.thing_id.is_not(None))
    return and_(*found)
