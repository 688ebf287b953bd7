"""The doorbell: tells the worker that there is something in the letterbox.

PostgreSQL is the letterbox, Redis only rings. A ring that is lost costs seconds (the worker looks by itself), never data; so a ring never
fails, never delays the caller, and rings within the same fiftieth of a second are one.
"""

import asyncio
import contextlib
import time
from typing import Any
from urllib.parse import urlsplit

import orjson
import structlog
from arq.connections import ArqRedis, RedisSettings, create_pool

from services.platform.errors import Problem
from services.platform.settings import settings

log = structlog.get_logger()

QUEUE = "daguanjia"
DRAIN = "drain"
_RINGS_A_SECOND = 50


def to_wire(job: dict[str, Any]) -> bytes:
    """Write a job for Redis: JSON, never pickle. What JSON does not know is named by its class alone."""
    return orjson.dumps(job, default=lambda value: type(value).__name__)


def from_wire(stored: bytes) -> dict[str, Any]:
    """Read a job from Redis."""
    found: dict[str, Any] = orjson.loads(stored)
    return found


async def _pool(given: RedisSettings) -> ArqRedis:
    return await create_pool(given, default_queue_name=QUEUE, job_serializer=to_wire, job_deserializer=from_wire)


def redis_settings(url: str) -> RedisSettings:
    """Return arq's settings for `url`; raise a clear problem where it is no Redis URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise Problem("settings.redis_url", "REDIS_URL must look like redis://:password@host:6379/0.")
    try:
        found = RedisSettings.from_dsn(url)
    except (AssertionError, ValueError):
        raise Problem("settings.redis_url", "REDIS_URL must look like redis://:password@host:6379/0.") from None
    found.conn_timeout = 2
    found.conn_retries = 0
    return found


class Doorbell:
    """Rings in the background; one attempt at a time."""

    def __init__(self, url: str) -> None:
        self._settings = redis_settings(url) if url else None
        self._pool: ArqRedis | None = None
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self._silent_until = 0.0

    def ring(self) -> None:
        """Ask for a drain soon. Returns at once and never fails."""
        if self._settings is None or time.monotonic() < self._silent_until:
            return
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._press())
        else:
            self._again = True

    async def _press(self) -> None:
        while True:
            self._again = False
            try:
                if self._pool is None:
                    assert self._settings is not None
                    self._pool = await _pool(self._settings)
                bucket = int(time.time() * _RINGS_A_SECOND)
                await self._pool.enqueue_job(DRAIN, _job_id=f"{QUEUE}:{DRAIN}:{bucket}")
            except Exception as error:  # noqa: BLE001  whatever is wrong with Redis, the caller's data is safe
                log.warning("doorbell.silent", error=type(error).__name__)
                self._silent_until = time.monotonic() + 1
                return
            await asyncio.sleep(1 / _RINGS_A_SECOND)
            if not self._again:
                return

    async def answers(self) -> bool:
        """Tell whether Redis can be reached now."""
        if self._settings is None:
            return False
        try:
            async with asyncio.timeout(2):
                if self._pool is None:
                    self._pool = await _pool(self._settings)
                return bool(await self._pool.ping())
        except Exception:  # noqa: BLE001  any failure means: no
            return False

    async def close(self) -> None:
        """Wait for a ring under way and disconnect."""
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._pool is not None:
            await self._pool.aclose()


class _Current:
    bell: Doorbell | None = None


def use_doorbell(bell: Doorbell | None) -> None:
    """Make `bell` the one of this process."""
    _Current.bell = bell


def doorbell() -> Doorbell:
    """Return the doorbell of this process: where none was set, one for REDIS_URL."""
    if _Current.bell is None:
        _Current.bell = Doorbell(settings().redis_url)
    return _Current.bell
