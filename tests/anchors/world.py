"""A journal of made-up subjects, written on days of the test's choice, and the worker that anchors it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.anchors.closing import close_day, days_to_close
from services.anchors.signing import SigningKey, key_of
from services.anchors.statements import Statement
from services.journal.chain import START
from services.journal.models import Event
from services.journal.recording import new_event
from services.platform.actor import SYSTEM
from services.platform.bulk import insert_many
from services.platform.clock import day_start, local_day, now
from services.platform.database import WORKER
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.conftest import TestDatabase

KEY = key_of("11" * 32)
OTHER_KEY = key_of("22" * 32)
TODAY = local_day(now())


def noon(back: int) -> datetime:
    """Return noon of the day that many days ago."""
    return day_start(TODAY - timedelta(days=back)) + timedelta(hours=12)


def day(back: int) -> date:
    """Return the day that many days ago."""
    return TODAY - timedelta(days=back)


class Journal:
    """Chains of made-up subjects; each event is written with the instant it says it was recorded at."""

    def __init__(self, database: TestDatabase) -> None:
        self.database = database
        self.heads: dict[UUID, tuple[int, bytes]] = {}

    async def write(self, recorded_at: datetime, *subjects: UUID, data: Mapping[str, Any] | None = None, kind: str = "thing") -> None:
        """Append one event to the chain of each subject."""
        rows = []
        for subject in subjects:
            seq, previous = self.heads.get(subject, (0, START))
            event = new_event(
                SYSTEM, recorded_at, subject_kind=kind, subject_id=subject, seq=seq + 1, type="thing.happened",
                data=dict(data or {"step": seq + 1}), previous_hash=previous,
            )  # fmt: skip
            self.heads[subject] = (seq + 1, event["hash"])
            rows.append(event)
        async with self.database.as_role(WORKER), unit_of_work(SYSTEM) as work:
            await insert_many(work.session, Event, rows)

    async def close(self, key: SigningKey = KEY, at: datetime | None = None) -> list[Statement]:
        """Close every day that is due, as the worker does; return what was signed."""
        closed = []
        async with self.database.as_role(WORKER):
            async with unit_of_work(SYSTEM) as work:
                work.now = at or work.now
                days = await days_to_close(work)
            for due in days:
                async with unit_of_work(SYSTEM) as work:
                    work.now = at or work.now
                    statement = await close_day(work, due, key)
                if statement is not None:
                    closed.append(statement)
        return closed


def subjects(count: int) -> list[UUID]:
    """Return new subjects."""
    return [new_id() for _ in range(count)]
