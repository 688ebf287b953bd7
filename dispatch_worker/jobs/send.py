"""Send the messages that wait."""

import time

from dispatch_worker.station import Station
from services.notifications.sending import send_due

BATCH = 50
LONGEST = 20.0


async def send(station: Station) -> None:
    """Send in batches until no message is due; between two batches the process may stop."""
    until = time.monotonic() + LONGEST
    while not station.stopping.is_set() and time.monotonic() < until:
        if not await send_due(station.senders, BATCH):
            return
