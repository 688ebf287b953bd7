"""举报: where a matter about somebody goes, and who can have no part in it."""

import asyncio

import pytest

from services.tickets.rebuilding import check_clocks
from tests.county import COUNTY, HOTLINE, PENGZHAI, SHUIKOU, STAFFED_GRID, WATER, YANGMING
from tests.journeys.people import Desk


@pytest.fixture
async def desk(intake, county):
    return Desk(intake, county)


async def _sees(desk: Desk, login: str, number: str) -> bool:
    answer = await desk.client.get(f"/v1/tickets/{number}", headers=await desk.as_(login))
    assert answer.status_code in (200, 404)
    return answer.status_code == 200


async def test_it_goes_to_the_first_desk_above_and_never_to_whom_it_is_about(desk, county):
    number = await desk.file("水口村书记挪用修路款", place={"unit_code": SHUIKOU}, accused={"units": [SHUIKOU]})
    ticket = await desk.read(number)
    assert (ticket["holder"]["code"], ticket["privacy"], ticket["place"]["code"]) == (PENGZHAI, "confidential", PENGZHAI)
    assert [login for login in ("pengzhai", "shuikou", "grid", "yangming", "water") if await _sees(desk, login, number)] == ["pengzhai"]
    assert await desk.refused("county", number, "transfer", unit=STAFFED_GRID, words="请核实") == "ticket.about_the_unit"
    assert await desk.refused("county", number, "join", unit=SHUIKOU, task="说明情况") == "ticket.about_the_unit"
    assert await desk.refused("county", number, "instruct", unit=SHUIKOU, words="说明情况") == "ticket.about_the_unit"
    assert await desk.refused("county", number, "triage", place=SHUIKOU, words="地点") == "ticket.place_would_tell"
    other = await desk.file("水口村路灯坏了", place={"unit_code": SHUIKOU})
    assert await desk.refused("county", number, "merge", into=other, words="同一件事") == "ticket.merge_would_tell"
    assert await desk.refused("county", other, "merge", into=number, words="同一件事") == "ticket.merge_would_tell"
    ordered = "INSERT INTO assignments (id, ticket_id, round, sequence, part, unit_id, assigned_at, why)"
    for statement in (
        f"{ordered} SELECT gen_random_uuid(), t.id, 1, 9, 'co', u.id, now(), '{{}}' FROM tickets t, units u WHERE number = $1 AND code=$2",
        "UPDATE tickets SET lead_unit_id = (SELECT id FROM units WHERE code = $2) WHERE number = $1",
        "UPDATE tickets SET area_path = (SELECT path FROM units WHERE code = $2) WHERE number = $1",
    ):
        with pytest.raises(Exception, match="is about"):
            await county.owner.execute(statement, number, STAFFED_GRID)


ASKED = ("county", "admin", "analyst", "hotline", "pengzhai", "shuikou", "grid", "yangming", "water", "roads")
COUNTY_WIDE = ["county", "admin", "analyst", "hotline"]


async def _seen_by(desk: Desk, number: str) -> list[str]:
    return [login for login in ASKED if await _sees(desk, login, number)]


async def _member(county, login: str) -> str:
    return str(await county.value("SELECT member_id FROM accounts WHERE login = $1", login))


async def test_whoever_it_is_about_is_passed_with_all_that_belongs_to_them(desk, county):
    about = [
        ({"units": [STAFFED_GRID]}, PENGZHAI, [*COUNTY_WIDE, "pengzhai"]),
        ({"units": [PENGZHAI]}, COUNTY, COUNTY_WIDE),
        ({"units": [SHUIKOU, YANGMING]}, COUNTY, COUNTY_WIDE),
        ({"units": [WATER]}, COUNTY, COUNTY_WIDE),
        ({"units": [HOTLINE]}, COUNTY, COUNTY_WIDE[:3]),
        ({"members": [await _member(county, "pengzhai")]}, COUNTY, COUNTY_WIDE),
        ({"members": [await _member(county, "shuikou")]}, PENGZHAI, [*COUNTY_WIDE, "pengzhai"]),
        ({"members": [await _member(county, "analyst")]}, COUNTY, ["county", "admin", "hotline"]),
        ({}, COUNTY, COUNTY_WIDE),
    ]
    for accused, holder, seen_by in about:
        number = await desk.file("水利局的人收了工程队的好处", place={"unit_code": SHUIKOU}, surface_to=WATER, accused=accused)
        ticket = await desk.read(number)
        assert (ticket["holder"]["code"], ticket["place"]["code"], ticket["co_handlers"]) == (holder, holder, []), accused
        assert await _seen_by(desk, number) == seen_by, accused
        told = await county.fetch(
            "SELECT DISTINCT code FROM messages m JOIN units u ON u.id = m.unit_id JOIN tickets t ON t.id = m.ticket_id WHERE number = $1",
            number,
        )
        assert [row["code"] for row in told] == [holder], accused


async def test_what_cannot_be_decided_here_is_refused_and_says_what_to_do(desk):
    for units, code in (([COUNTY], "complaint.accused_above_all"), (["441624999"], "complaint.accused_unknown")):
        body = {"words": "举报", "call_id": "1", "accused": {"units": units}}
        answer = await desk.client.post("/v1/hotline/complaints", json=body, headers=await desk.as_("hotline"))
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_what_turns_out_to_be_about_its_holder_is_taken_away_without_a_word(desk, county):
    number = await desk.file("修路款不知去向", place={"unit_code": SHUIKOU})
    await desk.does("shuikou", number, "accept")
    await desk.does("county", number, "instruct", unit=SHUIKOU, words="请抓紧")
    told = "SELECT count(*) FROM messages m JOIN units u ON u.id = m.unit_id WHERE u.code = $1"
    before = await county.value(told, SHUIKOU)
    taken = await asyncio.gather(
        desk.try_("hotline", number, "seal", words="来电人举报村干部", accused=[SHUIKOU]),
        desk.try_("shuikou", number, "log_work", words="已上门", contacted=True),
    )
    assert {answer.status_code for answer in taken} <= {200, 412, 404}
    if taken[0].status_code != 200:
        await desk.does("hotline", number, "seal", words="来电人举报村干部", accused=[SHUIKOU])
    await county.settle()
    ticket = await desk.read(number)
    assert (ticket["status"], ticket["holder"]["code"], ticket["place"]["code"]) == ("dispatched", PENGZHAI, PENGZHAI)
    assert await _seen_by(desk, number) == [*COUNTY_WIDE, "pengzhai"]
    assert (await desk.client.get("/v1/me/work", headers=await desk.as_("shuikou"))).json()["items"] == []
    assert await county.value(told, SHUIKOU) == before
    assert await desk.refused("hotline", number, "seal", words="同上", accused=[SHUIKOU]) == "ticket.confidential"
    await desk.does("hotline", number, "seal", words="镇里也有份", accused=[PENGZHAI])
    assert await _seen_by(desk, number) == COUNTY_WIDE
    async with county.as_role("") as owner, owner.transaction() as session:
        assert [found async for page in check_clocks(session) for found in page.differences] == []


async def test_whoever_reported_is_telephoned_by_an_operator_of_the_hotline_and_by_nobody_above(desk, county):
    number = await desk.file("水口村书记挪用修路款", accused={"units": [SHUIKOU]})
    task = await county.value(
        "INSERT INTO phone_tasks (id, ticket_id, complaint_id, purpose, words, state, not_before, created_at)"
        " SELECT gen_random_uuid(), ticket_id, id, 'tell', 'x', 'open', now(), now() FROM complaints RETURNING id"
    )
    address = f"/v1/hotline/phone-tasks/{task}/number"
    refused = await desk.client.post(address, json={"purpose": "回访"}, headers=await desk.as_("county"))
    assert (refused.status_code, refused.json()["code"]) == (403, "call_back.hotline_only")
    taken = await desk.client.post(address, json={"purpose": "回访"}, headers=await desk.as_("hotline"))
    assert (taken.status_code, taken.json()["phone"]) == (200, "13800000123")
    assert await desk.refused("pengzhai", number, "call_back", way="phone", reached=False) == "call_back.hotline_only"
