"""Who complained is nowhere in clear: canaries go in at every channel, a ticket goes all its way, and then everything is searched."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest
from redis.asyncio import Redis

from services.channels.wechat import signature
from services.platform.ids import new_id
from tests.county import SHUIKOU, STAFFED_GRID
from tests.hostile.conftest import WECHAT_TOKEN
from tests.journeys.people import Desk

NAME, PHONE, OPENID = "欧阳金丝雀", "13877665544", "oKanarienvogel0000000000001"
ID_NUMBER = "441624199001011237"
WORDS, PLACE = f"七彩鹦哥在井盖旁唱歌，身份证{ID_NUMBER}", "鹦哥巷第三口井"
CONTACT = (NAME, PHONE, OPENID)
SAID = ("七彩鹦哥", ID_NUMBER, "鹦哥巷")
MAY_HOLD_WORDS = {("complaints", "words"), ("complaints", "place_words"), ("rewordings", "words"), ("supplements", "words")}


def spellings(canary: str) -> Iterator[bytes]:
    """How a text may lie somewhere: as it is, escaped for JSON, in an address, as hexadecimal."""
    yield canary.encode()
    yield canary.encode("unicode_escape")
    yield quote(canary).encode()
    yield canary.encode().hex().encode()


def found_in(content: bytes, canaries: tuple[str, ...]) -> list[str]:
    """Which of `canaries` are in `content`."""
    return [canary for canary in canaries if any(spelling in content for spelling in spellings(canary))]


@pytest.fixture
async def desk(stack, county):
    async with httpx.AsyncClient(base_url=stack.environment["DAGUANJIA_INTAKE_URL"], timeout=30) as client:
        yield Desk(client, county)


def _telling(**more):
    place = {"unit_code": STAFFED_GRID, "words": PLACE}
    return {
        "words": WORDS,
        "category": "water.pipe_burst",
        "place": place,
        "contact": {"name": NAME, "phone": PHONE, "openid": OPENID},
        **more,
    }


async def _tell_at_every_channel(desk: Desk) -> list[str]:
    client, numbers = desk.client, []
    keyed = {"Idempotency-Key": str(new_id())}
    hotline = await desk.as_("hotline")
    for _ in range(2):  # the second is a replay
        answer = await client.post("/v1/hotline/complaints", json=_telling(call_id="canary-1"), headers=hotline | keyed)
        assert answer.status_code == 201, answer.text
    numbers.append(answer.json()["number"])
    for path, who, more in (
        ("/v1/hotline/complaints", "hotline", {"call_id": "canary-2", "confidential": True, "contact": {"name": NAME, "phone": PHONE}}),
        ("/v1/petitions", "hotline", {"filing_id": str(new_id())}),
        ("/v1/field-reports", "grid", {"report_id": str(new_id())}),
    ):
        answer = await client.post(path, json=_telling(**more), headers={**await desk.as_(who), "Idempotency-Key": str(new_id())})
        assert answer.status_code == 201, answer.text
        numbers.append(answer.json()["number"])
    stamp = str(int(datetime.now(UTC).timestamp()))
    for message_id, text in (("24309345123456789", WORDS), ("24309345123456790", f"进度 {numbers[0]}"), ("24309345123456791", WORDS * 200)):
        push = (
            f"<xml><ToUserName>gh_580</ToUserName><FromUserName>{OPENID}</FromUserName><CreateTime>{stamp}</CreateTime>"
            f"<MsgType>text</MsgType><Content><![CDATA[{text}]]></Content><MsgId>{message_id}</MsgId></xml>"
        )
        query = {"signature": signature(WECHAT_TOKEN, stamp, message_id), "timestamp": stamp, "nonce": message_id}
        assert (await client.post("/v1/wechat/callback", params=query, content=push.encode())).status_code == 200
    return numbers


async def _go_all_the_way(desk: Desk, number: str) -> None:
    complaint = (await desk.client.get(f"/v1/tickets/{number}/complaints", headers=await desk.as_("county"))).json()[0]
    keyed = {**await desk.as_("hotline"), "Idempotency-Key": str(new_id())}
    address = f"/v1/complaints/{complaint['id']}/rewordings"
    first, again = [await desk.client.post(address, json={"words": WORDS + "（更正）"}, headers=keyed) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, again.json()), first.text
    assert again.headers["idempotency-replayed"] == "true"
    holder = {SHUIKOU: "shuikou", STAFFED_GRID: "grid"}[(await desk.read(number))["holder"]["code"]]
    await desk.does(holder, number, "accept")
    await desk.does(holder, number, "log_work", words="已到现场", contacted=True)
    resolved = await desk.does(holder, number, "resolve", words="已修好", files=await desk.evidence(holder))
    assert resolved["status"] == "resolved"
    answered = await desk.does("hotline", number, "answer", words="水管已修好")
    assert answered["status"] == "answered"


async def _be_refused(desk: Desk, reporting: str, number: str) -> list[httpx.Response]:
    """Say the canaries wherever they do not belong; return the answers."""
    client, hotline = desk.client, await desk.as_("hotline")
    said = [
        await client.post("/v1/sessions", json={"login": PHONE, "password": NAME + ID_NUMBER}),
        await client.post("/v1/sessions", json={"login": NAME * 50, "password": PHONE}),
        await client.post("/v1/hotline/complaints", json=_telling(call_id=NAME), headers=hotline),
        await client.post("/v1/hotline/complaints", json=_telling(call_id="x") | {NAME: PHONE}, headers=hotline),
        await client.post("/v1/hotline/complaints", json=_telling(call_id="x", words=[WORDS], contact=NAME), headers=hotline),
        await client.post("/v1/hotline/complaints", json=_telling(call_id="x", contact={"phone": PHONE + "九" * 90}), headers=hotline),
        await client.post("/v1/hotline/complaints", json=_telling(call_id="x", surface_to="nowhere"), headers=hotline),
        await client.post("/v1/hotline/complaints", content=repr(_telling()).encode(), headers=hotline),
        await client.post("/v1/hotline/complaints", json=_telling(call_id="x", happened_at=NAME), headers=hotline),
        await client.get(f"/v1/tickets/{PHONE}", headers=hotline),
        await client.get(f"/v1/tickets/{quote(NAME)}/events?{quote(WORDS)}={PHONE}", headers=hotline),
        await client.get("/v1/tickets", params={"unit": NAME, NAME: "1", "cursor": ID_NUMBER}, headers=hotline),
        await client.get(f"/{quote(WORDS)}", headers={"traceparent": PHONE, "User-Agent": PHONE}),
        await client.get(f"/v1/complaints/{number}", headers={"X-Tracking-Code": PHONE}),
        await client.request("PROPFIND", f"/v1/tickets/{PHONE}", headers=hotline),
        await client.get(f"{reporting}/v1/reports/{quote(NAME)}?unit={PHONE}&from={ID_NUMBER}", headers=hotline),
    ]
    assert all(400 <= answer.status_code < 500 for answer in said), [answer.status_code for answer in said]
    suggested = await client.get("/v1/categories/suggest", params={"text": WORDS}, headers=hotline)
    assert suggested.status_code == 200
    return [*said, suggested]


async def _settled(desk: Desk) -> None:
    """Wait until the worker has tried to send something and owes nothing."""
    for _ in range(300):
        owed = await desk.county.value("SELECT count(*) FROM deliveries WHERE parked_at IS NULL")
        tried = {row["carrier"] for row in await desk.county.fetch("SELECT DISTINCT carrier FROM messages WHERE last_error IS NOT NULL")}
        if not owed and tried >= {"wechat", "sms", "webhook"}:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the worker did not get through: {owed} owed, {tried} tried")


async def _leaks_in_tables(desk: Desk) -> list[str]:
    leaks = []
    columns = await desk.county.fetch(
        "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    assert len({row["table_name"] for row in columns}) >= 28
    for table, column in sorted((row["table_name"], row["column_name"]) for row in columns):
        content = await desk.county.value(f'SELECT string_agg("{column}"::text, chr(10)) FROM "{table}"')
        canaries = CONTACT if (table, column) in MAY_HOLD_WORDS else CONTACT + SAID
        leaks += [f"{canary} in {table}.{column}" for canary in found_in((content or "").encode(), canaries)]
    return leaks


async def _all_of_redis(url: str) -> bytes:
    redis = Redis.from_url(url)
    parts = []
    async for key in redis.scan_iter():
        kind = (await redis.type(key)).decode()
        read = {"string": redis.get, "hash": redis.hgetall, "set": redis.smembers}.get(kind)
        value = await read(key) if read else await redis.zrange(key, 0, -1) if kind == "zset" else await redis.lrange(key, 0, -1)
        parts.append(key + b" " + repr(value).encode() + (value if isinstance(value, bytes) else b""))
    await redis.aclose()
    return b"\n".join(parts)


async def test_who_complained_and_what_they_said_is_nowhere_it_need_not_be(desk, stack, servers):
    numbers = await _tell_at_every_channel(desk)
    await desk.county.settle()
    await _go_all_the_way(desk, numbers[0])
    reporting = stack.environment["DAGUANJIA_REPORTING_URL"]
    answers = await _be_refused(desk, reporting, numbers[0])
    await _settled(desk)
    everything = CONTACT + SAID

    assert await desk.county.value("SELECT count(*) FROM complaints WHERE words LIKE $1", f"%{ID_NUMBER}%") == 5, "the canaries were there"
    leaks = await _leaks_in_tables(desk)
    logs = b"".join(path.read_bytes() for path in sorted((stack.home / "logs").glob("*.log")))
    assert logs.count(b'"event":"request"') > 20, "the doors write lines"
    places = {
        "the logs": logs,
        "Redis": await _all_of_redis(servers.redis_url),
        "problems": b"".join(answer.content + str(answer.headers).encode() for answer in answers),
        "metrics": (await desk.client.get("/metrics")).content + (await desk.client.get(f"{reporting}/metrics")).content,
        "the story": (await desk.client.get(f"/v1/tickets/{numbers[0]}/events", headers=await desk.as_("county"))).content,
        "why": (await desk.client.get(f"/v1/tickets/{numbers[0]}/why", headers=await desk.as_("county"))).content,
    }
    leaks += [f"{canary} in {place}" for place, content in places.items() for canary in found_in(content, everything)]
    assert not leaks
    shown = (await desk.client.get(f"/v1/tickets/{numbers[0]}/complaints", headers=await desk.as_("county"))).content
    assert not found_in(shown, CONTACT), "a contact is masked wherever it is shown"
    assert found_in(shown, SAID)
