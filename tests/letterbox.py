"""Letters for tests of the worker: events with their deliveries, without any ticket behind them, and a place where effects are counted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import text

from services.journal.draining import Handler, Owed
from services.journal.recording import new_event, record
from services.platform.actor import SYSTEM
from services.platform.database import WORKER, Database, use_database
from services.platform.ids import new_id
from services.platform.unit_of_work import Work, unit_of_work

EFFECTS = "CREATE TABLE effects (event_id uuid NOT NULL, handler text NOT NULL); GRANT SELECT, INSERT ON effects TO daguanjia_worker"


async def count_up(work: Work, owed: list[Owed]) -> None:
    """An effect that shows when it happens twice: one more row, and no constraint that would hide it."""
    await work.session.execute(
        text("INSERT INTO effects VALUES (:event_id, :handler)"),
        [{"event_id": one.event_id, "handler": one.handler} for one in owed],
    )


COUNTING: dict[str, Handler] = {"route": count_up, "notify": count_up, "count": count_up}


async def post(letters: int, type: str = "ticket.received") -> None:  # noqa: A002
    """Write `letters` events of `type` with what is owed for each."""
    async with unit_of_work(SYSTEM) as work:
        await record(
            work,
            [
                new_event(SYSTEM, work.now, subject_kind="ticket", subject_id=new_id(), seq=1, type=type, data={"nth": nth})
                for nth in range(letters)
            ],
        )


@asynccontextmanager
async def as_worker(url: str) -> AsyncIterator[Database]:
    """Open `url` under the worker's role as the database of this process."""
    database = Database(url, WORKER)
    use_database(database)
    try:
        yield database
    finally:
        use_database(None)
        await database.close()


async def effects(owner: asyncpg.Connection) -> tuple[int, int]:
    """Return how many effects there are, and how many different ones."""
    row = await owner.fetchrow("SELECT count(*), count(DISTINCT (event_id, handler)) FROM effects")
    return row[0], row[1]


async def shut(url: str, *, closed: bool) -> None:
    """Close the database of `url` to everybody, cutting the worker's connections, or open it again."""
    server, name = url.rsplit("/", 1)
    aside = await asyncpg.connect(f"{server}/postgres")
    try:
        await aside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {'false' if closed else 'true'}")
        if closed:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'daguanjia_worker'"
            await aside.fetch(cut, name)
    finally:
        await aside.close()
