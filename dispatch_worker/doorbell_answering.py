"""Answering the doorbell: the one place that runs arq, with every setting that keeps it safe.

arq is a bell here, nothing more: a job carries no data, its loss costs two seconds, and a duty that a job started runs on when arq dies.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any

import structlog
from arq import cron, func
from arq.cron import CronJob
from arq.worker import Worker

from dispatch_worker.duties import RUNG, SHARED
from dispatch_worker.station import Duty, Station
from services.platform.doorbell import DRAIN, QUEUE, from_wire, redis_settings, to_wire

log = structlog.get_logger()

_SECONDS = 60
_JOB_TIMEOUT = 60
_HOUR_MS = 3_600_000


def arq_worker(station: Station, redis_url: str, slots: int) -> Worker:
    """Return a fresh arq worker. Built by a function: arq reads settings classes without their parents.

    ``poll_delay``: 10 ms from ring to start, for 3 % of a core idle. ``keep_result=0``: a kept result would swallow the next ring of the
    same id. ``queue_read_limit``: jobs of dead workers at the head of the queue must not hide the others. Signals are ours.
    """
    return Worker(
        functions=[func(_ring(station), name=DRAIN)],  # type: ignore[arg-type]
        cron_jobs=[_cron(duty, station) for duty in SHARED],
        queue_name=QUEUE,
        redis_settings=redis_settings(redis_url),
        handle_signals=False,
        job_completion_wait=15,
        max_jobs=max(slots, len(SHARED) + 1),
        job_timeout=_JOB_TIMEOUT,
        keep_result=0,
        poll_delay=0.02,
        queue_read_limit=1000,
        max_tries=3,
        health_check_interval=5,
        expires_extra_ms=_HOUR_MS,
        job_serializer=to_wire,
        job_deserializer=from_wire,
        timezone=UTC,
        log_results=False,
    )


async def answer_doorbell(station: Station, redis_url: str, slots: int) -> None:
    """Run arq until the process stops; arq ends whenever Redis goes away, and is then started afresh."""
    while not station.stopping.is_set():
        worker = arq_worker(station, redis_url, slots)
        listening = asyncio.create_task(worker.async_run())
        station.redial.clear()
        asked = [asyncio.create_task(event.wait()) for event in (station.stopping, station.redial)]
        try:
            await asyncio.wait({listening, *asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in asked:
                task.cancel()
            error = await _ended(listening)
            await _put_away(worker)
        if not station.stopping.is_set():
            log.warning("doorbell.lost", error=type(error).__name__)
            await station.pause(1)


async def _ended(listening: asyncio.Task[None]) -> BaseException | None:
    listening.cancel()
    (error,) = await asyncio.gather(listening, return_exceptions=True)
    return error


async def _put_away(worker: Worker) -> None:
    """Close what an ended arq worker leaves behind. Its own `close` would wait for a Redis that is not there."""
    for task in worker.tasks.values():
        task.cancel()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2):
            await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
    if worker._pool is not None:  # noqa: SLF001  arq's own property asserts that it is there
        with contextlib.suppress(Exception):
            async with asyncio.timeout(2):
                await worker.pool.aclose(close_connection_pool=True)


def _job(duty: Duty, station: Station) -> Callable[[Any], Awaitable[None]]:
    async def answer(_context: Any) -> None:
        await station.run(duty)

    return answer


def _ring(station: Station) -> Callable[[Any], Awaitable[None]]:
    async def answer(_context: Any) -> None:
        await asyncio.gather(*(station.run(duty) for duty in RUNG))

    return answer


def _cron(duty: Duty, station: Station) -> CronJob:
    """Return the cron of a duty: run by one worker of the fleet. A missed turn is not made up for: the next one finds everything."""
    job = _job(duty, station)
    if duty.every >= _SECONDS:
        return cron(job, name=f"cron:{duty.name}", minute=7, second=0, timeout=_JOB_TIMEOUT)  # type: ignore[arg-type]
    seconds = set(range(0, _SECONDS, duty.every))
    return cron(job, name=f"cron:{duty.name}", second=seconds, timeout=_JOB_TIMEOUT, run_at_startup=True)  # type: ignore[arg-type]
