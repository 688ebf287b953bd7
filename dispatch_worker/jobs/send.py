"""Send the messages that wait."""

import time

from dispatch_worker.station import Station
from services.notifications.sending import send_due

BATCH = 100
LONGEST = 20.0
_PATIENCE = 0.5
"""Seconds a batch waits at most for dispatching to end: who waits for a unit comes before who waits for word of it."""


async def send(station: Station) -> None:
    """Send in batches until no message is due; between two batches the process may stop. Dispatching goes first."""
    until = time.monotonic() + LONGEST
    while not station.stopping.is_set() and time.monotonic() < until:
        await station.after("dispatch", _PATIENCE)
        if not await send_due(station.senders, BATCH):
            return
