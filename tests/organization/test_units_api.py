"""Units over HTTP: browsing, who is responsible, blank units, and changes by administrators."""

import asyncio

import pytest

from intake_api import sessions, units
from tests.county import BLANK_GRID, COUNTY, HOTLINE, PENGZHAI, SHUIKOU, STAFFED_GRID, WATER, sign_in
from tests.web.doors import client_of

NEW = {"code": "441624108213009", "parent_code": SHUIKOU, "name": "第九网格", "kind": "grid", "tier": "grid", "aliases": ["老屋组"]}


@pytest.fixture
async def client(county):
    async with client_of([sessions.router, units.router]) as client:
        yield client


@pytest.fixture
async def admin(client):
    return await sign_in(client, "admin")


async def _all(client, address, headers):
    """Follow the Link headers to the end."""
    items = []
    while address:
        answer = await client.get(address, headers=headers)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        address = answer.links.get("next", {}).get("url")
    return items


async def test_browsing_gives_every_unit_once_by_its_place(client, county):
    headers = await sign_in(client, "grid")
    items = await _all(client, f"/v1/units?under={PENGZHAI}&limit=7", headers)
    paths = [item["path"] for item in items]
    assert paths == sorted(set(paths))
    assert len(paths) == await county.value("SELECT count(*) - 1 FROM units WHERE path LIKE '/441624/441624108/%'")
    villages = await _all(client, f"/v1/units?under={PENGZHAI}&kind=village&limit=200", headers)
    assert {item["kind"] for item in villages} == {"village"}
    assert SHUIKOU in {item["code"] for item in villages}


async def test_blank_and_staffed_units_share_the_tree_between_them(client):
    headers = await sign_in(client, "grid")
    staffed = await _all(client, f"/v1/units?under={SHUIKOU}&blank=false", headers)
    blank = await _all(client, f"/v1/units?under={SHUIKOU}&blank=true", headers)
    assert [item["code"] for item in staffed] == [STAFFED_GRID]
    assert [item["code"] for item in blank] == [BLANK_GRID]


WRONG_QUERIES = ["cursor=x", "cursor=WzFd", "limit=0", "limit=201", "kind=castle", "under=a%20b", "blank=maybe"]


async def test_wrong_queries_are_refused(client):
    headers = await sign_in(client, "grid")
    for query in WRONG_QUERIES:
        answer = await client.get(f"/v1/units?{query}", headers=headers)
        assert answer.status_code in (400, 422), query
        assert answer.json()["code"] in ("cursor.malformed", "request.invalid")


async def test_a_unit_that_is_not_there_is_404(client, admin):
    for address in ("/v1/units/nowhere", "/v1/units?under=nowhere", "/v1/units/nowhere/responsible"):
        answer = await client.get(address, headers=admin)
        assert (answer.status_code, answer.json()["code"]) == (404, "unit.unknown")


async def test_the_report_on_blank_units_says_where_their_work_goes(client):
    headers = await sign_in(client, "pengzhai")
    items = await _all(client, "/v1/units/blank?limit=20", headers)
    assert all(item["code"].startswith(PENGZHAI) for item in items), "a dispatcher sees the own township"
    falls = {item["code"]: item["falls_back_to"] for item in items}
    assert falls[BLANK_GRID] == SHUIKOU
    assert falls["441624108201001"] == PENGZHAI
    assert STAFFED_GRID not in falls
    counts = (await client.get("/v1/units/blank?limit=1", headers=headers)).json()["counts"]
    assert sum(count["blank"] for count in counts) == len(items)
    whole = (await client.get("/v1/units/blank?limit=1", headers=await sign_in(client, "county"))).json()["counts"]
    assert sum(count["blank"] for count in whole) > len(items)


async def test_a_grid_worker_gets_no_report(client):
    answer = await client.get("/v1/units/blank", headers=await sign_in(client, "grid"))
    assert (answer.status_code, answer.json()["code"]) == (403, "permission.denied")


async def test_anybody_may_ask_who_is_responsible_and_learns_no_name(client, county):
    await county.owner.execute("UPDATE units SET duty_phone = '0762-5631234' WHERE code = $1", SHUIKOU)
    answer = await client.get(f"/v1/units/{BLANK_GRID}/responsible")
    assert answer.status_code == 200
    seats = answer.json()["responsible"]
    assert seats[0] == {
        "unit_code": SHUIKOU, "unit_name": "水口村村民委员会", "tier": "village", "seats": ["村组织书记"], "duty_phone": "0762-5631234",
    }  # fmt: skip
    assert [seat["unit_code"] for seat in seats] == [SHUIKOU, PENGZHAI, COUNTY]
    for row in await county.fetch("SELECT name FROM members"):
        assert row["name"] not in answer.text


async def test_an_administrator_adds_a_unit_once(client, county, admin):
    headers = {**admin, "Idempotency-Key": "u-1"}
    first = await client.post("/v1/units", json=NEW, headers=headers)
    again = await client.post("/v1/units", json=NEW, headers=headers)
    assert (first.status_code, first.headers["location"], first.headers["etag"]) == (201, f"/v1/units/{NEW['code']}", '"1"')
    assert (again.status_code, again.json()) == (201, first.json())
    assert first.json()["path"] == f"/441624/{PENGZHAI}/{SHUIKOU}/{NEW['code']}/"
    assert (await client.get(first.headers["location"], headers=admin)).json() == first.json()
    assert await county.value("SELECT count(*) FROM events WHERE type = 'unit.added' AND data->>'code' = $1", NEW["code"]) == 1


IMPOSSIBLE = [
    ({"code": SHUIKOU}, 409, "unit.code_taken"),
    ({"parent_code": "nowhere"}, 404, "unit.unknown"),
    ({"parent_code": STAFFED_GRID}, 422, "unit.misplaced"),
    ({"parent_code": WATER}, 422, "unit.misplaced"),
    ({"tier": "county"}, 422, "unit.misplaced"),
    ({"kind": "department", "tier": "township", "parent_code": PENGZHAI}, 422, "unit.function_missing"),
    ({"lat": 24.4}, 422, "request.invalid"),
    ({"lat": 91, "lon": 1}, 422, "request.invalid"),
    ({"name": " "}, 422, "request.invalid"),
    ({"duty_phone": "call me"}, 422, "request.invalid"),
    ({"population": 2**40}, 422, "request.invalid"),
    ({"extra": 1}, 422, "request.invalid"),
    ({"population": "5"}, 422, "request.invalid"),
    ({"lat": "24.4", "lon": 114}, 422, "request.invalid"),
    ({"code": "１２３"}, 422, "request.invalid"),
]


async def test_units_that_cannot_be_are_refused(client, admin):
    for changed, status, code in IMPOSSIBLE:
        answer = await client.post("/v1/units", json={**NEW, **changed}, headers=admin)
        assert (answer.status_code, answer.json()["code"]) == (status, code), changed


OTHERS = ["county", "pengzhai", "shuikou", "grid", "hotline", "water", "analyst"]


async def test_only_administrators_change_units(client):
    for login in OTHERS:
        headers = {**await sign_in(client, login), "If-Match": '"1"'}
        for answer in (
            await client.post("/v1/units", json=NEW, headers=headers),
            await client.patch(f"/v1/units/{SHUIKOU}", json={"name": "x"}, headers=headers),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "permission.denied"), login


async def test_a_change_needs_the_version_it_was_decided_on(client, admin):
    address = f"/v1/units/{HOTLINE}"
    tag = (await client.get(address, headers=admin)).headers["etag"]
    assert (await client.patch(address, json={"name": "580"}, headers=admin)).status_code == 428
    changed = await client.patch(address, json={"name": "580"}, headers={**admin, "If-Match": tag})
    assert (changed.status_code, changed.json()["name"], changed.headers["etag"]) == (200, "580", '"2"')
    stale = await client.patch(address, json={"name": "x"}, headers={**admin, "If-Match": tag})
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (412, "precondition.version", 2)


async def test_of_two_changes_at_the_same_time_one_wins(client, county, admin):
    headers = {**admin, "If-Match": '"1"'}
    answers = await asyncio.gather(*(client.patch(f"/v1/units/{SHUIKOU}", json={"name": f"村{n}"}, headers=headers) for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert await county.value("SELECT version FROM units WHERE code = $1", SHUIKOU) == 2


async def test_moving_a_unit_moves_what_is_below_it(client, county, admin):
    moved = await client.patch(f"/v1/units/{SHUIKOU}", json={"parent_code": "441624100"}, headers={**admin, "If-Match": '"1"'})
    assert moved.json()["path"] == f"/441624/441624100/{SHUIKOU}/"
    grid = (await client.get(f"/v1/units/{STAFFED_GRID}", headers=admin)).json()
    assert (grid["path"], grid["version"]) == (f"/441624/441624100/{SHUIKOU}/{STAFFED_GRID}/", 2)
    assert await county.value("SELECT count(*) FROM units WHERE path LIKE $1", f"/441624/{PENGZHAI}/{SHUIKOU}/%") == 0


IMPOSSIBLE_CHANGES = [
    (PENGZHAI, {"parent_code": SHUIKOU}, 422),
    (COUNTY, {"valid_to": "2026-12-01"}, 409),
    (SHUIKOU, {"valid_to": "1950-01-01"}, 422),
    (SHUIKOU, {"valid_to": "9999-01-01"}, 422),
    (SHUIKOU, {"valid_to": 0}, 422),
    (SHUIKOU, {"valid_to": "0"}, 422),
    (SHUIKOU, {}, 422),
    (SHUIKOU, {"name": None}, 422),
]


async def test_changes_that_cannot_be_are_refused(client, admin):
    for code, command, status in IMPOSSIBLE_CHANGES:
        answer = await client.patch(f"/v1/units/{code}", json=command, headers={**admin, "If-Match": "*"})
        assert answer.status_code == status, command


async def test_a_closed_unit_leaves_the_lists_but_is_still_found(client, county, admin):
    today = await county.value("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date::text")
    closed = await client.patch(f"/v1/units/{BLANK_GRID}", json={"valid_to": today}, headers={**admin, "If-Match": '"1"'})
    assert closed.status_code == 200
    codes = {item["code"] for item in await _all(client, f"/v1/units?under={SHUIKOU}", admin)}
    assert BLANK_GRID not in codes
    assert BLANK_GRID in {item["code"] for item in await _all(client, f"/v1/units?under={SHUIKOU}&ended=true", admin)}
    assert (await client.get(f"/v1/units/{BLANK_GRID}", headers=admin)).status_code == 200
