"""Look after the telephone exchanges: fetch recordings that are due, and read on in their own files."""

from pathlib import Path

from dispatch_worker.station import Station
from services.calls.reconciling import reconcile_files
from services.calls.recordings import fetch_due
from services.connections.calling import open_client
from services.platform.settings import settings

BATCH = 5


async def fetch_recordings(station: Station) -> None:
    """Fetch recordings until none is due; between two batches the process may stop."""
    async with open_client() as client:
        while not station.stopping.is_set() and await fetch_due(client, BATCH):
            pass


async def reconcile_calls(_station: Station) -> None:
    """Read what was added to the exchanges' files since the last time."""
    if settings().exchange_files:
        await reconcile_files(Path(settings().exchange_files))
