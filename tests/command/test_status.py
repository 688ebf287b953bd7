"""`daguanjia status` says what needs a person, and nothing else does."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import orjson

from tests.conftest import Running, TestDatabase
from tests.letterbox import post
from tests.tickets.test_dispatch_and_escalation import file

ROOT = Path(__file__).parents[2]


async def run(county: TestDatabase, servers: Running, *arguments: str) -> tuple[int, str]:
    environment = dict(os.environ, DATABASE_URL=county.url, REDIS_URL=servers.redis_url, COLUMNS="160")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "daguanjia", *arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_a_healthy_county_is_well_and_counts_its_blank_units(county: TestDatabase, servers: Running) -> None:
    code, said = await run(county, servers, "status")
    assert (code, "All is well." in said) == (0, True), said
    code, said = await run(county, servers, "status", "--json")
    found = orjson.loads(said)
    assert found["redis"]
    assert found["wrong"] == []
    assert found["schema"] == found["schema_needed"]
    assert 0 < found["blank_units"] < found["units"]


async def test_old_and_parked_deliveries_need_a_person_and_can_be_retried(county: TestDatabase, servers: Running) -> None:
    await post(2, "ticket.urged")
    await county.owner.execute("UPDATE deliveries SET parked_at = now(), tries = 12 WHERE id = (SELECT id FROM deliveries LIMIT 1)")
    await county.owner.execute("ALTER TABLE events DISABLE TRIGGER USER")
    await county.owner.execute("UPDATE events SET recorded_at = now() - interval '2 minutes'")
    code, said = await run(county, servers, "status", "--json")
    found = orjson.loads(said)
    assert code == 1
    assert (found["deliveries"]["due"], found["deliveries"]["parked"]) == (1, 1)
    assert found["deliveries"]["oldest_seconds"] > 60
    assert len(found["wrong"]) == 2
    assert await run(county, servers, "retry-parked") == (0, "1 deliveries are due again.\n")
    assert await county.value("SELECT count(*) FROM deliveries WHERE parked_at IS NULL AND tries = 0") == 2


async def test_the_calendar_is_loaded_by_command_and_loading_again_changes_nothing(county: TestDatabase, servers: Running) -> None:
    code, said = await run(county, servers, "load-calendar", "2026")
    assert (code, said.startswith("0 days changed. Announced years: ")) == (0, True), said
    assert "2026" in said


async def test_clocks_are_verified_against_the_journal_and_what_differs_is_named(county: TestDatabase, servers: Running) -> None:
    filed = await file()
    await county.settle()
    code, said = await run(county, servers, "verify-clocks")
    assert (code, "0 differ from the journal" in said) == (0, True), said
    await county.owner.execute("UPDATE clocks SET due_at = due_at + interval '1 day' WHERE stage = 'resolve'")
    code, said = await run(county, servers, "verify-clocks")
    assert code == 1
    assert f"{filed.number} resolve" in said
    assert "1 differ from the journal" in said
