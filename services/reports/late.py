"""What is late now, in short: how many tickets, who has most of them, and which have been late the longest.

The same tickets as :func:`services.reports.backlog.overdue` lists: open ones with any running clock past due.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.identity.permissions import scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.unit_of_work import Work
from services.reports.backlog_known import View, late_by_holder, late_page, open_now
from services.reports.backlog_loads import key_in, most
from services.reports.figures import one_snapshot
from services.reports.questions import find_place

MOST_HOLDERS = 10


@dataclass(frozen=True)
class Late:
    """The tickets that are late: how many, who holds most of them, how many others hold any, and the ones that have been so the longest."""

    as_of: datetime
    stale_seconds: int
    total: int
    holders: list[tuple[UnitNode | None, int]]
    more_holders: int
    oldest: list[Row[Any]]
    tree: UnitTree


async def late(work: Work, *, unit: str | None, how_many: int) -> Late:
    """Return what is late in an area within the reader's scope. Raises as reports do where the area is unknown or not theirs."""
    await one_snapshot(work.session)
    tree, scope = await unit_tree(work.session), scope_of(work.actor)
    view = View(scope, tree, find_place(tree, scope, unit), None)
    here = await open_now(work)
    found = await late_by_holder(work, here, view)
    first, _following = most(found, key_in(tree), None, MOST_HOLDERS)
    return Late(
        as_of=here.until,
        stale_seconds=here.stale_seconds,
        total=sum(found.values()),
        holders=[(tree.by_id.get(holder), count) for count, _key, holder in first],
        more_holders=len(found) - len(first),
        oldest=await late_page(work, here, view, None, how_many),
        tree=tree,
    )
