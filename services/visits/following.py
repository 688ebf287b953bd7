"""Everything of households follows a unit that gets another code: the register, who looks after whom, and what was done there."""

from services.activities.models import Activity
from services.households.finding import follow_homes
from services.households.storing import lock_register
from services.organization.succession import follow
from services.pairing.following import follow_pairings
from services.pairing.storing import lock_pairings
from services.platform.unit_of_work import Work
from services.visits.models import ServiceStep
from services.visits.opinions_models import Opinion


async def follow_service(work: Work) -> int:
    """Bring households, pairings, the ledger, steps and opinions to the units that took the place of theirs; return how many rows."""
    await lock_pairings(work)
    await lock_register(work)
    done = await follow_homes(work) + await follow_pairings(work)
    return done + await follow(work, (Activity.unit_id, Activity.by_unit_id, ServiceStep.unit_id, Opinion.unit_id))
