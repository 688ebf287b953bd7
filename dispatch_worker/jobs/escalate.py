"""Take the clocks that reached a level, the longest overdue first, until none is due."""

import time

from dispatch_worker.station import Station
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.tickets.escalating import escalate_due

BATCH = 100
LONGEST = 20.0
"""Seconds after which the duty ends, however much is left; the next turn goes on with the longest overdue."""


async def escalate(station: Station) -> None:
    """Escalate in batches, a transaction each."""
    until = time.monotonic() + LONGEST
    while not station.stopping.is_set() and time.monotonic() < until:
        async with unit_of_work(SYSTEM) as work:
            taken = await escalate_due(work, BATCH)
        if not taken:
            return
