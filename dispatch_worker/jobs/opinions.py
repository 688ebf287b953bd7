"""The handbook's work: tell desks of opinions nothing became of, send the codes villagers confirm with, and answers."""

from dispatch_worker.station import Station
from services.notifications.announcing import announce
from services.notifications.opinion_answers import send_answers
from services.notifications.opinion_codes import send_codes
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.visits.handbook_reminding import remind

TEMPLATE = "opinions_open"
BATCH = 50


async def opinions(_station: Station) -> None:
    """Tell each desk once of each opinion; who is told is noted in the same transaction that queues the message."""
    async with unit_of_work(SYSTEM) as work:
        for told in await remind(work):
            await announce(
                work, unique_key=told.unique_key, event_id=told.event_id, unit_id=told.unit_id, template=TEMPLATE, words=told.words
            )


async def opinion_codes(station: Station) -> None:
    """Send in batches until no code and no answer is due; between two batches the process may stop."""
    while not station.stopping.is_set() and await send_codes(station.senders, BATCH):
        continue
    while not station.stopping.is_set() and await send_answers(station.senders, BATCH):
        continue
