"""Limits over the Spring Festival and over a year nobody has announced yet, as people at the desks see them (the clock is moved)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.catalogue.actions import load_category_file
from services.deadlines.changing import load_years
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.clock import SHANGHAI
from services.platform.database import WORKER
from services.platform.unit_of_work import unit_of_work
from services.tickets.escalating import escalate_due
from services.tickets.recalculating import recalculate
from tests.county import STAFFED_GRID
from tests.journeys.people import Desk

CATALOGUE = Path(__file__).parents[2] / "daguanjia" / "data" / "categories.csv"
NOISE = "environment.noise"


def shanghai(*parts):
    return datetime(*parts, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.fixture
async def desk(intake, county, monkeypatch):
    """A desk whose clock the test moves; noise must be dealt with in two working days."""
    text = CATALOGUE.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith(NOISE))
    assert ",1wd,1wd,5wd," in line
    async with unit_of_work(SYSTEM) as work:
        await load_category_file(work, text.replace(line, line.replace(",1wd,1wd,5wd,", ",1wd,1wd,2wd,")))
    await county.owner.execute("UPDATE posts SET valid_from = '2020-01-01'")
    found = Desk(intake, county)

    def move(instant):
        monkeypatch.setattr(clock, "now", lambda: instant)
        found.headers.clear()  # a session is over after some hours

    found.move, found.now = move, clock.now
    return found


async def clocks(desk, number):
    answer = await desk.client.get(f"/v1/tickets/{number}/clocks", headers=await desk.as_("county"))
    assert answer.status_code == 200, answer.text
    return {story["stage"]: story for story in answer.json()["items"]}


async def file_noise(desk):
    return await desk.file("隔壁铁皮房半夜切割,吵得睡不着", category=NOISE, place={"unit_code": STAFFED_GRID})


async def test_two_working_days_from_the_friday_before_the_spring_festival(desk, county):
    desk.move(shanghai(2026, 2, 13, 17, 20))
    number = await file_noise(desk)
    resolve = (await clocks(desk, number))["resolve"]
    assert resolve["due_at"] == "2026-02-24T16:00:00Z", "Saturday the 14th is made up and day 1, 15–23 are off, Tuesday the 24th is day 2"
    assert (resolve["provisional"], resolve["left"]["working_days"]) == (False, 2)
    await desk.does("grid", number, "accept")

    desk.move(shanghai(2026, 2, 17, 12))
    assert (await clocks(desk, number))["resolve"]["left"]["working_days"] == 1, "the festival takes nothing away"
    desk.move(shanghai(2026, 2, 25, 0))
    ticket = await desk.read(number)
    assert not ticket["overdue"], "the limit ends with the day"
    desk.move(shanghai(2026, 2, 25, 0, 0, 1))
    assert (await desk.read(number))["overdue"]
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        await escalate_due(work, 100)
    resolve = (await clocks(desk, number))["resolve"]
    assert [level["reached_at"] for level in resolve["levels"] if level["name"] == "urge"][-1] == "2026-02-24T16:00:00Z"


async def test_a_limit_in_a_year_nobody_announced_says_so_and_is_worked_out_anew_when_it_is(desk, county):
    desk.move(shanghai(2023, 12, 28, 10))
    number = await file_noise(desk)
    await desk.does("grid", number, "accept")
    before = (await clocks(desk, number))["resolve"]
    assert before["provisional"], "nobody loaded the lists of 2023 and 2024 here"
    assert before["due_at"] == "2024-01-01T16:00:00Z", "Friday the 29th and, as far as the plain week goes, Monday the 1st"
    announced = {
        "2023": {"official": True, "source": "国办发明电〔2022〕16号", "off": {"2023-10-01": "国庆节"}, "on": {}},
        "2024": {"official": True, "source": "国办发明电〔2023〕7号", "off": {"2024-01-01": "元旦"}, "on": {}},
    }
    desk.move(desk.now())
    async with unit_of_work(SYSTEM) as work:
        assert await load_years(work, announced)
    desk.move(desk.now())
    async with county.as_role(WORKER):
        async with unit_of_work(SYSTEM) as work:
            assert await recalculate(work, 100) == 0, "what it was late by under the days it had is recorded first"
            assert await escalate_due(work, 100) == 1
        async with unit_of_work(SYSTEM) as work:
            assert await recalculate(work, 100) == 1
        async with unit_of_work(SYSTEM) as work:
            assert await recalculate(work, 100) == 0, "once for each version"
    await county.settle()

    after = (await clocks(desk, number))["resolve"]
    assert not after["provisional"]
    assert after["due_at"] == "2024-01-02T16:00:00Z", "New Year's Day is off: Tuesday the 2nd is day 2"
    assert [(move["kind"], move["due_before"], move["due_after"]) for move in after["moves"]] == [
        ("recalculation", before["due_at"], after["due_at"])
    ]
    answer = await desk.client.get(f"/v1/tickets/{number}/events", headers=await desk.as_("county"))
    told = [item for item in answer.json()["items"] if item["type"] == "ticket.recalculated"]
    assert len(told) == 1
    assert answer.json()["intact"]
    (message,) = await county.fetch("SELECT words FROM messages WHERE template = 'recalculated'")
    assert message["words"].endswith("的时限重新核算，须在2024年1月3日 00:00前办结。")
    moved = [limit for limit in told[0]["data"]["limits"] if limit["stage"] == "resolve"]
    assert [datetime.fromisoformat(moved[0][name]) for name in ("due_before", "due_after")] == [
        datetime.fromisoformat(before["due_at"]),
        datetime.fromisoformat(after["due_at"]),
    ]
