"""Look at the days that are over for what is unusual, and tell the desks above."""

from dispatch_worker.station import Station
from services.notifications.announcing import announce
from services.platform.actor import SYSTEM
from services.platform.clock import now
from services.platform.unit_of_work import unit_of_work
from services.warnings.watching import count_day, days_to_look_at, weigh

TEMPLATE = "early_warning"


async def warn(station: Station) -> None:
    """Look at each day once, in order, a transaction for each; days missed while no worker ran are caught up with."""
    async with unit_of_work(SYSTEM) as work:
        days = await days_to_look_at(work)
    for day in days:
        if station.stopping.is_set():
            return
        async with unit_of_work(SYSTEM) as work:
            counted = await count_day(work, day)
            if counted is None:
                continue
            work.now = now()  # nobody could know of it while it was counted
            for told in await weigh(work, day, *counted):
                await announce(
                    work, unique_key=told.unique_key, event_id=told.event_id, unit_id=told.unit_id, template=TEMPLATE, words=told.words
                )
