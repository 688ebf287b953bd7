"""Filing by hotline and at the office, over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.platform.secrets import tracking_code
from services.tickets.numbers import read_number
from tests.complaints.door import add_units
from tests.complaints.filings import NAME, PHONE, WORDS
from tests.told import words_in

CALL = {
    "words": WORDS,
    "call_id": "1763748600.4711",
    "place": {"unit_code": "441624108203", "words": "老水井旁"},
    "category": "water.pipe",
    "contact": {"name": NAME, "phone": "+86 138-0555-0123"},
}


async def test_a_call_becomes_a_ticket_with_a_number_and_a_code(desk):
    reply = await desk.hotline(CALL)

    assert reply.status_code == 201
    filed = reply.json()
    assert read_number(filed["number"]) == filed["number"]
    assert reply.headers["location"] == f"/v1/tickets/{filed['number']}"
    assert (filed["status"], filed["duplicate"]) == ("received", False)
    (ticket,) = await desk.database.fetch("SELECT * FROM tickets")
    assert filed["tracking_code"] == tracking_code(ticket["id"])
    assert ticket["place_unit_id"] == desk.county.units["441624108203"]
    assert ticket["area_path"] == "/441624/441624108/441624108203/"
    assert (ticket["category_code"], ticket["urgency"], ticket["channel"]) == ("water.pipe", "urgent", "hotline")
    (complaint,) = await desk.database.fetch("SELECT * FROM complaints")
    assert (words_in(complaint), complaint["channel_message_id"], complaint["call_id"]) == (WORDS, "1763748600.4711#1", "1763748600.4711")
    assert complaint["filed_by_account_id"] == desk.county.accounts["operator"]


async def test_the_same_call_again_finds_the_first_ticket_and_another_item_of_it_does_not(desk):
    first = await desk.hotline(CALL)
    again = await desk.hotline(CALL)
    other = await desk.hotline(CALL | {"item": 2})

    assert (again.status_code, again.json()) == (200, first.json() | {"duplicate": True})
    assert other.status_code == 201
    assert other.json()["number"] != first.json()["number"]


ELSE = {
    "other words": {"words": "别的话"},
    "another place": {"place": {"unit_code": "441624108203", "words": "新水井旁"}},
    "another telephone": {"contact": {"name": NAME, "phone": "13905550124"}},
    "a secret": {"confidential": True},
}


@pytest.mark.parametrize("told", ELSE.values(), ids=ELSE)
async def test_what_is_told_anew_under_an_old_id_is_refused_rather_than_lost(desk, told):
    first = (await desk.hotline(CALL)).json()
    for key in (None, "k", "k"):
        refused = await desk.hotline(CALL | told, key=key)
        assert (refused.status_code, refused.json()["code"]) == (409, "complaint.message_taken")
        assert refused.json()["number"] == first["number"]
    stranger = await desk.hotline(CALL | told, by="second")
    assert (stranger.status_code, "number" in stranger.json()) == (409, False)
    assert await desk.count("complaints") == 1
    assert (await desk.hotline(CALL | told | {"item": 2})).status_code == 201


async def test_one_who_tells_less_the_second_time_finds_the_first_also_after_the_person_was_erased(desk):
    first = (await desk.hotline(CALL)).json()
    less = {name: CALL[name] for name in ("words", "call_id")}
    assert (await desk.hotline(less)).json() == first | {"duplicate": True, "place": None}
    await desk.database.owner.execute("UPDATE complainants SET row_key = NULL, sealed = NULL, phone_index = NULL")
    assert (await desk.hotline(CALL)).json() == first | {"duplicate": True}


async def test_of_two_that_say_something_else_at_once_one_is_refused(desk):
    replies = await asyncio.gather(*(desk.hotline(CALL | {"words": f"第{turn}句"}) for turn in range(10)))
    assert sorted(reply.status_code for reply in replies) == [201] + [409] * 9


async def test_fifty_parallel_posts_of_one_message_make_one_ticket(desk):
    replies = await asyncio.gather(*(desk.hotline(CALL) for _ in range(50)))
    assert sorted(reply.status_code for reply in replies) == [200] * 49 + [201]
    assert len({reply.json()["number"] for reply in replies}) == 1
    assert await desk.count("tickets") == 1


async def test_a_key_replays_status_and_body_and_refuses_another_payload(desk):
    first = await desk.hotline(CALL, key='"8e03978e-40d5-43e8-bc93-6894a57f9324"')
    replay = await desk.hotline(CALL, key="8e03978e-40d5-43e8-bc93-6894a57f9324")
    other = await desk.hotline(CALL | {"words": "别的话"}, key="8e03978e-40d5-43e8-bc93-6894a57f9324")

    assert (replay.status_code, replay.json()) == (201, first.json())
    assert replay.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.payload_differs")
    assert await desk.count("complaints") == 1


async def test_a_key_belongs_to_its_caller_and_its_endpoint(desk):
    first = await desk.hotline(CALL, key="k")
    second = await desk.hotline(CALL | {"call_id": "other"}, key="k", by="second")
    petition = {"words": WORDS, "filing_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"}
    visit = await desk.http.post("/v1/petitions", json=petition, headers=desk.county.signed_in("operator") | {"Idempotency-Key": "k"})
    assert [reply.status_code for reply in (first, second, visit)] == [201, 201, 201]
    assert await desk.count("tickets") == 3


async def test_an_unknown_category_is_kept_as_a_hint(desk):
    reply = await desk.hotline(CALL | {"category": "no.such"})
    assert reply.status_code == 201
    assert await desk.database.value("SELECT category_hint FROM complaints") == "no.such"
    assert await desk.database.value("SELECT category_code FROM tickets") is None


IMPOSSIBLE = [
    ({"place": {"unit_code": "999999"}}, "complaint.unit_unknown", "/place/unit_code"),
    ({"surface_to": "441624108203"}, "complaint.department_unknown", "/surface_to"),
    ({"happened_at": "2020-01-01T00:00:00Z"}, "complaint.time_impossible", "/happened_at"),
    ({"happened_at": "2999-01-01T00:00:00Z"}, "complaint.time_impossible", "/happened_at"),
    ({"attachment_ids": ["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"]}, "attachment.unknown", "/attachment_ids/0"),
    ({"words": "   "}, "request.invalid", "/words"),
    ({"words": "x" * 4001}, "request.invalid", "/words"),
    ({"contact": {"phone": "not a phone"}}, "request.invalid", "/contact/phone"),
    ({"place": {"lat": 24.5, "lon": 114.9}}, "request.invalid", "/place"),
    ({"place": {"lat": 124.5, "lon": 114.9, "coordinate_system": "WGS-84"}}, "request.invalid", "/place/lat"),
    ({"misspelt": 1}, "request.invalid", "/misspelt"),
    ({"call_id": None}, "request.invalid", ""),
]


async def test_what_cannot_be_right_is_refused_with_its_place_and_nothing_is_kept(desk):
    for change, code, pointer in IMPOSSIBLE:
        reply = await desk.hotline(CALL | change)
        assert (reply.status_code, reply.json()["code"]) == (422, code), change
        assert pointer in [fault["pointer"] for fault in reply.json()["errors"]], change
        assert PHONE not in reply.text
        assert NAME not in reply.text
    assert await desk.count("tickets") == 0


HOSTILE = (
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"words": NaN}', b'{"words": 1e400}', b'{"words": "\\ud800"}', b'{"words": "\\u0000"}',
    b'{"words": {}}', b"[" * 100_000, b'{"words": "' + b"x" * 300_000 + b'"}', b'{"words": "a", "call_id": "\xe7\xac\xac"}',
)  # fmt: skip


async def test_hostile_bodies_are_a_problem_of_the_caller_never_of_the_server(desk):
    headers = desk.county.signed_in("operator") | {"Content-Type": "application/json"}
    for body in HOSTILE:
        reply = await desk.http.post("/v1/hotline/complaints", content=body, headers=headers)
        assert 400 <= reply.status_code < 500, body[:40]
        assert reply.headers["content-type"] == "application/problem+json"
    assert await desk.count("tickets") == 0


async def test_a_paper_entry_keeps_its_true_time_and_the_clock_runs_from_it(desk):
    said_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    reply = await desk.hotline(CALL | {"happened_at": said_at.isoformat()})
    assert reply.status_code == 201
    (row,) = await desk.database.fetch(
        "SELECT c.happened_at, c.received_at, t.received_at AS counted_from, k.started_at FROM complaints c"
        " JOIN tickets t ON t.id = c.ticket_id JOIN clocks k ON k.ticket_id = t.id"
    )
    assert row["happened_at"] == row["counted_from"] == row["started_at"] == said_at
    assert row["received_at"] - said_at > timedelta(days=2, hours=23)


async def test_a_gcj_point_is_kept_as_given_and_used_in_wgs(desk):
    await desk.hotline(CALL | {"place": {"lat": 24.45, "lon": 114.93, "coordinate_system": "GCJ-02"}})
    (row,) = await desk.database.fetch("SELECT c.lat, c.lon, t.lat tlat, t.lon tlon FROM complaints c JOIN tickets t ON t.id = c.ticket_id")
    assert (row["lat"], row["lon"]) == (24.45, 114.93)
    assert 0.001 < abs(row["lat"] - row["tlat"]) < 0.01


async def test_a_confidential_complaint_makes_a_confidential_ticket(desk):
    await desk.hotline(CALL | {"confidential": True})
    assert await desk.database.value("SELECT privacy FROM tickets") == "confidential"


async def test_a_department_named_by_the_operator_is_kept_on_the_ticket(desk):
    await desk.hotline(CALL | {"surface_to": "441624-water"})
    assert await desk.database.value("SELECT surface_to_id FROM tickets") == desk.county.units["441624-water"]


@pytest.mark.parametrize(
    ("place", "state", "code"),
    [
        ({"words": "太平村老水井旁"}, "resolved", "441624108203"),
        ({"words": "云深不知处"}, "unknown", None),
        ({"unit_code": "441624108204"}, "resolved", "441624108204"),
    ],
)
async def test_the_operator_is_told_what_was_understood_of_the_place(desk, place, state, code):
    reply = await desk.hotline(CALL | {"place": place})
    answer = reply.json()["place"]
    assert (reply.status_code, answer["state"]) == (201, state)
    assert (answer["unit"] or {}).get("code") == code


async def test_a_name_that_exists_twice_is_asked_back_and_filed_all_the_same(desk):
    twin = ("441624109203", "village", "village", "太平村", "441624109", None)
    await add_units(desk.database.owner, desk.county, ("441624109", "township", "township", "彭寨镇", "441624", None), twin)
    reply = await desk.hotline(CALL | {"place": {"words": "太平村"}})
    answer = reply.json()["place"]
    assert (reply.status_code, answer["state"]) == (201, "ambiguous")
    assert {(one["code"], one["township"]) for one in answer["candidates"]} == {("441624108203", "礼士镇"), ("441624109203", "彭寨镇")}
    assert await desk.database.value("SELECT place_unit_id FROM tickets") is None


async def test_two_exchanges_may_give_the_same_id_to_different_calls(desk):
    replies = [await desk.hotline(CALL | {"source": source}) for source in ("pbx-1", "pbx-2", "pbx-1")]
    assert [reply.status_code for reply in replies] == [201, 201, 200]
    assert len({reply.json()["number"] for reply in replies}) == 2


@pytest.mark.parametrize("by", ["grid", "secretary"])
async def test_only_the_desk_files_by_hotline(desk, by):
    reply = await desk.hotline(CALL, by=by)
    assert (reply.status_code, reply.json()["code"]) == (403, "permission.denied")


async def test_a_visitor_of_the_office_is_filed_by_the_township_dispatcher(desk):
    body = {"words": WORDS, "filing_id": "019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d3e"}
    replies = [await desk.http.post("/v1/petitions", json=body, headers=desk.county.signed_in("dispatcher")) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [201, 200]
    assert await desk.database.value("SELECT channel FROM tickets") == "petition"


async def test_nothing_a_person_said_reaches_the_log(desk, capsys):
    await desk.hotline(CALL, key="k")
    await desk.hotline(CALL | {"contact": {"phone": "not a phone 13805550123"}})
    captured = capsys.readouterr()
    for secret in (WORDS, NAME, "13805550123", "138-0555"):
        assert secret not in captured.out + captured.err


async def test_whoever_repeats_a_call_that_somebody_else_filed_does_not_learn_its_code(desk):
    first = (await desk.hotline(CALL)).json()
    for key in ({}, {"key": "k"}, {"key": "k"}):
        again = await desk.hotline(CALL, by="second", **key)
        assert (again.status_code, again.json()["number"], again.json()["tracking_code"]) == (200, first["number"], None)
    assert (await desk.hotline(CALL)).json()["tracking_code"] == first["tracking_code"]
