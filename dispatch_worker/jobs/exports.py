"""Make the files people asked for, delete those whose time is over, and tell saved reports by schedule."""

import time

from dispatch_worker.station import Station
from services.attachments.store import store
from services.exports.bi import print_metrics
from services.exports.delivering import deliver_due
from services.exports.expiring import expire
from services.exports.making import make_next

LONGEST = 20.0


async def make_exports(station: Station) -> None:
    """Make files until none is asked for; between two of them the process may stop."""
    until = time.monotonic() + LONGEST
    while not station.stopping.is_set() and time.monotonic() < until:
        if not await make_next(store()):
            return


async def expire_exports(_station: Station) -> None:
    """Delete files whose time is over; print the metrics for analysts' tools."""
    await print_metrics()
    await expire(store())


async def deliver_reports(station: Station) -> None:
    """Tell what is due, until nothing is."""
    until = time.monotonic() + LONGEST
    while not station.stopping.is_set() and time.monotonic() < until:
        if not await deliver_due():
            return
