"""One ticket through every action of the lifecycle table, over HTTP, as the people at work would take them."""

from datetime import datetime, timedelta

import pytest

from services.complaints.supplements import MoreTold, supplement
from services.platform.actor import COMPLAINANT
from services.platform.clock import now
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from services.tickets.lifecycle import ACTION_NAMES
from tests.county import PENGZHAI, ROADS, SHUIKOU, WATER
from tests.journeys.people import Desk


@pytest.fixture
async def desk(intake, county):
    return Desk(intake, county)


async def taken_actions(county):
    from services.tickets.deciding import EVENT_TYPES

    named = {event: action for action, event in EVENT_TYPES.items()}
    return {
        named[row["type"]]
        for row in await county.fetch("SELECT DISTINCT type FROM events WHERE subject_kind = 'ticket'")
        if row["type"] in named
    }


async def test_one_matter_goes_through_every_action(desk, county):
    number = await desk.file()
    assert (await desk.read(number))["holder"]["code"] == SHUIKOU

    await moves_between_units(desk, number)
    await is_worked_on(desk, number)
    await is_told_more_of(county, number)
    await is_verified_and_comes_back(desk, number)
    await ends(desk, number)
    await others_are_rejected_cancelled_and_merged(desk, number)
    await a_matter_nobody_wants_is_adjudicated(desk)
    await a_petition_is_taken_on(desk, county)

    assert await taken_actions(county) == set(ACTION_NAMES)
    story = (await desk.client.get(f"/v1/tickets/{number}/events", headers=await desk.as_("county"))).json()
    assert story["intact"]
    assert [item["seq"] for item in story["items"]] == list(range(1, len(story["items"]) + 1))


async def moves_between_units(desk, number):
    await desk.does("shuikou", number, "return", reason="wrong_place", words="不在本村", right_unit=PENGZHAI)
    back = await desk.read(number)
    assert (back["status"], back["holder"], back["returns"]) == ("received", None, 1)
    resolve_due = {clock["stage"]: clock["due_at"] for clock in back["clocks"]}["resolve"]

    await desk.does("pengzhai", number, "triage", words="核实在水口村小学旁", place=SHUIKOU, urgency="urgent")
    assert (await desk.read(number))["status"] == "received", "a desk decides where a returned ticket goes"
    await desk.does("pengzhai", number, "dispatch", unit=SHUIKOU, words="属地处理")
    accepted = await desk.does("shuikou", number, "accept")
    assert accepted["status"] == "accepted"
    up = await desk.does("shuikou", number, "hand_up", reason="needs_funds", words="村里无力承担")
    assert (up["holder"]["code"], up["tier"], up["hand_offs"]) == (PENGZHAI, "township", 2)
    over = await desk.does("county", number, "transfer", unit=WATER, words="主管爆裂,归水利局")
    assert over["holder"]["code"] == WATER
    over = await desk.does("pengzhai", number, "transfer", unit=PENGZHAI, words="镇里先牵头")
    assert {clock["stage"]: clock["due_at"] for clock in over["clocks"]}["resolve"] == resolve_due, "passing on gains no time"
    await desk.does("pengzhai", number, "accept")


async def is_worked_on(desk, number):
    await desk.does("pengzhai", number, "join", unit=WATER, task="更换主管")
    contacted = await desk.does("pengzhai", number, "log_work", words="已联系群众,先关阀", contacted=True)
    assert {clock["stage"]: clock["state"] for clock in contacted["clocks"]}["first_contact"] == "stopped"
    await desk.does("pengzhai", number, "request_extension", working_days=3, reason="materials", words="管件要从县城调")
    assert await desk.refused("pengzhai", number, "decide_extension", granted=True, words="自批") == "ticket.holder_approves"
    granted = await desk.does("county", number, "decide_extension", granted=True, words="同意")
    clock = next(clock for clock in granted["clocks"] if clock["stage"] == "resolve")
    assert datetime.fromisoformat(clock["due_at"]) > datetime.fromisoformat(clock["first_due_at"])

    await desk.does("pengzhai", number, "request_suspension", reason="force_majeure", review_in_working_days=5, words="暴雨")
    assert await desk.refused("pengzhai", number, "decide_suspension", granted=True, words="自批") == "ticket.holder_approves"
    assert not (await desk.does("county", number, "decide_suspension", granted=False, words="雨已转小"))["suspended"]
    paused = await desk.does("county", number, "suspend", reason="force_majeure", words="暴雨红色预警")
    assert paused["suspended"]
    assert {clock["state"] for clock in paused["clocks"] if clock["stage"] == "resolve"} == {"paused"}
    await desk.does("pengzhai", number, "resume", words="雨停复工")
    for login, action, more in (
        ("hotline", "urge", {}),
        ("county", "supervise", {}),
        ("county", "instruct", {"unit": SHUIKOU}),
    ):
        await desk.does(login, number, action, words="请抓紧", **more)

    assert "acknowledge" in (await desk.read(number, "shuikou"))["allowed_actions"]
    await desk.does("shuikou", number, "acknowledge")
    followed = await desk.does("shuikou", number, "report_back", words="书记已到场")
    assert [row["report"] for row in followed["directives"] if row["kind"] == "instruct"] == ["书记已到场"]
    await departments_are_called_to_the_site(desk, number)

    files = await desk.evidence("pengzhai")
    assert await desk.refused("pengzhai", number, "resolve", words="修好了", files=files) == "ticket.open_tasks"
    await desk.does("water", number, "finish_task", words="主管已换")
    assert await desk.refused("pengzhai", number, "resolve", words="修好了") == "ticket.evidence_missing"
    resolved = await desk.does("pengzhai", number, "resolve", words="修好了", files=files)
    assert resolved["status"] == "resolved"


async def departments_are_called_to_the_site(desk, number):
    meet_at = (now() + timedelta(hours=2)).isoformat()
    called = {"kind": "hard_problem", "units": [WATER, ROADS], "meet_at": meet_at, "place": "水口村小学门前"}
    await desk.does("pengzhai", number, "whistle", words="请到场划清责任", **called)
    assert "respond" in (await desk.read(number, "roads"))["allowed_actions"], "whoever is called sees the ticket"
    await desk.does("roads", number, "respond", answer="not_coming", words="另有抢险")
    there = await desk.does("water", number, "respond", answer="arrived")
    assert {(clock["unit"]["code"], clock["state"]) for clock in there["clocks"] if clock["stage"] == "respond"} == {
        (WATER, "stopped"),
        (ROADS, "running"),
    }
    ended = await desk.does("pengzhai", number, "conclude_whistle", words="水利局换主管,镇里修路面")
    assert [clock["state"] for clock in ended["clocks"] if clock["stage"] == "respond"] == ["stopped", "cancelled"]


async def is_told_more_of(county, number):
    """The one action of the table that no person at work takes: its complainant tells more, on whatever channel."""
    told = "SELECT c.id, c.ticket_id FROM complaints c JOIN tickets t ON t.id = c.ticket_id WHERE number = $1"
    (ids,) = await county.fetch(told, number)
    async with unit_of_work(COMPLAINANT) as work:
        assert await supplement(work, ids["id"], ids["ticket_id"], MoreTold("wechat", "1", "漏得更厉害了")) is not None
        assert await supplement(work, ids["id"], ids["ticket_id"], MoreTold("wechat", "1", "漏得更厉害了")) is None, "once"
    await county.settle()
    assert await county.value("SELECT count(*) FROM messages WHERE template = 'supplemented'") == 1


async def is_verified_and_comes_back(desk, number):
    assert await desk.refused("hotline", number, "close", verified_by="documents", words="办结") == "ticket.answer_owed"
    await desk.does("hotline", number, "answer", words="您反映的水管已修好")
    assert await desk.refused("pengzhai", number, "close", verified_by="documents", words="办结") == "ticket.executor_verifies"
    again = await desk.does("hotline", number, "call_back", reached=True, contacted=True, solved=False, satisfied=False, words="又漏了")
    assert (again["round"], again["status"]) == (2, "dispatched"), "the next round goes to the same seat by itself"
    assert again["holder"]["code"] == PENGZHAI

    await desk.does("county", number, "transfer", unit=WATER, words="由水利局承办", designate=True)
    await desk.does("water", number, "accept")
    assert await desk.refused("water", number, "return", reason="not_ours", words="不归我局") == "ticket.designated"
    await desk.does("water", number, "resolve", words="已换新管", files=await desk.evidence("water"))
    await desk.does("water", number, "answer", words="已换新管,请放心")
    await desk.does("hotline", number, "call_back", reached=True, contacted=True, solved=True, satisfied=True)


async def ends(desk, number):
    closed = await desk.does("pengzhai", number, "close", verified_by="call_back", words="回访确认已解决")
    assert closed["status"] == "closed"
    assert closed["allowed_actions"] == ["call_back", "reopen", "seal"]
    await desk.does("pengzhai", number, "seal", words="来电人要求保密")
    assert await desk.refused("hotline", number, "seal", words="再次要求保密") == "ticket.confidential"
    reopened = await desk.does("hotline", number, "reopen", words="次日又漏")
    assert (reopened["round"], reopened["holder"]["code"]) == (3, WATER)


async def a_matter_nobody_wants_is_adjudicated(desk):
    number = await desk.file()
    for unit in ("shuikou", "pengzhai", "shuikou"):
        await desk.does(unit, number, "return", reason="not_ours", words="不归我管")
        if unit == "pengzhai":
            await desk.does("county", number, "dispatch", unit=SHUIKOU, words="再派")
        elif not (await desk.read(number))["adjudication"]:
            await desk.does("county", number, "dispatch", unit=PENGZHAI, words="再派")
    await desk.does("county", number, "adjudicate", unit=PENGZHAI, words="由镇里承办")


async def a_petition_is_taken_on(desk, county):
    body = {"filing_id": str(new_id()), "words": "水渠被占用", "place": {"unit_code": SHUIKOU}}
    filed = await desk.client.post("/v1/petitions", json=body, headers=await desk.as_("hotline"))
    await county.settle()
    await desk.does("pengzhai", filed.json()["number"], "inform", words="您反映的问题已受理")


async def others_are_rejected_cancelled_and_merged(desk, number):
    stray = await desk.file(category=None, place=None)
    await desk.does("county", stray, "return", reason="needs_more_information", words="无地点")
    assert (await desk.does("county", stray, "reject", reason="outside_duties", words="请拨打 110"))["status"] == "rejected"
    assert (await desk.does("county", stray, "reopen", words="当事人提供了新情况"))["status"] == "dispatched"
    assert (await desk.does("hotline", stray, "cancel", reason="withdrawn", words="来电撤回"))["status"] == "cancelled"

    twin = await desk.file(words="还是那根水管")
    merged = await desk.does("pengzhai", twin, "merge", into=number, words="同一处")
    assert (merged["status"], merged["merged_into"]) == ("merged", number)
    assert (await desk.read(number))["merged_tickets"] == [twin]
    apart = await desk.does("pengzhai", twin, "unmerge", words="经核实是两处")
    assert (apart["status"], apart["merged_into"]) == ("dispatched", None)


async def test_every_complainant_of_a_merged_matter_gets_an_answer(desk, county):
    first, second = await desk.file(), await desk.file(words="同一处水管")
    await desk.does("pengzhai", second, "merge", into=first, words="同一处")
    await desk.does("shuikou", first, "accept")
    await desk.does("shuikou", first, "resolve", words="已修", files=await desk.evidence("shuikou"))
    await desk.does("hotline", first, "answer", words="已修好")
    answered = await county.fetch("SELECT complaint_id FROM answers")
    assert len(answered) == 2
    assert {row["complaint_id"] for row in answered} == {row["id"] for row in await county.fetch("SELECT id FROM complaints")}


async def test_third_return_asks_for_an_adjudication(desk):
    number = await desk.file()
    for count in (1, 2, 3):
        ticket = await desk.does("shuikou", number, "return", reason="not_ours", words="不归我村")
        assert ticket["adjudication"] is (count == 3)
        if count < 3:
            await desk.does("pengzhai", number, "dispatch", unit=SHUIKOU, words="再派")
    assert await desk.refused("pengzhai", number, "dispatch", unit=SHUIKOU, words="再派") == "ticket.adjudication_open"
    assert await desk.refused("pengzhai", number, "adjudicate", unit=SHUIKOU, words="裁定") == "ticket.not_yours"
    assert (await desk.read(number, "county"))["allowed_actions"][:2] == ["triage", "adjudicate"]
    decided = await desk.does("county", number, "adjudicate", unit=SHUIKOU, words="裁定由水口村承办")
    assert (decided["adjudication"], decided["holder"]["code"]) == (False, SHUIKOU)
    assert await desk.refused("shuikou", number, "return", reason="not_ours", words="不归我村") == "ticket.designated"


async def test_township_sees_what_was_surfaced_to_the_county_and_cannot_stop_it(desk):
    number = await desk.file(surface_to=WATER)
    assert (await desk.read(number, "pengzhai"))["holder"]["code"] == WATER
    for action, more in (
        ("transfer", {"unit": PENGZHAI}),
        ("triage", {"urgency": "normal"}),
        ("cancel", {"reason": "withdrawn"}),
        ("supervise", {}),
    ):
        assert await desk.refused("pengzhai", number, action, words="不必", **more) == "ticket.direct"


async def test_somebody_elses_change_is_never_overwritten(desk):
    number = await desk.file()
    url, headers = f"/v1/tickets/{number}/actions", await desk.as_("shuikou")
    seen = f'"{(await desk.read(number))["version"]}"'
    first = await desk.client.post(url, json={"action": "accept"}, headers={**headers, "If-Match": seen})
    second = await desk.client.post(url, json={"action": "accept"}, headers={**headers, "If-Match": seen})
    blind = await desk.client.post(url, json={"action": "accept"}, headers=headers)
    assert (first.status_code, second.status_code, blind.status_code) == (200, 412, 428)
    late = await desk.client.post(url, json={"action": "accept"}, headers={**headers, "If-Match": first.headers["ETag"]})
    assert (late.status_code, late.json()["code"]) == (409, "ticket.action_not_allowed")
    assert "log_work" in late.json()["allowed"]


async def test_repeat_with_the_same_key_is_one_action(desk, county):
    number = await desk.file()
    headers = {**await desk.as_("shuikou"), "If-Match": f'"{(await desk.read(number))["version"]}"', "Idempotency-Key": '"one"'}
    answers = [await desk.client.post(f"/v1/tickets/{number}/actions", json={"action": "accept"}, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, "true", "true"]
    assert await county.value("SELECT count(*) FROM events WHERE type = 'ticket.accepted'") == 1


async def test_what_one_may_not_list_one_cannot_count_or_open(desk):
    number = await desk.file()
    for login, sees in (("county", 1), ("hotline", 1), ("pengzhai", 1), ("shuikou", 1), ("yangming", 0), ("roads", 0), ("grid", 0)):
        headers = await desk.as_(login)
        listed = (await desk.client.get("/v1/tickets", headers=headers)).json()["items"]
        counted = (await desk.client.get("/v1/tickets/count", headers=headers)).json()["count"]
        assert (len(listed), counted) == (sees, sees), login
        for part in ("", "/events", "/why", "/work-logs"):
            opened = await desk.client.get(f"/v1/tickets/{number}{part}", headers=headers)
            assert opened.status_code == (200 if sees else 404), (login, part)
