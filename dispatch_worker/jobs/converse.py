"""Go on with the talks on WeChat: turns left over, photos without words, answers still owed."""

import time

from dispatch_worker.station import Station
from services.channels.wechat.leftovers import break_silences, send_owed, take_leftovers

BATCH = 50
LONGEST = 20.0
"""Seconds after which the duty ends, however much is left; the next turn goes on."""


async def converse(station: Station) -> None:
    """Work in batches until nothing is due."""
    until = time.monotonic() + LONGEST
    while not station.stopping.is_set() and time.monotonic() < until:
        done = await take_leftovers(BATCH) + await break_silences(BATCH) + await send_owed(station.senders.wechat_api, BATCH)
        if not done:
            return
