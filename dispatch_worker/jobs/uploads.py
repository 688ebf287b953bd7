"""Uploads nobody goes on with: finished where they are whole, forgotten where they are not."""

from dispatch_worker.station import Station
from services.attachments.expiring import finish_left_uploads, forget_uploads, sweep_parts
from services.attachments.store import store


async def uploads(_station: Station) -> None:
    """Finish what is whole, end what is over, and sweep the parts of neither."""
    await finish_left_uploads(store())
    await forget_uploads()
    await sweep_parts(store())
