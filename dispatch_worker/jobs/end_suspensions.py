"""End the suspensions whose last day is over, until none is left."""

from dispatch_worker.station import Station
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.tickets.resuming import end_some_suspensions

BATCH = 100


async def end_suspensions(station: Station) -> None:
    """End them in batches, a transaction each."""
    while not station.stopping.is_set():
        async with unit_of_work(SYSTEM) as work:
            taken = await end_some_suspensions(work, BATCH)
        if not taken:
            return
