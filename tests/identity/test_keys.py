"""Keys of programs at both doors: what one may is what its owner may now, of that what it was lent, and only inside its area."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.attachments.store import store
from services.exports.making import make_next
from services.identity import actors
from services.platform.database import INTAKE, REPORTING, WORKER
from services.platform.settings import settings
from services.web import api_keys
from tests.county import COUNTY, HOTLINE, LOGINS, PENGZHAI, SHUIKOU, WATER, YANGMING, sign_in
from tests.hostile.running import apps
from tests.identity.lending import Lending
from tests.journeys.people import Desk

YANGMING_VILLAGE = "SELECT code FROM units WHERE path LIKE '/441624/441624100/%' AND kind = 'village' ORDER BY code LIMIT 1"


@pytest.fixture
async def lending(county):
    async with AsyncExitStack() as stack:
        clients = {}
        for name, app in apps().items():
            transport = ASGITransport(app, client=("10.20.3.4", 5000))
            clients[name] = await stack.enter_async_context(AsyncClient(transport=transport, base_url=f"http://{name}"))
        yield Lending(county, clients)


@pytest.fixture
async def two(lending):
    """A ticket in 彭寨镇 and one in 阳明镇."""
    desk = Desk(lending.clients["intake"], lending.county)
    village = await lending.county.value(YANGMING_VILLAGE)
    return await desk.file(place={"unit_code": SHUIKOU}), await desk.file(words="路灯不亮", place={"unit_code": village})


def _numbers(answer):
    assert answer.status_code == 200, answer.text
    return {item["number"] for item in answer.json()["items"]}


async def test_a_key_is_shown_once_and_kept_as_a_digest(lending, caplog):
    body = {"name": "月报程序", "seat": {"role": "analyst", "unit_code": COUNTY}, "actions": ["report.read"]}
    headers = {**await lending.signed_in("admin"), "Idempotency-Key": "once"}
    first = await lending.clients["intake"].post("/v1/api-keys", json=body, headers=headers)
    again = await lending.clients["intake"].post("/v1/api-keys", json=body, headers=headers)
    made = first.json()
    secret = made["secret"]
    assert secret.startswith(made["prefix"] + "_")
    assert first.headers["cache-control"] == again.headers["cache-control"] == "no-store"
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", {**made, "secret": None})
    read = await lending.ask_as("admin", "GET", first.headers["location"])
    listed = await lending.ask_as("admin", "GET", "/v1/api-keys")
    assert read.json() == {**made, "secret": None} == listed.json()["items"][0]
    kept = [str(await lending.county.fetch(f"SELECT * FROM {table}")) for table in ("api_keys", "events", "idempotency_keys", "accounts")]
    hidden = secret.removeprefix(made["prefix"] + "_")
    assert all(hidden not in text for text in (*kept, caplog.text, read.text, listed.text))
    events = await lending.county.fetch("SELECT type, data FROM events WHERE subject_kind = 'api_key'")
    assert [event["type"] for event in events] == ["api_key.made"]
    for login in ("county", "analyst", "grid"):
        assert (await lending.ask_as(login, "GET", "/v1/api-keys")).status_code == 403


async def test_a_key_does_what_it_was_lent_and_nothing_else(lending, two):
    key = await lending.make(owner="county", actions=["ticket.read", "ticket.urge", "report.read"])
    here, _ = two
    assert _numbers(await lending.ask(key, "GET", "/v1/tickets")) == set(two)
    assert _numbers(await lending.ask(key, "GET", "/v1/tickets", door="reporting")) == set(two)
    me = (await lending.ask(key, "GET", "/v1/me")).json()
    assert (me["permissions"], me["member"]["name"]) == (["report.read", "ticket.read"], "月报程序")
    refused = await lending.ask(key, "GET", f"/v1/tickets/{here}/complaints")
    assert (refused.status_code, refused.json()["code"], refused.json()["action"]) == (403, "permission.denied", "complaint.read")
    seen = await lending.ask(key, "GET", f"/v1/tickets/{here}")
    assert "urge" in seen.json()["allowed_actions"]
    assert not {"supervise", "close", "cancel", "transfer"} & set(seen.json()["allowed_actions"])
    act = f"/v1/tickets/{here}/actions"
    urged = await lending.ask(key, "POST", act, json={"action": "urge", "words": "请抓紧"}, headers={"If-Match": "*"})
    assert urged.status_code == 200, urged.text
    stopped = await lending.ask(
        key, "POST", act, json={"action": "cancel", "words": "撤销", "reason": "withdrawn"}, headers={"If-Match": "*"}
    )
    assert stopped.status_code in (403, 422)
    instructed = {"action": "supervise", "words": "请督办"}
    stopped = await lending.ask(key, "POST", act, json=instructed, headers={"If-Match": "*"})
    assert (stopped.status_code, stopped.json()["action"]) == (403, "ticket.supervise")
    by = await lending.county.value(
        "SELECT a.login FROM events e JOIN accounts a ON a.id = e.actor_account_id WHERE e.type = 'ticket.urged'"
    )
    assert by == f"key.{key['id'].replace('-', '')}", "what a program does is its own doing in the journal"


async def test_no_program_learns_who_spoke_in_confidence(lending):
    desk = Desk(lending.clients["intake"], lending.county)
    told = await desk.file(), await desk.file(words="河边工厂夜里偷排", confidential=True)
    key = await lending.make(owner="county", actions=["complaint.read", "contact.read"])
    contacts = []
    for number in told:
        url = f"/v1/tickets/{number}/complaints"
        assert (await lending.ask_as("county", "GET", url)).json()[0]["contact"] is not None
        contacts.append((await lending.ask(key, "GET", url)).json()[0]["contact"])
    assert contacts == [{"name": "黄*", "phone": "138****0123", "wechat": False, "email": None}, None]


async def test_a_key_reaches_nothing_made_for_people(lending):
    key = await lending.make(owner="admin", actions=["unit.read", "category.change"])
    for method, url in (("DELETE", "/v1/sessions/current"), ("GET", "/v1/api-keys"), ("GET", "/v1/connections")):
        assert (await lending.ask(key, method, url)).status_code == 403, url
    assert (await lending.ask(key, "GET", "/v1/units")).status_code == 200


async def test_an_area_narrows_every_list_count_and_figure(lending, two):
    here, there = two
    key = await lending.make(
        owner="county", area=PENGZHAI, actions=["ticket.read", "report.read", "complaint.read", "member.read", "unit.report", "ticket.urge"]
    )
    assert _numbers(await lending.ask(key, "GET", "/v1/tickets")) == {here}
    assert (await lending.ask(key, "GET", "/v1/tickets/count")).json() == {"count": 1}
    page = (await lending.ask_as("county", "GET", "/v1/tickets?limit=1")).json()
    assert [item["number"] for item in page["items"]] == [here]
    rest = (await lending.ask_as("county", "GET", "/v1/tickets", params={"limit": 1, "cursor": page["next"]})).json()
    assert ([item["number"] for item in rest["items"]], rest["next"]) == ([there], None), "what the key does not see"
    assert (await lending.ask(key, "GET", "/v1/tickets", params={"limit": 1, "cursor": page["next"]})).json()["items"] == []
    assert _numbers(await lending.ask(key, "GET", "/v1/tickets", door="reporting")) == {here}
    for suffix in ("", "/events", "/why", "/clocks", "/complaints", "/work-logs"):
        assert (await lending.ask(key, "GET", f"/v1/tickets/{there}{suffix}")).status_code == 404, suffix
        assert (await lending.ask(key, "GET", f"/v1/tickets/{here}{suffix}")).status_code == 200, suffix
    acted = await lending.ask(key, "POST", f"/v1/tickets/{there}/actions", json={"action": "urge", "words": "x"}, headers={"If-Match": "*"})
    assert acted.status_code == 404
    for door, address in (("intake", "/v1/members"), ("intake", "/v1/units/blank"), ("reporting", "/v1/reports/coverage")):
        as_town = await lending.ask_as("pengzhai", "GET", address, door=door)
        as_key = await lending.ask(key, "GET", address, door=door)
        assert as_key.status_code == 200, address
        assert {**as_key.json(), "as_of": None} == {**as_town.json(), "as_of": None}, address
    outside = await lending.ask(key, "GET", f"/v1/reports/received?unit={YANGMING}", door="reporting")
    assert outside.status_code in (403, 404)


async def test_what_the_worker_makes_for_a_key_is_as_narrow(lending, two, tmp_path, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    here, there = two
    key = await lending.make(owner="county", area=PENGZHAI, actions=["export.read", "ticket.read", "report.read"])
    asked = await lending.ask(key, "POST", "/v1/exports", json={"source": "tickets", "format": "csv", "question": {}})
    assert asked.status_code in (201, 202), asked.text
    async with lending.county.as_role(WORKER):
        await make_next(store())
    file = await lending.ask(key, "GET", f"/v1/exports/{asked.json()['id']}/file", door="reporting")
    assert here in file.text
    assert there not in file.text
    assert (await lending.ask_as("county", "GET", f"/v1/exports/{asked.json()['id']}", door="reporting")).status_code == 404
    settings.cache_clear()


async def test_what_the_owner_loses_the_key_loses(lending, monkeypatch):
    monkeypatch.setattr(api_keys, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(actors, "KEPT_SECONDS", 0.0)
    one = await lending.make(owner="county", seat={"role": "county_supervisor", "unit_code": COUNTY})
    own = await lending.make(seat={"role": "department_officer", "unit_code": WATER})
    for key in (one, own):
        assert (await lending.ask(key, "GET", "/v1/tickets")).status_code == 200
    await lending.county.owner.execute("UPDATE accounts SET disabled_at = now() WHERE login = 'county'")
    refused = await lending.ask(one, "GET", "/v1/tickets")
    assert (refused.status_code, refused.json()["code"]) == (401, "key.nobody")
    await lending.county.owner.execute("UPDATE units SET valid_to = current_date - 1 WHERE code = $1", WATER)
    assert (await lending.ask(own, "GET", "/v1/tickets")).json()["code"] == "key.nobody"


async def test_a_key_ends_when_it_is_revoked_and_when_its_time_is_over(lending, monkeypatch):
    key, other = await lending.make(owner="county"), await lending.make(owner="county", days=1)
    url = f"/v1/api-keys/{key['id']}"
    assert (await lending.ask(key, "GET", "/v1/tickets", door="reporting")).status_code == 200
    gone = [await lending.ask_as("admin", "DELETE", url) for _ in range(2)]
    assert [answer.status_code for answer in gone] == [204, 204]
    assert (await lending.ask(key, "GET", "/v1/tickets")).json()["code"] == "key.revoked", "at once where it was revoked"
    assert (await lending.ask_as("admin", "GET", url)).json()["state"] == "revoked"
    monkeypatch.setattr(api_keys, "KEPT_SECONDS", 0.0)
    assert (await lending.ask(key, "GET", "/v1/tickets", door="reporting")).status_code == 401
    await lending.county.owner.execute(
        "UPDATE api_keys SET created_at = now() - interval '2 days', expires_at = now() - interval '1 second' WHERE id = $1::uuid",
        other["id"],
    )
    assert (await lending.ask(other, "GET", "/v1/tickets")).json()["code"] == "key.over"
    assert await lending.county.value("SELECT count(*) FROM events WHERE type = 'api_key.revoked'") == 1
    assert await lending.county.value("SELECT count(*) FROM api_keys WHERE last_used_on IS NOT NULL") == 1, "refused is not used"


async def test_another_process_forgets_a_revoked_key_within_five_seconds(lending, monkeypatch):
    key = await lending.make(owner="county")
    assert (await lending.ask(key, "GET", "/v1/tickets")).status_code == 200
    await lending.county.owner.execute("UPDATE api_keys SET revoked_at = now()")  # as another process would
    assert api_keys.KEPT_SECONDS <= 5
    for kept in api_keys._kept.values():
        for key_id, (known, seen) in list(kept.items()):
            kept[key_id] = (known, seen - api_keys.KEPT_SECONDS)
    assert (await lending.ask(key, "GET", "/v1/tickets")).json()["code"] == "key.revoked"


async def test_a_key_holds_from_its_addresses_only_and_its_use_is_noted_by_day(lending):
    inside = await lending.make(owner="county", addresses=["10.20.0.0/16", "2001:db8::/32"])
    outside = await lending.make(owner="county", addresses=["192.0.2.7"])
    assert (await lending.ask(inside, "GET", "/v1/tickets")).status_code == 200
    refused = await lending.ask(outside, "GET", "/v1/tickets")
    assert (refused.status_code, refused.json()["code"]) == (403, "key.address")
    await asyncio.gather(*(lending.ask(inside, "GET", "/v1/tickets") for _ in range(4)))
    used = {item["id"]: item["last_used_on"] for item in (await lending.ask_as("admin", "GET", "/v1/api-keys")).json()["items"]}
    assert used[inside["id"]] == str(await lending.county.value("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date"))
    assert used[outside["id"]] is None


_TODAY = "SELECT last_used_on = (now() AT TIME ZONE 'Asia/Shanghai')::date FROM api_keys WHERE id = $1::uuid"


async def test_use_at_the_reporting_door_is_noted_too_and_that_door_can_write_nothing_else_of_a_key(lending):
    key, other = await lending.make(owner="county"), await lending.make(owner="county")
    answers = await asyncio.gather(*(lending.ask(key, "GET", "/v1/tickets", door="reporting") for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert await lending.county.value(_TODAY, key["id"]) is True
    assert await lending.county.value(_TODAY, other["id"]) is None
    for written in ("last_used_on = NULL", "revoked_at = NULL", "actions = '[]'"):
        async with lending.county.as_role(REPORTING) as door:
            with pytest.raises(DBAPIError, match="permission denied"):
                async with door.transaction() as session:
                    await session.execute(text(f"UPDATE api_keys SET {written}"))
    await lending.ask_as("admin", "DELETE", f"/v1/api-keys/{other['id']}")
    async with lending.county.as_role(REPORTING) as door, door.transaction() as session:
        await session.execute(text("SELECT note_key_use(:key)"), {"key": other["id"]})
    assert await lending.county.value(_TODAY, other["id"]) is None, "of a revoked key nothing is noted"
    for role in (INTAKE, WORKER):
        async with lending.county.as_role(role) as door:
            with pytest.raises(DBAPIError, match="permission denied"):
                async with door.transaction() as session:
                    await session.execute(text("SELECT note_key_use(:key)"), {"key": key["id"]})


async def test_on_a_replica_the_reporting_door_goes_on_without_noting(lending):
    key = await lending.make(owner="county")
    name = await lending.county.value("SELECT current_database()")
    await lending.county.owner.execute(
        f"ALTER DATABASE {name} SET default_transaction_read_only = on"
    )  # as every transaction of a replica is
    for _ in range(3):
        assert (await lending.ask(key, "GET", "/v1/tickets", door="reporting")).status_code == 200
    assert await lending.county.value(_TODAY, key["id"]) is None


async def test_wrong_keys_are_one_answer(lending):
    key = await lending.make(owner="county")
    whole, beginning = key["secret"], key["prefix"]
    wrong = [
        beginning, beginning + "_", whole[:-1], whole + "A", whole.swapcase(), "dgj_" + "0" * 32 + "_" + "A" * 43, "dgj_", whole.upper(),
        beginning + "_" + "A" * 43,
    ]  # fmt: skip
    for credential in wrong:
        answer = await lending.ask(credential, "GET", "/v1/tickets")
        assert answer.status_code == 401, credential
        assert answer.headers["www-authenticate"].startswith("Bearer")
    told = {(await lending.ask(one, "GET", "/v1/tickets")).json()["detail"] for one in wrong if one.startswith("dgj_")}
    assert len(told) == 1


REFUSED = [
    ({}, 422, "request.invalid"),
    ({"owner": "nobody-here"}, 404, "key.owner_unknown"),
    ({"owner": "county", "seat": {"role": "analyst", "unit_code": COUNTY}}, 422, "key.nothing_to_lend"),
    ({"owner": "county", "actions": ["member.change"]}, 422, "key.action_not_lendable"),
    ({"owner": "county", "actions": ["ticket.close"]}, 422, "key.action_not_lendable"),
    ({"owner": "county", "actions": ["ticket.eat"]}, 422, "key.action_not_lendable"),
    ({"owner": "county", "actions": []}, 422, "request.invalid"),
    ({"owner": "county", "actions": ["call.read"], "area": PENGZHAI}, 422, "key.action_needs_whole_area"),
    ({"owner": "pengzhai", "area": YANGMING}, 422, "key.area_outside"),
    ({"owner": "pengzhai", "area": COUNTY}, 422, "key.area_outside"),
    ({"owner": "county", "area": HOTLINE}, 422, "key.area_outside"),
    ({"owner": "county", "area": "none"}, 404, "unit.unknown"),
    ({"owner": "county", "days": 366}, 422, "request.invalid"),
    ({"owner": "county", "addresses": ["10.20.0.1/16"]}, 422, "request.invalid"),
    ({"owner": "county", "addresses": ["here"]}, 422, "request.invalid"),
]


async def test_what_cannot_be_lent_is_refused_with_a_word(lending):
    for body, status, code in REFUSED:
        answer = await lending.try_to_make(**body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert await lending.county.value("SELECT count(*) FROM api_keys") == 0
    assert await lending.county.value("SELECT count(*) FROM members") == len(LOGINS), "nothing is left of a key that was not made"


async def test_no_key_lends_from_a_key_and_nobody_signs_in_as_one(lending):
    key = await lending.make(owner="county")
    login = f"key.{key['id'].replace('-', '')}"
    assert (await lending.try_to_make(owner=login)).json()["code"] == "key.owner_unknown"
    for password in (key["secret"], key["secret"].removeprefix(key["prefix"] + "_")):
        answer = await lending.clients["intake"].post("/v1/sessions", json={"login": login, "password": password})
        assert answer.status_code == 401
    same = "UPDATE accounts SET password_hash = (SELECT password_hash FROM accounts WHERE login = 'county') WHERE login = $1"
    await lending.county.owner.execute(same, login)  # as after a reset by an administrator
    headers = await sign_in(lending.clients["intake"], login)
    refused = await lending.clients["intake"].get("/v1/me", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "session.ended")
