"""Give fingerprints to pictures that came before there were any, or before they were made as they are now."""

import time
from uuid import UUID

from dispatch_worker.station import Station
from services.attachments.alike import fill_likenesses
from services.attachments.store import store
from services.complaints.shown import tickets_of_complaints
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.tickets.inspecting import inspect_again

BATCH = 20
LONGEST = 30.0


async def likenesses(station: Station) -> None:
    """Fill in batches until none is left; what only now can be compared is looked at once more."""
    until, after = time.monotonic() + LONGEST, UUID(int=0)
    while not station.stopping.is_set() and time.monotonic() < until:
        looked_at = await fill_likenesses(store(), after, BATCH)
        if not looked_at:
            return
        after = looked_at[-1]
        async with unit_of_work(SYSTEM) as work:
            await inspect_again(work, looked_at, tickets_of_complaints)
