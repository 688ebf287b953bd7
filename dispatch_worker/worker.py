"""One worker process, from start to end.

Two things make it act: the doorbell (arq over Redis), and its own clock. While Redis answers, the fleet's crons do the timed duties and the
own clock only makes sure that nothing has been forgotten; while Redis is away it does all of them. So Redis is a convenience, never a need.
"""

import asyncio
import signal
from collections.abc import Mapping

import structlog

from dispatch_worker.doorbell_answering import answer_doorbell
from dispatch_worker.duties import HEARTBEAT, SHARED
from dispatch_worker.station import Station
from migrations.running import require_current
from services.deadlines.changing import ensure_calendar
from services.journal.draining import Handler
from services.notifications.senders import open_senders
from services.platform.actor import SYSTEM
from services.platform.database import WORKER, Database, use_database
from services.platform.doorbell import Doorbell, use_doorbell
from services.platform.errors import Problem
from services.platform.key_folder import require_same_folder
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work

log = structlog.get_logger()

_LOOK = 1.0
"""Seconds between two looks at the own clock."""
_TRUST = 5
"""A duty that has not run here for so many of its turns is done, even while Redis answers."""
_REDIAL = 3
"""Unanswered looks after which the connection to Redis is given up and made anew: it may be open and dead."""
_FINISH = 15.0
"""Seconds that a transaction in hand may take after SIGTERM."""


async def serve(handlers: Mapping[str, Handler]) -> None:
    """Work until SIGTERM or SIGINT, then finish the transaction in hand and return.

    Waits for a database that is away, at the start as later. Raises Problem where the schema is not the one of this release.
    """
    chosen = settings()
    database, bell = Database(chosen.database_url, WORKER, pool_size=chosen.pool_size), Doorbell(chosen.redis_url)
    use_database(database)
    use_doorbell(bell)
    async with open_senders(chosen) as senders:
        station = Station(handlers, senders, chosen.worker_batch)
        _stop_on_signals(station)
        try:
            await _ready(station, database)
            await _work(station, bell, chosen.redis_url, chosen.worker_slots)
        finally:
            await station.finish(_FINISH)
            await bell.close()
            await database.close()
            use_doorbell(None)
            use_database(None)
    log.info("worker.stopped")


def _stop_on_signals(station: Station) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, station.stopping.set)


async def _ready(station: Station, database: Database) -> None:
    """Wait for the database, and see to it that the calendar of these years is there."""
    while not station.stopping.is_set():
        await station.run(HEARTBEAT)
        try:
            await require_current(database)
            await require_same_folder(database)
            async with unit_of_work(SYSTEM) as work:
                await ensure_calendar(work)
        except Problem:
            raise
        except Exception as error:  # noqa: BLE001  whatever a starting or restarting server answers
            log.warning("database.away", error=type(error).__name__)
            await station.pause(1)
        else:
            return


async def _work(station: Station, bell: Doorbell, redis_url: str, slots: int) -> None:
    log.info("worker.started", handlers=list(station.handlers))
    async with asyncio.TaskGroup() as group:
        group.create_task(_own_clock(station, bell))
        if redis_url:
            group.create_task(answer_doorbell(station, redis_url, slots))


async def _own_clock(station: Station, bell: Doorbell) -> None:
    """Do the duties that nobody else made this process do in time."""
    waiting: set[asyncio.Task[None]] = set()
    unanswered = 0
    while not station.stopping.is_set():
        unanswered = 0 if await bell.answers() else unanswered + 1
        trust = 1 if unanswered else _TRUST
        if unanswered and unanswered % _REDIAL == 0:
            station.redial.set()
        for duty in (HEARTBEAT, *SHARED):
            turns = 1 if duty is HEARTBEAT else trust
            if station.idle_for(duty) >= duty.every * turns:
                turn = asyncio.create_task(station.run(duty))
                waiting.add(turn)
                turn.add_done_callback(waiting.discard)
        await station.pause(_LOOK)
    for turn in waiting:
        turn.cancel()
