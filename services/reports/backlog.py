"""What is open now: tickets past due in due order, and who holds how many.

Now it is answered from what is kept of open tickets (`backlog_known.py`); as of an instant in the past from the facts that were known then
and their clocks (`standing.py`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.identity.permissions import scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.unit_of_work import Work
from services.reports.backlog_known import Held, Holdings, Place, UnitKey, View, held, holdings, late_by_holder, late_page, open_now
from services.reports.backlog_loads import LoadPlace, Loads, key_in, most, unit_loads
from services.reports.backlog_models import NOBODY
from services.reports.drilldown import place_name
from services.reports.figures import named, one_snapshot
from services.reports.questions import find_holder, find_place
from services.reports.standing import Standing, joined, standing
from services.reports.views import Overdue, OverdueTicket, UnitCount, Workload
from services.tickets.lifecycle import OPEN

MOST_UNITS = 100
"""Units that are told of beside a page of overdue tickets: those that have most."""
_SHOWN = ("number", "status", "urgency", "channel", "category_code", "area_path", "lead_unit_id", "received_at")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class OverduePage:
    """One page of overdue tickets, and where the next goes on."""

    body: Overdue
    following: Place | None


@dataclass(frozen=True)
class LoadPage:
    """One page of loads, and where the next goes on."""

    body: Workload
    following: LoadPlace | None


@dataclass(frozen=True)
class LateFound:
    """What an answer is made of: late tickets by holder, and one more than a page of them with the stages that are past due."""

    at: datetime
    stale_seconds: int
    late: Mapping[UnitKey, int]
    page: Sequence[tuple[Row[Any], list[str]]]


async def overdue(
    work: Work,
    *,
    unit: str | None,
    holder: str | None,
    after: Place | None,
    limit: int,
    as_of: datetime | None = None,
    total: int | None = None,
) -> OverduePage:
    """Return open tickets with a running clock past due, the longest overdue first, with the number each holder has, most first.

    `as_of`: what was known then. `total`: where a page before, of the same snapshot, told it; then holders are not told of again. Raises as
    :func:`services.reports.standing.standing` does.
    """
    view, counted = await view_asked(work, unit, holder, as_of), total is not None
    found = await find_late(work, view, after, limit + 1, counted=counted)
    tree = view.tree
    units, _following = most(found.late, key_in(tree), None, MOST_UNITS)
    body = Overdue(
        as_of=found.at,
        stale_seconds=found.stale_seconds,
        total=sum(found.late.values()) if total is None else total,
        units=[UnitCount(unit=named(tree.by_id.get(unit_id)), overdue=count) for count, _key, unit_id in units],
        more_units=len(found.late) - len(units),
        items=[_overdue_ticket(row, stages, tree, as_of or work.now) for row, stages in found.page[:limit]],
    )
    last = found.page[limit - 1][0] if len(found.page) > limit else None
    return OverduePage(body, (last.due_at, last.ticket_id) if last is not None else None)


async def workload(work: Work, *, unit: str | None, holder: str | None, as_of: datetime | None = None) -> Workload:
    """Return :func:`workload_page` with every unit."""
    return (await workload_page(work, unit=unit, holder=holder, as_of=as_of)).body


async def workload_page(
    work: Work,
    *,
    unit: str | None,
    holder: str | None,
    as_of: datetime | None = None,
    after: LoadPlace | None = None,
    limit: int | None = None,
) -> LoadPage:
    """Return how many open tickets each unit holds, how many of them are overdue, and how many that is for each post held today.

    Totals and medians are of all units, whichever page is asked for. `as_of`: what was known then. Raises as
    :func:`services.reports.standing.standing` does.
    """
    view = await view_asked(work, unit, holder, as_of)
    here = await open_now(work) if as_of is None else None
    seen = here or await _stood(work, view)
    then = await _held_then(work, view, seen) if isinstance(seen, Standing) else []
    found = await holdings(work, here, view) if here else _holdings_of(then)
    loads = Loads.of(found, view.tree)
    page, following = loads.page(after, limit)
    told = await held(work, here, view, [unit_id for _count, _key, unit_id in page]) if here else then
    body = Workload(
        as_of=seen.until,
        stale_seconds=seen.stale_seconds,
        total=loads.total,
        median_per_post=loads.median_per_post(),
        median_per_member=loads.median_per_member(),
        all_units=len(loads.of_units),
        units=await unit_loads(work, view.tree, page, told),
    )
    return LoadPage(body, following)


async def late_of_units(work: Work, holder: UnitNode | None = None, as_of: datetime | None = None) -> dict[str, int]:
    """Return of each unit (below `holder`, where given) that holds open tickets how many of them are late, by its code.

    `as_of`: what was known then. Raises as :func:`services.reports.standing.standing` does.
    """
    view = replace(await view_asked(work, None, None, as_of), holder=holder)
    if as_of is None:
        here = await open_now(work)
        late, found = await late_by_holder(work, here, view), await holdings(work, here, view)
    else:
        then = await _held_then(work, view, await _stood(work, view))
        late, found = Counter[UnitKey](), _holdings_of(then)
        for one in then:
            late[one.holder.bytes] += one.late
    units = set(found.holders)
    return {unit.code: late.get(unit.id.bytes, 0) for unit in view.tree.by_id.values() if unit.id.bytes in units}


async def view_asked(work: Work, unit: str | None, holder: str | None, as_of: datetime | None) -> View:
    """Return whose open tickets are meant; from here on everything is of one instant."""
    await one_snapshot(work.session)
    tree, scope = await unit_tree(work.session), scope_of(work.actor)
    return View(scope, tree, find_place(tree, scope, unit), find_holder(tree, scope, holder), as_of)


async def find_late(work: Work, view: View, after: Place | None, limit: int, *, counted: bool = False) -> LateFound:
    """Return up to `limit` late tickets after a place, and how many of all each holder has; not where they were `counted` before."""
    return await (_late_now if view.as_of is None else _late_then)(work, view, after, limit, counted=counted)


async def _late_now(work: Work, view: View, after: Place | None, limit: int, *, counted: bool) -> LateFound:
    here = await open_now(work)
    late = {} if counted else await late_by_holder(work, here, view)
    rows = await late_page(work, here, view, after, limit)
    page = [(row, [stage for stage, due in zip(row.stages, row.dues, strict=True) if due < here.now]) for row in rows]
    return LateFound(here.until, here.stale_seconds, late, page)


async def _stood(work: Work, view: View) -> Standing:
    """Return what stood open then; made once in each transaction, for all pages of a list."""
    assert view.as_of is not None
    kept: dict[View, Standing] = work.session.info.setdefault("standing", {})
    if view not in kept:
        kept[view] = await standing(work, view.as_of, view.conditions)
    return kept[view]


async def _late_then(work: Work, view: View, after: Place | None, limit: int, *, counted: bool) -> LateFound:
    stand = await _stood(work, view)
    late = _late(stand, view).subquery()
    query = select(late).order_by(late.c.due_at, late.c.ticket_id).limit(limit)
    if after is not None:
        query = query.where(tuple_(late.c.due_at, late.c.ticket_id) > tuple_(*after))
    page = [(row, list(row.stages)) for row in await work.session.execute(query)]
    per = select(late.c.lead_unit_id, func.count()).group_by(late.c.lead_unit_id)
    counts = [] if counted else (await work.session.execute(per)).all()
    return LateFound(stand.until, stand.stale_seconds, {(unit_id or NOBODY).bytes: count for unit_id, count in counts}, page)


def _late(stand: Standing, view: View) -> Select[Any]:
    ticket, clocks = stand.tickets["id"].label("ticket_id"), stand.clocks.c
    columns = [ticket, *(stand.tickets[name].label(name) for name in _SHOWN)]
    stages = func.array_agg(aggregate_order_by(clocks.stage, clocks.due_at, clocks.stage)).label("stages")
    conditions = joined(stand, stand.is_open(), *view.conditions(stand.tickets))
    query = select(*columns, func.min(clocks.due_at).label("due_at"), stages).where(*conditions)
    return query.group_by(*(stand.tickets[name] for name in ("id", *_SHOWN)))


async def _held_then(work: Work, view: View, stand: Standing) -> list[Held]:
    who = tuple(stand.tickets[name] for name in ("lead_unit_id", "lead_member_id"))
    status = stand.tickets["status"]
    query = select(*who, status, func.count().label("tickets")).where(stand.is_open(), *view.conditions(stand.tickets))
    statuses: dict[tuple[UUID | None, UUID | None], dict[str, int]] = {}
    for row in await work.session.execute(query.group_by(*who, status)):
        statuses.setdefault((row.lead_unit_id, row.lead_member_id), {})[row.status] = row.tickets
    tickets = stand.tickets["id"]
    late_query = select(*who, func.count(tickets.distinct()).label("tickets"))
    late_query = late_query.where(*joined(stand, stand.is_open(), *view.conditions(stand.tickets))).group_by(*who)
    late = {(row.lead_unit_id, row.lead_member_id): row.tickets for row in await work.session.execute(late_query)}
    return [
        Held(unit or NOBODY, member, tuple(found.get(name, 0) for name in OPEN), late.get((unit, member), 0))
        for (unit, member), found in statuses.items()
    ]


def _holdings_of(found: Sequence[Held]) -> Holdings:
    members = [(one.member or NOBODY).bytes for one in found]
    return Holdings([one.holder.bytes for one in found], members, [sum(one.statuses) for one in found])


def _overdue_ticket(row: Row[Any], stages: list[str], tree: UnitTree, now: datetime) -> OverdueTicket:
    return OverdueTicket(
        number=row.number,
        status=row.status,
        urgency=row.urgency,
        channel=row.channel,
        category=row.category_code,
        place=place_name(tree, row.area_path),
        holder=named(tree.by_id.get(row.lead_unit_id)),
        received_at=row.received_at,
        due_at=row.due_at,
        stages=stages,
        overdue_minutes=(now - row.due_at) // _MINUTE,
    )
