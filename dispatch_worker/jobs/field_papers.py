"""Erase what was kept of commands from the field that were applied after waiting, or that their senders dismissed."""

from dispatch_worker.station import Station
from services.channels.field.showing import erase_dismissed
from services.platform.actor import SYSTEM
from services.platform.unit_of_work import unit_of_work


async def field_papers(_station: Station) -> None:
    """Erase all that is over, some hundred at a time."""
    while True:
        async with unit_of_work(SYSTEM) as work:
            if not await erase_dismissed(work.session):
                return
