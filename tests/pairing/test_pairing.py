"""Households and pairings from file to report: once however often, dated, handed over evenly, complete from both sides."""

from datetime import timedelta

import pytest

from intake_api import households, pairings, sessions
from reporting_api import pairings as report
from services.households.parsing import parse_households
from services.households.storing import put_households
from services.organization.actions import add_member, give_post
from services.organization.commands import AddMember, GivePost
from services.organization.queries import members_by_staff_number, read_unit_tree
from services.pairing.parsing import parse_pairings
from services.pairing.storing import put_pairings
from services.platform.actor import SYSTEM
from services.platform.clock import local_day, now
from services.platform.database import OWNER, REPORTING
from services.platform.unit_of_work import unit_of_work
from tests.county import BLANK_GRID, PENGZHAI, SHUIKOU, STAFFED_GRID, WATER, YANGMING, sign_in
from tests.web.doors import client_of

FILE = "unit,number,head,phone,address,people\n" + "".join(
    f"{(STAFFED_GRID, BLANK_GRID)[nth % 2]},3-{nth:03},黄某{nth},1380000{nth:04},水口村{nth}号,4\n" for nth in range(12)
)


@pytest.fixture
async def client(county):
    async with client_of([sessions.router, households.router, pairings.router]) as client:
        yield client


@pytest.fixture
async def reports(county):
    async with client_of([sessions.router, report.router]) as client:
        yield client


async def load(county, text):
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        parsed = parse_households(text, await read_unit_tree(work.session))
        assert not parsed.errors
        return await put_households(work, parsed.households)


async def cadre(county, name, unit=WATER):
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        member = await add_member(work, AddMember(name=name, staff_number=name, party_member=True))
        await give_post(work, member.id, GivePost(unit_code=unit, role="department_officer"))
        return str(member.id)


async def load_pairs(county, text, *, transfer=False):
    async with county.as_role(OWNER), unit_of_work(SYSTEM) as work:
        today = local_day(work.now)
        members = await members_by_staff_number(work.session, today)
        parsed = parse_pairings(text, await read_unit_tree(work.session), members, today)
        done = await put_pairings(work, parsed.pairings, transfer=transfer)
        return done, [str(error) for error in (*parsed.errors, *done.errors)]


async def test_a_file_of_households_is_loaded_once_and_what_it_corrects_is_erased(county, client):
    first, again = await load(county, FILE), await load(county, FILE)
    assert (first.added, first.changed, first.unchanged) == (12, 0, 0)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 12)
    corrected = await load(county, FILE.replace("黄某3,", "黄改,"))
    assert (corrected.added, corrected.changed, corrected.unchanged) == (0, 1, 11)
    papers = await county.fetch("SELECT row_key IS NULL AS erased FROM sealed_papers WHERE kind = 'household'")
    assert sorted(row["erased"] for row in papers) == [False] * 12 + [True], "the old paper is unreadable"
    shuikou, grid = await sign_in(client, "shuikou"), await sign_in(client, "grid")
    seen = (await client.get("/v1/households", headers=shuikou)).json()["items"]
    assert [(one["number"], one["head"], one["phone"]) for one in seen[3:5]] == [
        ("3-003", "黄*", "138****0003"),
        ("3-004", "黄**", "138****0004"),
    ]
    assert len((await client.get("/v1/households", headers=grid)).json()["items"]) == 6, "a grid worker sees the own grid's"
    yangming = await sign_in(client, "yangming")
    assert (await client.get("/v1/households", headers=yangming)).json()["items"] == []
    assert (await client.get(f"/v1/households/{seen[0]['id']}", headers=yangming)).status_code == 404


async def test_who_lives_there_is_read_for_a_purpose_that_is_kept(county, client):
    await load(county, FILE)
    shuikou = await sign_in(client, "shuikou")
    one = (await client.get("/v1/households?limit=1", headers=shuikou)).json()["items"][0]
    assert (await client.post(f"/v1/households/{one['id']}/contact", json={"words": "走访"}, headers=shuikou)).status_code == 422
    told = await client.post(f"/v1/households/{one['id']}/contact", json={"purpose": "visit", "words": "上门走访"}, headers=shuikou)
    assert told.json() == {"head": "黄某0", "phone": "13800000000", "address": "水口村0号"}
    kept = await county.fetch("SELECT data FROM events WHERE type = 'household.contact_read'")
    assert len(kept) == 1
    assert "黄" not in str(kept[0]["data"])


async def test_a_household_is_listed_changed_and_ended_at_the_door(county, client):
    shuikou, pengzhai = await sign_in(client, "shuikou"), await sign_in(client, "pengzhai")
    body = {"unit": STAFFED_GRID, "number": "7-001", "head": "黄某某", "people": 3}
    made = await client.post("/v1/households", json=body, headers={**shuikou, "Idempotency-Key": "a"})
    again = await client.post("/v1/households", json=body, headers={**shuikou, "Idempotency-Key": "a"})
    assert (made.status_code, again.json()["id"]) == (201, made.json()["id"])
    assert (await client.post("/v1/households", json=body, headers=shuikou)).json()["code"] == "household.number_taken"
    outside = await client.post("/v1/households", json={**body, "unit": YANGMING}, headers=shuikou)
    assert outside.status_code in (403, 422)
    address = f"/v1/households/{made.json()['id']}"
    changed = await client.put(address, json={"unit": BLANK_GRID, "people": 5}, headers={**pengzhai, "If-Match": '"1"'})
    assert (changed.json()["unit"], changed.json()["people"], changed.json()["number"]) == (BLANK_GRID, 5, "7-001")
    stale = await client.put(address, json={"unit": BLANK_GRID, "people": 6}, headers={**pengzhai, "If-Match": '"1"'})
    assert stale.json()["code"] == "version.changed"
    ahead = (local_day(now()) + timedelta(days=1)).isoformat()
    assert (await client.post(f"{address}/end", json={"because": "moved_away", "on": ahead}, headers=shuikou)).json()[
        "code"
    ] == "household.day_ahead"
    for _twice in range(2):
        over = await client.post(f"{address}/end", json={"because": "moved_away"}, headers=shuikou)
        assert over.json()["ended_because"] == "moved_away"
    relisted = await client.post("/v1/households", json=body, headers=shuikou)
    assert relisted.status_code == 201, "a number is free again when its household has ended"
    assert relisted.json()["id"] != made.json()["id"]


async def test_pairings_are_loaded_handed_over_and_covered_from_both_sides(county, client, reports):
    await load(county, FILE)
    a, b, c = [await cadre(county, name) for name in ("SL-1", "SL-2", "SL-3")]
    text = "unit,household,member,partner\n" + "".join(f"{SHUIKOU},3-{nth:03},SL-1,\n" for nth in range(11))
    text += f"{SHUIKOU},,SL-2,\n{SHUIKOU},,,{WATER}\n{PENGZHAI},,SL-3,\n"
    done, wrong = await load_pairs(county, text)
    assert (done.added, wrong) == (14, [])
    done, wrong = await load_pairs(county, text)
    assert (done.added, done.unchanged, wrong) == (0, 14, [])
    done, wrong = await load_pairs(county, f"unit,household,member\n{SHUIKOU},3-000,SL-2\n{SHUIKOU},9-999,SL-2\n")
    assert done.added == done.transferred == 0
    assert len(wrong) == 2, "another's household and one that is not listed"
    done, _wrong = await load_pairs(county, f"unit,household,member\n{SHUIKOU},3-000,SL-2\n", transfer=True)
    assert done.transferred == 1
    county_desk, shuikou = await sign_in(client, "county"), await sign_in(client, "shuikou")
    refused = await client.post("/v1/pairings/handovers", json={"from_member_id": a, "to": [b]}, headers=shuikou)
    assert refused.status_code == 403
    handed = (await client.post("/v1/pairings/handovers", json={"from_member_id": a, "to": [b, c]}, headers=county_desk)).json()
    assert (handed["households"], [one["has"] for one in handed["to"]]) == (10, [6, 5])
    async with county.as_role(REPORTING):
        told = (await reports.get("/v1/reports/pairings", headers=county_desk)).json()
        assert (told["households"]["total"], told["households"]["paired"], told["households"]["share"]) == (12, 11, "91.67")
        assert told["loads"] == {"least": 5, "median": "5.5", "p90": "6", "most": 6, "mean": "5.50"}
        gone = (await reports.get("/v1/reports/pairings/members", headers=county_desk)).json()
        assert "SL-1" in {one["name"] for one in gone["items"]}
        assert gone["total"] == told["members"]["missing"]
        lone = (await reports.get("/v1/reports/pairings/households?unit=441624108213", headers=county_desk)).json()
        assert (lone["total"], [one["name"] for one in lone["items"]]) == (1, [None]), "a household is told by its id alone"
        for side in ("villages_with_unit", "villages_with_secretary", "townships_with_leader"):
            assert told[side]["paired"] == 1


async def test_what_is_entered_later_changes_later_answers_only(county, client, reports):
    await load(county, FILE)
    member = await cadre(county, "SL-1")
    desk = await sign_in(client, "county")
    home = (await client.get("/v1/households?limit=1", headers=desk)).json()["items"][0]["id"]
    long_ago = (local_day(now()) - timedelta(days=40)).isoformat()
    before = now().isoformat()
    made = await client.post(
        "/v1/pairings", json={"kind": "member_household", "member_id": member, "household_id": home, "since": long_ago}, headers=desk
    )
    assert made.status_code == 201, made.text
    same = await client.post("/v1/pairings", json={"kind": "member_household", "member_id": member, "household_id": home}, headers=desk)
    assert (same.status_code, same.json()["id"]) == (200, made.json()["id"])
    between = now().isoformat()
    over = await client.post(f"/v1/pairings/{made.json()['id']}/end", json={"because": "mistake", "on": long_ago}, headers=desk)
    assert over.status_code == 200, over.text
    again = await client.post(f"/v1/pairings/{made.json()['id']}/end", json={"because": "other"}, headers=desk)
    assert again.json()["code"] == "pairing.ended"
    async with county.as_role(REPORTING):
        paired = [
            (await reports.get("/v1/reports/pairings", params={"as_of": instant}, headers=desk)).json()["households"]["paired"]
            for instant in (before, between, now().isoformat())
        ]
    assert paired == [0, 1, 0]


async def test_an_ended_household_needs_nobody(county, client, reports):
    await load(county, FILE)
    member, desk = await cadre(county, "SL-1"), await sign_in(client, "county")
    home = (await client.get("/v1/households?limit=1", headers=desk)).json()["items"][0]["id"]
    body = {"kind": "member_household", "member_id": member, "household_id": home}
    pairing = (await client.post("/v1/pairings", json=body, headers=desk)).json()["id"]
    await client.post(f"/v1/households/{home}/end", json={"because": "dissolved"}, headers=desk)
    assert (await client.get(f"/v1/pairings/{pairing}", headers=desk)).json()["ended_because"] == "household_ended"
    assert (await client.post("/v1/pairings", json=body, headers=desk)).json()["code"] == "household.ended"
    async with county.as_role(REPORTING):
        told = (await reports.get("/v1/reports/pairings", headers=desk)).json()
    assert (told["households"]["total"], told["households"]["paired"]) == (11, 0)
