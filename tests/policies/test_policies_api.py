"""Rules as versions: drafted, checked, dated, withdrawn, taken back; by administrators, each act in the journal."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from dispatch_worker.jobs.apply_policies import apply_policies
from intake_api import categories, policies, sessions
from services.catalogue.queries import catalogue, forget_catalogue
from services.deadlines.queries import forget_clock_rules, ladder_book
from services.platform.actor import SYSTEM
from services.platform.database import database
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from services.policies.actions import activate, draft
from services.simulation.kinds import KINDS, forget_rules
from tests.county import COUNTY, PENGZHAI, SHUIKOU, WATER, sign_in
from tests.letterbox import as_worker
from tests.verification.matters import hire
from tests.web.doors import client_of

RULE = {"code": "pipes", "stages": ["resolve"], "levels": [{"name": "urge", "after": {"percent": 0}}]}
LADDERS = {"rules": [RULE]}
CANAL = "water.canal"
V = "/v1/policies"


@pytest.fixture
async def client(county):
    forget_rules()
    await hire(county, "admin2", "administrator", COUNTY)
    async with client_of([sessions.router, categories.router, policies.router]) as client:
        client.another = await sign_in(client, "admin2")
        client.headers.update(await sign_in(client, "admin"))
        yield client


async def _draft(client, kind, definition, **more):
    answer = await client.post(f"{V}/{kind}", json={"definition": definition, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _act(client, kind, version, act, **body):
    headers = client.another if act == "activation" else {}
    answer = await client.post(f"{V}/{kind}/{version}/{act}", json=body, headers=headers)
    return answer.status_code, answer.json()


async def _definition(client, kind="catalogue"):
    newest = (await client.get(f"{V}/{kind}")).json()["items"][0]["version"]
    return (await client.get(f"{V}/{kind}/{newest}")).json()["definition"]


async def test_a_ladder_is_drafted_brought_in_force_and_taken_back(client, county):
    drafted = await _draft(client, "ladder", LADDERS, note="试行")
    assert (drafted["version"], drafted["state"], drafted["base"], drafted["findings"]) == (1, "draft", 0, [])
    async with database().transaction() as session:
        assert (await ladder_book(session)).version_at(datetime.now(UTC)) == 0
    first, again = [await _act(client, "ladder", 1, "activation") for _ in range(2)]
    assert first == again, "the same again changes nothing"
    assert (first[0], first[1]["state"]) == (200, "in_force")
    async with database().transaction() as session:
        book = await ladder_book(session)
    assert book.at(datetime.now(UTC)).own[0].code == "pipes"
    assert (await _act(client, "ladder", 1, "withdrawal"))[1]["code"] == "policy.in_force"
    status, back = await _act(client, "ladder", 0, "reversion", note="不合适")
    assert (status, back["version"], back["reverts"], back["state"]) == (201, 2, 0, "in_force")
    assert (await _act(client, "ladder", 0, "reversion"))[1]["code"] == "policy.same"
    listed = (await client.get(f"{V}/ladder", params={"limit": 1})).json()
    assert [(item["version"], item["state"]) for item in listed["items"]] == [(2, "in_force")]
    rest = (await client.get(f"{V}/ladder", params={"limit": 1, "cursor": listed["next"]})).json()
    assert ([(item["version"], item["state"]) for item in rest["items"]], rest["next"]) == ([(1, "superseded")], None)
    assert (await client.get(f"{V}/ladder/0")).json()["state"] == "superseded"
    told = await county.fetch(
        "SELECT type, seq, actor_kind FROM events WHERE subject_kind = 'policy' AND data->>'kind' = 'ladder' ORDER BY seq"
    )
    assert [(row["type"], row["actor_kind"]) for row in told] == [
        ("policy.drafted", "member"),
        ("policy.activated", "member"),
        ("policy.drafted", "member"),
        ("policy.activated", "member"),
    ]
    assert [row["seq"] for row in told] == [1, 2, 3, 4]


async def test_whoever_drafted_rules_does_not_bring_them_into_force_nor_go_back_to_what_never_was(client):
    drafted = await _draft(client, "ladder", LADDERS)
    own = await client.post(f"{V}/ladder/{drafted['version']}/activation", json={})
    assert (own.status_code, own.json()["code"]) == (403, "policy.own_draft")
    round_about = await _act(client, "ladder", drafted["version"], "reversion")
    assert (round_about[0], round_about[1]["code"]) == (409, "policy.never_in_force"), "one person would have done both"
    assert (await client.get(f"{V}/ladder/1")).json()["state"] == "draft"
    assert (await _act(client, "ladder", 1, "activation"))[1]["state"] == "in_force"
    assert (await client.post(f"{V}/ladder/1/activation", json={})).status_code == 200, "the same again changes nothing, whoever says it"
    assert (await _act(client, "ladder", 0, "reversion"))[0] == 201, "back to what was in force: at once, by one alone"


async def test_only_administrators_change_rules_and_definitions_are_never_changed(client, county):
    for login, may_read in (("county", True), ("analyst", True), ("pengzhai", False), ("water", False)):
        headers = await sign_in(client, login)
        read = await client.get(f"{V}/ladder", headers=headers)
        change = await client.post(f"{V}/ladder", json={"definition": LADDERS}, headers=headers)
        assert (read.status_code, change.status_code) == (200 if may_read else 403, 403), login
    await _draft(client, "ladder", LADDERS)
    async with database().sessions() as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text("UPDATE policies SET definition = '{}'"))


async def test_rules_that_cannot_be_are_told_with_the_list_and_stay_a_draft(client):
    shadow = {"rules": [RULE, {**RULE, "code": "later"}]}
    drafted = await _draft(client, "ladder", shadow)
    assert [(found["kind"], found["rule"], found["by"]) for found in drafted["findings"]] == [("shadowed", "later", ["pipes"])]
    status, problem = await _act(client, "ladder", drafted["version"], "activation", go_on=True)
    assert (status, problem["code"], problem["findings"]) == (409, "policy.blocked", drafted["findings"])
    assert (await client.get(f"{V}/ladder/{drafted['version']}")).json()["state"] == "draft"
    assert (await client.get(f"{V}/ladder/{drafted['version']}/findings")).json()["items"] == drafted["findings"]
    for kind, definition in (("ladder", {"rules": 7}), ("calendar", {"years": 7}), ("catalogue", {"rows": [7]})):
        broken = await _draft(client, kind, definition)
        assert {found["kind"] for found in broken["findings"]} == {"malformed"}, kind
    nowhere = await _definition(client, "calendar")
    calendar = (await client.get(f"{V}/calendar/1")).json()["definition"] | {"units": {"nowhere": "default", PENGZHAI: "default"}}
    found = (await _draft(client, "calendar", calendar))["findings"]
    assert [(one["kind"], one["unit"]) for one in found] == [("unknown_unit", "nowhere")]
    assert nowhere == {"years": 7}, "a draft is kept as it was written"


async def test_drafts_made_at_the_same_time_get_versions_of_their_own(client):
    drafted = await asyncio.gather(*(_draft(client, "ladder", LADDERS, note=str(nth)) for nth in range(4)))
    assert sorted(found["version"] for found in drafted) == [1, 2, 3, 4]
    done = await asyncio.gather(*(_act(client, "ladder", version, "activation") for version in (1, 2, 3, 4)))
    assert sum(status == 200 for status, _ in done) == 4, "all four say the same, so none of them covers another"


async def test_a_draft_made_on_an_older_base_says_what_changed_since(client):
    one, other = await _draft(client, "ladder", LADDERS), await _draft(client, "ladder", {"rules": [{**RULE, "stages": ["accept"]}]})
    assert (await _act(client, "ladder", one["version"], "activation"))[0] == 200
    status, problem = await _act(client, "ladder", other["version"], "activation")
    assert (status, problem["code"], problem["base"], problem["in_force"]) == (409, "policy.base_changed", 0, 1)
    assert problem["changed"] == [{"at": "/rules/pipes", "before": None, "after": RULE}]
    assert (await _act(client, "ladder", other["version"], "activation", go_on=True))[1]["state"] == "in_force"


async def test_two_versions_cannot_begin_at_the_same_instant_where_one_would_never_count(client):
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    for rules in (LADDERS, {"rules": [{**RULE, "code": "others"}]}):
        await _draft(client, "ladder", rules)
    assert (await _act(client, "ladder", 2, "activation", effective_at=later))[0] == 200
    status, problem = await _act(client, "ladder", 1, "activation", effective_at=later, go_on=True)
    assert (status, problem["code"], problem["version"]) == (409, "policy.same_instant", 2)


async def test_a_version_dated_later_waits_and_can_be_withdrawn(client):
    later = datetime.now(UTC) + timedelta(days=3)
    await _draft(client, "ladder", LADDERS)
    status, waiting = await _act(client, "ladder", 1, "activation", effective_at=later.isoformat())
    assert (status, waiting["state"]) == (200, "waiting")
    moved = await _act(client, "ladder", 1, "activation", effective_at=(later + timedelta(days=1)).isoformat())
    assert moved[1]["code"] == "policy.already_activated"
    await _draft(client, "ladder", {"rules": [{**RULE, "code": "others"}]})
    assert (await _act(client, "ladder", 2, "activation"))[1]["code"] == "policy.later_waiting"
    async with database().transaction() as session:
        book = await ladder_book(session)
    assert (book.version_at(later - timedelta(seconds=1)), book.version_at(later)) == (0, 1), "by itself, without anybody doing anything"
    assert (await _act(client, "ladder", 1, "withdrawal"))[1]["state"] == "withdrawn"
    assert (await _act(client, "ladder", 1, "withdrawal"))[0] == 200
    assert (await _act(client, "ladder", 1, "activation"))[1]["code"] == "policy.withdrawn"
    assert (await _act(client, "ladder", 2, "activation"))[0] == 200
    cases = [
        (2, "activation", {"effective_at": "2020-01-01T00:00:00Z"}, 409, "policy.already_activated"),
        (9, "activation", {}, 404, "policy.unknown"),
        (9, "reversion", {}, 404, "policy.unknown"),
        (2, "activation", {"effective_at": "2030-01-01T00:00:00"}, 422, "request.invalid"),
    ]
    for version, act, body, wanted, code in cases:
        status, problem = await _act(client, "ladder", version, act, **body)
        assert (status, problem["code"]) == (wanted, code)
    await _draft(client, "ladder", LADDERS)
    for at, code in (("2020-01-01T00:00:00Z", "policy.date_past"), ("2090-01-01T00:00:00Z", "policy.date_far")):
        assert (await _act(client, "ladder", 3, "activation", effective_at=at))[1]["code"] == code


async def test_the_catalogue_changes_its_tables_and_reverting_restores_them(client, county):
    before = await _tables(county)
    original = await _definition(client)
    changed = {**original, "categories": [found for found in original["categories"] if found["code"] != CANAL]}
    pond = next(found for found in changed["categories"] if found["code"] == "water.pond")
    pond["limits"] = {**pond["limits"], "resolve": {"amount": 9, "unit": "working_days"}}
    changed["rows"] = [{"category": "water.pond", "area": PENGZHAI, "handler": WATER, "note": None}]
    drafted = await _draft(client, "catalogue", changed)
    assert (drafted["findings"], await _tables(county)) == ([], before)
    assert (await _act(client, "catalogue", drafted["version"], "activation"))[1]["state"] == "in_force"
    async with database().transaction() as session:
        found = await catalogue(session)
    assert (found.category(CANAL).active, found.category("water.pond").limits["resolve"].amount) == (False, 9)
    assert found.category("water.pond", 1).limits["resolve"].unit == "natural_days", "the promise of before is still there"
    assert (found.category("water.pond", 2), found.category("water.pond", 3)) == (found.category("water.pond"), None)
    assert CANAL not in {leaf.code for leaf in found.leaves()}
    assert await county.value("SELECT count(*) FROM catalogue_rows") == 1
    status, back = await _act(client, "catalogue", 1, "reversion")
    assert (status, back["state"]) == (201, "in_force")
    assert await _tables(county) == before
    assert await county.value("SELECT version FROM categories WHERE code = 'water.pond'") == 3, "versions only go forward"


async def test_a_catalogue_dated_later_is_brought_into_its_tables_by_the_worker_once(client, county):
    changed = await _definition(client)
    changed["rows"] = [{"category": CANAL, "area": PENGZHAI, "handler": WATER, "note": None}]
    drafted = await _draft(client, "catalogue", changed)
    later = datetime.now(UTC) + timedelta(days=2)
    assert (await _act(client, "catalogue", drafted["version"], "activation", effective_at=later.isoformat()))[1]["state"] == "waiting"
    refused = await client.put(f"/v1/categories/{CANAL}/areas/{SHUIKOU}", json={"handler_code": WATER})
    assert (refused.status_code, refused.json()["code"]) == (409, "policy.later_waiting"), "it would be undone in two days"
    async with as_worker(county.url):
        await apply_policies(None)
        assert await county.value("SELECT count(*) FROM catalogue_rows") == 0
        await county.owner.execute(
            "UPDATE policies SET effective_at = now() - interval '1 second' WHERE version = $1 AND kind = 'catalogue'", drafted["version"]
        )
        await asyncio.gather(*(apply_policies(None) for _ in range(3)))
        assert await county.value("SELECT count(*) FROM catalogue_rows") == 1
        assert await county.value("SELECT count(*) FROM events WHERE type = 'policy.applied' AND data->>'kind' = 'catalogue'") == 2
        forget_catalogue()
        async with database().transaction() as session:
            assert len((await catalogue(session)).rows_of(CANAL)) == 1


async def test_an_area_row_that_kills_an_older_one_is_refused_with_the_list(client, county):
    leaves = [found["code"] for found in (await _definition(client))["categories"] if found["parent_code"] == "water"]
    assert (await client.put(f"/v1/categories/water/areas/{SHUIKOU}", json={"handler_code": WATER})).status_code == 201
    for code in leaves[:-1]:
        put = await client.put(f"/v1/categories/{code}/areas/{PENGZHAI}", json={"handler_code": PENGZHAI})
        assert put.status_code == 201, put.text
    last = await client.put(f"/v1/categories/{leaves[-1]}/areas/{PENGZHAI}", json={"handler_code": PENGZHAI})
    assert (last.status_code, last.json()["code"]) == (409, "policy.blocked")
    (finding,) = last.json()["findings"]
    assert (finding["kind"], finding["rule"]) == ("shadowed", f"water in {SHUIKOU}")
    assert finding["by"] == [f"{code} in {PENGZHAI}" for code in leaves]
    drafts = "SELECT count(*) FROM policies WHERE kind = 'catalogue' AND activated_at IS NULL"
    assert await county.value(drafts) == 0, "nothing is half done"


async def test_two_who_begin_at_once_do_not_cover_each_other_unseen(client, county):
    """One begins first and ends last: what it brings in force counts from after the other."""
    await _draft(client, "ladder", LADDERS)
    await _draft(client, "ladder", {"rules": [{**RULE, "code": "others"}]})
    async with unit_of_work(SYSTEM) as early:
        async with unit_of_work(SYSTEM) as late:
            await activate(late, KINDS["ladder"], 2)
        with pytest.raises(Problem) as refused:
            await activate(early, KINDS["ladder"], 1)
        assert refused.value.code == "policy.base_changed"
        await activate(early, KINDS["ladder"], 1, go_on=True)
    forget_clock_rules()
    async with database().transaction() as session:
        assert (await ladder_book(session)).version_at(datetime.now(UTC)) == 1
    async with unit_of_work(SYSTEM) as work:
        assert (await draft(work, "ladder", LADDERS)).base == 1


async def _tables(county):
    """What the tables say, but for the versions that only count up."""
    said = await county.fetch("SELECT to_jsonb(c) - 'version' - 'updated_at' AS said FROM categories AS c ORDER BY code")
    rows = await county.fetch("SELECT category_code, area_unit_id, handler_unit_id, note FROM catalogue_rows ORDER BY 1, 2")
    return [row["said"] for row in said], [tuple(row) for row in rows]
