"""Fetch the pictures that open clients named by address."""

from dispatch_worker.station import Station
from services.channels.open311.media import fetch_due
from services.connections.calling import open_client

BATCH = 5


async def fetch_open311_media(station: Station) -> None:
    """Fetch until none is due; between two batches the process may stop."""
    async with open_client() as client:
        while not station.stopping.is_set() and await fetch_due(client, BATCH):
            pass
