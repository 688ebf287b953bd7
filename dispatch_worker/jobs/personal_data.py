"""Erase what is owed, plan what is kept long enough, and turn the keys of days under which something was erased."""

import time

from dispatch_worker.station import Station
from services.attachments.store import store
from services.privacy.erasing import erase_next
from services.privacy.handbook import erase_next_opinion
from services.privacy.loose import drop_loose_files
from services.privacy.retaining import plan_due
from services.privacy.turning import turn_next

LONGEST = 20.0


async def erase(station: Station) -> None:
    """Erase until nothing is owed; between two of them the process may stop."""
    until = time.monotonic() + LONGEST
    while not station.stopping.is_set() and time.monotonic() < until:
        if not await erase_next(store()):
            break
    while not station.stopping.is_set() and time.monotonic() < until:
        if not await erase_next_opinion():
            break
    await drop_loose_files(store())


async def retain(station: Station) -> None:
    """Plan the erasure of what was kept long enough, and turn keys that are due, a few at a time."""
    until = time.monotonic() + LONGEST
    while not station.stopping.is_set() and time.monotonic() < until:
        if not await plan_due():
            break
    while not station.stopping.is_set() and time.monotonic() < until:
        if not await turn_next():
            return
