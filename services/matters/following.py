"""Matters follow their units: the place, who leads and who has a sub-task go on under a unit's new code, and so do assets and lists."""

from sqlalchemy import select

from services.matters.models import AssetSegment, Matter, MatterCandidate, MatterSupervisor, ProblemVillage
from services.matters.work_models import MatterTask
from services.organization.succession import follow, heirs
from services.platform.unit_of_work import Work


async def follow_matters(work: Work) -> int:
    """Bring matters with all of theirs to the units that took the place of theirs; return how many rows. Done again it changes nothing."""
    columns = (
        AssetSegment.unit_id, MatterCandidate.unit_id, Matter.unit_id, Matter.lead_unit_id, MatterTask.unit_id, MatterSupervisor.unit_id,
    )  # fmt: skip
    return await follow(work, columns) + await _follow_lists(work)


async def _follow_lists(work: Work) -> int:
    """Bring villages on the lists of problem villages along. Of two on one list that became one village the other entry stays behind."""
    following = await heirs(work)
    rows = list(await work.session.scalars(select(ProblemVillage).order_by(ProblemVillage.since, ProblemVillage.id).with_for_update()))
    listed = {(row.unit_id, row.level) for row in rows if row.until is None}
    moving = [row for row in rows if row.unit_id in following]
    done = 0
    for row in moving:
        heir = following[row.unit_id]
        if row.until is not None or (heir, row.level) not in listed:
            row.unit_id = heir
            done += 1
            listed |= {(heir, row.level)} if row.until is None else set()
    await work.session.flush()
    return done
