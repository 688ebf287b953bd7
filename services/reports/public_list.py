"""通报: which limits were so late that they are named in public. Read from the levels that were recorded, each at its true instant."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select, tuple_

from services.deadlines.models import Clock, Escalation
from services.identity.permissions import scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.clock import day_start, local_day
from services.platform.unit_of_work import Work
from services.reports.drilldown import place_name
from services.reports.figures import named, one_snapshot
from services.reports.listed_views import ListedCount, ListedTicket, PublicList
from services.reports.questions import find_holder, find_place
from services.tickets.filters import TICKETS, TicketFilter, compile_filter, compile_scope

_SHOWN = ("number", "status", "urgency", "category_code", "area_path")
_DECEMBER = 12
Place = tuple[datetime, UUID]


@dataclass(frozen=True)
class ListedPage:
    """One page of the public list, and where the next goes on."""

    body: PublicList
    following: Place | None


async def listed(work: Work, *, month: str | None, unit: str | None, late: str | None, after: Place | None, limit: int) -> ListedPage:
    """Return what reached the public list in `month` (``2026-11``, Asia/Shanghai; the present one where not given), oldest first.

    `unit` is where the matter is, `late` who was late, both with all below; under the reader's scope. Counts are of the same entries.
    """
    await one_snapshot(work.session)
    tree = await unit_tree(work.session)
    first = date.fromisoformat(f"{month}-01") if month else local_day(work.now).replace(day=1)
    entries = _entries(work, tree, first, unit, late).subquery()
    counts = await work.session.execute(select(entries.c.late_unit_id, func.count()).group_by(entries.c.late_unit_id))
    units = [ListedCount(unit=named(tree.by_id.get(unit_id)), listed=count) for unit_id, count in counts]
    units.sort(key=lambda found: (-found.listed, found.unit.code if found.unit else ""))
    query = select(entries).order_by(entries.c.reached_at, entries.c.id).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(entries.c.reached_at, entries.c.id) > tuple_(*after))
    found = (await work.session.execute(query)).all()
    body = PublicList(
        as_of=work.now,
        month=f"{first:%Y-%m}",
        total=sum(entry.listed for entry in units),
        units=units,
        items=[_listed_ticket(row, tree) for row in found[:limit]],
    )
    last = found[limit - 1] if len(found) > limit else None
    return ListedPage(body, (last.reached_at, last.id) if last is not None else None)


def _entries(work: Work, tree: UnitTree, first: date, unit: str | None, late: str | None) -> Select[*tuple[Any, ...]]:
    scope = scope_of(work.actor)
    place, seat = find_place(tree, scope, unit), find_holder(tree, scope, late)
    following = first.replace(year=first.year + 1, month=1) if first.month == _DECEMBER else first.replace(month=first.month + 1)
    columns = [TICKETS[name] for name in _SHOWN]
    levels = (Escalation.id, Escalation.reached_at, Escalation.recorded_at, Escalation.late_unit_id)
    due = func.coalesce(Escalation.due_at, Clock.due_at).label("due_at")
    query: Select[*tuple[Any, ...]] = (
        select(*levels, *columns, Clock.stage, Clock.state, Clock.stopped_at, due)
        .join(Clock, Clock.id == Escalation.clock_id)
        .join_from(Escalation, TICKETS["id"].table, TICKETS["id"] == Escalation.ticket_id)
        .where(
            Escalation.name == "list",
            Escalation.reached_at >= day_start(first),
            Escalation.reached_at < day_start(following),
            *compile_filter(TicketFilter(), TICKETS, unit_path=place.path if place else None),
            compile_scope(scope, TICKETS),
        )
    )
    if seat is None:
        return query
    return query.where(
        Escalation.late_unit_id.in_([seat.id, *(found.id for found in tree.by_id.values() if found.path.startswith(seat.path))])
    )


def _listed_ticket(row: Row[Any], tree: UnitTree) -> ListedTicket:
    return ListedTicket(
        number=row.number,
        status=row.status,
        urgency=row.urgency,
        category=row.category_code,
        place=place_name(tree, row.area_path),
        late=named(tree.by_id.get(row.late_unit_id)),
        stage=row.stage,
        due_at=row.due_at,
        listed_at=row.reached_at,
        recorded_at=row.recorded_at,
        running=row.state in ("running", "paused"),
        stopped_at=row.stopped_at,
    )
