"""What is late now, in short: how many tickets, who has most of them, and which have been late the longest.

The same tickets as :func:`services.reports.backlog.overdue` lists: open ones with any running clock past due. Read from the clocks
themselves, so it is true at this instant; the cost follows the number of late tickets, not of all.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, exists, func, select

from services.deadlines.models import Clock
from services.identity.permissions import scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.unit_of_work import Work
from services.reports.figures import one_snapshot
from services.reports.questions import find_place
from services.tickets.filters import TICKETS, TicketFilter, compile_filter, compile_scope

_STAGES_AT_ONCE = 8
"""No ticket has more clocks running at a time: of so many oldest clocks for each ticket wanted, enough are of different tickets."""
_SHOWN = ("number", "status", "area_path", "lead_unit_id")


@dataclass(frozen=True)
class Late:
    """The tickets that are late: all of them by holder, most first, and the ones that have been so the longest."""

    total: int
    holders: list[tuple[UnitNode | None, int]]
    oldest: list[Row[Any]]
    tree: UnitTree


async def late(work: Work, *, unit: str | None, how_many: int) -> Late:
    """Return what is late in an area within the reader's scope. Raises as reports do where the area is unknown or not theirs."""
    await one_snapshot(work.session)
    tree = await unit_tree(work.session)
    scope = scope_of(work.actor)
    place = find_place(tree, scope, unit)
    conditions = compile_filter(TicketFilter(status=["open"]), TICKETS, unit_path=place.path if place else None, holder_path=None)
    conditions.append(compile_scope(scope, TICKETS))
    counts = await work.session.execute(_counts(work.now, conditions))
    found: list[tuple[UUID | None, int]] = [(row[0], row[1]) for row in counts]
    found.sort(key=lambda entry: (-entry[1], str(entry[0] or "")))
    oldest: dict[str, Row[Any]] = {}
    for row in await work.session.execute(_oldest(work.now, conditions).limit(how_many * _STAGES_AT_ONCE)):
        oldest.setdefault(row.number, row)
    return Late(
        total=sum(count for _holder, count in found),
        holders=[(tree.by_id.get(holder) if holder else None, count) for holder, count in found],
        oldest=list(oldest.values())[:how_many],
        tree=tree,
    )


def _counts(now: datetime, conditions: list[ColumnElement[bool]]) -> Select[Any, int]:
    past_due = exists().where(Clock.ticket_id == TICKETS["id"], Clock.state == "running", Clock.due_at < now)
    return select(TICKETS["lead_unit_id"], func.count()).where(past_due, *conditions).group_by(TICKETS["lead_unit_id"])


def _oldest(now: datetime, conditions: list[ColumnElement[bool]]) -> Select[Any]:
    columns = [TICKETS[name] for name in _SHOWN]
    query = select(*columns, Clock.due_at).join(Clock, Clock.ticket_id == TICKETS["id"])
    return query.where(Clock.state == "running", Clock.due_at < now, *conditions).order_by(Clock.due_at, Clock.id)
