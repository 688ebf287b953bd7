"""What `bench.reports` asks, and how long it takes: over HTTP, as bare statements, and as a plain GROUP BY over the tickets themselves."""

import logging
import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import structlog

from bench.reports_questions import Asked

_ONCE_IS_ENOUGH = 3000.0
_LIMITS = ("SET max_parallel_workers_per_gather = 2", "SET work_mem = '256MB'", "SET jit = off")


@dataclass(frozen=True)
class Timed:
    """Milliseconds: median and 95th percentile over HTTP and of the bare statements; median of the plain one."""

    http: tuple[float, float]
    bare: tuple[float, float]
    plain: float | None


async def token(url: str, login: str) -> dict[str, str]:
    """Return the headers of somebody signed in."""
    from services.identity.tokens import write_token

    owner = await asyncpg.connect(url)
    account = await owner.fetchrow("SELECT id, session_epoch FROM accounts WHERE login = $1", login)
    await owner.close()
    assert account, login
    written, _ends = write_token(account["id"], account["session_epoch"], datetime.now(UTC), 600)
    return {"Authorization": f"Bearer {written}"}


@contextmanager
def reporting_door(url: str) -> Iterator[str]:
    """Run the reporting door as operators do, one process; give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "reporting_api.app:app", "--port", str(port), "--log-level", "error", "--no-access-log"]
    settings = {**os.environ, "DATABASE_URL": url, "DAGUANJIA_RATE_LIMITS": "False"}
    with tempfile.TemporaryFile() as log, subprocess.Popen(command, env=settings, stderr=log, stdout=log) as door:
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(200):
                try:
                    if httpx.get(f"{address}/readyz").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield address
        finally:
            door.terminate()
            door.wait(10)


async def ask_all(url: str, asked: list[Asked], seconds: float, told: Callable[[str], None]) -> dict[str, Timed]:
    """Ask each question again and again, one caller at a time."""
    headers = {login: await token(url, login) for login in {one.login for one in asked}}
    found = {}
    statements = await _statements(url, asked, headers)
    connection = await asyncpg.connect(url, server_settings={"role": "daguanjia_reporting", "jit": "off"})
    plain = await asyncpg.connect(url)
    for setting in _LIMITS:
        await plain.execute(setting)
    with reporting_door(url) as address:
        async with httpx.AsyncClient(base_url=address, timeout=120) as client:
            for one in asked:
                told(one.what)

                async def http(one: Asked = one) -> None:
                    answer = await client.get(one.path, headers=headers[one.login])
                    answer.raise_for_status()

                async def bare(one: Asked = one) -> None:
                    for statement, values in statements[one.what]:
                        await connection.fetch(statement, *values)

                took = None
                if one.plain:
                    took = await _plain(plain, one.plain)
                    if took < _ONCE_IS_ENOUGH:
                        took = statistics.median([took, await _plain(plain, one.plain), await _plain(plain, one.plain)])
                found[one.what] = Timed(await _again(http, seconds), await _again(bare, seconds / 2), took)
    await connection.close()
    await plain.close()
    return found


async def _plain(connection: asyncpg.Connection, statement: str) -> float:
    began = time.perf_counter()
    await connection.fetch(statement, timeout=600)
    return (time.perf_counter() - began) * 1000


async def _again(act: Callable[[], Awaitable[None]], seconds: float) -> tuple[float, float]:
    """Do it for so long, at least ten times (three, where it is slow); return median and 95th percentile in milliseconds.

    The first time does not count. What is cut off by the limit on statements takes for ever.
    """
    taken: list[float] = []
    try:
        await act()
        first = time.perf_counter()
        while len(taken) < 3 or time.perf_counter() < first + seconds or (len(taken) < 10 and time.perf_counter() < first + 5 * seconds):
            began = time.perf_counter()
            await act()
            taken.append((time.perf_counter() - began) * 1000)
    except (asyncpg.QueryCanceledError, TimeoutError, httpx.HTTPStatusError):
        return math.inf, math.inf
    taken.sort()
    return statistics.median(taken), taken[min(len(taken) - 1, int(0.95 * len(taken)))]


async def _statements(url: str, asked: list[Asked], headers: dict[str, dict[str, str]]) -> dict[str, list[tuple[str, Any]]]:
    """Return the statements that the reporting door makes of each question, once it knows the tree and who asks."""
    from sqlalchemy import event

    from reporting_api.app import app
    from services.platform.database import REPORTING, Database, use_database
    from services.platform.doorbell import Doorbell, use_doorbell

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    database = Database(url, REPORTING)
    use_database(database)
    use_doorbell(Doorbell(""))
    heard: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if " FROM " in statement.replace("\n", " ") and "FROM members" not in statement and "accounts" not in statement:
            heard.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
    found = {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://reporting", timeout=120) as client:
        for one in asked:
            await client.get("/v1/dashboard/names", headers=headers[one.login])
            heard.clear()
            answer = await client.get(one.path, headers=headers[one.login])
            assert answer.status_code in (200, 503), (one.path, answer.text)
            found[one.what] = list(heard)
    await database.close()
    use_database(None)
    return found
