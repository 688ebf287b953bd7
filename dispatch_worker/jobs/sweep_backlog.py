"""Move the line of what is late on to now, and put right what was missed."""

import structlog

from dispatch_worker.station import Station
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.reports.backlog_mending import mend
from services.reports.backlog_sums import sweep

log = structlog.get_logger()
BATCH = 500


async def sweep_backlog(_station: Station) -> None:
    """Sum up what has become late since the last turn."""
    async with unit_of_work(SYSTEM) as work:
        await sweep(work)


async def mend_backlog(station: Station) -> None:
    """Count anew what is not summed up as it is, in batches, a transaction each. Tickets that something happened to in between are, too."""
    while not station.stopping.is_set():
        async with unit_of_work(SYSTEM) as work:
            found = await mend(work, BATCH)
        if found:
            log.info("backlog.counted_anew", tickets=found)
        if found < BATCH:
            return
