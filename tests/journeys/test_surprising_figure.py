"""An analyst sees a surprising figure and goes from it to the ticket that explains it, by what the dashboard itself asks for."""

import pytest
from httpx import ASGITransport, AsyncClient

from reporting_api.app import build
from services.platform.database import REPORTING, Database, use_database
from tests.county import PENGZHAI, SHUIKOU, YANGMING
from tests.journeys.people import Desk
from tests.reports.signing import signed_in_as

METRIC = "satisfaction_rate"
CONTENT = {"reached": True, "contacted": True, "solved": True, "satisfied": True}
NOT_CONTENT = {"reached": True, "contacted": True, "solved": False, "satisfied": False, "words": "修了又漏,没人再来"}


@pytest.fixture
async def desk(intake, county):
    return Desk(intake, county)


@pytest.fixture
async def page(county):
    """What the dashboard asks the reporting door for, as the analyst."""
    reader = Database(county.url, REPORTING)

    async def ask(address, **parameters):
        headers = await signed_in_as("analyst")
        use_database(reader)
        try:
            async with AsyncClient(transport=ASGITransport(build()), base_url="http://door") as door:
                answer = await door.get(address, params=parameters, headers=headers)
        finally:
            use_database(county.database)
        assert answer.status_code == 200, answer.text
        return answer.json()

    yield ask
    await reader.close()


async def handled(desk, holder, unit, call_back):
    """A burst pipe is repaired by whoever holds it, and the hotline calls back."""
    number = await desk.file(place={"unit_code": unit})
    await desk.does(holder, number, "accept")
    await repaired(desk, holder, number)
    await desk.does("hotline", number, "call_back", **call_back)
    return number


async def repaired(desk, holder, number):
    await desk.does(holder, number, "resolve", words="修好了", files=await desk.evidence(holder))
    await desk.does("hotline", number, "answer", words="您反映的水管已修好")


async def passed_round_and_botched(desk):
    """The village says it is not its own, the township sends it back, the repair does not hold, and the villager says so."""
    number = await desk.file(place={"unit_code": SHUIKOU})
    await desk.does("shuikou", number, "return", reason="wrong_place", words="不在本村,在邻村", right_unit=PENGZHAI)
    await desk.does("pengzhai", number, "dispatch", unit=SHUIKOU, words="经核实在本村,属地处理")
    await desk.does("shuikou", number, "accept")
    await repaired(desk, "shuikou", number)
    await desk.does("hotline", number, "call_back", **NOT_CONTENT)
    return number


async def test_from_a_surprising_figure_to_the_ticket_that_explains_it(desk, page):
    content = await handled(desk, "shuikou", SHUIKOU, CONTENT)
    await handled(desk, "yangming", YANGMING, CONTENT)
    culprit = await passed_round_and_botched(desk)

    overview = await page("/v1/dashboard/overview")
    (surprising,) = [figure for figure in overview["figures"] if figure["metric"] == f"{METRIC}@1"]
    assert (surprising["now"]["shown"], surprising["now"]["numerator"], surprising["now"]["denominator"]) == ("66.67%", 2, 3)
    assert surprising["numerator_words"] == "诉求人表示满意的工单"
    days = {"from": overview["period"]["first"], "to": overview["period"]["last"]}

    where = overview["unit"]["code"]
    for by in ("unit:township", "unit:village"):
        told = await page("/v1/dashboard/areas", metric=METRIC, unit=where, by=by, **days)
        known = [row for row in told["rows"] if row["denominator"]]
        lowest = min(known, key=lambda row: float(row["percent"]))
        assert lowest["lower"] < float(lowest["percent"]) < lowest["upper"], "of two calls nobody concludes much"
        where = lowest["key"]
    assert (where, lowest["shown"], lowest["denominator"]) == (SHUIKOU, "50.00%", 2)

    question = {"unit": where, "by": "unit:village", "key": where, **days}
    called = await page(f"/v1/reports/{METRIC}/tickets", part="denominator", **question)
    satisfied = await page(f"/v1/reports/{METRIC}/tickets", part="numerator", **question)
    assert (called["total"], satisfied["total"]) == (lowest["denominator"], lowest["numerator"])
    left = {item["number"] for item in called["items"]} - {item["number"] for item in satisfied["items"]}
    assert left == {culprit}
    assert {item["number"] for item in satisfied["items"]} == {content}
    await its_timeline_says_why(desk, culprit)


async def its_timeline_says_why(desk, number):
    analyst = await desk.as_("analyst")
    story = (await desk.client.get(f"/v1/tickets/{number}/events", headers=analyst)).json()
    assert story["intact"]
    happened = [event["type"].removeprefix("ticket.") for event in story["items"]]
    for earlier, later in (("returned", "resolved"), ("resolved", "called_back")):
        assert happened.index(earlier) < happened.index(later)
    told = {event["type"]: event for event in story["items"]}
    assert told["ticket.returned"]["unit"]["code"] == SHUIKOU
    assert told["ticket.returned"]["data"]["reason"] == "wrong_place"
    assert told["ticket.called_back"]["data"]["satisfied"] is False
    assert told["ticket.returned"]["data"]["words"] == "不在本村,在邻村"
    listed = (await desk.client.get(f"/v1/tickets/{number}", headers=analyst)).json()
    assert (listed["round"], listed["status"]) == (2, "dispatched"), "it is being done again"
