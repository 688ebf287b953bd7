"""Pairings follow their units: what a village or office had goes on under its new code."""

from services.organization.succession import follow
from services.pairing.models import Pairing
from services.platform.unit_of_work import Work


async def follow_pairings(work: Work) -> int:
    """Bring pairings, ended ones too, to the units that took the place of theirs; return how many. For whoever holds their lock.

    What was in force on which day, and since when that is known, is not touched.
    """
    return await follow(work, (Pairing.unit_id, Pairing.by_unit_id))
