"""The counties that `bench.reports` asks: made once, kept where one wants to, on servers of their own with durable settings on a disk."""

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from daguanjia.servers import Servers, start_servers

MONTHS, SEED = 24, 20261122
PASSWORD = "the people of the bench"
JOURNAL_UP_TO = 100_000
"""Journals of more tickets do not fit a machine like this one: then there are tickets, facts and sums alone."""


@contextmanager
def county_of(tickets: int, keep: Path | None, console: Console) -> Iterator[tuple[Servers, dict[str, Any]]]:
    """Run servers with a county of that many tickets; give them and what is known of how it was made."""
    home = (keep or Path(tempfile.mkdtemp(prefix="daguanjia-bench-"))) / f"{tickets}"
    home.mkdir(parents=True, exist_ok=True)
    note = home / "made.json"
    try:
        if not note.exists():
            shutil.rmtree(home / "servers", ignore_errors=True)
        with start_servers(home / "servers", durable=True) as servers:
            os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = servers.database_url, servers.redis_url
            _forget_settings()
            if not note.exists():
                note.write_text(json.dumps(_make(tickets, console)))
            made = json.loads(note.read_text())
            _up_to_now(console)
            yield servers, made
    finally:
        if keep is None:
            shutil.rmtree(home.parent, ignore_errors=True)


def _forget_settings() -> None:
    from services.platform.settings import settings

    settings.cache_clear()


def _up_to_now(console: Console) -> None:
    """Bring a kept county to the schema and the sums of today, and do what a worker would have done since: sum up what has become late."""
    from daguanjia.loading import opened
    from migrations import running
    from services.platform.actor import SYSTEM
    from services.platform.unit_of_work import unit_of_work
    from services.reports.adding_up import add_missing
    from services.reports.backlog_sums import sweep

    async def swept() -> None:
        async with opened():
            missing: str | None = ""
            while missing is not None:
                async with unit_of_work(SYSTEM) as work:
                    missing = await add_missing(work)
            async with unit_of_work(SYSTEM) as work:
                await sweep(work)

    with console.status("Bringing the county up to now"):
        running.upgrade()
        asyncio.run(swept())


def _make(tickets: int, console: Console) -> dict[str, Any]:
    from daguanjia.county.drawing import Wanted
    from daguanjia.county.making import Making, make
    from migrations import running
    from services.platform import clock

    running.upgrade()
    until: date = clock.local_day(clock.now())
    journal = tickets <= JOURNAL_UP_TO
    began = time.perf_counter()
    with console.status(f"Making {tickets:,} tickets") as status:
        made = make(
            Making(Wanted(SEED, tickets, MONTHS, until), journal, os.cpu_count() or 1, PASSWORD),
            lambda what, done, total: status.update(f"{tickets:,} tickets: {what} {done:,} of {total:,}"),
        )
    seconds = round(time.perf_counter() - began)
    return {"until": until.isoformat(), "journal": journal, "content": made.content, "seconds": seconds}
