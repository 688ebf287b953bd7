"""Call whoever subscribed to events of tickets, and tell upper-level platforms how their orders stand."""

import time

from dispatch_worker.station import Station
from services.notifications.webhooks.sending import call_due
from services.platform.settings import settings

LONGEST = 20.0
_PATIENCE = 0.5


async def call_webhooks(station: Station) -> None:
    """Call until nothing is due; between two rounds the process may stop. Dispatching goes first."""
    until = time.monotonic() + LONGEST
    while not station.stopping.is_set() and time.monotonic() < until:
        await station.after("dispatch", _PATIENCE)
        if not await call_due(allow_private=settings().webhook_allow_private):
            return
