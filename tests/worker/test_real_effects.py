"""Workers killed in the middle of real work: every matter dispatched once, every message written once, every figure right."""

import asyncio
import os
import subprocess
import sys

import pytest

from services.platform.actor import SYSTEM
from services.platform.database import WORKER
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.reports.rebuilding import rebuild
from tests.tickets.test_dispatch_and_escalation import file

FILED = 700
WORKERS = 4
KILLS = 5


@pytest.fixture
def crew(county, servers, tmp_path, monkeypatch):
    """Start worker processes with the keys this process files under; whoever is left at the end is ended."""
    started = []
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()

    def start():
        environment = dict(os.environ, DATABASE_URL=county.url, REDIS_URL=servers.redis_url)
        with (tmp_path / "worker.log").open("ab") as log:
            started.append(subprocess.Popen([sys.executable, "-m", "dispatch_worker"], env=environment, stderr=log, stdout=log))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
    monkeypatch.undo()
    settings.cache_clear()


async def owed(county):
    return await county.value("SELECT count(*) FROM deliveries")


async def cells(county):
    return await county.fetch("SELECT * FROM rollup_cells ORDER BY 1, 2, 3, 4, 5, 6")


async def test_killed_workers_leave_every_real_effect_done_exactly_once(county, crew):
    for _ in range(FILED // 100):
        await asyncio.gather(*(file() for _ in range(100)))
    standing = await owed(county)
    assert standing == 3 * FILED
    workers = [crew() for _ in range(WORKERS)]
    for kill in range(KILLS):
        while await owed(county) > standing * (KILLS - kill) // (KILLS + 1):  # noqa: ASYNC110  other processes work, we watch
            await asyncio.sleep(0.01)
        workers[kill % WORKERS].kill()
        workers[kill % WORKERS] = crew()
    async with asyncio.timeout(60):
        while await owed(county):  # noqa: ASYNC110  other processes work, we watch
            await asyncio.sleep(0.05)

    assert await county.value("SELECT count(*) FROM tickets WHERE status = 'dispatched' AND version = 2") == FILED
    assert await county.value("SELECT count(*) FROM assignments WHERE part = 'lead'") == FILED
    assert await county.value("SELECT count(*) FROM events WHERE type = 'ticket.dispatched'") == FILED
    written = await county.fetch("SELECT template, count(*) FROM messages GROUP BY 1")
    assert {row["template"]: row["count"] for row in written}["received"] == FILED
    kept = await cells(county)
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        await rebuild(work)
    assert await cells(county) == kept, "the figures are those of a recount"
