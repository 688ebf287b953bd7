"""What is late, in short: how many tickets, who has most of them, and which have been late the longest.

The same tickets as :func:`services.reports.backlog.overdue` lists: open ones with any running clock past due.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.organization.tree import UnitNode, UnitTree
from services.platform.unit_of_work import Work
from services.reports.backlog import find_late, view_asked
from services.reports.backlog_loads import key_in, most

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


async def late(work: Work, *, unit: str | None, how_many: int, as_of: datetime | None = None) -> Late:
    """Return what is late in an area within the reader's scope, now or as it was known at an instant.

    Raises as reports do where the area is unknown or not theirs, and as :func:`services.reports.standing.standing` does.
    """
    view = await view_asked(work, unit, None, as_of)
    found = await find_late(work, view, None, how_many)
    first, _following = most(found.late, key_in(view.tree), None, MOST_HOLDERS)
    return Late(
        as_of=found.at,
        stale_seconds=found.stale_seconds,
        total=sum(found.late.values()),
        holders=[(view.tree.by_id.get(holder), count) for count, _key, holder in first],
        more_holders=len(found.late) - len(first),
        oldest=[row for row, _stages in found.page],
        tree=view.tree,
    )
