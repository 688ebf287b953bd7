"""Members and posts over HTTP: guide or assistant by party membership, placement, and what ends."""

from datetime import timedelta

import pytest

from intake_api import members, sessions, units
from services.identity import actors
from services.platform.clock import local_day, now
from tests.county import BLANK_GRID, LOGINS, PENGZHAI, SHUIKOU, STAFFED_GRID, sign_in
from tests.web.doors import client_of


@pytest.fixture
async def client(county):
    async with client_of([sessions.router, units.router, members.router]) as client:
        yield client


@pytest.fixture
async def admin(client):
    return await sign_in(client, "admin")


async def _add(client, admin, *, party_member=False, **more):
    answer = await client.post("/v1/members", json={"name": "黄小明", "party_member": party_member, **more}, headers=admin)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _give(client, admin, member, role, unit_code=BLANK_GRID, **more):
    return await client.post(f"/v1/members/{member['id']}/posts", json={"unit_code": unit_code, "role": role, **more}, headers=admin)


@pytest.mark.parametrize(("party_member", "role", "title"), [(True, "guide", "网格指导员"), (False, "assistant", "网格助理员")])
async def test_a_grid_instructor_is_guide_or_assistant_by_party_membership(client, admin, party_member, role, title):
    member = await _add(client, admin, party_member=party_member)
    answer = await _give(client, admin, member, "grid_instructor")
    assert answer.status_code == 201
    assert [(post["role"], post["title"], post["unit_code"]) for post in answer.json()["posts"]] == [(role, title, BLANK_GRID)]


@pytest.mark.parametrize(("party_member", "wrong", "right"), [(True, "assistant", "guide"), (False, "guide", "assistant")])
async def test_asking_for_the_other_one_is_refused_and_says_which(client, admin, party_member, wrong, right):
    member = await _add(client, admin, party_member=party_member)
    answer = await _give(client, admin, member, wrong)
    assert (answer.status_code, answer.json()["code"], answer.json()["role"]) == (422, "post.role_follows_party_membership", right)
    assert (await _give(client, admin, member, right)).status_code == 201


async def test_joining_the_party_turns_assistant_into_guide_from_today(client, county, admin):
    member = await _add(client, admin)
    given = (await _give(client, admin, member, "grid_instructor", valid_from="2026-01-01")).json()
    changed = await client.patch(
        f"/v1/members/{member['id']}", json={"party_member": True}, headers={**admin, "If-Match": f'"{given["version"]}"'}
    )
    today = local_day(now()).isoformat()
    assert [(post["role"], post["valid_from"], post["valid_to"]) for post in changed.json()["posts"]] == [
        ("assistant", "2026-01-01", today),
        ("guide", today, None),
    ]


async def test_a_post_fills_a_blank_unit_and_its_end_makes_it_blank_again(client, admin):
    member = await _add(client, admin)
    given = (await _give(client, admin, member, "grid_worker")).json()
    assert (await client.get(f"/v1/units/{BLANK_GRID}", headers=admin)).json()["staffed_roles"] == ["grid_worker"]
    address = f"/v1/members/{member['id']}/posts/{given['posts'][0]['id']}/end"
    ended = await client.post(address, json={}, headers=admin)
    assert ended.status_code == 200
    assert (await client.get(f"/v1/units/{BLANK_GRID}", headers=admin)).json()["staffed_roles"] == []
    again = await client.post(address, json={}, headers=admin)
    assert (again.status_code, again.json()["code"]) == (409, "post.ended_already")


IMPOSSIBLE = [
    ("grid_worker", SHUIKOU, {}, 422, "post.role_does_not_fit_unit"),
    ("village_secretary", BLANK_GRID, {}, 422, "post.role_does_not_fit_unit"),
    ("township_dispatcher", "441624", {}, 422, "post.role_does_not_fit_unit"),
    ("administrator", BLANK_GRID, {}, 422, "post.role_does_not_fit_unit"),
    ("king", BLANK_GRID, {}, 422, "request.invalid"),
    ("grid_worker", "nowhere", {}, 404, "unit.unknown"),
    ("grid_worker", BLANK_GRID, {"valid_from": "0001-01-01"}, 422, "request.invalid"),
    ("grid_worker", BLANK_GRID, {"valid_from": "9999-12-31"}, 422, "request.invalid"),
]


async def test_posts_that_cannot_be_are_refused(client, admin):
    member = await _add(client, admin)
    for role, unit, more, status, code in IMPOSSIBLE:
        answer = await _give(client, admin, member, role, unit, **more)
        assert (answer.status_code, answer.json()["code"]) == (status, code), role


async def test_party_membership_is_true_or_false_and_nothing_like_it(client, admin):
    for value in ("yes", 1, None, "true"):
        answer = await client.post("/v1/members", json={"name": "黄小明", "party_member": value}, headers=admin)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/party_member"), value


async def test_the_same_post_twice_is_refused_but_a_repeated_request_is_not(client, admin):
    member = await _add(client, admin)
    headers = {**admin, "Idempotency-Key": '"p-1"'}
    first, again = await _give(client, headers, member, "grid_worker"), await _give(client, headers, member, "grid_worker")
    assert (again.status_code, again.json()) == (201, first.json())
    twice = await _give(client, admin, member, "grid_worker")
    assert (twice.status_code, twice.json()["code"]) == (409, "post.held_already")


async def test_a_post_ends_no_earlier_than_it_starts_and_only_for_its_holder(client, admin):
    member, other = await _add(client, admin), await _add(client, admin)
    future = (local_day(now()) + timedelta(days=30)).isoformat()
    post = (await _give(client, admin, member, "grid_worker", valid_from=future)).json()["posts"][0]
    early = await client.post(f"/v1/members/{member['id']}/posts/{post['id']}/end", json={}, headers=admin)
    assert (early.status_code, early.json()["code"]) == (422, "post.ends_before_it_starts")
    wrong = await client.post(f"/v1/members/{other['id']}/posts/{post['id']}/end", json={}, headers=admin)
    assert (wrong.status_code, wrong.json()["code"]) == (404, "post.unknown")


async def test_a_member_who_left_gets_no_post_and_their_unit_is_blank(client, admin, county, monkeypatch):
    monkeypatch.setattr(actors, "KEPT_SECONDS", 0.0)
    worker = await sign_in(client, "grid")
    member_id = (await client.get("/v1/me", headers=worker)).json()["member"]["id"]
    today = local_day(now()).isoformat()
    assert (await client.patch(f"/v1/members/{member_id}", json={"left_on": today}, headers={**admin, "If-Match": "*"})).status_code == 200
    refused = await _give(client, admin, {"id": member_id}, "grid_worker")
    assert (refused.status_code, refused.json()["code"]) == (409, "member.has_left")
    assert (await client.get(f"/v1/units/{STAFFED_GRID}", headers=admin)).json()["staffed_roles"] == []
    assert (await client.get("/v1/me", headers=worker)).status_code == 401


async def test_placement_names_the_cadres_who_are_in_no_grid(client, admin, county):
    before = (await client.get("/v1/members/unplaced", headers=admin)).json()
    assert (before["cadres"], before["placed"], before["rate"]) == (3, 0, 0.0)
    secretary = next(item for item in before["items"] if item["unit_codes"] == [SHUIKOU])
    await _give(client, admin, secretary, "grid_instructor")
    after = (await client.get("/v1/members/unplaced", headers=admin)).json()
    assert (after["cadres"], after["placed"], after["rate"]) == (3, 1, 0.3333)
    assert secretary["id"] not in {item["id"] for item in after["items"]}
    own = (await client.get("/v1/members/unplaced", headers=await sign_in(client, "pengzhai"))).json()
    assert (own["cadres"], own["placed"]) == (2, 1)
    await county.owner.execute("UPDATE posts SET valid_to = current_date - 1 WHERE role IN ('village_secretary', 'township_dispatcher')")
    nobody = (await client.get("/v1/members/unplaced", headers=admin)).json()
    assert (nobody["cadres"], nobody["rate"]) == (0, None)


async def test_a_dispatcher_sees_the_members_of_the_own_township_only(client, admin):
    dispatcher = await sign_in(client, "pengzhai")
    seen = (await client.get("/v1/members", headers=dispatcher)).json()["items"]
    assert {post["unit_code"] for member in seen for post in member["posts"]} == {PENGZHAI, SHUIKOU, STAFFED_GRID}
    everybody = (await client.get("/v1/members?limit=200", headers=admin)).json()["items"]
    foreign = next(member for member in everybody if member["posts"][0]["unit_code"] == "441624100")
    assert (await client.get(f"/v1/members/{seen[0]['id']}", headers=dispatcher)).status_code == 200
    hidden = await client.get(f"/v1/members/{foreign['id']}", headers=dispatcher)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "member.unknown")
    assert (await client.get("/v1/members", headers=await sign_in(client, "grid"))).status_code == 403


async def test_paging_through_members_shows_each_once(client, admin):
    seen, address = [], "/v1/members?limit=3"
    while address:
        answer = await client.get(address, headers=admin)
        seen += [item["id"] for item in answer.json()["items"]]
        address = answer.links.get("next", {}).get("url")
    assert len(seen) == len(set(seen)) == len(LOGINS)
    assert (await client.get("/v1/members?cursor=WyJ4Il0", headers=admin)).json()["code"] == "cursor.malformed"


async def test_each_change_leaves_an_event_without_names(client, county, admin):
    member = await _add(client, admin, staff_number="PZ-1")
    taken = await client.post("/v1/members", json={"name": "乙", "party_member": False, "staff_number": "PZ-1"}, headers=admin)
    assert (taken.status_code, taken.json()["code"]) == (409, "member.staff_number_taken")
    await _give(client, admin, member, "grid_worker")
    events = await county.fetch(
        "SELECT seq, type, data::text, actor_account_id FROM events WHERE subject_id = $1::uuid ORDER BY seq", member["id"]
    )
    assert [(event["seq"], event["type"]) for event in events] == [(1, "member.added"), (2, "post.given")]
    assert all(event["actor_account_id"] is not None for event in events)
    assert not any("黄小明" in event["data"] for event in events)
