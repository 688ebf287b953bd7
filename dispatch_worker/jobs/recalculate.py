"""Bring the clocks that rest on guessed days to the calendar that was announced, until none is left."""

from dispatch_worker.station import Station
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.tickets.recalculating import recalculate as recalculate_some

BATCH = 200


async def recalculate(station: Station) -> None:
    """Recalculate in batches, a transaction each."""
    while not station.stopping.is_set():
        async with unit_of_work(SYSTEM) as work:
            taken = await recalculate_some(work, BATCH)
        if not taken:
            return
