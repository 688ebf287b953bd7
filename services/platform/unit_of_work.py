"""The unit of work: who, when and in which transaction.

Actions take a :class:`Work` first, never read the clock and never commit. It commits on clean exit, in plain sight, before any reply goes
out, and rings the doorbell after the commit where something was left for the worker.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.platform import clock
from services.platform.actor import Actor
from services.platform.database import database
from services.platform.doorbell import doorbell


@dataclass
class Work:
    """One transaction of one actor at one instant."""

    actor: Actor
    now: datetime
    session: AsyncSession
    rings: bool = field(default=False)


@asynccontextmanager
async def unit_of_work(actor: Actor) -> AsyncIterator[Work]:
    """Open a transaction for `actor`; commit on clean exit, roll back on any exception."""
    async with database().transaction() as session:
        work = Work(actor=actor, now=clock.now(), session=session)
        yield work
    if work.rings:
        doorbell().ring()
