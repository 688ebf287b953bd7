"""Publish months that are over, the quarters and years made of them, and corrections that administrators ordered."""

from dispatch_worker.station import Station
from services.notices.freezing import publish_next
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work

_STEPS = 12
"""Periods published in one turn at most: a county that comes with a past goes on at the next one."""


async def notices(_station: Station) -> None:
    """Publish what is due, a transaction for each period; several workers at once publish it once."""
    for _step in range(_STEPS):
        async with unit_of_work(SYSTEM) as work:
            went_on = await publish_next(work)
        if not went_on:
            return
