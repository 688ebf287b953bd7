"""Tracking by number and code, rewordings, and the staff's masked view."""

import asyncio

import pytest
from sqlalchemy import text

from tests.complaints.filings import NAME, PHONE, WORDS
from tests.complaints.test_hotline import CALL


async def progress(desk, number: str, code: str):
    return await desk.http.get(f"/v1/complaints/{number}", headers={"X-Tracking-Code": code})


async def test_number_and_code_tell_how_far_it_is_by_header_or_body(desk):
    filed = (await desk.hotline(CALL)).json()
    by_header = await progress(desk, filed["number"], filed["tracking_code"].lower())
    by_body = await desk.http.post(f"/v1/complaints/{filed['number'].replace('-', '')}/progress", json={"code": filed["tracking_code"]})
    assert by_header.status_code == by_body.status_code == 200
    assert by_header.json() == by_body.json()
    assert (by_header.json()["status"], by_header.json()["status_words"]) == ("received", "已受理，正在派单")
    for secret in (WORDS, NAME, PHONE):
        assert secret not in by_header.text


async def test_a_wrong_number_and_a_wrong_code_are_the_same_answer(desk):
    filed = (await desk.hotline(CALL)).json()
    wrong_code = await progress(desk, filed["number"], "AAAAAAAA")
    wrong_number = await progress(desk, "20261122-000999-0", filed["tracking_code"])
    no_number = await progress(desk, "x", filed["tracking_code"])
    replies = [wrong_code, wrong_number, no_number]
    assert {reply.status_code for reply in replies} == {404}
    assert len({(reply.json()["code"], reply.json()["detail"]) for reply in replies}) == 1


async def test_guessing_stops_after_ten_tries_even_in_a_burst_and_even_with_the_right_code(desk):
    filed = (await desk.hotline(CALL)).json()
    replies = await asyncio.gather(*(progress(desk, filed["number"], f"WRONG{nth:03}") for nth in range(30)))
    statuses = [reply.status_code for reply in replies]
    assert (statuses.count(404), statuses.count(429)) == (10, 20)
    late = await progress(desk, filed["number"], filed["tracking_code"])
    assert (late.status_code, late.json()["code"]) == (429, "tracking.too_many")
    assert 0 < int(late.headers["retry-after"]) <= 3601


async def test_right_codes_are_never_counted(desk):
    filed = (await desk.hotline(CALL)).json()
    for _ in range(15):
        assert (await progress(desk, filed["number"], filed["tracking_code"])).status_code == 200
    assert await desk.count("tracking_tries") == 0


async def test_the_answer_given_is_told_with_the_unit_that_has_it(desk):
    filed = (await desk.hotline(CALL)).json()
    await desk.database.owner.execute("UPDATE tickets SET lead_unit_id = $1, status = 'answered'", desk.county.units["441624108203"])
    await desk.database.owner.execute(
        "INSERT INTO answers (id, ticket_id, complaint_id, round, words, answered_at)"
        " SELECT id, ticket_id, id, 1, '水管已修好', now() FROM complaints"
    )
    told = (await progress(desk, filed["number"], filed["tracking_code"])).json()
    assert (told["responsible_unit"], told["answers"][0]["words"]) == ("太平村", "水管已修好")


async def test_a_merged_ticket_shows_the_progress_of_the_one_that_goes_on(desk):
    filed = (await desk.hotline(CALL)).json()
    other = (await desk.hotline(CALL | {"item": 2})).json()
    await desk.database.owner.execute("UPDATE tickets SET status = 'accepted' WHERE number = $1", other["number"])
    await desk.database.owner.execute(
        "UPDATE tickets SET status = 'merged', merged_into_id = (SELECT id FROM tickets WHERE number = $2) WHERE number = $1",
        filed["number"], other["number"],
    )  # fmt: skip
    told = (await progress(desk, filed["number"], filed["tracking_code"])).json()
    assert (told["number"], told["status"]) == (filed["number"], "accepted")


async def test_staff_see_the_words_whole_and_the_contact_masked(desk):
    filed = (await desk.hotline(CALL)).json()
    reply = await desk.http.get(f"/v1/tickets/{filed['number']}/complaints", headers=desk.county.signed_in("secretary"))
    (complaint,) = reply.json()
    assert complaint["words"] == WORDS
    assert complaint["contact"] == {"name": "欧***", "phone": "138****0123", "wechat": False, "email": None}
    assert NAME not in reply.text


async def test_who_asked_to_stay_confidential_is_known_to_the_desk_and_not_to_the_village(desk):
    filed = (await desk.hotline(CALL | {"confidential": True})).json()
    address = f"/v1/tickets/{filed['number']}/complaints"
    village = (await desk.http.get(address, headers=desk.county.signed_in("secretary"))).json()
    hotline = (await desk.http.get(address, headers=desk.county.signed_in("operator"))).json()
    assert village[0]["contact"] is None
    assert hotline[0]["contact"]["phone"] == "138****0123"


async def test_a_ticket_out_of_scope_is_not_there(desk):
    filed = (await desk.hotline(CALL | {"place": {"unit_code": "441624108204"}})).json()
    reply = await desk.http.get(f"/v1/tickets/{filed['number']}/complaints", headers=desk.county.signed_in("secretary"))
    assert (reply.status_code, reply.json()["code"]) == (404, "ticket.unknown")
    refused = await desk.http.post(
        f"/v1/complaints/{filed['complaint_id']}/rewordings", json={"words": "x"}, headers=desk.county.signed_in("secretary")
    )
    assert (refused.status_code, refused.json()["code"]) == (404, "complaint.unknown")


async def test_a_rewording_lies_over_the_original_which_nobody_can_change(desk):
    filed = (await desk.hotline(CALL)).json()
    address = f"/v1/complaints/{filed['complaint_id']}/rewordings"
    headers = desk.county.signed_in("operator") | {"Idempotency-Key": "r1"}
    replies = [await desk.http.post(address, json={"words": "水管在村委会门口"}, headers=headers) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [201, 201]
    assert replies[0].json() == replies[1].json()
    (complaint,) = (await desk.http.get(f"/v1/tickets/{filed['number']}/complaints", headers=desk.county.signed_in("operator"))).json()
    assert complaint["words"] == WORDS
    assert [(one["words"], one["author"]) for one in complaint["rewordings"]] == [("水管在村委会门口", "李接线")]
    with pytest.raises(Exception, match="permission denied"):
        async with desk.database.database.transaction() as session:
            await session.execute(text("UPDATE complaints SET words = 'x'"))
