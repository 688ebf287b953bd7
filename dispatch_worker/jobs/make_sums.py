"""Add up what this release sums up and the database has not."""

from weakref import WeakValueDictionary

import structlog

from dispatch_worker.station import Station
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work
from services.reports.adding_up import add_missing

log = structlog.get_logger()
_settled: WeakValueDictionary[int, Station] = WeakValueDictionary()


async def make_sums(station: Station) -> None:
    """Make what is missing, a transaction each. Until then the facts answer.

    A worker that has just begun leaves it until its next turn: beside it one of the release before may still be at work, which would keep
    up only the sums that it knows.
    """
    if _settled.get(id(station)) is not station:
        _settled[id(station)] = station
        return
    while not station.stopping.is_set():
        async with unit_of_work(SYSTEM) as work:
            made = await add_missing(work)
        if made is None:
            return
        log.info("sums.made", sums=made)
