"""Close the journal of the days that are over: a signed root over all of it, published at the reporting door."""

import structlog

from dispatch_worker.station import Station
from services.anchors.closing import close_day, days_to_close
from services.anchors.signing import signing_key
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work

log = structlog.get_logger()


async def anchors(station: Station) -> None:
    """Close each day once, in order, a transaction for each; days missed while no worker ran are caught up with."""
    async with unit_of_work(SYSTEM) as work:
        days = await days_to_close(work)
    for day in days:
        if station.stopping.is_set():
            return
        async with unit_of_work(SYSTEM) as work:
            closed = await close_day(work, day, signing_key())
        if closed is None:  # another worker is at it, and goes on
            return
        log.info("anchors.closed", day=day.isoformat(), number=closed.number, leaves=closed.leaves)
