"""通报: which limits were so late that they are named in public. Read from the levels that were recorded, each at its true instant.

Now it is told with the tickets and clocks as they are; as of an instant in the past with the levels that were recorded by then, the facts
that were known of their tickets, and clocks made from the deeds of that time (`standing.py`).

What was missed before the matter was written down here is on record and on no public list: nobody could have acted on it
(`docs/decisions/0029-nobody-is-listed-for-a-late-entry.md`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, select, tuple_

from services.deadlines.clocks import RUNS, ClockState
from services.deadlines.models import Clock, Escalation
from services.identity.permissions import scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import one_of
from services.platform.clock import day_start, local_day
from services.platform.unit_of_work import Work
from services.reports.drilldown import place_name
from services.reports.figures import named, one_snapshot
from services.reports.known import known_when, require_known
from services.reports.listed_views import ListedCount, ListedTicket, PublicList
from services.reports.questions import find_holder, find_place
from services.reports.selecting import columns_of, in_area
from services.reports.standing import clocks_then
from services.tickets.filters import TICKETS, Columns, compile_scope
from services.tickets.models import Ticket

_SHOWN = ("number", "status", "urgency", "category_code", "area_path")
_LEVEL = (
    Escalation.id,
    Escalation.clock_id,
    Escalation.ticket_id,
    Escalation.reached_at,
    Escalation.recorded_at,
    Escalation.late_unit_id,
    Escalation.due_at,
)
_ENTERED = Ticket.__table__.alias("entered")
_WRITTEN_DOWN = select(_ENTERED.c.recorded_at).where(_ENTERED.c.id == Escalation.ticket_id).correlate(Escalation).scalar_subquery()
"""When the matter was entered here; it never changes, so it is the same as of any instant."""
_DECEMBER = 12
Place = tuple[datetime, UUID]


@dataclass(frozen=True)
class ListedPage:
    """One page of the public list, and where the next goes on."""

    body: PublicList
    following: Place | None


@dataclass(frozen=True)
class _Wanted:
    """What is asked for, looked up: the month, where the matters are, who was late, where tickets are read from, and as of when."""

    first: date
    place: UnitNode | None
    late: UnitNode | None
    tickets: Columns
    as_of: datetime | None


class _Limit(NamedTuple):
    """What is told of the clock of an entry."""

    stage: str
    due_at: datetime
    stopped_at: datetime | None
    running: bool

    def at(self, instant: datetime) -> "_Limit":
        """Return the limit without an end that came later."""
        later = self.stopped_at is not None and self.stopped_at > instant
        return self._replace(stopped_at=None, running=True) if later else self


async def listed(
    work: Work,
    *,
    month: str | None,
    unit: str | None,
    late: str | None,
    after: Place | None,
    limit: int,
    as_of: datetime | None = None,
    total: int | None = None,
) -> ListedPage:
    """Return what reached the public list in `month` (``2026-11``, Asia/Shanghai; the present one where not given), oldest first.

    `unit` is where the matter is, `late` who was late, both with all below; under the reader's scope. `as_of`: as it was known then. Counts
    are of the same entries; `total`: where a page before told it, and then units are not told of again. Raises Invalid ``as_of.future``.
    """
    await one_snapshot(work.session)
    require_known(as_of, work.now)
    tree, scope = await unit_tree(work.session), scope_of(work.actor)
    known = await known_when(work, as_of) if as_of is not None else None
    first = date.fromisoformat(f"{month}-01") if month else local_day(as_of or work.now).replace(day=1)
    tickets = columns_of(known.facts) if known else TICKETS
    wanted = _Wanted(first, find_place(tree, scope, unit), find_holder(tree, scope, late), tickets, as_of)
    entries = _entries(work, tree, wanted)
    units = await _units(work, tree, entries) if total is None else []
    query = entries.order_by(Escalation.reached_at, Escalation.id).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(Escalation.reached_at, Escalation.id) > tuple_(*after))
    found = (await work.session.execute(query)).all()
    limits = await _limits(work, found[:limit], as_of)
    body = PublicList(
        as_of=known.as_of if known else work.now,
        month=f"{first:%Y-%m}",
        total=sum(entry.listed for entry in units) if total is None else total,
        units=units,
        items=[_listed_ticket(row, limits[row.clock_id], tree) for row in found[:limit]],
    )
    last = found[limit - 1] if len(found) > limit else None
    return ListedPage(body, (last.reached_at, last.id) if last is not None else None)


async def _units(work: Work, tree: UnitTree, entries: Select[*tuple[Any, ...]]) -> list[ListedCount]:
    late = Escalation.__table__.c.late_unit_id
    found = await work.session.execute(entries.with_only_columns(late, func.count()).group_by(late))
    units = [ListedCount(unit=named(tree.by_id.get(unit_id)), listed=count) for unit_id, count in found]
    return sorted(units, key=lambda found: (-found.listed, found.unit.code if found.unit else ""))


def _entries(work: Work, tree: UnitTree, wanted: _Wanted) -> Select[*tuple[Any, ...]]:
    first, tickets = wanted.first, wanted.tickets
    following = first.replace(year=first.year + 1, month=1) if first.month == _DECEMBER else first.replace(month=first.month + 1)
    conditions: list[ColumnElement[bool]] = [
        Escalation.name == "list",
        Escalation.reached_at > _WRITTEN_DOWN,
        Escalation.reached_at >= day_start(first),
        Escalation.reached_at < day_start(following),
        *in_area(wanted.place, tickets, wanted.as_of),
        compile_scope(scope_of(work.actor), tickets, as_of=wanted.as_of),
    ]
    if wanted.as_of is not None:
        conditions.append(Escalation.recorded_at <= wanted.as_of)
    if wanted.late is not None:
        below = [unit.id for unit in tree.by_id.values() if unit.path.startswith(wanted.late.path)]
        conditions.append(one_of(Escalation.late_unit_id, below))
    query: Select[*tuple[Any, ...]] = select(*_LEVEL, *(tickets[name] for name in _SHOWN))
    return query.join_from(Escalation, tickets["id"].table, tickets["id"] == Escalation.ticket_id).where(*conditions)


async def _limits(work: Work, rows: Sequence[Row[*tuple[Any, ...]]], as_of: datetime | None) -> Mapping[UUID, _Limit]:
    """Return the limits of these entries by clock, as they were known then; of clocks that no journal tells of what their rows do."""
    query = select(Clock).where(one_of(Clock.id, {row.clock_id for row in rows}))
    found = {clock.id: _limit(clock) for clock in await work.session.scalars(query)}
    if as_of is not None:
        found = {clock_id: limit.at(as_of) for clock_id, limit in found.items()}
        then = await clocks_then(work, list(dict.fromkeys(row.ticket_id for row in rows)), as_of)
        found |= {clock.id: _limit(clock) for clock in then}
    return found


def _limit(clock: Clock | ClockState) -> _Limit:
    return _Limit(clock.stage, clock.due_at, clock.stopped_at, clock.state in RUNS)


def _listed_ticket(row: Row[Any], limit: _Limit, tree: UnitTree) -> ListedTicket:
    return ListedTicket(
        number=row.number,
        status=row.status,
        urgency=row.urgency,
        category=row.category_code,
        place=place_name(tree, row.area_path),
        late=named(tree.by_id.get(row.late_unit_id)),
        stage=limit.stage,
        due_at=row.due_at or limit.due_at,
        listed_at=row.reached_at,
        recorded_at=row.recorded_at,
        running=limit.running,
        stopped_at=limit.stopped_at,
    )
