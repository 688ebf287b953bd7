"""Reports from the field: for a villager, discovered, solved on the spot; inside one's own area only."""

from uuid import uuid4

import pytest

from tests.attachments.samples import JPEG
from tests.complaints.filings import NAME, PHONE, WORDS


async def report(desk, by: str = "grid", **changes):
    body = {"words": WORDS, "report_id": str(uuid4()), **changes}
    return await desk.http.post("/v1/field-reports", json=body, headers=desk.county.signed_in(by))


async def picture(desk, by: str = "grid") -> str:
    reply = await desk.http.post("/v1/attachments", content=JPEG, headers=desk.county.signed_in(by) | {"Content-Type": "image/jpeg"})
    return reply.json()["id"]


async def test_a_report_for_a_villager_is_placed_in_the_reporters_grid(desk):
    reply = await report(desk, contact={"name": NAME, "phone": PHONE})
    assert reply.status_code == 201
    (row,) = await desk.database.fetch("SELECT t.*, c.wants_answer FROM tickets t JOIN complaints c ON c.ticket_id = t.id")
    assert (row["channel"], row["source"], row["wants_answer"]) == ("field", "complaint", True)
    assert row["place_unit_id"] == desk.county.units["441624108203001"]
    assert await desk.count("complainants") == 1


async def test_what_a_worker_discovered_has_no_complainant_and_is_counted_apart(desk):
    reply = await report(desk, discovered=True)
    assert reply.status_code == 201
    assert await desk.database.value("SELECT source FROM tickets") == "discovered"
    assert await desk.database.value("SELECT wants_answer FROM complaints") is False
    assert await desk.count("complainants") == 0
    both = await report(desk, discovered=True, contact={"phone": PHONE})
    assert both.status_code == 422


async def test_the_same_report_sent_again_is_one_report(desk):
    again = {"report_id": str(uuid4())}
    replies = [await report(desk, **again) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [201, 200, 200]
    assert await desk.count("tickets") == 1


@pytest.mark.parametrize("place", [{"unit_code": "441624108204"}, {"words": "水口村"}, {"unit_code": "441624108"}])
async def test_a_place_outside_ones_area_is_refused(desk, place):
    reply = await report(desk, by="secretary", place=place)
    assert (reply.status_code, reply.json()["code"]) == (403, "field_report.outside_area")
    assert await desk.count("tickets") == 0


async def test_a_secretary_reports_anywhere_in_the_village(desk):
    assert (await report(desk, by="secretary", place={"unit_code": "441624108203001"})).status_code == 201
    assert (await report(desk, by="secretary", place={"words": "太平村老水井旁"})).status_code == 201


async def test_the_operator_does_not_report_from_the_field(desk):
    reply = await report(desk, by="operator")
    assert (reply.status_code, reply.json()["code"]) == (403, "permission.denied")


async def test_what_was_solved_on_the_spot_is_filed_and_resolved_at_once_but_not_closed(desk):
    file = await picture(desk)
    body = {"report_id": str(uuid4()), "discovered": True, "category": "water.pipe"}
    reply = await report(desk, **body, solved_on_the_spot={"words": "阀门已关好", "attachment_ids": [file]})

    assert reply.status_code == 201, reply.text
    (ticket,) = await desk.database.fetch("SELECT * FROM tickets")
    assert (ticket["status"], ticket["resolved_by_unit_id"]) == ("resolved", desk.county.units["441624108203001"])
    assert ticket["resolved_by_account_id"] == desk.county.accounts["grid"]
    types = [row[0] for row in await desk.database.fetch("SELECT type FROM events ORDER BY seq")]
    assert types == ["ticket.received", "ticket.dispatched", "ticket.accepted", "ticket.resolved"]
    assert await desk.database.value("SELECT role FROM attachment_links") == "after"
    again = await report(desk, **body, solved_on_the_spot={"words": "阀门已关好", "attachment_ids": [file]})
    assert (again.status_code, again.json()["number"]) == (200, ticket["number"])


async def test_what_cannot_be_resolved_is_not_filed_either(desk):
    somebody_elses = await picture(desk, by="secretary")
    reply = await report(desk, solved_on_the_spot={"words": "阀门已关好", "attachment_ids": [somebody_elses]})
    assert (reply.status_code, reply.json()["code"]) == (422, "attachment.unknown")
    assert await desk.count("tickets") == 0
    assert await desk.count("complaints") == 0
    without = await report(desk, solved_on_the_spot={"words": "阀门已关好", "attachment_ids": []})
    assert without.status_code == 422
