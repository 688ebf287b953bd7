"""The same matter told again, and matters merged: everybody is kept, answered and counted once, and no second ticket is made."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from httpx import ASGITransport, AsyncClient

from reporting_api.app import build
from services.complaints.repeating import Again, Matter, is_counted, told
from services.platform.database import REPORTING
from services.platform.errors import Conflict
from services.platform.ids import new_id
from tests.county import SHUIKOU, WATER
from tests.hotline.test_desk import call_comes_in
from tests.journeys.people import Desk

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
ZHANG, LI, WANG = "13800000123", "13800000124", "13800000125"
NUMBER_OF_A_STRANGER = "13800000199"


def matter(status: str = "accepted", **more: object) -> Matter:
    usual = {"urgency": "normal", "closed_at": None, "reopen_days": 15, "has_answer": False, "in_confidence": False}
    return Matter(status=status, **{**usual, **more})


def refused(stands: Matter, again: Again) -> tuple[str, str]:
    with pytest.raises(Conflict) as found:
        told(stands, again, NOW)
    return found.value.code, found.value.extra["use"]


NOTHING_NEW, NEW = Again(False, None, True), Again(True, None, True)


@pytest.mark.parametrize(
    ("stands", "said"),
    [
        (matter("received"), "progress"),
        (matter("accepted", has_answer=True), "progress"),  # an answer of the round before is not this one's
        (matter("answered", has_answer=True), "answer"),
        (matter("closed", has_answer=True), "answer"),
        (matter("closed"), "progress"),
        (matter("rejected"), "progress"),
    ],
)
def test_a_repeat_is_told_the_answer_there_was_or_how_far_it_is(stands, said):
    assert told(stands, NOTHING_NEW, NOW) == said


@pytest.mark.parametrize(
    ("stands", "use"),
    [
        (matter("accepted"), "supplement"),
        (matter("answered", has_answer=True), "supplement"),
        (matter("closed", closed_at=NOW - timedelta(days=15)), "reopen"),
        (matter("closed", closed_at=NOW - timedelta(days=15, seconds=1)), "file"),
        (matter("rejected"), "reopen"),
    ],
)
def test_what_is_new_goes_the_way_the_refusal_names(stands, use):
    assert refused(stands, NEW) == ("repeat.new_facts", use)


def test_danger_to_life_is_never_a_mere_repeat():
    danger = Again(False, "着火", True)
    assert refused(matter("accepted"), danger) == ("repeat.new_facts", "supplement")
    assert refused(matter("closed", urgency="emergency", closed_at=NOW), danger) == ("repeat.new_facts", "file")
    assert told(matter("accepted", urgency="emergency"), danger, NOW) == "progress", "it is being treated as one already"


def test_what_was_told_in_confidence_is_told_to_nobody_else():
    secret = matter("closed", has_answer=True, in_confidence=True)
    assert refused(secret, Again(False, None, same_person=False)) == ("repeat.in_confidence", "file")
    assert told(secret, NOTHING_NEW, NOW) == "answer"
    assert refused(matter("cancelled"), NOTHING_NEW) == ("repeat.cancelled", "file")


def test_several_repeats_of_one_person_within_an_hour_are_one():
    assert is_counted(NOW, [])
    assert not is_counted(NOW, [NOW - timedelta(minutes=59)])
    assert not is_counted(NOW, [NOW + timedelta(milliseconds=5)]), "it began first and waited for the other"
    assert is_counted(NOW, [NOW - timedelta(hours=1)])


@pytest.fixture
async def desk(intake, county) -> Desk:
    return Desk(intake, county)


def person(phone: str) -> dict:
    return {"name": "某人", "phone": phone}


async def again(desk: Desk, number: str, phone: str | None, *, by: str = "hotline", **more: object):
    body = {"channel_message_id": str(new_id()), "words": "水管还没修好，再反映一次。", **more}
    if phone is not None:
        body["contact"] = person(phone)
    return await desk.client.post(f"/v1/tickets/{number}/repeats", json=body, headers=await desk.as_(by))


async def counts(desk: Desk, number: str) -> dict[str, int]:
    return (await desk.read(number))["told_by"]


def count(complaints: int, households: int, anonymous: int = 0, repeats: int = 0) -> dict[str, int]:
    return {"complaints": complaints, "households": households, "anonymous": anonymous, "repeats": repeats}


async def solved(desk: Desk, number: str, answer: str = "水管已修好。") -> None:
    holder = (await desk.read(number))["holder"]["code"]
    assert holder == SHUIKOU
    await desk.does("shuikou", number, action="accept")
    await desk.does("shuikou", number, action="resolve", words="已更换", files=await desk.evidence("shuikou"))
    await desk.does("hotline", number, action="answer", words=answer)


async def test_a_repeat_makes_no_ticket_and_is_told_how_far_it_is_then_the_answer(desk, county):
    number = await desk.file(contact=person(ZHANG))
    tickets = await county.value("SELECT count(*) FROM tickets")
    message = {"channel_message_id": "call-2#1"}
    first = await again(desk, number, ZHANG, **message)
    assert first.status_code == 201, first.text
    view = first.json()
    assert (view["told"], view["same_person"], view["counted"], view["number"]) == ("progress", True, True, number)
    assert "正在办理中" in view["words"]
    assert view["told_by"] == count(2, 1, repeats=1)
    same = await again(desk, number, ZHANG, **message)
    assert (same.status_code, same.json()["id"]) == (200, view["id"])
    soon = (await again(desk, number, ZHANG)).json()
    assert (soon["counted"], soon["told_by"]) == (False, count(3, 1, repeats=1)), "within the hour it is one"
    neighbour = (await again(desk, number, LI)).json()
    assert (neighbour["same_person"], neighbour["told_by"]) == (False, count(4, 2, repeats=2))
    nobody = (await again(desk, number, None)).json()
    assert nobody["told_by"] == count(5, 2, anonymous=1, repeats=3)
    assert await county.value("SELECT count(*) FROM tickets") == tickets
    for code in (view["tracking_code"], neighbour["tracking_code"]):
        followed = await desk.client.get(f"/v1/complaints/{number}", headers={"X-Tracking-Code": code})
        assert followed.status_code == 200, "whoever told it again follows it under a code of their own"
    assert neighbour["tracking_code"] != view["tracking_code"]
    told = (await desk.client.get(f"/v1/tickets/{number}/complaints", headers=await desk.as_("county"))).json()
    assert [one["repeat"] for one in told] == [False, True, True, True, True]
    events = (await desk.client.get(f"/v1/tickets/{number}/events", headers=await desk.as_("county"))).json()
    assert events["intact"]
    assert [one["type"] for one in events["items"]].count("ticket.repeated") == 4
    assert ZHANG not in str(events)

    await solved(desk, number)
    owed = await county.fetch("SELECT complaint_id FROM answers")
    assert len(owed) == 3, "the first, the neighbour and the anonymous one: whoever repeated it is answered once"
    late = (await again(desk, number, WANG)).json()
    assert (late["told"], late["told_by"]) == ("answer", count(6, 3, anonymous=1, repeats=4))
    assert "水管已修好。" in late["words"]
    assert len(await county.fetch("SELECT FROM answers")) == 4
    followed = await desk.client.get(f"/v1/complaints/{number}", headers={"X-Tracking-Code": late["tracking_code"]})
    assert [one["words"] for one in followed.json()["answers"]] == ["水管已修好。"]


async def test_what_is_no_repeat_is_refused_and_nothing_is_written(desk, county):
    number = await desk.file(contact=person(ZHANG))
    other = await desk.file("路灯不亮", contact=person(LI))
    await again(desk, number, ZHANG, channel_message_id="m-1")
    before = await county.value("SELECT count(*) FROM complaints")
    for answer, code in (
        (await again(desk, number, ZHANG, new_facts=True), "repeat.new_facts"),
        (await again(desk, number, ZHANG, words="水管爆了，有人掉进水里了"), "repeat.new_facts"),
        (await again(desk, other, LI, channel_message_id="m-1"), "repeat.message_known"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, code), answer.text
    assert (await again(desk, number, ZHANG, by="shuikou")).status_code == 403
    assert (await again(desk, number, ZHANG, by="yangming")).status_code == 404, "outside of one's scope there is no such ticket"
    secret = await desk.file("邻居违建", contact=person(ZHANG), confidential=True)
    for phone, by in ((LI, "hotline"), (ZHANG, "water"), (LI, "water")):
        tried = await again(desk, secret, phone, by=by)
        assert tried.json()["code"] == ("repeat.in_confidence" if by == "hotline" else "ticket.unknown")
    await desk.does("county", secret, action="transfer", unit=WATER, words="请水利局办理", designate=True)
    tried = [(await again(desk, secret, phone, by="water")).json() for phone in (ZHANG, LI)]
    assert [one["code"] for one in tried] == ["repeat.in_confidence"] * 2, "numbers cannot be tried out by whoever handles it"
    path, body = f"/v1/tickets/{secret}/supplements", {"channel_message_id": "m-9", "words": "补充", "phone": ZHANG}
    more = await desk.client.post(path, json=body, headers=await desk.as_("water"))
    assert more.json()["code"] == "supplement.another_person"
    assert await county.value("SELECT count(*) FROM complaints") == before + 1
    assert (await again(desk, secret, ZHANG)).json()["same_person"]
    told = (await desk.client.get(f"/v1/tickets/{secret}/complaints", headers=await desk.as_("water"))).json()
    assert [one["contact"] for one in told] == [None, None]


async def test_a_desk_writes_down_what_somebody_tells_more(desk, county):
    number = await desk.file(contact=person(ZHANG))
    path, body = f"/v1/tickets/{number}/supplements", {"channel_message_id": "m-1", "words": "在老水井旁边。", "phone": ZHANG}
    first, second = [await desk.client.post(path, json=body, headers=await desk.as_("hotline")) for _ in range(2)]
    assert (first.status_code, second.json()["id"]) == (201, first.json()["id"]), first.text
    stranger = await desk.client.post(path, json=body | {"phone": NUMBER_OF_A_STRANGER}, headers=await desk.as_("hotline"))
    assert (stranger.status_code, stranger.json()["code"]) == (409, "supplement.another_person")
    assert await county.value("SELECT count(*) FROM supplements") == 1
    await desk.does("hotline", number, action="cancel", reason="withdrawn", words="来电撤回")
    ended = await desk.client.post(path, json=body, headers=await desk.as_("hotline"))
    assert (ended.status_code, ended.json()["code"]) == (409, "supplement.ended")


async def test_merging_keeps_everybody_counts_households_and_can_be_undone(desk, county):
    into = await desk.file(contact=person(ZHANG))
    first, second, third = [await desk.file(contact=contact) for contact in (person(LI), person(ZHANG), None)]
    for number in (first, second, third):
        await desk.does("pengzhai", number, action="merge", into=into, words="同一处水管")
    assert await counts(desk, into) == count(4, 2, anonymous=1)
    spare = await desk.file(contact=person(WANG))
    assert await desk.refused("pengzhai", into, action="merge", into=spare, words="并") == "ticket.has_merged"
    assert await desk.refused("pengzhai", spare, action="merge", into=first, words="并") == "ticket.cannot_merge"

    more = await desk.client.post(
        f"/v1/tickets/{first}/supplements",
        json={"channel_message_id": "m", "words": "水更大了", "phone": LI},
        headers=await desk.as_("hotline"),
    )
    assert more.status_code == 201, more.text
    repeated = (await again(desk, first, LI)).json()
    assert (repeated["number"], repeated["same_person"], repeated["told_by"]) == (first, True, count(5, 2, anonymous=1, repeats=1))
    await desk.does("pengzhai", first, action="unmerge", words="不是同一处")
    assert await counts(desk, into) == count(3, 1, anonymous=1)
    assert await counts(desk, first) == count(2, 1, repeats=1), "what was told while it was merged went along"
    told = (await desk.client.get(f"/v1/tickets/{first}/complaints", headers=await desk.as_("county"))).json()
    assert [len(one["supplements"]) for one in told] == [1, 0]

    await solved(desk, into)
    answered = {
        row["number"]
        for row in await county.fetch(
            "SELECT t.number FROM answers a JOIN complaints c ON c.id = a.complaint_id JOIN tickets t ON t.id = c.ticket_id"
        )
    }
    assert answered == {into, second, third}, "everybody whose ticket is merged into it is answered, and nobody else"
    await desk.does("county", into, action="close", verified_by="documents", words="核查属实")
    back = await desk.does("pengzhai", second, action="unmerge", words="另一根水管")
    assert (back["status"], back["merged_into"]) == ("dispatched", None)
    assert {clock["stage"]: clock["state"] for clock in back["clocks"]}["accept"] == "running"
    assert await counts(desk, into) == count(2, 1, anonymous=1)
    assert await counts(desk, second) == count(1, 1)


async def test_the_count_of_households_tells_nobody_who_told_it_in_confidence(desk, county):
    into = await desk.file(contact=person(ZHANG))
    secret = await desk.file(contact=person(LI), confidential=True)
    await desk.does("pengzhai", secret, action="merge", into=into, words="同一处水管")
    await desk.does("pengzhai", into, action="join", unit=WATER, task="查看主管")
    for phone in (LI, WANG):
        tried = await again(desk, into, phone, by="water", confidential=True)
        assert (tried.status_code, tried.json()["code"]) == (409, "repeat.in_confidence"), "alike, whoever it is"
        assert await counts(desk, into) == count(2, 2)
    for phone, households in ((LI, 3), (WANG, 4)):
        assert (await again(desk, into, phone, by="water")).json()["told_by"]["households"] == households, "openly told is counted apart"
    assert (await again(desk, into, LI, confidential=True)).json()["same_person"], "the hotline may know"


async def test_the_same_moment_makes_one_repeat_of_a_message_and_counts_a_person_once(desk, county):
    number, other = await desk.file(contact=person(ZHANG)), await desk.file("路灯不亮", contact=person(LI))
    await desk.as_("hotline")
    same = await asyncio.gather(*(again(desk, number, ZHANG, channel_message_id="m-1") for _ in range(4)))
    assert sorted(one.status_code for one in same) == [200, 200, 200, 201]
    assert len({one.json()["id"] for one in same}) == 1
    two = await asyncio.gather(*(again(desk, ticket, phone, channel_message_id="m-2") for ticket, phone in ((number, LI), (other, LI))))
    assert sorted(one.status_code for one in two) == [201, 409]
    many = await asyncio.gather(*(again(desk, number, WANG) for _ in range(4)))
    assert [one.status_code for one in many] == [201] * 4
    assert sum(one.json()["counted"] for one in many) == 1
    key = {**await desk.as_("hotline"), "Idempotency-Key": "again-1"}
    body = {"channel_message_id": "m-3", "words": "再说一次"}
    sent = [await desk.client.post(f"/v1/tickets/{number}/repeats", json=body, headers=key) for _ in range(2)]
    assert [one.json()["id"] for one in sent] == [sent[0].json()["id"]] * 2
    assert sent[1].headers["Idempotency-Replayed"] == "true"
    kept = await county.fetch("SELECT body FROM idempotency_keys WHERE key = 'again-1'")
    assert [set(json.loads(row["body"])) for row in kept] == [{"id"}], "neither words nor code are kept a second time"


async def test_whoever_leaves_no_number_is_known_by_the_call_and_a_letter_is_answered_by_telephone(desk, county):
    await call_comes_in(county, "1.1", WANG)
    await call_comes_in(county, "2.2", WANG)
    number = await desk.file(contact=None, call_id="1.1")
    assert await counts(desk, number) == count(1, 1)
    view = (await again(desk, number, None, call_id="2.2")).json()
    assert (view["same_person"], view["told_by"]) == (True, count(2, 1, repeats=1))
    letter = await again(desk, number, LI, by="pengzhai", channel="letter")
    assert letter.status_code == 201, letter.text
    (task,) = (await desk.client.get("/v1/hotline/phone-tasks", headers=await desk.as_("hotline"))).json()
    assert (task["ticket"], task["purpose"], task["phone"]) == (number, "tell", "138****0124")
    assert task["words"] == letter.json()["words"]
    secret = (await again(desk, number, LI, confidential=True)).json()
    assert secret["told_by"] == count(4, 3, repeats=2), "who tells it in confidence now is not tied to who told it openly"
    assert (await again(desk, number, ZHANG)).status_code == 201, "one person's confidence does not keep the matter from the others"
    told = await county.fetch("SELECT data FROM events WHERE type = 'ticket.repeated' ORDER BY seq")
    assert ["same_person" in json.loads(row["data"]) for row in told] == [True, True, False, True]


async def test_repeats_are_reported_with_the_tickets_behind_them(desk, county):
    first, second = await desk.file(contact=person(ZHANG)), await desk.file("路灯不亮", contact=person(LI), category=None)
    for number, phone in ((first, ZHANG), (first, ZHANG), (first, WANG), (second, LI)):
        assert (await again(desk, number, phone)).status_code == 201
    headers = {login: await desk.as_(login) for login in ("county", "yangming", "shuikou")}
    async with county.as_role(REPORTING), AsyncClient(transport=ASGITransport(build()), base_url="http://reports") as reports:

        async def told(login: str, path: str = "", **query: object) -> dict:
            answer = await reports.get(f"/v1/reports/repeats{path}", params=query, headers=headers[login])
            assert answer.status_code == 200, answer.text
            return answer.json()

        whole = await told("county")
        assert {name: whole[name] for name in ("repeats", "tickets", "said", "answered", "in_progress", "same_person", "others")} == {
            "repeats": 3, "tickets": 2, "said": 4, "answered": 0, "in_progress": 3, "same_person": 2, "others": 1,
        }  # fmt: skip
        behind = await told("county", "/tickets")
        assert (behind["total"], [(one["number"], one["repeats"], one["said"]) for one in behind["items"]]) == (
            whole["tickets"], [(first, 2, 3), (second, 1, 1)],
        )  # fmt: skip
        page = await told("county", "/tickets", limit=1)
        rest = await told("county", "/tickets", limit=1, cursor=page["next"])
        assert [one["number"] for one in (*page["items"], *rest["items"])] == [first, second]
        assert (await told("shuikou"))["tickets"] == 2
        assert (await told("county", category="water"))["tickets"] == 1
        assert (await told("yangming"))["said"] == (await told("yangming", "/tickets"))["total"] == 0
        assert (await told("county", **{"from": "2026-01-01", "to": "2026-01-31"}))["said"] == 0
        refused = await reports.get("/v1/reports/repeats", params={"from": "0001-01-01", "to": "0001-01-02"}, headers=headers["county"])
        assert (refused.status_code, refused.json()["code"]) == (422, "period.invalid")


async def test_whoever_tells_it_when_nobody_wanted_to_know_is_answered_all_the_same(desk, county):
    number = await desk.file(contact=person(ZHANG), wants_answer=False)
    await solved(desk, number)
    assert await county.value("SELECT count(*) FROM answers") == 0, "nobody was owed one"
    late = (await again(desk, number, WANG)).json()
    assert late["told"] == "answer"
    assert "水管已修好。" in late["words"]
    assert await county.value("SELECT count(*) FROM answers") == 1
