"""A city's 12345 platform, played from both ends: its orders come in signed, and a real server of its own hears how they stand."""

import asyncio
import hmac
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest
from standardwebhooks.webhooks import Webhook

from services.connections.directory import forget_connected_systems
from services.connections.signatures import key_of
from services.platform import clock
from services.platform.settings import settings
from tests.county import SHUIKOU
from tests.notifications.hooks import AT, Hooks
from tests.notifications.platform import Platform, Said, playing
from tests.told import only_told_in, place_in, told_in, words_in

FIELDS = {
    "order_no": "data.orderNo",
    "words": ["data.title", "data.content"],
    "kind": "data.type",
    "category": "data.category",
    "division": "data.area",
    "address": "data.address",
    "lat": "data.lat",
    "lon": "data.lng",
    "name": "data.reporter.name",
    "phone": "data.reporter.mobile",
    "urgency": "data.level",
    "confidential": "data.secret",
    "happened_at": "data.acceptTime",
    "deadline": "data.deadline",
    "urged": "data.urge",
    "sent_back": "data.back",
}
OPTIONS = {"fields": FIELDS, "categories": {"供水": "water.pipe_burst"}, "divisions": {"水口": SHUIKOU}}
ORDER = {
    "orderNo": "HY2026112200017",
    "type": "投诉",
    "title": "水管爆裂",
    "content": "村口水管爆了，水漫到路上。",
    "category": "供水",
    "area": "水口",
    "address": "水口村村口",
    "reporter": {"name": "欧阳张三", "mobile": "+86 138-0000-0123"},
    "level": "紧急",
    "deadline": "2026-12-05 17:00:00",
}
PERSONAL = ("欧阳张三", "13800000123", "138-0000-0123")


@dataclass
class City:
    """The city's platform: pushes orders with its secret, and is told of progress at its server."""

    hooks: Hooks
    server: Platform
    code: str
    secret: str

    async def push(self, **order: Any) -> httpx.Response:
        return await self.push_raw(orjson.dumps({"data": {**ORDER, **order}}))

    async def push_raw(self, body: bytes, secret: str | None = None, **headers: str) -> httpx.Response:
        now = clock.now()
        signer = Webhook(key_of(secret or self.secret))
        signed = {
            "Content-Type": "application/json",
            "webhook-id": "push-1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign("push-1", now, body.decode("utf-8", "surrogateescape")),
        }
        return await self.hooks.http.post(f"/v1/platforms/{self.code}/orders", content=body, headers={**signed, **headers})

    async def change(self, **body: Any) -> httpx.Response:
        url, headers = f"/v1/connections/{self.code}", await self.hooks.as_()
        seen = await self.hooks.http.get(url, headers=headers)
        answer = await self.hooks.http.patch(url, json=body, headers=headers | {"If-Match": seen.headers["ETag"]})
        forget_connected_systems()
        return answer

    async def listed(self, what: str, login: str = "admin", **query: str) -> list[dict[str, Any]]:
        answer = await self.hooks.http.get(f"/v1/platforms/{self.code}/{what}", params=query, headers=await self.hooks.as_(login))
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    def told(self) -> list[Any]:
        return [asked.json for asked in self.server.asked]


async def connect(hooks: Hooks, server: Platform, code: str = "heyuan-12345", **options: Any) -> City:
    body = {"code": code, "kind": "platform", "adapter": "json", "name": "河源市12345", "options": {**OPTIONS, **options}}
    made = await hooks.http.post("/v1/connections", json=body, headers=await hooks.as_())
    assert made.status_code == 201, made.text
    forget_connected_systems()
    return City(hooks, server, code, made.json()["secret"])


@pytest.fixture
async def server():
    async with playing() as found:
        yield found


@pytest.fixture
async def city(intake, county, server, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_WEBHOOK_ALLOW_PRIVATE", "true")
    settings.cache_clear()
    yield await connect(Hooks(intake, county, server), server, status={"url": f"{server.url}/status"})
    monkeypatch.undo()
    settings.cache_clear()
    forget_connected_systems()


async def whole_life(city: City, number: str) -> None:
    desk = city.hooks.desk
    await desk.does("shuikou", number, "accept")
    await desk.does("shuikou", number, "resolve", words="已换管", files=await desk.evidence("shuikou"))
    await desk.does("pengzhai", number, "answer", words="水管已更换，恢复供水。")
    await desk.does("pengzhai", number, "close", verified_by="site_check", words="已到现场核实")


async def test_an_order_becomes_a_ticket_as_the_mapping_says(city, county):
    answer = await city.push()
    assert answer.status_code == 201, answer.text
    assert answer.json()["warnings"] == {}
    (ticket,) = await county.fetch("SELECT * FROM tickets")
    assert (ticket["number"], ticket["channel"], ticket["category_code"]) == (answer.json()["number"], "platform", "water.pipe_burst")
    assert ticket["urgency"] == "urgent"
    (complaint,) = await county.fetch("SELECT * FROM complaints")
    assert words_in(complaint) == "水管爆裂\n村口水管爆了，水漫到路上。"
    assert (complaint["place_code"], place_in(complaint)) == (SHUIKOU, "水口村村口")
    (order,) = await city.listed("orders", "county")
    assert (order["order_no"], order["kind_name"], order["deadline"]) == ("HY2026112200017", "投诉", "2026-12-05T09:00:00Z")
    seen = await city.hooks.desk.read(ticket["number"])
    assert seen["channel"] == "platform"


async def test_no_person_is_anywhere_in_clear(city, county):
    await city.push()
    await city.push_raw(orjson.dumps({"data": {"reporter": ORDER["reporter"]}}))
    await city.hooks.work()
    for (table,) in await county.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        rows = "\n".join(str(row[0]) for row in await county.fetch(f"SELECT row_to_json(t)::text FROM {table} t"))
        assert not any(word in rows for word in PERSONAL), table
    assert not any(word in asked.body.decode() for asked in city.server.asked for word in PERSONAL)


async def test_the_platform_hears_of_every_step_signed_with_the_connection_s_secret(city):
    number = (await city.push()).json()["number"]
    await city.hooks.county.settle()
    await whole_life(city, number)
    await city.hooks.work()
    told = sorted(city.told(), key=lambda body: (body["timestamp"], body["data"]["step"] == "closed"))
    steps = [body["data"]["step"] for body in told]
    assert sorted(steps) == sorted(["received", "dispatched", "accepted", "resolved", "answered", "closed"])
    for asked in city.server.asked:
        Webhook(key_of(city.secret)).verify(asked.body, asked.headers)
    by_step = {body["data"]["step"]: body["data"] for body in told}
    assert {body["order_no"] for body in by_step.values()} == {"HY2026112200017"}
    assert by_step["answered"]["words"] == "水管已更换，恢复供水。"
    assert by_step["dispatched"]["due_at"] is not None
    assert by_step["accepted"]["unit"] == "水口村村民委员会"
    (subscription,) = (await city.hooks.http.get(AT, headers=await city.hooks.as_())).json()
    assert (subscription["format"], subscription["connection"], subscription["url"]) == ("platform", city.code, None)
    assert {one["state"] for one in await city.hooks.log(subscription)} == {"sent"}


async def test_the_platform_tells_its_people_itself_and_nobody_else_does(city, county):
    number = (await city.push()).json()["number"]
    await city.hooks.county.settle()
    await whole_life(city, number)
    await county.settle()
    assert await county.value("SELECT count(*) FROM messages WHERE audience = 'complainant'") == 0
    assert await county.value("SELECT count(*) FROM phone_tasks") == 0


async def test_a_platform_that_fails_is_told_again_and_by_hand_too(city):
    city.server.answer = lambda _asked: Said(500)
    number = (await city.push()).json()["number"]
    await city.hooks.work()
    assert len(city.told()) == 2
    city.server.answer = lambda _asked: Said()
    await city.hooks.later()
    await city.hooks.work()
    assert len(city.told()) == 4
    ids = [asked.headers["webhook-id"] for asked in city.server.asked]
    assert len(set(ids)) == 2
    (subscription,) = (await city.hooks.http.get(AT, headers=await city.hooks.as_())).json()
    (received,) = await city.hooks.log(subscription, event_type="ticket.received", ticket=number)
    again = await city.hooks.http.post(f"{AT}/{subscription['id']}/deliveries/{received['id']}/redeliver", headers=await city.hooks.as_())
    assert again.status_code == 200
    await city.hooks.work()
    assert city.server.asked[-1].headers["webhook-id"] == received["id"]
    assert city.told()[-1] == next(body for body in city.told() if body["data"]["step"] == "received")


async def test_status_in_the_platform_s_own_words_places_and_signature(intake, county, server, city):
    status = {
        "url": f"{server.url}/feedback",
        "statuses": {"received": None, "dispatched": None, "accepted": 2, "rejected": "99"},
        "fields": {"order_no": "head.orderId", "status": "body.state", "words": "body.reply", "delivery_id": "head.requestId"},
        "constants": {"head.source": "heping"},
    }
    signature = {"scheme": "hmac_sha256_hex", "header": "X-Sign", "timestamp_header": "X-Time", "prefix": "sha256="}
    other = await connect(city.hooks, server, "guangdong", status=status, signature=signature)
    body, stamp = orjson.dumps({"data": ORDER}), str(int(clock.now().timestamp()))
    mark = "sha256=" + hmac.digest(other.secret.encode(), f"{stamp}.".encode() + body, "sha256").hex()
    signed = {"Content-Type": "application/json", "X-Sign": mark, "X-Time": stamp}
    answer = await intake.post("/v1/platforms/guangdong/orders", content=body, headers=signed)
    assert answer.status_code == 201, answer.text
    await city.hooks.county.settle()
    await city.hooks.desk.does("shuikou", answer.json()["number"], "accept")
    await city.hooks.work()
    (asked,) = server.at("/feedback")
    assert asked.json["head"] == {"orderId": "HY2026112200017", "source": "heping", "requestId": asked.json["head"]["requestId"]}
    assert asked.json["body"] == {"state": 2, "reply": "已签收"}
    expected = hmac.digest(other.secret.encode(), asked.headers["x-time"].encode() + b"." + asked.body, "sha256").hex()
    assert asked.headers["x-sign"] == f"sha256={expected}"
    assert not server.at("/status"), "the other platform hears nothing of it"


async def test_a_rejection_is_told_with_its_reason(city):
    number = (await city.push(area=None, address=None, title="反映判决不公", category=None)).json()["number"]
    await city.hooks.desk.does("county", number, "reject", reason="legal_proceedings", words="该纠纷已在法院审理，请依诉讼程序办理")
    await city.hooks.work()
    rejected = next(body["data"] for body in city.told() if body["data"]["step"] == "rejected")
    assert (rejected["reason"], rejected["words"]) == ("legal_proceedings", "该纠纷已在法院审理，请依诉讼程序办理")


async def test_an_order_merged_into_another_ticket_hears_of_that_one_s_end(city):
    number = (await city.push()).json()["number"]
    await city.hooks.county.settle()
    other = await city.hooks.desk.file()
    await city.hooks.desk.does("county", number, "merge", into=other, words="同一处爆管")
    await city.hooks.desk.does("shuikou", other, "accept") if (await city.hooks.desk.read(other))["holder"]["code"] == SHUIKOU else None
    await city.hooks.work()
    steps = [body["data"]["step"] for body in city.told()]
    assert "merged" in steps
    assert steps.count("accepted") == 1


async def test_the_same_push_again_is_the_same_order_however_often_and_at_once(city, county):
    answers = await asyncio.gather(*(city.push() for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert sum(answer.json()["duplicate"] for answer in answers) == 7
    counts = [await county.value(f"SELECT count(*) FROM {table}") for table in ("tickets", "platform_pushes", "sealed_papers")]
    assert counts == [1, 1, 1]


async def test_different_pushes_of_one_order_at_once_are_one_ticket(city, county):
    answers = await asyncio.gather(*(city.push(content=f"第{n}次说明") for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert await county.value("SELECT count(*) FROM tickets") == 1
    assert await county.value("SELECT count(*) FROM supplements") == 5
    assert await county.value("SELECT count(*) FROM platform_pushes") == 6


async def test_a_later_push_says_more_urges_and_moves_the_deadline_and_makes_no_new_ticket(city, county):
    number = (await city.push()).json()["number"]
    await city.hooks.county.settle()
    more = await city.push(content="水已漫进屋里。", deadline="2026-11-30 17:00:00")
    assert (more.status_code, more.json()["outcome"], more.json()["deadline"]) == (200, "supplemented", "2026-11-30T09:00:00Z")
    assert await only_told_in(county, "supplements") == "水管爆裂\n水已漫进屋里。\n上级平台要求办结时间：2026年11月30日 17:00"
    urged = await city.push(urge="1")
    assert (urged.json()["outcome"], urged.json()["number"]) == ("urged", number)
    events = [row["type"] for row in await county.fetch("SELECT type FROM events WHERE subject_kind = 'ticket' ORDER BY seq")]
    assert events == ["ticket.received", "ticket.dispatched", "ticket.supplemented", "ticket.supplemented", "ticket.urged"]
    assert (await city.listed("orders"))[0]["urges"] == 1
    assert await county.value("SELECT count(*) FROM tickets") == 1
    again = await city.push(urge="1")
    assert again.json()["duplicate"] is True
    assert (await city.listed("orders"))[0]["urges"] == 1


async def test_what_is_told_of_an_ended_order_reaches_people_and_danger_is_filed_anew(city, county):
    number = (await city.push()).json()["number"]
    await city.hooks.county.settle()
    await whole_life(city, number)
    later = await city.push(content="水管换好了，但是路面塌方了，有人被埋。")
    assert (later.status_code, later.json()["outcome"]) == (200, "supplemented"), later.text
    assert "被埋" in await only_told_in(county, "supplements")
    assert [dict(row) for row in await county.fetch("SELECT purpose, state FROM phone_tasks")] == [{"purpose": "tell", "state": "open"}]
    await county.settle()
    rows = await county.fetch("SELECT urgency, status FROM tickets ORDER BY recorded_at")
    assert [tuple(row) for row in rows] == [("urgent", "closed"), ("emergency", "dispatched")]


async def test_what_changes_nothing_is_kept_without_noise(city, county):
    await city.push()
    answer = await city.push(pushedAt="2026-11-22 12:00:00")
    assert answer.json()["outcome"] == "kept"
    assert await county.value("SELECT count(*) FROM events WHERE subject_kind = 'ticket'") == 1


async def test_an_order_sent_back_is_worked_on_again(city, county):
    number = (await city.push()).json()["number"]
    await city.hooks.county.settle()
    await whole_life(city, number)
    late = await city.push(content="补充：还有一处")
    assert late.json()["outcome"] == "supplemented"
    back = await city.push(back="1", content="群众不满意，仍在漏水")
    assert (back.json()["outcome"], back.json()["number"], back.json()["status"]) == ("reopened", number, "received")
    await city.hooks.work()
    assert (await city.hooks.desk.read(number))["round"] == 2
    assert [body["data"]["step"] for body in city.told()].count("reopened") == 1
    assert (await told_in(county, "supplements"))[-1].endswith("仍在漏水")


async def test_an_order_sent_back_reopens_the_ticket_it_was_merged_into(city):
    desk = city.hooks.desk
    main = await desk.file()
    number = (await city.push()).json()["number"]
    await city.hooks.county.settle()
    await desk.does("pengzhai", number, "merge", into=main, words="同一处")
    await desk.does("shuikou", main, "accept")
    await desk.does("shuikou", main, "resolve", words="已换管", files=await desk.evidence("shuikou"))
    await desk.does("pengzhai", main, "answer", words="水管已更换。")
    await desk.does("pengzhai", main, "close", verified_by="site_check", words="已核实")
    assert (await city.push(back="1", content="群众不满意")).json()["outcome"] == "reopened"
    assert (await desk.read(main))["round"] == 2


async def test_what_cannot_be_read_is_kept_listed_and_read_when_the_mapping_fits(city, county):
    body = orjson.dumps({"payload": {"id": "GD-7", "text": "路灯不亮"}})
    refused = await city.push_raw(body)
    assert (refused.status_code, refused.json()["code"]) == (422, "platform.unmappable")
    assert {fault["pointer"] for fault in refused.json()["errors"]} == {"order_no", "words"}
    assert "路灯" not in refused.text
    (push,) = await city.listed("pushes", outcome="unmapped")
    assert (push["id"], push["faults"]) == (refused.json()["push_id"], {"order_no": "missing", "words": "missing"})
    url = f"/v1/platforms/{city.code}/pushes/{push['id']}/read-again"
    still = await city.hooks.http.post(url, headers=await city.hooks.as_())
    assert (still.status_code, still.json()["outcome"]) == (200, "unmapped")
    changed = await city.change(options={"fields": {"order_no": "payload.id", "words": "/payload/text"}})
    assert changed.status_code == 200, changed.text
    headers = await city.hooks.as_() | {"Idempotency-Key": "read"}
    read, repeat = [await city.hooks.http.post(url, headers=headers) for _ in range(2)]
    assert (read.json()["outcome"], read.json()["order_no"]) == ("filed", "GD-7")
    assert repeat.json() == read.json()
    assert await only_told_in(county, "complaints") == "路灯不亮"
    assert await city.listed("pushes", outcome="unmapped") == []
    once_more = await city.hooks.http.post(url, headers=await city.hooks.as_())
    assert (once_more.status_code, once_more.json()["code"]) == (409, "platform.push_settled")
    assert (await city.push_raw(body)).json()["duplicate"] is True


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"\xff\xfe", b"[]", b'"x"', b"[" * 2000, b'{"data":{"orderNo":{"a":1},"content":true}}']
)
async def test_a_signed_body_that_is_nothing_is_kept_too_and_breaks_nothing(city, county, body):
    stamp = str(int(clock.now().timestamp()))
    await city.change(options={**OPTIONS, "signature": {"scheme": "hmac_sha256_hex", "signed": "body"}})
    mark = hmac.digest(city.secret.encode(), body, "sha256").hex()
    headers = {"Content-Type": "application/json", "X-Signature": mark, "X-Timestamp": stamp}
    answer = await city.hooks.http.post(f"/v1/platforms/{city.code}/orders", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "platform.unmappable")
    assert await county.value("SELECT count(*) FROM sealed_papers WHERE kind = 'platform_order'") == 1


async def test_who_does_not_sign_is_refused_with_the_reason_and_nothing_is_kept(city, county):
    url, body = f"/v1/platforms/{city.code}/orders", orjson.dumps({"data": ORDER})
    wrong = await city.push_raw(body, secret="whsec_" + "A" * 32)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "platform.signature_wrong")
    unsigned = await city.hooks.http.post(url, content=body, headers={"Content-Type": "application/json"})
    assert (unsigned.status_code, unsigned.json()["code"]) == (401, "platform.signature_missing")
    old = await city.push_raw(body, **{"webhook-timestamp": "1783000000"})
    assert (old.status_code, old.json()["code"]) == (401, "platform.signature_old")
    city.code = "nowhere"
    unknown = await city.push_raw(body)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "platform.unknown")
    assert await county.value("SELECT count(*) FROM platform_pushes") == 0


async def test_after_a_rotation_orders_signed_with_either_secret_are_taken(city):
    url, headers = f"/v1/connections/{city.code}", await city.hooks.as_()
    tag = (await city.hooks.http.get(url, headers=headers)).headers["ETag"]
    rotated = await city.hooks.http.post(f"{url}/secrets", json={"grace_hours": 2}, headers=headers | {"If-Match": tag})
    forget_connected_systems()
    assert (await city.push()).status_code == 201
    assert (await city.push_raw(orjson.dumps({"data": {**ORDER, "orderNo": "2"}}), secret=rotated.json()["secret"])).status_code == 201
    await city.hooks.work()
    for secret in (city.secret, rotated.json()["secret"]):
        Webhook(key_of(secret)).verify(city.server.asked[0].body, city.server.asked[0].headers)


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({}, "/options/fields"),
        ({"fields": {"order_no": "a"}}, "/options/fields/words"),
        ({"fields": {"order_no": "a", "words": "b", "wrods": "c"}}, "/options/fields/wrods"),
        ({"fields": FIELDS, "status": {"url": "ftp://x.example.org"}}, "/options/status/url"),
        ({"fields": FIELDS, "zone": "Mars/Phobos"}, "/options/zone"),
        ({"fields": FIELDS, "urgencies": {"急": "soon"}}, "/options/urgencies/急"),
    ],
)
async def test_options_that_cannot_work_are_refused_when_they_are_set(city, options, pointer):
    body = {"code": "other", "kind": "platform", "adapter": "json", "name": "另一平台", "options": options}
    added = await city.hooks.http.post("/v1/connections", json=body, headers=await city.hooks.as_())
    assert (added.status_code, added.json()["code"]) == (422, "platform.options_invalid")
    assert pointer in [fault["pointer"] for fault in added.json()["errors"]]
    changed = await city.change(options=options)
    assert (changed.status_code, changed.json()["code"]) == (422, "platform.options_invalid")


async def test_a_mapping_can_be_tried_on_a_sample_without_keeping_anything(city, county):
    url, headers = f"/v1/platforms/{city.code}/try", await city.hooks.as_()
    shown = (await city.hooks.http.post(url, json={"payload": {"data": {**ORDER, "level": "火急", "lat": "23.9"}}}, headers=headers)).json()
    assert (shown["readable"], shown["faults"]) == (True, {"urgency": "not_in_table", "lon": "missing"})
    assert (shown["order"]["contact"]["phone"], shown["order"]["category"]) == ("13800000123", "water.pipe_burst")
    assert shown["order"]["place"]["unit_code"] == SHUIKOU
    other = {"payload": {"no": 17, "say": "路灯不亮"}, "options": {"fields": {"order_no": "no", "words": "say"}}}
    assert (await city.hooks.http.post(url, json=other, headers=headers)).json()["order"]["order_no"] == "17"
    wrong = await city.hooks.http.post(url, json={"payload": {}, "options": {"fields": {}}}, headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "platform.options_invalid")
    counts = [await county.value(f"SELECT count(*) FROM {table}") for table in ("tickets", "platform_pushes", "sealed_papers")]
    assert counts == [0, 0, 0]


@pytest.mark.parametrize("login", ["county", "pengzhai", "hotline", "analyst"])
async def test_mappings_and_pushes_are_the_administrators(city, login):
    headers = await city.hooks.as_(login)
    for method, tail in (("GET", "/pushes"), ("POST", "/try"), ("POST", f"/pushes/{'0' * 8}-0000-7000-8000-{'0' * 12}/read-again")):
        answer = await city.hooks.http.request(method, f"/v1/platforms/{city.code}{tail}", json={"payload": {}}, headers=headers)
        assert answer.status_code == 403, tail


async def test_a_township_sees_the_orders_of_its_own_area_only(city):
    await city.push()
    await city.hooks.county.settle()
    assert len(await city.listed("orders", "county")) == len(await city.listed("orders", "pengzhai")) == 1
    assert await city.listed("orders", "yangming") == []
