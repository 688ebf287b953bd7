"""Delete where people in the field were, as soon as their shift is over or it was hours ago."""

from dispatch_worker.station import Station
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.shifts.forgetting import forget_positions


async def positions(_station: Station) -> None:
    """Delete what is over; done again, nothing is left to do."""
    async with unit_of_work(SYSTEM) as work:
        await forget_positions(work)
