"""Deliver what is owed for events, until nothing is due."""

import time

from dispatch_worker.station import Station
from services.journal import draining

LONGEST = 20.0
"""Seconds after which a drain gives its lane back, however much is left; the next one goes on."""


async def drain(station: Station) -> None:
    """Empty the letterbox in batches; between two batches the process may stop."""
    until = time.monotonic() + LONGEST
    while not station.stopping.is_set() and time.monotonic() < until:
        if not (await draining.drain(station.handlers, batch=station.batch)).taken:
            return
