"""S7: two county bureaus push a matter to and fro. No clock starts anew, the third return is decided on, and both are seen to do it."""

from datetime import timedelta

import pytest
from httpx import ASGITransport, AsyncClient

from reporting_api.app import build
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.database import REPORTING, WORKER, Database, use_database
from services.platform.unit_of_work import unit_of_work
from services.tickets.escalating import escalate_due
from tests.county import COUNTY, PENGZHAI, ROADS, SHUIKOU, WATER
from tests.journeys.people import Desk
from tests.reports.signing import signed_in_as

PASSED_BY = ("accept", "first_contact", "resolve")


@pytest.fixture
async def desk(intake, county):
    return Desk(intake, county)


@pytest.fixture
async def figures(county):
    """The reporting door, reading with its own role."""
    reader = Database(county.url, REPORTING)

    async def ask(login, path, **parameters):
        headers = await signed_in_as(login)
        use_database(reader)
        try:
            async with AsyncClient(transport=ASGITransport(build()), base_url="http://door") as door:
                answer = await door.get(f"/v1/reports/hand-offs{path}", params=parameters, headers=headers)
        finally:
            use_database(county.database)
        assert answer.status_code == 200, answer.text
        return answer.json()

    yield ask
    await reader.close()


async def dues(desk, number):
    return {
        item["stage"]: (item["started_at"], item["due_at"]) for item in (await desk.read(number))["clocks"] if item["stage"] in PASSED_BY
    }


async def bounced(desk):
    """Bureau A, B and A again give the matter back: each time without a word of work."""
    number = await desk.file(category="water.quality", surface_to=WATER, words="自来水发黄", place={"unit_code": SHUIKOU})
    before = await dues(desk, number)
    assert set(before) == set(PASSED_BY)
    for holder, right, then in (("water", ROADS, ROADS), ("roads", WATER, WATER), ("water", None, None)):
        more = {"right_unit": right} if right else {}
        await desk.does(holder, number, "return", reason="not_ours", words="不属我局职责", **more)
        assert await dues(desk, number) == before, "no clock starts anew"
        if then:
            await desk.does("county", number, "dispatch", unit=then, words="按退单建议改派")
    return number, before


async def test_third_bounce_is_adjudicated_against_a_clock_and_gives_nobody_time(desk, county, figures, monkeypatch):
    number, before = await bounced(desk)
    found = await desk.read(number)
    assert (found["status"], found["returns"], found["adjudication"], found["desk"]["code"]) == ("received", 3, True, COUNTY)
    (deciding,) = [item for item in found["clocks"] if item["stage"] == "adjudicate"]
    assert deciding["state"] == "running"
    assert await county.value("SELECT count(*) FROM clocks WHERE stage = 'dispatch' AND state = 'running'") == 0
    assert await desk.refused("county", number, "dispatch", unit=ROADS, words="再派") == "ticket.adjudication_open"

    late = clock.now() + timedelta(days=20)
    with monkeypatch.context() as moved:
        moved.setattr(clock, "now", lambda: late)
        async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
            await escalate_due(work, 100)
    levels = await county.fetch(
        "SELECT e.name, u.code FROM escalations e JOIN clocks c ON c.id = e.clock_id JOIN units u ON u.id = e.late_unit_id"
        " WHERE c.stage = 'adjudicate' ORDER BY e.level"
    )
    assert [row["name"] for row in levels] == ["urge", "supervise", "raise", "list"], "nobody decided"
    assert {row["code"] for row in levels} == {COUNTY}, "the desk that should have is late"
    await county.settle()

    assert await desk.refused("county", number, "adjudicate", unit=SHUIKOU, words="村里办") == "ticket.county_matter"
    decided = await desk.does("county", number, "adjudicate", unit=WATER, words="水质问题由水利局承办")
    assert (decided["status"], decided["holder"]["code"], decided["adjudication"]) == ("dispatched", WATER, False)
    assert (await dues(desk, number))["resolve"] == before["resolve"], "nor does the decision give time"
    assert await desk.refused("water", number, "return", reason="not_ours", words="仍不归我局") == "ticket.designated"
    for unit in (PENGZHAI, SHUIKOU):
        assert await desk.refused("county", number, "transfer", unit=unit, words="下派") == "ticket.county_matter"
    told = await county.fetch("SELECT template FROM messages WHERE template = 'designated'")
    assert len(told) == 1
    await figure_shows_both(figures, number)


async def figure_shows_both(figures, number):
    report = await figures("county", "")
    rows = {row["unit"]["code"]: row for row in report["units"]}
    assert {code: (rows[code]["received"], rows[code]["idle"], rows[code]["times"]) for code in (WATER, ROADS)} == {
        WATER: (1, 1, 2),
        ROADS: (1, 1, 1),
    }
    assert rows[WATER]["idle_share"] == "100.00"
    for code in (WATER, ROADS):
        listed = await figures("county", "/tickets", of=code)
        assert (listed["total"], [item["number"] for item in listed["items"]]) == (1, [number])
    assert (await figures("county", "/tickets", part="received"))["total"] == report["total"]["received"] == 1
    assert (await figures("yangming", ""))["units"] == [], "what one may not list is not counted"


async def test_whoever_did_something_before_passing_on_is_no_idle_one(desk, figures):
    number = await desk.file(place={"unit_code": SHUIKOU})
    await desk.does("shuikou", number, "accept")
    await desk.does("shuikou", number, "log_work", words="已到现场,需更换主管")
    await desk.does("shuikou", number, "hand_up", reason="needs_funds", words="村里无力承担")
    await desk.does("county", number, "transfer", unit=ROADS, words="镇里请求转办", wished=True)
    rows = {row["unit"]["code"]: row for row in (await figures("county", ""))["units"]}
    assert (rows[SHUIKOU]["passed_on"], rows[SHUIKOU]["idle"]) == (1, 0)
    assert (rows[PENGZHAI]["passed_on"], rows[PENGZHAI]["idle"]) == (1, 1), "it asked for it and had done nothing"
    assert (rows[ROADS]["passed_on"], rows[ROADS]["passed_on_share"]) == (0, "0.00")
    assert (await figures("county", "/tickets", of=SHUIKOU))["items"] == []
