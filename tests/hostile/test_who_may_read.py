"""Who may know who complained, and read what they said."""

import pytest

from tests.county import LOGINS, SHUIKOU, WATER
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


@pytest.mark.parametrize("login", ["organization", "discipline"])
async def test_whoever_oversees_reads_across_and_changes_nothing_and_learns_nobody(desk, login):
    told = {"category": "environment.pollution", "place": {"unit_code": SHUIKOU}, "confidential": True}
    plain, secret = await desk.file(), await desk.file("河边工厂夜里偷排", **told)
    await desk.does("county", plain, "transfer", unit=WATER, words="请水利局办理", designate=True)
    listed = await desk.client.get("/v1/tickets", headers=await desk.as_(login))
    assert {item["number"] for item in listed.json()["items"]} == {plain, secret}
    for number in (plain, secret):
        assert await _contact(desk, login, number) is None
        assert (await desk.read(number, login))["allowed_actions"] == []
        for suffix in ("/events", "/why", "/clocks", "/work-logs", "/messages", "/call-backs", "/words"):
            answer = await desk.client.get(f"/v1/tickets/{number}{suffix}", headers=await desk.as_(login))
            assert answer.status_code == 200, suffix
            assert "13800000123" not in answer.text
            assert "黄" not in answer.text, suffix
        assert (await desk.client.get(f"/v1/tickets/{number}/same-person", headers=await desk.as_(login))).status_code == 403
    by_action = {
        "urge": {"words": "请抓紧"},
        "supervise": {"words": "督办"},
        "transfer": {"unit": WATER, "words": "x"},
        "close": {"verified_by": "site_check", "words": "x"},
        "instruct": {"unit": WATER, "words": "x"},
    }
    for action, more in by_action.items():
        answer = await desk.try_(login, plain, action, **more)
        assert 400 <= answer.status_code < 500, (action, answer.text)
    words = {"words": "改写"}
    complaint = (await desk.client.get(f"/v1/tickets/{plain}/complaints", headers=await desk.as_(login))).json()[0]["id"]
    assert (await desk.client.post(f"/v1/complaints/{complaint}/rewordings", json=words, headers=await desk.as_(login))).status_code == 403


async def test_discipline_inspection_sees_who_opened_a_contact_and_why_and_not_whose_it_was(desk):
    number = await desk.file()
    task = await desk.county.value(
        "INSERT INTO phone_tasks (id, ticket_id, complaint_id, purpose, words, state, not_before, created_at)"
        " SELECT gen_random_uuid(), ticket_id, id, 'call_back', 'x', 'open', now() - interval '1 day', now() FROM complaints RETURNING id"
    )
    address = f"/v1/hotline/phone-tasks/{task}/number"
    shown = await desk.client.post(address, json={"purpose": "回访核实"}, headers=await desk.as_("hotline"))
    assert shown.status_code == 200, shown.text
    heard = await desk.client.get("/v1/reveals", headers=await desk.as_("discipline"))
    (look,) = heard.json()["items"]
    assert (look["kind"], look["number"], look["purpose"]) == ("contact", number, "回访核实")
    assert look["member"]["name"] == LOGINS["hotline"].name
    assert "580" in look["office"]
    assert "13800000123" not in heard.text
    member = look["member"]["id"]
    for query, found in (({"number": number}, 1), ({"number": "20200101-000001-1"}, 0), ({"member_id": member}, 1), ({"limit": 1}, 1)):
        answer = await desk.client.get("/v1/reveals", params=query, headers=await desk.as_("discipline"))
        assert len(answer.json()["items"]) == found, query
    for login in ("organization", "county", "admin", "analyst"):
        assert (await desk.client.get("/v1/reveals", headers=await desk.as_(login))).status_code == 403, login
