"""Deliver what is owed for events, until nothing is due. Dispatching has a lane of its own: somebody waits for a unit."""

import time
from collections.abc import Mapping

from dispatch_worker.station import Station
from services.journal import draining
from services.journal.draining import Handler
from services.journal.subscriptions import ROUTE

LONGEST = 20.0
"""Seconds after which a drain gives its lane back, however much is left; the next one goes on."""


async def dispatch(station: Station) -> None:
    """Find units for what was received."""
    await _until_empty(station, {name: handler for name, handler in station.handlers.items() if name == ROUTE})


async def deliver(station: Station) -> None:
    """Have all other effects."""
    await _until_empty(station, {name: handler for name, handler in station.handlers.items() if name != ROUTE})


async def _until_empty(station: Station, handlers: Mapping[str, Handler]) -> None:
    """Drain in batches; between two batches the process may stop."""
    until = time.monotonic() + LONGEST
    while not station.stopping.is_set() and time.monotonic() < until:
        if not (await draining.drain(handlers, batch=station.batch)).taken:
            return
