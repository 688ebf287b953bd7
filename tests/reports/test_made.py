"""Sums that are missing answer nothing, whatever else an upgrade brings; added up from the facts they are those that upkeep keeps."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from daguanjia.commands.status import Status
from dispatch_worker.jobs.make_sums import make_sums
from dispatch_worker.station import Station
from services.notifications.senders import Senders
from services.platform.actor import SYSTEM
from services.platform.database import OWNER, WORKER, Database, use_database
from services.platform.unit_of_work import unit_of_work
from services.reports.adding_up import add_missing
from services.reports.counting import count
from services.reports.durations import MEASURES
from services.reports.figures import one_snapshot, report, sums_by_row
from services.reports.made import EVERYTHING, Made, made_of, mark_empty, meanings, read_made, sums_made
from services.reports.measures import COUNTERS, GRAINS
from services.reports.questions import Asked, understand
from services.reports.rebuilding import rebuild
from services.reports.times import time_report
from tests.conftest import TestDatabase
from tests.reports import ground

FIRST, LAST = date(2026, 10, 1), date(2027, 2, 28)
URGENCIES = Asked("received", FIRST, LAST, by="urgency", source="all")
TOOK = Asked("close_time", FIRST, LAST)


@pytest.fixture
async def counted(empty: TestDatabase) -> AsyncIterator[TestDatabase]:
    """A county with 200 tickets of every kind, all counted; open under the worker's role."""
    opened = Database(empty.url, WORKER)
    use_database(opened)
    dice = random.Random(31)
    units = await ground.plant(empty.owner)
    tickets = await ground.scatter(empty.owner, dice, 200, units)
    await ground.stir(empty.owner, dice, tickets[:80])
    await ground.speak(empty.owner, dice, tickets[40:120])
    await ground.judge(empty.owner, dice, tickets[100:160], units["T1"])
    await ground.tell(tickets)
    async with unit_of_work(SYSTEM) as work:
        await count(work, tickets)
        await work.session.execute(text("DELETE FROM deliveries"))
    yield empty
    await opened.close()


async def missing() -> Made:
    async with unit_of_work(SYSTEM) as work:
        return await read_made(work.session)


async def made_anew() -> list[str]:
    found = []
    while True:
        async with unit_of_work(SYSTEM) as work:
            name = await add_missing(work)
        if name is None:
            return found
        found.append(name)


async def numbers(asked: Asked) -> dict[str, int]:
    async with unit_of_work(SYSTEM) as work:
        return {row.key: row.numerator for row in (await report(work, asked)).rows}


async def test_sums_added_up_from_facts_are_the_very_rows_that_upkeep_kept(counted: TestDatabase) -> None:
    kept = await ground.kept_rows(counted.owner)
    assert await made_anew() == []
    await counted.owner.execute("DELETE FROM sums_made")
    await counted.owner.execute("UPDATE rollup_cells SET received = received + 1, due = 7 WHERE grain LIKE 'month_%'")
    await counted.owner.execute("UPDATE duration_cells SET tickets = 0 WHERE area = ''")
    assert (await missing()).missing == len(GRAINS) + len(COUNTERS) + len(MEASURES)
    assert set(await made_anew()) == {"counters"} | {grain.code for grain in GRAINS} | set(MEASURES)
    assert await ground.kept_rows(counted.owner) == kept
    assert await missing() == EVERYTHING


async def test_one_grain_that_is_missing_is_added_up_from_another_or_from_the_facts(counted: TestDatabase) -> None:
    kept = await ground.kept_rows(counted.owner)
    for grain in GRAINS:
        await counted.owner.execute("DELETE FROM sums_made WHERE name = $1", f"grain {grain.code}")
        await counted.owner.execute("DELETE FROM rollup_cells WHERE grain = $1 AND received > 0", grain.code)
        assert await made_anew() == [grain.code]
    assert await ground.kept_rows(counted.owner) == kept


async def test_what_is_not_made_answers_nothing_and_figures_stay_exact(counted: TestDatabase) -> None:
    told = await numbers(URGENCIES)
    async with unit_of_work(SYSTEM) as work:
        took = (await time_report(work, TOOK)).total
    assert sum(told.values()) > 100
    await counted.owner.execute("DELETE FROM rollup_cells WHERE grain LIKE '%turn'")
    assert await numbers(URGENCIES) != told
    await counted.owner.execute("UPDATE sums_made SET meaning = 'another' WHERE name LIKE 'grain %turn'")
    assert await numbers(URGENCIES) == told
    await counted.owner.execute("DELETE FROM rollup_cells")
    await counted.owner.execute("DELETE FROM duration_cells")
    await counted.owner.execute("UPDATE sums_made SET meaning = 'another' WHERE name IN ('counter received', 'duration close')")
    async with unit_of_work(SYSTEM) as work:
        await one_snapshot(work.session)
        for by in (None, "unit:village", "month", "department", "category"):
            question = await understand(work, Asked("completion_rate_received", FIRST, LAST, by=by))  # type: ignore[arg-type]
            assert await sums_by_row(work.session, question) == await sums_by_row(work.session, question, by_sums=False) != {}
        assert (await time_report(work, TOOK)).total == took


async def test_a_counter_that_is_new_has_every_grain_made_anew(counted: TestDatabase) -> None:
    kept = await ground.kept_rows(counted.owner)
    await counted.owner.execute("DELETE FROM sums_made WHERE name = 'counter settled_raised'")
    await counted.owner.execute("UPDATE rollup_cells SET settled_raised = 0")
    assert set(await made_anew()) == {"counters"} | {grain.code for grain in GRAINS}
    assert await ground.kept_rows(counted.owner) == kept


async def test_cells_of_grains_that_are_kept_no_longer_go(counted: TestDatabase) -> None:
    kept = await ground.kept_rows(counted.owner)
    for code in ("a_first", "month_none", "z_last"):
        await counted.owner.execute(
            "INSERT INTO rollup_cells (grain, area, day, category, channel, source)"
            " SELECT DISTINCT $1, area, day, category, channel, source FROM rollup_cells WHERE grain = 'day_kind'",
            code,
        )
    assert await made_anew() == ["a_first dropped", "month_none dropped", "z_last dropped"]
    assert await ground.kept_rows(counted.owner) == kept


async def test_a_worker_makes_what_is_missing_in_its_second_turn(counted: TestDatabase) -> None:
    kept = await ground.kept_rows(counted.owner)
    await counted.owner.execute("DELETE FROM sums_made WHERE name IN ('grain month_flow', 'grain month_whole_flow', 'duration work')")
    await counted.owner.execute("DELETE FROM rollup_cells WHERE grain LIKE '%flow'")
    station = Station(handlers={}, senders=Senders(), batch=1)
    await make_sums(station)
    assert (await missing()).missing == 3
    await make_sums(station)
    assert await missing() == EVERYTHING
    assert await ground.kept_rows(counted.owner) == kept


async def test_an_empty_database_lacks_nothing_and_one_with_facts_is_not_taken_for_whole(
    counted: TestDatabase, empty: TestDatabase
) -> None:
    owner = Database(empty.url, OWNER)
    await counted.owner.execute("DELETE FROM sums_made")
    async with owner.engine.begin() as connection:
        await connection.run_sync(mark_empty)
    assert (await missing()).missing
    async with unit_of_work(SYSTEM) as work:
        await rebuild(work)
    assert await missing() == EVERYTHING
    for table in ("rollup_cells", "duration_cells", "report_history", "report_facts", "sums_made"):
        await counted.owner.execute(f"DELETE FROM {table}")
    async with owner.engine.begin() as connection:
        await connection.run_sync(mark_empty)
    assert await missing() == EVERYTHING
    await owner.close()


async def test_that_nothing_is_missing_is_kept_once_every_snapshot_is_newer(counted: TestDatabase) -> None:
    async with unit_of_work(SYSTEM) as work:
        assert await sums_made(work) == EVERYTHING
    await counted.owner.execute("DELETE FROM sums_made")
    async with unit_of_work(SYSTEM) as work:
        assert (await sums_made(work)).missing
        assert await sums_made(replace(work, now=work.now + timedelta(minutes=2))) == EVERYTHING


def test_only_what_means_the_same_is_whole() -> None:
    assert made_of(meanings()) == EVERYTHING
    found = made_of(meanings() | {"grain month_flow": "another", "counter due": "another", "duration work": "another"})
    assert {grain.code for grain in GRAINS} - {grain.code for grain in found.grains} == {"month_flow"}
    assert (COUNTERS.keys() - found.counters, MEASURES.keys() - found.measures, found.missing) == ({"due"}, {"work"}, 3)
    assert made_of({}).missing == len(meanings())


def test_missing_sums_are_something_somebody_has_to_do_something_about() -> None:
    well = Status("18", redis=True, schema="0077", schema_needed="0077", missing_sums=0)
    lacking = Status("18", redis=True, schema="0077", schema_needed="0077", missing_sums=3)
    assert well.wrong() == []
    assert ["rebuild-reports --missing" in sentence for sentence in lacking.wrong()] == [True]
