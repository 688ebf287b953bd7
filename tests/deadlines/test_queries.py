from datetime import date

from services.deadlines.queries import ensure_calendar, load_calendar, work_calendar
from services.platform.actor import SYSTEM
from services.platform.clock import local_day
from services.platform.unit_of_work import unit_of_work
from tests.conftest import TestDatabase
from tests.letterbox import as_worker


async def test_the_calendar_is_loaded_once_and_loading_again_changes_nothing(empty: TestDatabase) -> None:
    async with as_worker(empty.url):
        async with unit_of_work(SYSTEM) as work:
            assert await load_calendar(work, [2025, 2026]) > 50
            assert await load_calendar(work, [2026]) == 0
        async with unit_of_work(SYSTEM) as work:
            calendar = await work_calendar(work.session)
    assert calendar.is_working(date(2026, 1, 4))
    assert not calendar.is_working(date(2026, 10, 1))
    assert {2025, 2026} <= calendar.official_years


async def test_a_wrong_day_is_put_right_and_a_surplus_one_taken_out(empty: TestDatabase) -> None:
    async with as_worker(empty.url):
        async with unit_of_work(SYSTEM) as work:
            await load_calendar(work, [2026])
        await empty.owner.execute("UPDATE calendar_days SET working = true WHERE day = '2026-10-01'")
        await empty.owner.execute("INSERT INTO calendar_days VALUES ('2026-03-03', false, 'x', true, 'x')")
        async with unit_of_work(SYSTEM) as work:
            assert not (await work_calendar(work.session)).is_working(date(2026, 3, 3))
            assert await load_calendar(work, [2026]) == 2
            calendar = await work_calendar(work.session)
    assert calendar.is_working(date(2026, 3, 3))
    assert not calendar.is_working(date(2026, 10, 1))


async def test_an_announced_year_is_not_replaced_by_an_estimate(empty: TestDatabase) -> None:
    async with as_worker(empty.url):
        await empty.owner.execute("INSERT INTO calendar_days VALUES ('2031-05-05', true, '调休上班', true, 'the county')")
        async with unit_of_work(SYSTEM) as work:
            assert await load_calendar(work, [2031]) == 0
    assert await empty.value("SELECT count(*) FROM calendar_days") == 1


async def test_last_year_this_year_and_the_next_are_ensured(empty: TestDatabase) -> None:
    async with as_worker(empty.url):
        async with unit_of_work(SYSTEM) as work:
            assert await ensure_calendar(work) > 0
            this_year = local_day(work.now).year
        found = await empty.fetch("SELECT DISTINCT extract(year FROM day)::int AS year FROM calendar_days ORDER BY 1")
    assert [row["year"] for row in found] == [this_year - 1, this_year, this_year + 1]
