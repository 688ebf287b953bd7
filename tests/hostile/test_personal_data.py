"""Who complained is nowhere in clear: canaries go in at every way in, a ticket goes all its way, and then everything is searched."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import orjson
import pytest
from standardwebhooks.webhooks import Webhook

from services.connections.signatures import key_of
from services.platform.clock import now
from services.platform.ids import new_id
from tests.county import SHUIKOU, STAFFED_GRID
from tests.hostile import canaries as c
from tests.hostile.canaries import found_in
from tests.hostile.planting import CATEGORY, Planter, telling
from tests.hostile.searching import all_of_redis, everything_reported, leaks_in_tables
from tests.journeys.people import Desk
from tests.notifications.platform import Asked, Said, playing
from tests.told import told_in

_REFUSED_BY_THE_DATABASE = "ALTER TABLE {table} ADD CONSTRAINT refused CHECK ({column} IS NULL AND {column} IS NOT NULL) NOT VALID"
_BROKEN = (("complaints", "words"), ("supplements", "words"), ("sealed_papers", "kind"), ("messages", "words"))


def _other_side(asked: Asked) -> Said:
    """One subscriber and whoever keeps pictures are broken; everybody else is content."""
    return Said(500, {"error": c.PHONE}) if asked.path.startswith(("/broken", "/recordings")) else Said()


@pytest.fixture
async def desk(stack, county):
    async with httpx.AsyncClient(base_url=stack.environment["DAGUANJIA_INTAKE_URL"], timeout=30) as client:
        yield Desk(client, county)


@pytest.fixture
async def planter(desk) -> AsyncIterator[Planter]:
    async with playing() as listener:
        listener.answer = _other_side
        yield Planter(desk, listener)


async def _go_all_the_way(planter: Planter, number: str) -> None:
    desk = planter.desk
    complaint = (await desk.client.get(f"/v1/tickets/{number}/complaints", headers=await desk.as_("county"))).json()[0]
    keyed = {**await desk.as_("hotline"), "Idempotency-Key": str(new_id())}
    address = f"/v1/complaints/{complaint['id']}/rewordings"
    first, again = [await desk.client.post(address, json={"words": c.WORDS + "（更正）"}, headers=keyed) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, again.json()), first.text
    assert again.headers["idempotency-replayed"] == "true"
    holder = {SHUIKOU: "shuikou", STAFFED_GRID: "grid"}[(await desk.read(number))["holder"]["code"]]
    await desk.does(holder, number, "accept")
    await desk.does(holder, number, "log_work", words=c.NOTE, contacted=True)
    resolved = await desk.does(holder, number, "resolve", words="已修好", files=await desk.evidence(holder))
    assert resolved["status"] == "resolved"
    answered = await desk.does("hotline", number, "answer", words="水管已修好")
    assert answered["status"] == "answered"


async def _call_back(planter: Planter, number: str) -> None:
    """Make the call that asks whether it is solved: see the number, and write down what was said."""
    keyed = {"Idempotency-Key": str(new_id())}
    found = (await planter.ask("GET", "/v1/hotline/phone-tasks?limit=200", "hotline")).json()
    task = next(one for one in found if (one["ticket"], one["purpose"]) == (number, "call_back"))
    shown = await planter.ask("POST", f"/v1/hotline/phone-tasks/{task['id']}/number", "hotline", json={"purpose": "回访"})
    assert shown.json()["phone"] == c.PHONE
    planter.answers.remove(shown)  # the one answer whose purpose is the number
    said = {"outcome": "reached", "call_id": "1795312694.0", "source": "pbx-580", "contacted": True, "solved": True, "satisfied": False}
    for _ in range(2):
        await planter.ask(
            "POST", f"/v1/hotline/phone-tasks/{task['id']}/outcome", "hotline", json={**said, "words": c.WORDS}, headers=keyed
        )


async def _be_refused(desk: Desk, reporting: str, number: str) -> list[httpx.Response]:
    """Say the canaries wherever they do not belong; return the answers."""
    client, hotline, admin = desk.client, await desk.as_("hotline"), await desk.as_("admin")
    filing = "/v1/hotline/complaints"
    at_a_door = [
        ("POST", "/v1/sessions", {"login": c.PHONE, "password": c.NAME + c.ID_NUMBER}),
        ("POST", "/v1/sessions", {"login": c.NAME * 50, "password": c.PHONE}),
        ("POST", filing, telling(call_id=c.NAME)),
        ("POST", filing, telling(call_id="x") | {c.NAME: c.PHONE}),
        ("POST", filing, telling(call_id="x", words=[c.WORDS], contact=c.NAME)),
        ("POST", filing, telling(call_id="x", contact={"phone": c.PHONE + "九" * 90})),
        ("POST", filing, telling(call_id="x", surface_to="nowhere")),
        ("POST", filing, telling(call_id="x", happened_at=c.NAME)),
        ("POST", "/v1/petitions", telling(filing_id=c.NAME, agent={"name": c.AGENT, "id_number": c.ID_NUMBER[:-1] + "0"})),
        ("POST", "/v1/petitions", telling(filing_id=str(new_id()), form=c.NAME, representatives=[{c.NAME: c.PHONE}])),
        ("POST", "/v1/field-reports", telling(report_id=c.OPENID)),
        ("POST", "/v1/field-reports/sync", {"device_id": c.DEVICE, "commands": [{"kind": c.NAME, "report": telling()}]}),
        ("POST", "/v1/hotline/callers", {"phone": c.NAME}),
        ("PUT", f"/v1/hotline/drafts/{c.PHONE}", {"content": telling()}),
        ("PUT", f"/v1/hotline/drafts/{new_id()}", {"content": c.WORDS, c.NAME: 1}),
        ("POST", "/v1/hotline/notes", {"call_id": c.WORDS, "words": [c.WORDS], "kind": c.NAME}),
        ("POST", f"/v1/hotline/phone-tasks/{new_id()}/outcome", {"outcome": c.WORDS, "words": c.WORDS}),
        ("POST", f"/v1/platforms/{c.PHONE}/orders", telling()),
    ]
    said = [await client.request(method, path, json=body, headers=hotline) for method, path, body in at_a_door]
    hook = {"name": c.NAME, "url": f"http://{c.PHONE}.example/?key={c.URL_SECRET}", "event_types": [c.NAME]}
    told = {"api_key": c.URL_SECRET, "service_code": c.NAME, "description": c.WORDS, "phone": c.PHONE}
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": c.PHONE + "x", "Upload-Metadata": c.PHONE}
    said += [
        await client.post("/v1/webhook-subscriptions", json=hook, headers=admin),
        await client.post("/open311/v2/requests.json", data=told),
        await client.get(f"/open311/v2/requests/{c.PHONE}.json", params={"api_key": c.URL_SECRET}),
        await client.post("/v1/uploads", headers=hotline | tus),
        await client.post(
            "/v1/wechat/callback", params={"signature": c.PHONE, "nonce": c.OPENID, "timestamp": "1"}, content=c.WORDS.encode()
        ),
        await client.post("/v1/wecom/callback", params={"msg_signature": c.PHONE, "nonce": c.USERID}, content=c.WORDS.encode()),
        await client.post(filing, content=repr(telling()).encode(), headers=hotline),
        await client.get(f"/v1/tickets/{c.PHONE}", headers=hotline),
        await client.get(f"/v1/tickets/{quote(c.NAME)}/events?{quote(c.WORDS)}={c.PHONE}", headers=hotline),
        await client.get("/v1/tickets", params={"unit": c.NAME, c.NAME: "1", "cursor": c.ID_NUMBER}, headers=hotline),
        await client.get(f"/{quote(c.WORDS)}", headers={"traceparent": c.PHONE, "User-Agent": c.PHONE}),
        await client.get(f"/v1/complaints/{number}", headers={"X-Tracking-Code": c.PHONE}),
        await client.request("PROPFIND", f"/v1/tickets/{c.PHONE}", headers=hotline),
        await client.get(f"{reporting}/v1/reports/{quote(c.NAME)}?unit={c.PHONE}&from={c.ID_NUMBER}", headers=hotline),
    ]
    assert all(400 <= answer.status_code < 500 for answer in said), [(str(answer.request.url), answer.status_code) for answer in said]
    suggested = await client.get("/v1/categories/suggest", params={"text": c.WORDS}, headers=hotline)
    assert suggested.status_code == 200
    return [*said, suggested]


async def _break(planter: Planter, number: str) -> list[httpx.Response]:
    """Have the database refuse what is told, in doors and worker: errors that quote a row are the worst of leaks. Return the answers."""
    desk, owner = planter.desk, planter.desk.county.owner
    secret = planter.secrets[-1]
    for table, column in _BROKEN:
        await owner.execute(_REFUSED_BY_THE_DATABASE.format(table=table, column=column))
    stamp, body = now(), orjson.dumps({"no": "HY9", "words": c.WORDS, "who": c.NAME, "phone": c.PHONE, "where": c.PLACE})
    signed = {"webhook-id": "9", "webhook-timestamp": str(int(stamp.timestamp())), "Content-Type": "application/json"}
    signed["webhook-signature"] = Webhook(key_of(secret)).sign("9", stamp, body.decode())
    draft = {"content": telling()}
    answers = [
        await desk.client.post("/v1/hotline/complaints", json=telling(call_id="canary-9"), headers=await desk.as_("hotline")),
        await desk.client.post("/v1/petitions", json=telling(filing_id=str(new_id())), headers=await desk.as_("hotline")),
        await desk.client.post("/v1/field-reports", json=telling(report_id=str(new_id())), headers=await desk.as_("grid")),
        await desk.client.put(f"/v1/hotline/drafts/{new_id()}", json=draft, headers=await desk.as_("hotline")),
        await desk.client.post("/v1/platforms/heyuan-12345/orders", content=body, headers=signed),
    ]
    assert {answer.status_code for answer in answers} <= {422, 500}, [answer.text for answer in answers]
    urged = {"action": "urge", "words": c.NOTE}
    address = f"/v1/tickets/{number}/actions"
    assert (await desk.client.post(address, json=urged, headers={**await desk.as_("county"), "If-Match": "*"})).status_code == 200
    await _until(desk, "SELECT count(*) > 0 FROM deliveries WHERE last_error IS NOT NULL")
    for table, _ in _BROKEN:
        await owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT refused")
    return answers


async def _until(desk: Desk, query: str) -> None:
    for _ in range(400):
        if await desk.county.value(query):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(query)


async def _settled(desk: Desk) -> None:
    """Wait until the worker has tried to send something, everybody was told, and nothing is owed."""
    for _ in range(400):
        owed = await desk.county.value("SELECT count(*) FROM deliveries WHERE parked_at IS NULL")
        owed += await desk.county.value("SELECT count(*) FROM webhook_deliveries WHERE state = 'queued' AND tries = 0")
        tried = {row["carrier"] for row in await desk.county.fetch("SELECT DISTINCT carrier FROM messages WHERE last_error IS NOT NULL")}
        media = await desk.county.value("SELECT count(*) FROM open311_media WHERE tries > 0")
        if not owed and media and tried >= {"sms", "webhook"}:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the worker did not get through: {owed} owed, {tried} tried, {media} pictures")


def _allowed(table: str, column: str) -> set[str]:
    """Which canaries may lie in a column."""
    place = (table, column)
    notes = {c.NOTE} if place in c.MAY_HOLD_NOTES else set()
    return notes | ({c.URL_SECRET} if place in c.MAY_HOLD_ADDRESSES else set())


async def test_who_complained_and_what_they_said_is_nowhere_it_need_not_be(planter, desk, stack, servers):
    numbers = await planter.everywhere()
    await desk.county.settle()
    await _go_all_the_way(planter, numbers["hotline"])
    await _settled(desk)
    await _call_back(planter, numbers["hotline"])
    reporting = stack.environment["DAGUANJIA_REPORTING_URL"]
    refused = await _be_refused(desk, reporting, numbers["hotline"])
    broken = await _break(planter, numbers["field"])
    await _settled(desk)
    said = await told_in(desk.county, "complaints")
    assert sum(c.ID_NUMBER in (words or "") for words in said) >= 10, "the canaries were there"
    assert await desk.county.value("SELECT count(*) FROM sealed_papers") >= 20

    secrets = tuple(planter.secrets)
    leaks = await leaks_in_tables(desk, (*c.EVERYTHING, c.NOTE, c.URL_SECRET, *secrets), _allowed)
    logs = b"".join(path.read_bytes() for path in sorted((stack.home / "logs").glob("*.log")))
    assert logs.count(b'"event":"request"') > 20, "the doors write lines"
    assert logs.count(b'"exception"') >= 4, "what broke is in the logs"
    told = planter.listener
    county = await desk.as_("county")
    places = {
        "the logs": logs,
        "Redis": await all_of_redis(servers.redis_url),
        "problems": b"".join(answer.content + str(answer.headers).encode() for answer in refused + broken),
        "metrics": (await desk.client.get("/metrics")).content + (await desk.client.get(f"{reporting}/metrics")).content,
        **await everything_reported(desk, reporting),
        "webhooks": b"".join(asked.body for path in ("/plain", "/broken", "/status") for asked in told.at(path)),
        **{
            f"{what} of {number}": (await desk.client.get(f"/v1/tickets/{number}/{what}", headers=county)).content
            for number in numbers.values()
            for what in ("events", "why", "messages", "calls")
        },
    }
    assert all(told.at(path) for path in ("/plain", "/broken", "/status", "/entitled")), {asked.path for asked in told.asked}
    leaks += [f"{found} in {place}" for place, content in places.items() for found in found_in(content, (*c.EVERYTHING, *secrets))]
    assert not leaks
    _shown_masked(planter)
    entitled = b"".join(asked.body for asked in told.at("/entitled"))
    assert found_in(entitled, c.SAID), "whoever is entitled is told words"


def _shown_masked(planter: Planter) -> None:
    """What the desk is answered masks whoever is in it, except in what the desk wrote itself and asks for again."""
    own = ("/v1/hotline/drafts", "/v1/platforms", "/v1/members", "/v1/field-reports/sync", "/v1/webhook-subscriptions", "/v1/connections")
    for answer in planter.answers:
        if not answer.request.url.path.startswith(own):
            assert not found_in(answer.content, c.CONTACT), f"{answer.request.url}: {answer.text}"


async def test_the_desk_reads_words_and_sees_contacts_masked(planter, desk):
    number = await planter.file("/v1/hotline/complaints", "hotline", call_id="canary-1", category=CATEGORY)
    shown = (await desk.client.get(f"/v1/tickets/{number}/complaints", headers=await desk.as_("county"))).content
    assert not found_in(shown, c.CONTACT), "a contact is masked wherever it is shown"
    assert found_in(shown, c.SAID)
