"""Tell whoever keeps a register of households that were found to have moved away."""

from dispatch_worker.station import Station
from services.notifications.announcing import announce
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.visits.moving_away import moved_away

TEMPLATE = "household_moved"


async def moved_homes(_station: Station) -> None:
    """Tell each keeper once of each such visit; that they were told is noted in the transaction that queues the message."""
    async with unit_of_work(SYSTEM) as work:
        for told in await moved_away(work):
            await announce(
                work, unique_key=told.unique_key, event_id=told.event_id, unit_id=told.unit_id, template=TEMPLATE, words=told.words
            )
