"""Updates over Open311: what a client is told of its own requests, and what its users add to them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.hotline.phone_desk import void_overtaken
from services.platform.actor import SYSTEM
from services.platform.database import WORKER
from services.platform.papers import read_paper
from services.platform.unit_of_work import unit_of_work
from tests.attachments.samples import JPEG
from tests.channels.open311_client import connect, tree
from tests.county import PENGZHAI, SHUIKOU
from tests.journeys.people import Desk
from tests.told import only_told_in, words_in

POLICY = {"service_code": "consultation.policy", "description": "医保怎么报销", "address_id": SHUIKOU, "email": "zhang@example.org"}


@pytest.fixture
async def client(intake, home):
    return await connect(intake)


@pytest.fixture
async def desk(intake, county):
    return Desk(intake, county)


@pytest.fixture
async def number(client, county):
    """A request that a village has."""
    filed = await client.filed(**POLICY)
    await county.settle()
    return filed


async def answered(desk, number):
    await desk.does("shuikou", number, "accept")
    await desk.does("shuikou", number, "resolve", words="已经讲解")
    await desk.does("hotline", number, "answer", words="带上发票到镇医保窗口即可。")


def update(number, update_id="248", **changes):
    return {
        "service_request_id": number,
        "update_id": update_id,
        "updated_datetime": "2026-11-22T02:10:00Z",
        "status": "OPEN",
        "description": "还有一个问题：门诊也能报吗？",
        "last_name": "-",
        **changes,
    }


async def push(client, number, *args, **changes):
    return await client.post("servicerequestupdates.json", **update(number, *args, **changes))


async def test_a_client_is_told_every_change_and_answer_of_its_own_requests_only(client, desk, number, intake, county):
    await desk.file("别人的事")
    await answered(desk, number)
    await desk.does("county", number, "close", verified_by="documents", words="内部说明")
    told = await client.listed("servicerequestupdates.json", key=True)
    assert [(one["external_status_code"], one["status"], one["description"]) for one in told] == [
        ("dispatched", "open", "已派给承办单位，等待签收"),
        ("accepted", "open", "承办单位已签收，正在办理"),
        ("resolved", "open", "承办单位已处置，正在核实反馈"),
        ("answered", "open", "带上发票到镇医保窗口即可。"),
        ("closed", "closed", "已办结"),
    ]
    assert {one["service_request_id"] for one in told} == {number}
    assert len({one["update_id"] for one in told}) == len(told)
    assert "内部说明" not in str(told)
    more = await client.listed("servicerequestupdates.json", key=True, extensions="true")
    assert [one["status"] for one in more] == ["INVESTIGATING", "IN_PROGRESS", "IN_PROGRESS", "FIXED", "CLOSED"]
    other = await connect(intake, code="other-app")
    assert await other.listed("servicerequestupdates.json", key=True) == []


async def test_updates_are_selected_by_time_and_page_and_asked_for_again_without_loss(client, desk, number):
    await answered(desk, number)
    whole = await client.listed("servicerequestupdates.json", key=True)
    pages = [await client.listed("servicerequestupdates.json", key=True, page=str(page), page_size="3") for page in (1, 2, 3)]
    assert [one for page in pages for one in page] == whole
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert await client.listed("servicerequestupdates.json", key=True, start_date=soon) == []
    until_now = await client.listed("servicerequestupdates.json", key=True, end_date=soon)
    assert until_now == whole


async def test_updates_need_a_key_in_either_form(client, number):
    for form in ("json", "xml"):
        assert (await client.get(f"servicerequestupdates.{form}")).status_code == 403
        assert (await client.post(f"servicerequestupdates.{form}", key="wrong", **update(number))).status_code == 403
    root, updates = tree((await client.get("servicerequestupdates.xml", key=True)).content)
    assert root == "service_request_updates"
    assert {name for name, _ in updates} == {"request_update"}


async def test_why_a_request_was_refused_is_told(client, desk, county):
    number = await client.filed(service_code="consultation.policy", description="我要打官司")
    await desk.does("county", number, "reject", reason="legal_proceedings", words="请依诉讼程序办理")
    (told,) = [one for one in await client.listed("servicerequestupdates.json", key=True) if one["service_request_id"] == number]
    assert (told["status"], told["description"]) == ("closed", "不予受理：请依诉讼程序办理")


async def test_words_and_pictures_become_a_supplement_that_the_unit_is_told_of(client, desk, number, county):
    answer = await client.post("servicerequestupdates.xml", files={"photo1": ("a.jpg", JPEG)}, **update(number))
    assert answer.status_code == 200, answer.text
    root, ((name, fields),) = tree(answer.content)
    assert (root, name, [field for field, _ in fields]) == ("service_request_updates", "request_update", ["update_id"])
    (row,) = await county.fetch("SELECT * FROM supplements")
    assert (words_in(row), row["channel"], row["files"]) == ("还有一个问题：门诊也能报吗？", "open311", 1)
    assert await county.value("SELECT count(*) FROM attachment_links WHERE subject_id = $1", row["complaint_id"]) == 1
    assert await county.value("SELECT count(*) FROM events WHERE type = 'ticket.supplemented'") == 1
    assert "门诊" not in str([dict(found) for found in await county.fetch("SELECT data FROM events")])


async def test_a_known_update_id_already_exists_however_often_and_at_once(client, number, county):
    answers = await asyncio.gather(*(push(client, number) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
    refused = next(answer for answer in answers if answer.status_code == 400)
    assert "already exists" in refused.json()[0]["description"]
    assert await county.value("SELECT count(*) FROM supplements") == 1
    assert (await push(client, number, "249")).status_code == 200


WRONG = {
    "service_request_id": ("", 400),
    "update_id": ("", 400),
    "updated_datetime": ("2026-11-22T02:10:00", 400),
    "status": ("WONDERFUL", 400),
    "description": ("长" * 4001, 400),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_missing_or_wrong_is_named(client, number, county, name):
    wrong, status = WRONG[name]
    for value in ("", wrong):
        answer = await push(client, number, **{name: value})
        assert answer.status_code == status
        assert name in answer.json()[0]["description"]
    assert not await county.value("SELECT count(*) FROM open311_updates")


async def test_nobody_adds_to_a_request_that_another_client_filed(client, number, intake, county, desk):
    other = await connect(intake, code="other-app")
    hotline = await desk.file("别人的事")
    for sender, wanted in ((other, number), (client, hotline), (client, "NOPE")):
        answer = await push(sender, wanted)
        assert (answer.status_code, answer.json()[0]["code"]) == (404, 404)
    assert not await county.value("SELECT count(*) FROM supplements")


async def test_fixed_and_reopen_are_the_complainants_verdict_on_the_answer(client, desk, number, county):
    await push(client, number, "1", status="FIXED")
    assert (await desk.read(number))["status"] == "dispatched", "no answer yet, so there is nothing to judge"
    await answered(desk, number)
    await push(client, number, "2", status="fixed", email="Zhang@example.org")
    assert await county.value("SELECT solved FROM call_backs WHERE way = 'open311'") is True
    await push(client, number, "3", status="REOPEN")
    await county.settle()
    ticket = await desk.read(number)
    assert (ticket["round"], ticket["status"]) == (2, "dispatched")
    assert await county.value("SELECT count(*) FROM supplements") == 3


async def test_what_somebody_else_adds_is_kept_as_theirs_and_judges_nothing(client, desk, number, county):
    await answered(desk, number)
    assert (await push(client, number, status="REOPEN", email="nachbar@example.org")).status_code == 200
    assert (await desk.read(number))["status"] == "answered"
    assert await only_told_in(county, "supplements") == "〔他人补充〕还有一个问题：门诊也能报吗？"
    (row,) = await county.fetch("SELECT * FROM sealed_papers WHERE kind = 'open311_update'")
    assert read_paper(row["id"], row["row_key"], row["sealed"])["email"] == ["nachbar@example.org"]
    assert b"nachbar" not in row["sealed"]


async def test_what_is_added_to_a_request_that_has_ended_is_kept_and_the_hotline_asks(client, desk, number, county):
    await answered(desk, number)
    await desk.does("county", number, "close", verified_by="documents", words="办结")
    assert (await push(client, number, status="REOPEN", description="又不行了")).status_code == 200
    assert await only_told_in(county, "supplements") == "又不行了"
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        await void_overtaken(work)
    due = (await desk.client.get("/v1/hotline/phone-tasks", headers=await desk.as_("hotline"))).json()
    (task,) = [task for task in due if task["purpose"] == "tell"]
    assert "回访" in task["words"]
    assert "又不行了" not in task["words"]
    assert (await desk.read(number))["status"] == "closed"


async def test_danger_told_of_a_request_that_has_ended_is_a_new_emergency(client, desk, number, county):
    await answered(desk, number)
    await desk.does("county", number, "close", verified_by="documents", words="办结")
    for _ in range(2):
        await push(client, number, update_id="danger-1", description="救命，有人触电了")
    await county.settle()
    (anew,) = await county.fetch("SELECT * FROM tickets WHERE number <> $1", number)
    assert (anew["urgency"], anew["channel"]) == ("emergency", "open311")
    rung = "SELECT u.code FROM messages m JOIN units u ON u.id = m.unit_id WHERE m.ticket_id = $1"
    assert PENGZHAI in {row["code"] for row in await county.fetch(rung, anew["id"])}
    headers = await desk.as_("hotline")
    known = (await desk.client.get(f"/v1/tickets/{anew['number']}/complaints", headers=headers)).json()[0]["contact"]
    assert known["email"] == "z***@example.org"


async def test_danger_in_an_update_is_heard(client, desk, number, county):
    await push(client, number, description="救命，有人触电了")
    assert await county.value("SELECT data->>'danger' FROM events WHERE type = 'ticket.supplemented'")


async def test_a_merged_request_is_told_of_the_answer_too(client, desk, number, county):
    other = await desk.file("医保怎么报", category="consultation.policy", place={"unit_code": SHUIKOU})
    await desk.does("county", number, "merge", into=other, words="同一问题")
    await answered(desk, other)
    told = await client.listed("servicerequestupdates.json", key=True)
    assert [(one["status"], one["external_status_code"]) for one in told][1:] == [("closed", "merged"), ("closed", "merged")]
    assert told[-1]["description"] == "带上发票到镇医保窗口即可。"
    (own,) = await client.listed("requests.json", key=True, service_request_id=number)
    assert own["status_notes"].endswith("带上发票到镇医保窗口即可。")
