"""Telling whoever keeps the register that a household has moved away, as somebody found at its door: once for each such visit."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update

from services.activities.models import Activity
from services.households.models import Household
from services.households.references import village_of
from services.journal.models import Event
from services.journal.noting import note
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import one_of
from services.platform.unit_of_work import Work
from services.visits.handbook_reminding import desk_over
from services.visits.models import Visit

AT_ONCE = 200
KEEPERS = ("village_secretary",)
"""Who keeps the register of their village; where there is none, the desk above does."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a unit is to be told, by which event. `words` name nobody."""

    unit_id: UUID
    event_id: UUID
    unique_key: str
    words: str


async def moved_away(work: Work) -> list[Moved]:
    """Note which households that have moved are told to whom; return what to tell. Nothing twice, also with several workers.

    One that ended in the register meanwhile, and a visit that was withdrawn, is told to nobody.
    """
    untold = (Visit.outcome == "moved") & Visit.desk_told_at.is_(None)
    query = select(Visit.id, Household.id, Household.unit_id, Household.ended_on, Activity.withdrawn_at).join(
        Household, Household.id == Visit.household_id
    )
    query = query.join(Activity, Activity.id == Visit.id).where(untold).order_by(Visit.recorded_at).limit(AT_ONCE)
    rows = (await work.session.execute(query.with_for_update(of=Visit.__table__, skip_locked=True))).all()
    if not rows:
        return []
    tree = await unit_tree(work.session)
    by_keeper: dict[UUID, list[tuple[UUID, UUID]]] = {}
    for visit_id, household_id, unit_id, ended_on, withdrawn_at in rows:
        keeper = register_desk(tree, tree.by_id[unit_id])
        if keeper is not None and ended_on is None and withdrawn_at is None:
            by_keeper.setdefault(keeper.id, []).append((visit_id, household_id))
    told = update(Visit).where(one_of(Visit.id, [row[0] for row in rows])).values(desk_told_at=work.now)
    await work.session.execute(told)
    return [await _told(work, unit_id, found) for unit_id, found in by_keeper.items()]


def register_desk(tree: UnitTree, unit: UnitNode) -> UnitNode | None:
    """Return who keeps the register of where `unit` lies: its village where somebody does there, else the township, else the county."""
    village = village_of(tree, unit)
    if village is not None and tree.staffed(village.id, KEEPERS):
        return village
    return desk_over(tree, unit)


async def _told(work: Work, unit_id: UUID, found: list[tuple[UUID, UUID]]) -> Moved:
    for visit_id, household_id in found:
        await note(work, "household", household_id, "household.found_moved", {"visit_id": str(visit_id), "unit_id": str(unit_id)})
    newest = select(Event.id).where(Event.subject_id == found[0][1]).order_by(Event.seq.desc()).limit(1)
    event_id = (await work.session.execute(newest)).scalar_one()
    words = f"走访发现{len(found)}户已搬走，请到户籍台账核实：确已搬走的办理注销，仍在的请补充联系方式并重新走访。"
    return Moved(unit_id, event_id, f"household.found_moved:{found[0][0]}:{unit_id}", words)
