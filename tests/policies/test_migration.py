"""What a county had before rules were versions is their first version."""

import asyncio

import asyncpg
import orjson
from alembic import command

from migrations.running import configuration
from services.catalogue.definition import content_of, read_definition
from services.catalogue.parsing import parse_categories
from services.deadlines.calendar import WorkCalendar, seed_days
from services.deadlines.calendars import DEFAULT, calendars_from
from services.platform.ids import new_id
from services.platform.settings import settings
from tests.county import DATA

CATEGORY = (
    "INSERT INTO categories (code, parent_code, name, position, leaf, urgency, privacy, place_needed, evidence, limits, handler,"
    " co_handler, surfaces_directly, urgent_ring, keywords, active, version, updated_at)"
    " SELECT code, parent_code, name, position, leaf, urgency, privacy, place_needed, evidence, limits, handler, co_handler,"
    " surfaces_directly, urgent_ring, keywords, true, 1, now() FROM jsonb_populate_recordset(NULL::categories, $1::jsonb)"
)
UNIT = (
    "INSERT INTO units (id, code, kind, tier, name, path, valid_from, created_at, updated_at)"
    " VALUES ($1, $2, 'county', 'county', '县', $3, '2020-01-01', now(), now())"
)


def _migrate(url, revision, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", url)
    settings.cache_clear()
    command.upgrade(configuration(), revision)


async def _fill(url):
    days, categories = seed_days([2025, 2026, 2027]), parse_categories((DATA / "categories.csv").read_text(encoding="utf-8")).categories
    connection = await asyncpg.connect(url)
    try:
        rows = [(row.day, row.working, row.name, row.official, row.source) for row in days]
        await connection.copy_records_to_table("calendar_days", records=rows)
        said = orjson.dumps([{"code": found.code, **content_of(found)} for found in categories]).decode()
        await connection.execute(CATEGORY, said)
        area, handler = new_id(), new_id()
        for unit, code in ((area, "C"), (handler, "H")):
            await connection.execute(UNIT, unit, code, f"/{code}/")
        put = "INSERT INTO catalogue_rows (id, category_code, area_unit_id, handler_unit_id, version, updated_at)"
        await connection.execute(f"{put} VALUES ($1, 'water.canal', $2, $3, 1, now())", new_id(), area, handler)
    finally:
        await connection.close()
    return days, categories


async def _policies(url):
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT *, effective_at <= now() AS counts FROM policies")
        assert await connection.fetchval("SELECT to_regclass('calendar_days')") is None
    finally:
        await connection.close()
    return {row["kind"]: row for row in rows}


async def _create(servers, name):
    connection = await asyncpg.connect(servers.database_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name}")
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()


def test_days_and_categories_become_the_first_versions(servers, monkeypatch):
    url = servers.named("test_before_policies")
    asyncio.run(_create(servers, "test_before_policies"))
    try:
        _migrate(url, "0061", monkeypatch)
        days, categories = asyncio.run(_fill(url))
        _migrate(url, "head", monkeypatch)
        found = asyncio.run(_policies(url))
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    calendar = calendars_from(1, orjson.loads(found["calendar"]["definition"])).calendar(DEFAULT)
    before = WorkCalendar.from_rows(days)
    assert (dict(calendar.days), calendar.official_years) == (dict(before.days), before.official_years)
    read, findings = read_definition(orjson.loads(found["catalogue"]["definition"]))
    assert findings == []
    assert {one.code: content_of(one) for one in read.categories} == {one.code: content_of(one) for one in categories}
    assert [(row.category, row.area, row.handler) for row in read.rows] == [("water.canal", "C", "H")]
    assert {kind: (row["version"], row["counts"], row["applied_at"] is not None) for kind, row in found.items()} == {
        "calendar": (1, True, True),
        "catalogue": (1, True, True),
    }
