from datetime import UTC, date, datetime, timedelta

import pytest

from services.deadlines.calendars import DEFAULT
from services.deadlines.changing import CALENDAR_KIND, ensure_calendar, load_calendar, load_years
from services.deadlines.queries import calendar_book, clock_rules_at_hand, forget_clock_rules, ladder_book, work_calendar
from services.platform.actor import SYSTEM
from services.platform.clock import local_day
from services.platform.database import database
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from services.policies.actions import activate, draft
from tests.conftest import TestDatabase
from tests.letterbox import as_worker

VERSIONS = "SELECT count(*) FROM policies WHERE kind = 'calendar'"


async def _load(*years: int) -> int:
    async with unit_of_work(SYSTEM) as work:
        return await load_calendar(work, years)


async def _calendar():
    async with database().transaction() as session:
        return await work_calendar(session)


async def test_the_calendar_is_loaded_once_and_loading_again_changes_nothing(empty: TestDatabase) -> None:
    async with as_worker(empty.url):
        assert not (await _calendar()).official_years
        assert await _load(2025, 2026) > 50
        assert await _load(2026) == 0
        calendar = await _calendar()
    assert calendar.is_working(date(2026, 1, 4))
    assert not calendar.is_working(date(2026, 10, 1))
    assert {2025, 2026} <= calendar.official_years
    assert await empty.value(VERSIONS) == 1
    assert await empty.value("SELECT count(*) FROM events WHERE type LIKE 'policy.%'") == 2, "drafted and activated"


async def test_the_first_calendar_counts_for_days_before_it_was_loaded(empty: TestDatabase) -> None:
    async with as_worker(empty.url):
        await _load(2026)
        async with database().transaction() as session:
            book = await calendar_book(session)
            assert (await ladder_book(session)).version_at(datetime(2026, 1, 1, tzinfo=UTC)) == 0
        assert clock_rules_at_hand(database().engine.sync_engine) is not None
    assert not book.at(datetime(2026, 2, 16, tzinfo=UTC)).calendar(DEFAULT).is_working(date(2026, 2, 17))


async def test_a_wrong_day_is_put_right_and_a_surplus_one_taken_out(empty: TestDatabase) -> None:
    wrong = {"2026": {"official": True, "source": "x", "off": {"2026-03-03": "x", "2026-10-01": "国庆节"}, "on": {"2026-10-04": "x"}}}
    async with as_worker(empty.url):
        async with unit_of_work(SYSTEM) as work:
            assert await load_years(work, wrong) == 3
        assert not (await _calendar()).is_working(date(2026, 3, 3))
        async with unit_of_work(SYSTEM) as work:
            await ensure_calendar(work)
        assert not (await _calendar()).is_working(date(2026, 3, 3)), "what was announced is not replaced unasked"
        assert await _load(2026) > 20
        calendar = await _calendar()
    assert calendar.is_working(date(2026, 3, 3))
    assert not calendar.is_working(date(2026, 10, 4))


async def test_an_announced_year_is_not_replaced_by_an_estimate(empty: TestDatabase) -> None:
    county = {"2031": {"official": True, "source": "the county", "off": {"2031-01-01": "元旦"}, "on": {"2031-05-05": "调休上班"}}}
    async with as_worker(empty.url):
        assert await _load(2031) > 0, "an estimate at first"
        assert 2031 not in (await _calendar()).official_years
        async with unit_of_work(SYSTEM) as work:
            assert await load_years(work, county) > 0
        assert await _load(2031) == 0
        assert 2031 in (await _calendar()).official_years
    assert await empty.value(VERSIONS) == 2


async def test_a_faulty_list_is_refused_whole(empty: TestDatabase) -> None:
    async with as_worker(empty.url):
        for years in ([], {"2027": {}}, {"2027": {"official": True, "source": "x", "off": {"2027-13-01": "x"}, "on": {}}}):
            with pytest.raises(Problem) as refused:
                async with unit_of_work(SYSTEM) as work:
                    await load_years(work, years)
            assert refused.value.code == "calendar.faulty"
    assert await empty.value(VERSIONS) == 0


async def test_a_version_dated_later_learns_of_a_year_too(empty: TestDatabase) -> None:
    """Otherwise the day it comes into force would take the announced list back."""
    async with as_worker(empty.url):
        await _load(2026)
        async with unit_of_work(SYSTEM) as work:
            later = work.now + timedelta(days=30)
            definition = (await empty.fetch("SELECT definition::text FROM policies"))[0]["definition"]
            import json

            changed = json.loads(definition)
            changed["calendars"]["default"]["weekdays"] = [1, 2, 3, 4, 5, 6]
            policy = await draft(work, "calendar", changed)
            await activate(work, CALENDAR_KIND, policy.version, at=later)
        assert await _load(2027) > 0
        forget_clock_rules()
        async with database().transaction() as session:
            book = await calendar_book(session)
    before, after = book.at(later - timedelta(seconds=1)).calendar(DEFAULT), book.at(later).calendar(DEFAULT)
    assert (len(before.weekdays), len(after.weekdays)) == (5, 6)
    assert not before.is_working(date(2027, 1, 1))
    assert not after.is_working(date(2027, 1, 1))


async def test_last_year_this_year_and_the_next_are_ensured(empty: TestDatabase) -> None:
    async with as_worker(empty.url):
        async with unit_of_work(SYSTEM) as work:
            assert await ensure_calendar(work) > 0
            this_year = local_day(work.now).year
        found = await empty.fetch("SELECT DISTINCT jsonb_object_keys(definition -> 'years')::int AS year FROM policies ORDER BY 1")
    assert [row["year"] for row in found] == [this_year - 1, this_year, this_year + 1]
