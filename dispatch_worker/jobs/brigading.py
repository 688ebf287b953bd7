"""Look for signs that many voices are few people, and tell the desks above of bursts, once."""

from dispatch_worker.station import Station
from services.notifications.announcing import announce
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.warnings.brigading import look

TEMPLATE = "brigading"


async def brigading(_station: Station) -> None:
    """Look once; whoever is told of something is told in the same transaction that says so."""
    async with unit_of_work(SYSTEM) as work:
        for told in await look(work):
            await announce(
                work, unique_key=told.unique_key, event_id=told.event_id, unit_id=told.unit_id, template=TEMPLATE, words=told.words
            )
