"""Which bulletins are to be drafted by themselves: those of periods that are over, each once, also after the worker was away."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from services.bulletins.collecting import TIERS
from services.bulletins.models import BulletinDraft
from services.bulletins.periods import BulletinPeriod, Kind, last_over, period_with
from services.organization.queries import unit_tree
from services.platform.clock import local_day
from services.platform.unit_of_work import Work
from services.reports.figures import recorded_time

MISSED_AT_MOST = 12
"""How many periods of one kind and area are made up for at a time: who was away longer gets the rest at the next turn."""


@dataclass(frozen=True)
class DueBulletin:
    """A bulletin nobody has drafted yet."""

    unit: str
    period: BulletinPeriod


async def due_bulletins(work: Work, kinds: Sequence[Kind], grace_days: int, *, townships: bool) -> list[DueBulletin]:
    """Return the bulletins to be drafted, the oldest period first.

    The first one of an area and kind is that of the newest period that is over; from then on none is left out. Where nothing was
    recorded in a period there is nothing to say.
    """
    began, _as_of = await recorded_time(work)
    tree = await unit_tree(work.session)
    if began is None or tree.root is None:
        return []
    units = [tree.root, *(unit for unit in tree.by_code.values() if townships and unit.active and unit.tier == unit.kind == "township")]
    newest = select(BulletinDraft.unit_id, BulletinDraft.kind, func.max(BulletinDraft.first).label("first"))
    rows = await work.session.execute(newest.group_by(BulletinDraft.unit_id, BulletinDraft.kind))
    made = {(row.unit_id, row.kind): row.first for row in rows}
    found = []
    for kind in dict.fromkeys(kinds):
        last = last_over(kind, local_day(work.now), grace_days)
        for unit in units:
            if unit.tier not in TIERS:
                continue
            newest_made = made.get((unit.id, kind))
            period = period_with(kind, newest_made).after() if newest_made else last
            missed: list[DueBulletin] = []
            while period.first <= last.first and len(missed) < MISSED_AT_MOST:
                if period.last >= began:
                    missed.append(DueBulletin(unit.code, period))
                period = period.after()
            found += missed
    return sorted(found, key=lambda one: (one.period.first, one.period.kind, one.unit))
