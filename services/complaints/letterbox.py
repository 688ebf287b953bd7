"""The letterbox: filings that wait at the same time are written together, each caller waits for the commit of their own.

A commit costs the same for one filing as for a hundred. While one batch is being written the next gathers by itself, so a single
caller never waits for others and many callers share their commits. Nobody is told of a ticket before it is durable; a caller who
hangs up does not take their filing back; one that cannot be stored does not harm its neighbours.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import structlog
from asyncpg import DataError, IntegrityConstraintViolationError, InterfaceError, InternalClientError, PostgresError
from asyncpg.connection import Connection
from sqlalchemy.exc import SQLAlchemyError

from services.complaints.filing import Filing
from services.complaints.writing import Outcome, write
from services.platform.database import database
from services.platform.doorbell import doorbell
from services.platform.errors import Invalid, Problem, Unavailable

log = structlog.get_logger()

BATCH_AT_MOST = 256
FLIGHTS = 2
"""Batches being written at a time: while one waits for the disk, the next is being sent."""
TRIES = 3

_REFUSED = (IntegrityConstraintViolationError, DataError)
_AWAY = (PostgresError, InterfaceError, InternalClientError, SQLAlchemyError, OSError)


@dataclass(slots=True)
class _Waiting:
    filing: Filing
    told: asyncio.Future[Outcome]

    def tell(self, outcome: Outcome) -> None:
        if not self.told.done():  # the caller may be gone; the filing is kept all the same
            self.told.set_result(outcome)

    def fail(self, problem: Problem) -> None:
        if not self.told.done():
            self.told.set_exception(problem)


class Letterbox:
    """Takes filings of one process and writes them in batches."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._flights: set[asyncio.Task[None]] = set()

    async def file(self, filing: Filing) -> Outcome:
        """Return what became of `filing` once it is durable.

        Raises what :meth:`~services.complaints.writing.Outcome.told` does, Invalid ``complaint.not_storable``
        where the database refuses it, Unavailable where the database is away: it may have been written, and sending it again is safe.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(filing, loop.create_future())
        self._waiting.append(waiting)
        if len(self._flights) < FLIGHTS:
            flight = loop.create_task(self._fly())
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)
        return (await waiting.told).told()

    async def rest(self) -> None:
        """Return when everything that was handed in is written: before the process ends."""
        while self._flights:
            await asyncio.gather(*self._flights, return_exceptions=True)

    def _take(self) -> list[_Waiting]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_AT_MOST))]

    async def _fly(self) -> None:
        while self._waiting:
            batch = self._take()
            try:
                await _deliver(batch)
            except Exception:  # whatever it is, nobody may wait for ever
                log.exception("letterbox.failed", filings=len(batch))
                for waiting in batch:
                    waiting.fail(Unavailable("letterbox.unavailable", "The complaint could not be stored now. Send it again."))


async def _deliver(batch: Sequence[_Waiting]) -> None:
    """Write a batch and tell everyone; a batch the database refuses is written one by one, one it could not take is tried again."""
    for attempt in range(1, TRIES + 1):
        try:
            outcomes = await _write_durably([waiting.filing for waiting in batch])
        except _REFUSED as refused:
            return await _one_by_one(batch, refused)
        except _AWAY as error:
            # A connection that broke, a deadlock, a restart of the server. What was committed is found again by its message.
            if attempt == TRIES:
                raise
            log.warning("letterbox.again", error=type(error).__name__, filings=len(batch))
            await asyncio.sleep(0.05 * attempt)
        else:
            for waiting, outcome in zip(batch, outcomes, strict=True):
                waiting.tell(outcome)
            doorbell().ring()
            return None
    return None


async def _one_by_one(batch: Sequence[_Waiting], refused: Exception) -> None:
    if len(batch) == 1:
        log.warning("letterbox.refused", error=type(refused).__name__)
        batch[0].fail(Invalid("complaint.not_storable", "Something this complaint refers to does not exist. Check it and send it again."))
        return
    for waiting in batch:
        try:
            await _deliver([waiting])
        except Exception:  # its neighbours still have their turn
            log.exception("letterbox.failed", filings=1)
            waiting.fail(Unavailable("letterbox.unavailable", "The complaint could not be stored now. Send it again."))


async def _write_durably(filings: Sequence[Filing]) -> list[Outcome]:
    async with database().raw() as connection:
        try:
            return await _in_transaction(connection, filings)
        except _REFUSED:
            raise
        except BaseException:
            connection.terminate()  # nobody knows what state it is in
            raise


async def _in_transaction(connection: Connection, filings: Sequence[Filing]) -> list[Outcome]:
    async with connection.transaction():
        return await write(connection, filings)


async def empty_letterbox() -> None:
    """Return when everything that was handed in to this process's letterbox is written: a door does this before it ends."""
    await letterbox().rest()


_boxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Letterbox] = WeakKeyDictionary()


def letterbox() -> Letterbox:
    """Return the letterbox of this process (of the running loop, which is the same thing outside tests)."""
    loop = asyncio.get_running_loop()
    found = _boxes.get(loop)
    if found is None:
        found = _boxes[loop] = Letterbox()
    return found
