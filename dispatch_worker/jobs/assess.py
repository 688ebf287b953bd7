"""Make the assessments that were asked for."""

from dispatch_worker.station import Station
from services.assessment.making import make_next
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work


async def assess(station: Station) -> None:
    """Make one run after another, a transaction for each; several workers at once make each run once."""
    made = True
    while made and not station.stopping.is_set():
        async with unit_of_work(SYSTEM) as work:
            made = await make_next(work) is not None
