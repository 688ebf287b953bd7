"""What is open now: tickets past due in due order, and who holds how many. Read from the tickets and clocks themselves, not from sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.identity.permissions import scope_of
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.organization.tree import PostNode, UnitTree
from services.platform.bulk import one_of
from services.platform.rounding import decimal_text, percent_text
from services.platform.unit_of_work import Work
from services.reports.coverage_metrics import median_text
from services.reports.drilldown import place_name
from services.reports.figures import named, one_snapshot
from services.reports.questions import find_holder, find_place
from services.reports.standing import Standing, Wanted, joined, standing
from services.reports.views import Overdue, OverdueTicket, PostLoad, UnitCount, UnitLoad, Workload
from services.tickets.filters import TicketFilter, compile_filter, compile_scope

_SHOWN = ("id", "number", "status", "urgency", "channel", "category_code", "area_path", "lead_unit_id", "received_at")
_MINUTE = timedelta(minutes=1)
Place = tuple[datetime, UUID]


@dataclass(frozen=True)
class OverduePage:
    """One page of overdue tickets, and where the next goes on."""

    body: Overdue
    following: Place | None


async def overdue(
    work: Work, *, unit: str | None, holder: str | None, after: Place | None, limit: int, as_of: datetime | None = None
) -> OverduePage:
    """Return open tickets with a running clock past due, the longest overdue first, with the number each holder has.

    `as_of`: what was known then. Raises as :func:`services.reports.standing.standing` does.
    """
    await one_snapshot(work.session)
    tree = await unit_tree(work.session)
    wanted = _open(work, tree, unit, holder)
    stand = await standing(work, as_of, wanted)
    late = _late(stand, wanted(stand.tickets)).subquery()
    counts = await work.session.execute(select(late.c.lead_unit_id, func.count()).group_by(late.c.lead_unit_id))
    units = [UnitCount(unit=named(tree.by_id.get(unit_id)), overdue=count) for unit_id, count in counts]
    units.sort(key=lambda found: (-found.overdue, found.unit.code if found.unit else ""))
    query = select(late).order_by(late.c.due_at, late.c.id).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(late.c.due_at, late.c.id) > tuple_(*after))
    found = (await work.session.execute(query)).all()
    items = [_overdue_ticket(row, tree, stand.at) for row in found[:limit]]
    body = Overdue(as_of=stand.at, total=sum(entry.overdue for entry in units), units=units, items=items)
    last = found[limit - 1] if len(found) > limit else None
    return OverduePage(body, (last.due_at, last.id) if last is not None else None)


async def workload(work: Work, *, unit: str | None, holder: str | None, as_of: datetime | None = None) -> Workload:
    """Return how many open tickets each unit holds, how many of them are overdue, and how many that is for each post held today.

    `as_of`: what was known then. Raises as :func:`services.reports.standing.standing` does.
    """
    await one_snapshot(work.session)
    tree = await unit_tree(work.session)
    wanted = _open(work, tree, unit, holder)
    stand = await standing(work, as_of, wanted)
    conditions = wanted(stand.tickets)
    held = tuple(stand.tickets[name] for name in ("lead_unit_id", "lead_member_id", "status"))
    rows = (await work.session.execute(select(*held, func.count().label("tickets")).where(*conditions).group_by(*held))).all()
    late = _late(stand, conditions).subquery()
    late_rows = await work.session.execute(select(late.c.lead_unit_id, func.count()).group_by(late.c.lead_unit_id))
    overdue_by_unit = {unit_id: count for unit_id, count in late_rows}  # noqa: C416  a Row is not a pair to dict()
    grouped: dict[UUID | None, list[Any]] = {}
    for row in rows:
        grouped.setdefault(row.lead_unit_id, []).append(row)
    people = await _populations(work, [unit_id for unit_id in grouped if unit_id is not None])
    loads = [
        _unit_load(tree, unit_id, found, overdue_by_unit.get(unit_id, 0), people.get(unit_id) if unit_id else None)
        for unit_id, found in grouped.items()
    ]
    loads.sort(key=lambda load: (-load.open, load.unit.code if load.unit else ""))
    return Workload(
        as_of=stand.at,
        total=sum(load.open for load in loads),
        median_per_post=median_text([Fraction(load.open, load.posts) for load in loads if load.unit and load.posts]),
        median_per_member=median_text([Fraction(post.open) for load in loads if load.unit for post in load.members if post.member_id]),
        units=loads,
    )


async def _populations(work: Work, unit_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many people live in each unit, where that is known and not nobody."""
    query = select(Unit.id, Unit.population).where(one_of(Unit.id, unit_ids), Unit.population > 0)
    return {row.id: row.population for row in await work.session.execute(query)}


def _open(work: Work, tree: UnitTree, unit: str | None, holder: str | None) -> Wanted:
    """Return what makes the kernel's conditions for open tickets of a place or holder within the reader's scope."""
    scope = scope_of(work.actor)
    place, seat = find_place(tree, scope, unit), find_holder(tree, scope, holder)
    paths = {"unit_path": place.path if place else None, "holder_path": seat.path if seat else None}
    return lambda columns: [*compile_filter(TicketFilter(status=["open"]), columns, **paths), compile_scope(scope, columns)]


def _late(stand: Standing, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    columns, clocks = [stand.tickets[name].label(name) for name in _SHOWN], stand.clocks.c
    stages = func.array_agg(aggregate_order_by(clocks.stage, clocks.due_at, clocks.stage)).label("stages")
    query = select(*columns, func.min(clocks.due_at).label("due_at"), stages).where(*joined(stand, *conditions))
    return query.group_by(*(stand.tickets[name] for name in _SHOWN))


def _overdue_ticket(row: Row[Any], tree: UnitTree, now: datetime) -> OverdueTicket:
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
        stages=list(row.stages),
        overdue_minutes=(now - row.due_at) // _MINUTE,
    )


def _unit_load(tree: UnitTree, unit_id: UUID | None, rows: Sequence[Row[Any]], late: int, people: int | None) -> UnitLoad:
    posts = tree.active_posts(unit_id) if unit_id else ()
    statuses: dict[str, int] = {}
    members: dict[UUID | None, int] = {post.member_id: 0 for post in posts}
    for row in rows:
        statuses[row.status] = statuses.get(row.status, 0) + row.tickets
        members[row.lead_member_id] = members.get(row.lead_member_id, 0) + row.tickets
    ranked = sorted(members.items(), key=lambda item: (-item[1], str(item[0])))
    total = sum(statuses.values())
    return UnitLoad(
        unit=named(tree.by_id.get(unit_id)) if unit_id else None,
        open=total,
        overdue=late,
        statuses=dict(sorted(statuses.items())),
        posts=len(posts),
        per_post=percent_text(total, 100 * len(posts)),
        population=people,
        open_per_1000=decimal_text(1000 * total, people, 2) if people else None,
        members=[_post_load(member_id, count, posts) for member_id, count in ranked],
    )


def _post_load(member_id: UUID | None, count: int, posts: Sequence[PostNode]) -> PostLoad:
    roles = sorted({post.role for post in posts if post.member_id == member_id})
    return PostLoad(member_id=str(member_id) if member_id else None, roles=roles, open=count)
