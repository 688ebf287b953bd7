"""The petition desk over HTTP: visitors, letters, on behalf; persons sealed and masked; the terms of the petition rules."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.platform.ids import new_id
from tests.county import SHUIKOU, sign_in
from tests.told import only_told_in

SCAN = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
SHANGHAI = ZoneInfo("Asia/Shanghai")
LI = {"name": "李四妹", "phone": "13800000456", "address": "水口村3组", "id_number": "340521198402290324"}


def visit(**more) -> dict:
    return {
        "filing_id": str(new_id()),
        "words": "村里的水渠被占用十年了，一直没有人管。",
        "place": {"unit_code": SHUIKOU},
        "contact": {"name": "张三", "phone": "13800000123"},
        **more,
    }


async def filed(intake, body, login="hotline") -> str:
    answer = await intake.post("/v1/petitions", json=body, headers=await sign_in(intake, login))
    assert answer.status_code == 201, answer.text
    return answer.json()["number"]


async def act(intake, login, number, **command):
    headers = await sign_in(intake, login)
    version = (await intake.get(f"/v1/tickets/{number}", headers=headers)).headers["etag"]
    return await intake.post(f"/v1/tickets/{number}/actions", json=command, headers=headers | {"If-Match": version})


async def reception(intake, number, login="hotline") -> dict:
    answer = await intake.get(f"/v1/tickets/{number}/reception", headers=await sign_in(intake, login))
    assert answer.status_code == 200, answer.text
    return answer.json()


def end_of_day(received: datetime, days: int) -> datetime:
    day = received.astimezone(SHANGHAI).date() + timedelta(days=days + 1)
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


async def test_a_group_is_recorded_with_its_representatives_and_nobody_is_shown_in_clear(intake, county):
    body = visit(people=12, representatives=[LI, {"name": "王五"}], repeated=True)
    number = await filed(intake, body)
    seen = await reception(intake, number)
    assert (seen["form_name"], seen["people"], seen["repeated"], seen["received_by"]) == ("来访", 12, True, "话务员丁")
    assert seen["persons"] == [
        {"role": "representative", "name": "李**", "phone": "138****0456", "id_number": "340***********0324", "has_address": True},
        {"role": "representative", "name": "王*", "phone": None, "id_number": None, "has_address": False},
    ]
    kept = str([dict(row) for row in await county.fetch("SELECT * FROM sealed_papers")])
    for secret in ("李四妹", "13800000456", "340521198402290324", "水口村3组"):
        assert secret not in kept
    assert [row["channel"] for row in await county.fetch("SELECT channel FROM tickets")] == ["petition"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"people": 9, "representatives": [{"name": f"代表{n}"} for n in range(6)]}, "petition.too_many_representatives"),
        ({"people": 9}, "petition.representatives_missing"),
        ({"people": 1, "representatives": [{"name": "甲"}, {"name": "乙"}]}, "petition.too_few_people"),
        ({"form": "letter"}, "petition.scan_missing"),
        ({"form": "on_behalf", "contact": None}, "petition.principal_missing"),
        ({"agent": LI}, "petition.agent_unexpected"),
        ({"written_on": "2999-01-01"}, "petition.day_in_future"),
    ],
)
async def test_a_reception_that_cannot_be_is_refused_with_a_code_and_leaves_nothing(intake, county, more, code):
    answer = await intake.post("/v1/petitions", json=visit(**more), headers=await sign_in(intake, "hotline"))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await county.value("SELECT count(*) FROM complaints") == 0


async def test_a_letter_comes_with_its_scan_and_on_its_own_channel(intake, county):
    headers = await sign_in(intake, "hotline")
    scan = (await intake.post("/v1/attachments", content=SCAN, headers=headers | {"Content-Type": "application/octet-stream"})).json()["id"]
    number = await filed(intake, visit(form="letter", attachment_ids=[scan], written_on="2026-11-01", postmark="和平县邮局"))
    seen = await reception(intake, number)
    assert (seen["form"], seen["written_on"], seen["postmark"], seen["terms"]) == ("letter", "2026-11-01", "和平县邮局", "petition")
    assert await county.value("SELECT channel FROM tickets") == "letter"
    assert await county.value("SELECT count(*) FROM attachment_links") == 1


async def test_on_behalf_records_both_persons(intake, county):
    by_member = await filed(intake, visit(form="on_behalf"), login="shuikou")
    seen = await reception(intake, by_member, login="pengzhai")
    assert (seen["form_name"], seen["agent"], seen["persons"], seen["terms"]) == ("代办", "书记庚", [], "usual")
    by_neighbour = await filed(intake, visit(form="on_behalf", agent=LI))
    seen = await reception(intake, by_neighbour)
    assert seen["agent"] is None
    assert [(one["role"], one["name"]) for one in seen["persons"]] == [("agent", "李**")]
    assert await county.value("SELECT count(*) FROM complainants") == 2


async def test_the_same_petition_again_is_one_ticket_and_one_reception(intake, county):
    body, headers = visit(people=3, representatives=[LI]), await sign_in(intake, "hotline")
    answers = [await intake.post("/v1/petitions", json=body, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert len({answer.json()["number"] for answer in answers}) == 1
    counts = await county.fetch(
        "SELECT (SELECT count(*) FROM receptions), (SELECT count(*) FROM petitioners), (SELECT count(*) FROM sealed_papers)"
    )
    assert tuple(counts[0]) == (1, 1, 1)


async def test_a_village_secretary_files_on_behalf_but_receives_no_visitors(intake):
    answer = await intake.post("/v1/petitions", json=visit(), headers=await sign_in(intake, "shuikou"))
    assert (answer.status_code, answer.json()["code"]) == (403, "permission.denied")


async def test_persons_in_confidence_are_for_the_desk_alone(intake, county):
    number = await filed(intake, visit(people=2, representatives=[LI], confidential=True))
    await county.settle()
    assert (await reception(intake, number, login="shuikou"))["persons"] is None
    assert len((await reception(intake, number, login="pengzhai"))["persons"]) == 1


async def test_fifteen_days_to_inform_and_sixty_to_settle_from_the_registration(intake, county):
    number = await filed(intake, visit())
    received = await county.value("SELECT received_at FROM tickets")
    await county.settle()
    seen = await reception(intake, number)
    assert datetime.fromisoformat(seen["inform_by"]) == end_of_day(received, 15)
    assert datetime.fromisoformat(seen["settle_by"]) == end_of_day(received, 60)
    told = await act(intake, "shuikou", number, action="inform", words="已受理，由水口村办理。")
    assert told.status_code == 200, told.text
    again = await act(intake, "shuikou", number, action="inform", words="再告知一次。")
    assert (again.status_code, again.json()["code"]) == (409, "petition.informed")
    await county.settle()
    assert (await reception(intake, number))["informed_at"] is not None
    words = await only_told_in(county, "messages", "template = 'informed'")
    assert "已受理" in words
    assert "信访事项" in words


async def test_a_letter_registered_late_is_counted_from_the_day_it_came(intake, county):
    came = datetime.now(SHANGHAI).date() - timedelta(days=9)
    number = await filed(intake, visit(received_on=came.isoformat()))
    await county.settle()
    seen = await reception(intake, number)
    assert seen["received_on"] == came.isoformat()
    on_that_day = datetime(came.year, came.month, came.day, 12, tzinfo=SHANGHAI)
    assert datetime.fromisoformat(seen["inform_by"]) == end_of_day(on_that_day, 15)
    assert datetime.fromisoformat(seen["settle_by"]) == end_of_day(on_that_day, 60)


async def test_the_terms_are_extended_once_in_natural_days_and_the_person_is_told(intake, county):
    number = await filed(intake, visit())
    received = await county.value("SELECT received_at FROM tickets")
    await county.settle()
    asked = await act(intake, "shuikou", number, action="request_extension", working_days=5, reason="complexity", words="情况复杂")
    assert (asked.status_code, asked.json()["code"]) == (422, "extension.days")
    asked = await act(intake, "shuikou", number, action="request_extension", natural_days=30, reason="complexity", words="情况复杂")
    assert asked.status_code == 200, asked.text
    granted = await act(intake, "pengzhai", number, action="decide_extension", granted=True, words="同意")
    assert granted.status_code == 200, granted.text
    assert datetime.fromisoformat((await reception(intake, number))["settle_by"]) == end_of_day(received, 90)
    await county.settle()
    assert "延长30日" in await only_told_in(county, "messages", "template = 'extended'")
    again = await act(intake, "shuikou", number, action="request_extension", natural_days=10, reason="complexity", words="还是复杂")
    assert (again.status_code, again.json()["code"]) == (409, "extension.used_up")


async def test_what_is_urgent_keeps_the_limit_of_its_category(intake, county):
    await filed(intake, visit(words="水管爆了", category="water.pipe_burst"))
    await county.settle()
    limits = {row["stage"]: (row["limit_amount"], row["limit_unit"]) for row in await county.fetch("SELECT * FROM clocks")}
    assert limits["resolve"] == (5, "working_days")
    assert limits["inform"] == (15, "natural_days")


async def settle_a_round(intake, number):
    for login, command in (
        ("shuikou", {"action": "accept"}),
        ("shuikou", {"action": "resolve", "words": "已协调处理"}),
        ("hotline", {"action": "answer", "words": "已协调处理，请查看。"}),
        ("hotline", {"action": "call_back", "reached": True, "solved": False, "words": "不认可"}),
    ):
        done = await act(intake, login, number, **command)
        assert done.status_code == 200, done.text


async def test_after_review_and_final_review_there_is_no_other_round(intake, county):
    number = await filed(intake, visit())
    for name, days in (("办理", 60), ("复查", 30), ("复核", 30)):
        await county.settle()
        seen = await reception(intake, number)
        began = await county.value("SELECT max(started_at) FROM clocks WHERE stage = 'dispatch'")
        assert (seen["round_name"], datetime.fromisoformat(seen["settle_by"])) == (name, end_of_day(began, days))
        await settle_a_round(intake, number)
    assert await county.value("SELECT round FROM tickets") == 3
    assert await county.value("SELECT status FROM tickets") == "answered"
    again = await act(intake, "hotline", number, action="reopen", words="群众仍不满意")
    assert (again.status_code, again.json()["code"]) == (409, "petition.final")


async def test_terms_may_be_chosen(intake, county):
    await filed(intake, visit(terms="usual"))
    await county.settle()
    assert await county.value("SELECT count(*) FROM clocks WHERE stage = 'inform'") == 0


async def test_whoever_shows_no_identity_number_may_say_so(intake):
    nobody = {"name": "李四妹", "id_number": None}
    assert await filed(intake, visit(form="on_behalf", agent=nobody, representatives=[nobody]))
