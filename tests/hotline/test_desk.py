"""The operator's desk over HTTP: pop-up, drafts, calls and tickets of each other, calls to make, confidence on request."""

from uuid import UUID

import pytest

from services.hotline.drafts import erase_old_drafts
from services.hotline.phone_desk import void_overtaken
from services.notifications.senders import Senders
from services.notifications.sending import send_due
from services.platform.actor import SYSTEM
from services.platform.database import WORKER
from services.platform.ids import new_id
from services.platform.papers import SealedPaper, seal_paper
from services.platform.unit_of_work import unit_of_work
from tests.county import SHUIKOU, WATER, sign_in
from tests.journeys.people import Desk

PHONE = "13800000123"
CALL = "1795312694.10"
DRAFT = "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d44"


@pytest.fixture
async def operator(intake):
    return await sign_in(intake, "hotline")


async def file(intake, headers, call_id=CALL, item=1, **more) -> str:
    body = {
        "words": "水口村路灯不亮",
        "place": {"unit_code": SHUIKOU},
        "call_id": call_id,
        "item": item,
        "contact": {"phone": PHONE},
    } | more
    answer = await intake.post("/v1/hotline/complaints", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["number"]


async def call_comes_in(county, call_id=CALL, phone=PHONE) -> UUID:
    """What the exchange tells of a call, as its room keeps it."""
    async with unit_of_work(SYSTEM) as work:
        paper = seal_paper("call", {"number": f"+86{phone}"}, work.now, phone=phone)
        work.session.add(SealedPaper(**paper))
    row = "id, source, call_id, linked_id, direction, paper_id, arrived_at, basis, queued, disposition, wait_seconds"
    row += ", first_heard_at, updated_at"
    made = new_id()
    await county.fetch(
        f"INSERT INTO calls ({row}) VALUES ($1, 'pbx-580', $2, $2, 'inbound', $3, now(), 'queue', true, 'answered', 4, now(), now())",
        made, call_id, paper["id"],
    )  # fmt: skip
    return made


async def test_the_operator_sees_earlier_tickets_calls_and_drafts_of_whoever_calls(intake, county, operator):
    earlier = await file(intake, operator, call_id="1.1")
    await intake.put(f"/v1/hotline/drafts/{DRAFT}", json={"content": {"contact": {"phone": "138 0000 0123"}}}, headers=operator)
    await call_comes_in(county)
    for asked in ({"call_id": CALL}, {"phone": "+8613800000123"}):
        seen = (await intake.post("/v1/hotline/callers", json=asked, headers=operator)).json()
        assert seen["phone"] == "138****0123"
        assert [ticket["number"] for ticket in seen["tickets"]] == [earlier]
        assert [call["call_id"] for call in seen["calls"]] == [CALL]
        assert [draft["id"] for draft in seen["drafts"]] == [DRAFT]
        assert PHONE not in str(seen)
    stranger = (await intake.post("/v1/hotline/callers", json={"phone": "13900000000"}, headers=operator)).json()
    assert (stranger["tickets"], stranger["calls"], stranger["drafts"]) == ([], [], [])
    unknown = await intake.post("/v1/hotline/callers", json={"call_id": "9.9"}, headers=operator)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "call.unknown")


async def test_a_draft_survives_a_dropped_call_and_becomes_its_ticket(intake, county, operator):
    for words in ("水口", "水口村路灯", "水口村路灯不亮了"):
        saved = await intake.put(f"/v1/hotline/drafts/{DRAFT}", json={"content": {"words": words}, "call_id": CALL}, headers=operator)
        assert saved.status_code == 200, saved.text
    assert saved.headers["etag"] == '"3"'
    colleague = await sign_in(intake, "county")
    (line,) = (await intake.get("/v1/hotline/drafts", headers=colleague)).json()
    assert (line["id"], line["author"], line["version"]) == (DRAFT, "话务员丁", 3)
    assert (await intake.get(f"/v1/hotline/drafts/{DRAFT}", headers=colleague)).json()["content"] == {"words": "水口村路灯不亮了"}
    number = await file(intake, operator, draft_id=DRAFT)
    assert (await intake.get("/v1/hotline/drafts", headers=operator)).json() == []
    late = await intake.put(f"/v1/hotline/drafts/{DRAFT}", json={"content": {}}, headers=operator)
    assert (late.status_code, late.json()["code"], late.json()["ticket"]) == (409, "draft.ended", number)
    kept = str([dict(row) for row in await county.fetch("SELECT * FROM call_drafts")])
    assert "路灯" not in kept


async def test_a_draft_without_a_number_is_found_by_the_number_of_its_call(intake, county, operator):
    await call_comes_in(county)
    await intake.put(f"/v1/hotline/drafts/{DRAFT}", json={"content": {"words": "水口村路灯"}, "call_id": CALL}, headers=operator)
    await call_comes_in(county, call_id="1795312999.0")
    again = (await intake.post("/v1/hotline/callers", json={"call_id": "1795312999.0"}, headers=operator)).json()
    assert [draft["id"] for draft in again["drafts"]] == [DRAFT]
    await call_comes_in(county, call_id="1795313000.0", phone="13900000000")
    stranger = (await intake.post("/v1/hotline/callers", json={"call_id": "1795313000.0"}, headers=operator)).json()
    assert stranger["drafts"] == []


async def test_whoever_told_no_name_is_called_back_by_the_hotline_under_the_number_of_the_call(intake, county, operator):
    await call_comes_in(county)
    desk = Desk(intake, county)
    number = await file(intake, operator, contact=None)
    await county.settle()
    assert (await intake.get(f"/v1/tickets/{number}/complaints", headers=operator)).json()[0]["contact"] is None
    for login, command in (
        ("shuikou", {"action": "accept"}),
        ("shuikou", {"action": "resolve", "words": "已更换灯泡"}),
        ("hotline", {"action": "answer", "words": "路灯已修好。"}),
    ):
        await desk.does(login, number, **command)
    said = {"action": "call_back", "reached": True, "solved": True}
    assert await desk.refused("pengzhai", number, **said) == "call_back.hotline_only"
    (task,) = (await intake.get("/v1/hotline/phone-tasks", headers=operator)).json()
    assert (task["ticket"], task["purpose"], task["name"], task["phone"]) == (number, "call_back", None, None)
    shown = await intake.post(f"/v1/hotline/phone-tasks/{task['id']}/number", json={"purpose": "回访"}, headers=operator)
    assert shown.json()["phone"] == PHONE
    ended = await intake.post(
        f"/v1/hotline/phone-tasks/{task['id']}/outcome", json={"outcome": "reached", "solved": True}, headers=operator
    )
    assert ended.status_code == 200, ended.text


async def test_two_operators_do_not_overwrite_each_other_unseen(intake, operator):
    await intake.put(f"/v1/hotline/drafts/{DRAFT}", json={"content": {"words": "一"}}, headers=operator)
    await intake.put(f"/v1/hotline/drafts/{DRAFT}", json={"content": {"words": "二"}}, headers=operator | {"If-Match": '"1"'})
    stale = await intake.put(f"/v1/hotline/drafts/{DRAFT}", json={"content": {"words": "三"}}, headers=operator | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "draft.version_conflict")
    assert (await intake.get(f"/v1/hotline/drafts/{DRAFT}", headers=operator)).json()["content"] == {"words": "二"}


async def test_superseded_and_ended_contents_are_erased_by_and_by(intake, county, operator):
    for words in ("一", "二"):
        await intake.put(f"/v1/hotline/drafts/{DRAFT}", json={"content": {"words": words}}, headers=operator)
    await county.fetch("UPDATE sealed_papers SET recorded_at = recorded_at - interval '2 hours'")
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        assert await erase_old_drafts(work) == 1
    assert (await intake.get(f"/v1/hotline/drafts/{DRAFT}", headers=operator)).json()["content"] == {"words": "二"}
    put_aside = await intake.post(f"/v1/hotline/drafts/{DRAFT}/discarding", json={"because": "无声电话"}, headers=operator)
    assert put_aside.status_code == 200, put_aside.text
    await county.fetch("UPDATE call_drafts SET discarded_at = discarded_at - interval '8 days'")
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        assert await erase_old_drafts(work) == 1
    assert (await intake.get(f"/v1/hotline/drafts/{DRAFT}", headers=operator)).json()["content"] is None


async def test_one_call_brings_several_tickets_and_a_ticket_has_several_calls(intake, county, operator):
    call = await call_comes_in(county)
    first, second = await file(intake, operator, item=1), await file(intake, operator, item=2)
    later = await call_comes_in(county, call_id="1795399999.0")
    for _ in range(2):
        linked = await intake.post(f"/v1/tickets/{first}/calls", json={"call_id": "1795399999.0", "purpose": "urge"}, headers=operator)
        assert linked.status_code == 201, linked.text
    of_call = (await intake.get(f"/v1/hotline/calls/{call}/tickets", headers=operator)).json()
    assert {(one["number"], one["purpose"]) for one in of_call} == {(first, "told"), (second, "told")}
    assert [one["number"] for one in (await intake.get(f"/v1/hotline/calls/{later}/tickets", headers=operator)).json()] == [first]
    of_ticket = (await intake.get(f"/v1/tickets/{first}/calls", headers=operator)).json()
    assert [(one["purpose"], one["call"]["call_id"], one["call"]["wait_seconds"]) for one in of_ticket] == [
        ("told", CALL, 4),
        ("urge", "1795399999.0", 4),
    ]


async def test_a_ticket_knows_its_call_before_the_exchange_tells_of_it(intake, county, operator):
    number = await file(intake, operator)
    (before,) = (await intake.get(f"/v1/tickets/{number}/calls", headers=operator)).json()
    assert (before["call"]["call_id"], before["call"]["id"]) == (CALL, None)
    call = await call_comes_in(county)
    (after,) = (await intake.get(f"/v1/tickets/{number}/calls", headers=operator)).json()
    assert after["call"]["id"] == str(call)


async def test_a_three_party_call_is_noted_with_its_unit_and_shown_at_the_ticket(intake, operator):
    number = await file(intake, operator)
    body = {"call_id": CALL, "kind": "three_party", "unit": WATER, "ticket": number, "words": "水利局承诺两小时内到场。"}
    headers = operator | {"Idempotency-Key": "note-1"}
    answers = [await intake.post("/v1/hotline/notes", json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    calls = (await intake.get(f"/v1/tickets/{number}/calls", headers=operator)).json()
    assert [one["purpose_name"] for one in calls] == ["反映", "三方通话"]
    assert calls[1]["notes"][0]["unit"] == "和平县水利局"
    without = await intake.post("/v1/hotline/notes", json=body | {"unit": None}, headers=operator)
    assert without.status_code == 422


async def answered(intake, county) -> str:
    desk = Desk(intake, county)
    number = await file(intake, await sign_in(intake, "hotline"))
    await county.settle()
    await desk.does("shuikou", number, action="accept")
    await desk.does("shuikou", number, action="resolve", words="已更换灯泡")
    await desk.does("hotline", number, action="answer", words="路灯已修好。")
    await county.settle()
    return number


async def test_every_answer_asks_for_one_call_back(intake, county, operator):
    number = await answered(intake, county)
    (task,) = (await intake.get("/v1/hotline/phone-tasks", headers=operator)).json()
    assert (task["ticket"], task["purpose"], task["phone"], task["taken_by"]) == (number, "call_back", "138****0123", None)
    assert "路灯已修好" in task["words"]
    shown = await intake.post(f"/v1/hotline/phone-tasks/{task['id']}/number", json={"purpose": "回访"}, headers=operator)
    assert (shown.json()["phone"], shown.headers["cache-control"]) == (PHONE, "no-store")
    assert [dict(row) for row in await county.fetch("SELECT purpose FROM contact_reveals")] == [{"purpose": "回访"}]
    colleague = await sign_in(intake, "county")
    assert (await intake.get("/v1/hotline/phone-tasks", headers=colleague)).json() == []
    taken = await intake.post(f"/v1/hotline/phone-tasks/{task['id']}/number", json={"purpose": "回访"}, headers=colleague)
    assert (taken.status_code, taken.json()["code"]) == (409, "phone_task.taken")
    outcome = {"outcome": "reached", "call_id": "2.2", "contacted": True, "solved": True, "satisfied": True, "words": "修好了"}
    headers = operator | {"Idempotency-Key": "outcome"}
    ended = [await intake.post(f"/v1/hotline/phone-tasks/{task['id']}/outcome", json=outcome, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in ended] == [200, 200], ended[0].text
    assert ended[0].json()["state"] == "done"
    assert [dict(row) for row in await county.fetch("SELECT reached, solved, satisfied FROM call_backs")] == [
        {"reached": True, "solved": True, "satisfied": True}
    ]
    calls = (await intake.get(f"/v1/tickets/{number}/calls", headers=operator)).json()
    assert [one["purpose_name"] for one in calls] == ["反映", "回访"]


async def test_a_call_back_that_says_not_solved_begins_the_next_round(intake, county, operator):
    await answered(intake, county)
    (task,) = (await intake.get("/v1/hotline/phone-tasks", headers=operator)).json()
    body = {"outcome": "reached", "solved": False, "words": "还是不亮"}
    ended = await intake.post(f"/v1/hotline/phone-tasks/{task['id']}/outcome", json=body, headers=operator)
    assert ended.status_code == 200, ended.text
    assert await county.value("SELECT round FROM tickets") == 2


async def test_whoever_is_not_reached_is_tried_three_times(intake, county, operator):
    await answered(intake, county)
    for tries in (1, 2, 3):
        (task,) = (await intake.get("/v1/hotline/phone-tasks", headers=operator)).json()
        ended = (
            await intake.post(f"/v1/hotline/phone-tasks/{task['id']}/outcome", json={"outcome": "unreachable"}, headers=operator)
        ).json()
        assert (ended["tries"], ended["state"]) == (tries, "unreachable" if tries == 3 else "open")
        assert (await intake.get("/v1/hotline/phone-tasks", headers=operator)).json() == []
        await county.fetch("UPDATE phone_tasks SET not_before = now() - interval '1 minute'")
    assert await county.value("SELECT count(*) FROM call_backs WHERE NOT reached AND solved IS NULL") == 3


async def test_a_call_back_that_was_overtaken_is_not_offered_and_ends(intake, county, operator):
    number = await answered(intake, county)
    await Desk(intake, county).does("hotline", number, action="reopen", words="群众又来电")
    assert (await intake.get("/v1/hotline/phone-tasks", headers=operator)).json() == []
    async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
        assert await void_overtaken(work) == 1
    assert await county.value("SELECT state FROM phone_tasks") == "void"


@pytest.mark.parametrize("sent_first", [True, False])
async def test_an_answer_only_the_call_back_could_tell_is_told_though_the_ticket_was_closed_first(intake, county, operator, sent_first):
    number = await answered(intake, county)

    async def send() -> None:
        async with county.as_role(WORKER):
            assert await send_due(Senders(), 50)

    async def sweep() -> None:
        async with county.as_role(WORKER), unit_of_work(SYSTEM) as work:
            await void_overtaken(work)

    if sent_first:
        await send()
    await Desk(intake, county).does("county", number, action="close", verified_by="documents", words="核查属实")
    await sweep()
    if not sent_first:
        await send()
        await sweep()
    (task,) = (await intake.get("/v1/hotline/phone-tasks", headers=operator)).json()
    assert (task["ticket"], task["purpose"]) == (number, "tell")
    assert "路灯已修好" in task["words"]
    assert "请回访" not in task["words"]
    ended = await intake.post(f"/v1/hotline/phone-tasks/{task['id']}/outcome", json={"outcome": "told"}, headers=operator)
    assert ended.json()["state"] == "done", ended.text


async def test_an_answer_told_of_late_asks_about_its_own_round(intake, county, operator):
    desk = Desk(intake, county)
    number = await file(intake, operator)
    await county.settle()
    await desk.does("shuikou", number, action="accept")
    await desk.does("shuikou", number, action="resolve", words="已更换灯泡")
    assert (await desk.try_("hotline", number, action="answer", words="路灯已修好。")).status_code == 200
    assert (await desk.try_("hotline", number, action="reopen", words="群众来电称仍不亮")).status_code == 200
    await county.settle()
    assert [dict(row) for row in await county.fetch("SELECT round, purpose FROM phone_tasks")] == [{"round": 1, "purpose": "call_back"}]


async def test_confidence_on_request_hides_the_person_from_whoever_handles_it(intake, county, operator):
    number = await file(intake, operator)
    await county.settle()
    village = await sign_in(intake, "shuikou")
    assert (await intake.get(f"/v1/tickets/{number}/complaints", headers=village)).json()[0]["contact"] is not None
    await Desk(intake, county).does("hotline", number, action="seal", words="来电人要求保密")
    assert (await intake.get(f"/v1/tickets/{number}/complaints", headers=village)).json()[0]["contact"] is None
    assert (await intake.get(f"/v1/tickets/{number}/complaints", headers=operator)).json()[0]["contact"] is not None


@pytest.mark.parametrize("login", ["shuikou", "pengzhai", "water", "analyst", "admin"])
async def test_the_desk_is_the_hotline_s(intake, login):
    headers = await sign_in(intake, login)
    for method, path, body in (
        ("GET", "/v1/hotline/drafts", None),
        ("GET", "/v1/hotline/phone-tasks", None),
        ("POST", "/v1/hotline/callers", {"phone": PHONE}),
        ("PUT", f"/v1/hotline/drafts/{DRAFT}", {"content": {}}),
        ("POST", "/v1/hotline/notes", {"call_id": "1", "words": "备注"}),
    ):
        answer = await intake.request(method, path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission.denied"), path
