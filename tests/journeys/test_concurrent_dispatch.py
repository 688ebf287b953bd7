"""S13: two dispatchers give out the same ticket at the same moment."""

import asyncio

from tests.county import PENGZHAI, SHUIKOU
from tests.journeys.people import Desk


async def test_one_wins_and_the_other_is_told_that_it_changed(intake, county):
    desk = Desk(intake, county)
    number = await desk.file(place={"unit_code": SHUIKOU})
    await desk.does("shuikou", number, "return", reason="not_ours", words="不归我村")
    seen = f'"{(await desk.read(number))["version"]}"'

    async def give(login, unit):
        body = {"action": "dispatch", "unit": unit, "words": "派单"}
        headers = {**await desk.as_(login), "If-Match": seen}
        return await desk.client.post(f"/v1/tickets/{number}/actions", json=body, headers=headers)

    for login in ("county", "pengzhai"):
        await desk.as_(login)
    answers = await asyncio.gather(give("county", PENGZHAI), give("pengzhai", SHUIKOU))
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (200, 412)
    assert (lost.json()["code"], lost.json()["version"]) == ("ticket.version_conflict", won.json()["version"])
    await county.settle()
    found = await desk.read(number)
    assert found["holder"] == won.json()["holder"], "the winner's word stands"
    assert await county.value("SELECT count(*) FROM assignments WHERE part = 'lead' AND ended_at IS NULL") == 1
    story = (await desk.client.get(f"/v1/tickets/{number}/events", headers=await desk.as_("county"))).json()
    assert story["intact"], "the chain is linear"
    assert [item["seq"] for item in story["items"]] == list(range(1, len(story["items"]) + 1))
    assert sum(item["type"] == "ticket.dispatched" for item in story["items"]) == 2
