"""Fetch what people sent on WeChat before WeChat forgets it."""

import time

from dispatch_worker.station import Station
from services.channels.wechat.media import fetch_due

BATCH = 16
LONGEST = 60.0


async def fetch_media(station: Station) -> None:
    """Fetch in batches until nothing is due; between two batches the process may stop."""
    until = time.monotonic() + LONGEST
    while not station.stopping.is_set() and time.monotonic() < until:
        if not await fetch_due(station.senders.wechat_api, BATCH):
            return
