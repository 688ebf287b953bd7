"""公平: how long people wait for their turn, by how large the place is they live in. Read from the tickets received in a period.

A wait is the time from receipt until the work was done, and until now where it is not. Places are put into classes of equal number by
their size (households as entered, or tickets of the period), the smallest first; beside the classes stands every single place, so that
one of a thousand people far away is not lost in an average. Counted is what the reader may list.

As of an instant in the past tickets are as they were known then, and who waited then waits until then. What places and households were
before somebody changed them is kept nowhere: of an instant before such a change nothing is told (``as_of.not_kept``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import array

from services.assessment.fairness import size_classes
from services.assessment.gathering import households_of
from services.assessment.queue_views import QueueClass, QueueFairness, QueueTicket, QueueUnit, Waits
from services.identity.permissions import scope_of
from services.journal.models import Event
from services.organization.loading import ORGANIZATION
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.platform.bulk import one_of
from services.platform.clock import day_end, day_start, local_day
from services.platform.errors import Invalid, NotFound
from services.platform.rounding import decimal_text
from services.platform.unit_of_work import Work
from services.reports.drilldown import ticket_view
from services.reports.facts import PLACES
from services.reports.figures import one_snapshot
from services.reports.known import known_when, require_known
from services.reports.planning import Period
from services.reports.questions import find_place
from services.reports.selecting import columns_of, in_area
from services.tickets.filters import TicketFilter, compile_filter, compile_scope

Tier = Literal["township", "village"]
Size = Literal["households", "tickets"]
Place = tuple[datetime, UUID]
_DIGITS = 10
_OF_A_PLACE = ("households", "parent_code", "valid_to")
UNKNOWN = 0
"""The class of places whose size nobody has entered."""
_PATHS = {"township": "township_path", "village": "village_path"}


@dataclass(frozen=True, slots=True)
class AskedQueue:
    """What is asked: days, an area, which places are told apart, by which size, in how many classes."""

    first: date | None = None
    last: date | None = None
    unit: str | None = None
    tier: Tier = "village"
    size: Size = "households"
    classes: int = 3
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Understood:
    period: Period
    facts: FromClause
    conditions: Sequence[ColumnElement[bool]]
    units: Mapping[str, UnitNode]
    households: Mapping[str, int | None]
    at: datetime
    until: datetime


async def queue_fairness(work: Work, asked: AskedQueue) -> QueueFairness:
    """Return the waits of each class of size, and of each place; raise what `Period` and `find_place` raise, and Invalid.

    ``as_of.future``; ``as_of.not_kept`` where places or their households were changed since.
    """
    await one_snapshot(work.session)
    found = await _understand(work, asked)
    classes = await _classes(work, asked, found)
    rows = (await work.session.execute(_waits(found.at, asked.tier, found, classes))).all()
    by_unit = {row.path: row for row in rows if row.path is not None}
    by_class = {row.size_class: row for row in rows if row.path is None}
    shown = []
    for number in sorted(set(classes.values())):
        inside = [path for path, other in classes.items() if other == number]
        sizes = [size for path in inside if (size := found.households.get(found.units[path].code)) is not None]
        units = [_unit(found, path, by_unit.get(path)) for path in inside]
        units.sort(key=lambda unit: (-(unit.waits.longest_minutes or 0), unit.unit))
        households = sum(sizes) if sizes else None
        waits = _told(by_class.get(number), households)
        ends = (min(sizes, default=None), max(sizes, default=None))
        shown.append(
            QueueClass(
                size_class=number, places=len(inside), smallest=ends[0], largest=ends[1], households=households, waits=waits, units=units
            )
        )
    period = found.period
    head = {"first": period.first, "last": period.last, "as_of": found.until, "unit": asked.unit, "tier": asked.tier, "size": asked.size}
    return QueueFairness(**head, total=sum(row.tickets for row in by_class.values()), classes=shown)


async def queue_tickets(
    work: Work, asked: AskedQueue, *, size_class: int | None, place: str | None, after: Place | None, limit: int, total: int | None = None
) -> tuple[int, list[QueueTicket], Place | None]:
    """Return how many tickets a class, or a place, was told of, a page of exactly these by receipt, and where the next page goes on.

    `total`: where a page before told it. Places that are put into classes by their tickets are so once in each transaction.
    """
    await one_snapshot(work.session)
    found = await _understand(work, asked)
    classes = await _classes(work, asked, found)
    paths = [path for path, number in classes.items() if size_class in (None, number) and place in (None, found.units[path].code)]
    if not paths and (size_class is not None or place is not None):
        raise NotFound("key.unknown", "The report has no such class, or no such place in it.")
    facts = found.facts
    inside = facts.c[_PATHS[asked.tier]] == func.any(bindparam("paths", paths, ARRAY(Text())))
    conditions = [*found.conditions, inside]
    if total is None:
        total = await work.session.scalar(select(func.count()).select_from(facts).where(*conditions)) or 0
    order = (facts.c.received_at, facts.c.ticket_id)
    query = select(facts, _minutes(facts, found.at).label("wait")).where(*conditions).order_by(*order).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    rows = (await work.session.execute(query)).all()
    tree = await unit_tree(work.session)
    items = [QueueTicket(**ticket_view(row, tree).model_dump(), wait_minutes=row.wait) for row in rows[:limit]]
    return total, items, (rows[limit - 1].received_at, rows[limit - 1].ticket_id) if len(rows) > limit else None


async def _understand(work: Work, asked: AskedQueue) -> _Understood:
    tree, scope = await unit_tree(work.session), scope_of(work.actor)
    require_known(asked.as_of, work.now)
    unit, at = find_place(tree, scope, asked.unit), asked.as_of or work.now
    last = asked.last or (max(local_day(at), asked.first) if asked.first else local_day(at))
    period = Period(asked.first or last.replace(day=1), last)
    known = await known_when(work, asked.as_of)
    facts = known.facts
    columns, received = columns_of(facts), facts.c.received_at
    days = [received >= day_start(period.first), received < day_end(period.last)]
    wanted = [*compile_filter(TicketFilter(source="complaint"), columns), *in_area(unit, columns, asked.as_of)]
    conditions = [*days, facts.c.counted, *wanted, compile_scope(scope, columns, as_of=asked.as_of)]
    there = await _places_then(work, asked.as_of) if asked.as_of is not None else None
    areas = [unit.path] if unit else [*scope.prefixes]
    units = {
        node.path: node
        for node in tree.by_code.values()
        if (node.active if there is None else node.code in there)
        and node.tier == asked.tier
        and node.kind in PLACES
        and ((scope.everything and unit is None) or any(node.path.startswith(area) for area in areas))
    }
    households = await households_of(work) if there is None else there
    return _Understood(period, facts, conditions, units, households, at, work.now if asked.as_of is None else known.as_of)


async def _places_then(work: Work, as_of: datetime) -> dict[str, int | None]:
    """Return the units there were, each with its households; raise Invalid ``as_of.not_kept`` where that was changed since."""
    touched = Unit.created_at <= as_of, Unit.updated_at > as_of, Unit.tier.in_(("county", "township", "village"))
    ids = list(await work.session.scalars(select(Unit.id).where(*touched)))
    data = Event.data
    loaded = data["changed"].astext.cast(Integer) + data["renumbered"].astext.cast(Integer)
    changed = or_(
        and_(Event.type == "unit.changed", data["changed"].has_any(array(_OF_A_PLACE))),
        Event.type == "unit.moved",
        case((Event.type == "organization.loaded", loaded > 0), else_=false()),
    )
    since = exists().where(one_of(Event.subject_id, [*ids, ORGANIZATION]), Event.recorded_at > as_of, changed)
    if ids and await work.session.scalar(select(since)):
        told = "Places or their households were changed since, and what they were is not kept. Ask for an instant after the change."
        raise Invalid("as_of.not_kept", told)
    there = (Unit.created_at <= as_of, or_(Unit.valid_to.is_(None), Unit.valid_to > local_day(as_of)))
    return {row.code: row.households for row in await work.session.execute(select(Unit.code, Unit.households).where(*there))}


async def _classes(work: Work, asked: AskedQueue, found: _Understood) -> dict[str, int]:
    """Return the class of each place by its path."""
    kept: dict[AskedQueue, dict[str, int]] = work.session.info.setdefault("queues", {})
    if asked.size == "tickets" and asked in kept:
        return kept[asked]
    if asked.size == "tickets":
        path = found.facts.c[_PATHS[asked.tier]]
        counted = await work.session.execute(select(path, func.count()).where(*found.conditions, path.is_not(None)).group_by(path))
        tickets = {row[0]: row[1] for row in counted}
        kept[asked] = size_classes({path: tickets.get(path, 0) for path in found.units}, asked.classes)
        return kept[asked]
    known = {path: size for path, unit in found.units.items() if (size := found.households.get(unit.code)) is not None}
    return dict.fromkeys(found.units, UNKNOWN) | size_classes(known, asked.classes)


def _minutes(facts: FromClause, now: datetime) -> ColumnElement[int]:
    until = func.coalesce(facts.c.resolved_at, facts.c.completed_at, literal(now))
    return func.greatest(func.floor(func.extract("epoch", until - facts.c.received_at) / 60), 0).cast(Integer)


def _waits(now: datetime, tier: Tier, found: _Understood, classes: Mapping[str, int]) -> Select[Any]:
    """Return the query of waits: a row for each place, and one for each class, where `path` is null."""
    paths = bindparam("paths", list(classes), ARRAY(Text()))
    numbers = bindparam("numbers", list(classes.values()), ARRAY(Integer()))
    sized = func.unnest(paths, numbers).table_valued(Column("path", Text()), Column("size_class", Integer())).render_derived()
    facts = found.facts
    wait = _minutes(facts, now)
    return (
        select(
            sized.c.size_class,
            sized.c.path,
            func.count().label("tickets"),
            func.count().filter(facts.c.resolved_at.is_(None), facts.c.completed_at.is_(None)).label("waiting"),
            func.percentile_disc(0.5).within_group(wait).label("median"),
            func.percentile_disc(0.9).within_group(wait).label("p90"),
            func.max(wait).label("longest"),
            # the wait before the number, so that the greatest text is of the longest wait: one pass, nothing sorted
            func.max(func.lpad(wait.cast(Text), _DIGITS, "0").concat(facts.c.number).collate("C")).label("longest_of"),
        )
        .select_from(facts)
        .join(sized, sized.c.path == facts.c[_PATHS[tier]])
        .where(*found.conditions)
        .group_by(func.grouping_sets(tuple_(sized.c.size_class), tuple_(sized.c.size_class, sized.c.path)))
    )


def _unit(found: _Understood, path: str, row: Any) -> QueueUnit:
    unit = found.units[path]
    households = found.households.get(unit.code)
    return QueueUnit(unit=unit.code, name=unit.name, households=households, waits=_told(row, households))


def _told(row: Any, households: int | None) -> Waits:
    if row is None:
        per = decimal_text(0, households, 2) if households else None
        return Waits(
            tickets=0, waiting=0, median_minutes=None, p90_minutes=None, longest_minutes=None, longest=None, per_100_households=per
        )
    return Waits(
        tickets=row.tickets,
        waiting=row.waiting,
        median_minutes=row.median,
        p90_minutes=row.p90,
        longest_minutes=row.longest,
        longest=row.longest_of[_DIGITS:],
        per_100_households=decimal_text(100 * row.tickets, households, 2) if households else None,
    )
