"""Help, mediations and deliberations follow their units: they go on under a unit's new code."""

from services.assistance.models import Deliberation, HelpItem, Mediation
from services.organization.succession import follow
from services.platform.unit_of_work import Work


async def follow_assistance(work: Work) -> int:
    """Bring help, mediations and deliberations to the units that took the place of theirs; return how many rows."""
    return await follow(work, (HelpItem.unit_id, Mediation.unit_id, Deliberation.unit_id))
