"""Tell whoever mediates which settlements are to be asked about."""

from dispatch_worker.station import Station
from services.assistance.reminding import due_follow_ups
from services.notifications.announcing import announce
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work

TEMPLATE = "mediation_follow_up"


async def mediations(_station: Station) -> None:
    """Tell each unit once of each; that it was told is noted in the same transaction that queues the message."""
    async with unit_of_work(SYSTEM) as work:
        for told in await due_follow_ups(work):
            await announce(
                work, unique_key=told.unique_key, event_id=told.event_id, unit_id=told.unit_id, template=TEMPLATE, words=told.words
            )
