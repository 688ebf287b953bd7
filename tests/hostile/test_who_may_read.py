"""Who may know who complained, and read what they said."""

import pytest

from tests.county import SHUIKOU, WATER
from tests.journeys.people import Desk


@pytest.fixture
async def desk(intake, county):
    return Desk(intake, county)


async def _contact(desk: Desk, login: str, number: str):
    answer = await desk.client.get(f"/v1/tickets/{number}/complaints", headers=await desk.as_(login))
    assert answer.status_code == 200, answer.text
    return answer.json()[0]["contact"]


@pytest.mark.parametrize(
    "told",
    [
        {"category": "environment.pollution", "place": {"unit_code": SHUIKOU}},
        {"category": "water.pipe_burst", "place": {"unit_code": SHUIKOU}, "confidential": True},
    ],
    ids=["the matter is confidential", "the person asked for it"],
)
async def test_whoever_handles_a_confidential_complaint_does_not_learn_who_complained(desk, told):
    number = await desk.file("河边工厂夜里偷排", **told)
    assert (await desk.read(number))["privacy"] == "confidential"
    await desk.does("county", number, "transfer", unit=WATER, words="请水利局办理", designate=True)
    assert await _contact(desk, "water", number) is None
    masked = {"name": "黄*", "phone": "138****0123", "wechat": False, "email": None}
    assert await _contact(desk, "hotline", number) == masked
    assert await _contact(desk, "county", number) == masked


async def test_a_complaint_made_in_confidence_stays_so_in_an_ordinary_category(desk):
    number = await desk.file("河边工厂夜里偷排", category="environment.pollution", place={"unit_code": SHUIKOU}, confidential=True)
    await desk.does("county", number, "triage", category="water.pipe_burst", words="实为水管爆裂")
    await desk.does("county", number, "transfer", unit=WATER, words="请水利局办理", designate=True)
    assert await _contact(desk, "water", number) is None


async def test_nobody_reads_a_ticket_of_another_area_by_any_address(desk):
    number = await desk.file()
    complaint = (await desk.client.get(f"/v1/tickets/{number}/complaints", headers=await desk.as_("county"))).json()[0]
    stranger = await desk.as_("yangming")
    for suffix in ("", "/complaints", "/events", "/why", "/clocks", "/work-logs", "/evidence", "/messages"):
        answer = await desk.client.get(f"/v1/tickets/{number}{suffix}", headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "ticket.unknown"), suffix
    acted = await desk.client.post(
        f"/v1/tickets/{number}/actions", json={"action": "urge", "words": "请抓紧"}, headers={**stranger, "If-Match": "*"}
    )
    assert (acted.status_code, acted.json()["code"]) == (404, "ticket.unknown")
    reworded = await desk.client.post(f"/v1/complaints/{complaint['id']}/rewordings", json={"words": "x"}, headers=stranger)
    assert (reworded.status_code, reworded.json()["code"]) == (404, "complaint.unknown")
    listed = await desk.client.get("/v1/tickets", headers=stranger)
    assert listed.json()["items"] == []
    counted = await desk.client.get("/v1/tickets/count", headers=stranger)
    assert counted.json() == {"count": 0}
