"""下抓一级: the county looks at a village's work directly, or instructs it; the township that was passed over is told, each time once.

It is part of the matter's history from then on, and shown with it; `telling.py` tells the township.
"""

from collections.abc import Collection, Mapping
from typing import Literal

from sqlalchemy import select

from services.identity.permissions import area_of
from services.journal.noting import note
from services.matters.holding import SUBJECT, Held
from services.matters.models import MatterSupervisor
from services.organization.tree import UnitNode, UnitTree
from services.platform.unit_of_work import Work

EVENT = "matter.level_bypassed"
Deed = Literal["supervised", "inspected", "task_set"]
DEED_NAMES: Mapping[str, str] = {"supervised": "直接督办", "inspected": "直接检查", "task_set": "直接分派任务"}
_BELOW_THE_TOWNSHIP = frozenset({"village", "grid"})


def bypassed(tree: UnitTree, levels: Collection[str], about: UnitNode) -> UnitNode | None:
    """Return the township that is passed over; None where none is.

    `levels` are those somebody stands at towards the matter. Whoever stands at the township too passes over nobody.
    """
    if about.tier not in _BELOW_THE_TOWNSHIP or "county" not in levels or "township" in levels:
        return None
    return next((one for one in tree.ancestors(about) if one.kind == "township"), None)


async def tell(work: Work, held: Held, deed: Deed, about: UnitNode) -> None:
    """Write down that a township was passed over by what was just done to `about`, where one was."""
    township = bypassed(held.tree, await _levels(work, held), about)
    if township is not None:
        await note(work, SUBJECT, held.matter.id, EVENT, {"unit": township.code, "deed": deed, "at": about.code})


async def _levels(work: Work, held: Held) -> set[str]:
    """Return at which levels the actor stands towards the matter: by name, and by their seats."""
    named = select(MatterSupervisor.level).where(
        MatterSupervisor.matter_id == held.matter.id,
        MatterSupervisor.member_id == work.actor.member_id,
        MatterSupervisor.until.is_(None),
    )
    found = set(await work.session.scalars(named))
    if "county" in held.relations:
        found.add("county")
    desks = (seat for seat in work.actor.seats if seat.role == "township_dispatcher")
    if any(held.unit.path.startswith(area_of(seat)) for seat in desks):
        found.add("township")
    return found
