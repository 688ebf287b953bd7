"""Waiting for a database that is away: one looks whether it is back, and all who wait are told; a crowd would keep it from coming."""

import asyncio
from weakref import WeakKeyDictionary

from services.platform.database import database

_EVERY_SECONDS = 0.1
_LOOKS_AT_MOST = 100

_looking: WeakKeyDictionary[asyncio.AbstractEventLoop, "asyncio.Task[None]"] = WeakKeyDictionary()


async def back_again() -> None:
    """Return once the database answers again, or after ten seconds or so: whoever needs it tries again then."""
    loop = asyncio.get_running_loop()
    task = _looking.get(loop)
    if task is None or task.done():
        task = _looking[loop] = loop.create_task(_look())
    await asyncio.shield(task)


async def _look() -> None:
    for _ in range(_LOOKS_AT_MOST):
        await asyncio.sleep(_EVERY_SECONDS)
        try:
            async with database().raw() as connection:
                await connection.fetchval("SELECT 1")
        except Exception:  # noqa: BLE001, S112  whatever it is, it is not back
            continue
        return
