"""The WeChat callback over HTTP: verification, texts that become tickets, questions, and everything hostile."""

import asyncio
import secrets
from datetime import UTC, datetime

import pytest
from defusedxml.ElementTree import fromstring

from services.channels.wechat.wire import signature
from services.platform.secrets import tracking_code
from services.platform.settings import settings
from tests.told import only_told_in

TOKEN = "dagj580Token"
OPENID = "oTestUser0000000000000000001"


@pytest.fixture(autouse=True)
def configured(monkeypatch):
    monkeypatch.setenv("DAGUANJIA_WECHAT_TOKEN", TOKEN)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def query(stamp: int | None = None, **changes: str) -> dict[str, str]:
    """The query of a call that WeChat signed just now."""
    timestamp = str(stamp if stamp is not None else int(datetime.now(UTC).timestamp()))
    nonce = secrets.token_hex(5)
    return {"signature": signature(TOKEN, timestamp, nonce), "timestamp": timestamp, "nonce": nonce, **changes}


def push(kind: str = "text", message_id: str | None = "24309345123456789", sender: str = OPENID, **fields: str) -> bytes:
    """The body of a push."""
    inner = {"ToUserName": "gh_test580", "FromUserName": sender, "CreateTime": "1348831860", "MsgType": kind, **fields}
    if message_id:
        inner["MsgId"] = message_id
    return ("<xml>" + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in inner.items()) + "</xml>").encode()


async def send(desk, body: bytes, **changes: str):
    return await desk.http.post("/v1/wechat/callback", params=query(**changes), content=body)


def said(reply) -> str:
    assert reply.status_code == 200, reply.text
    return fromstring(reply.text).findtext("Content")


async def test_the_address_is_verified_with_the_exact_echo(desk):
    reply = await desk.http.get("/v1/wechat/callback", params=query(echostr="4375120948345356249"))
    assert (reply.status_code, reply.text) == (200, "4375120948345356249")
    assert reply.headers["content-type"].startswith("text/plain")


async def test_a_text_becomes_a_ticket_and_is_answered_with_number_and_code(desk):
    reply = await send(desk, push(Content="  村口路灯不亮\n"))

    (row,) = await desk.database.fetch("SELECT t.id, number, channel_message_id FROM tickets t JOIN complaints ON ticket_id = t.id")
    assert await only_told_in(desk.database, "complaints") == "  村口路灯不亮\n"
    assert row["channel_message_id"] == "24309345123456789"
    assert row["number"] in said(reply)
    assert tracking_code(row["id"]) in said(reply)
    assert fromstring(reply.text).findtext("ToUserName") == OPENID


async def test_three_tries_of_wechat_at_once_make_one_ticket_and_one_reply(desk):
    replies = await asyncio.gather(*(send(desk, push(Content="村口路灯不亮")) for _ in range(12)))
    assert len({said(reply) for reply in replies}) == 1
    assert await desk.count("tickets") == 1


async def test_the_sender_alone_can_ask_for_progress_without_a_code(desk):
    await send(desk, push(Content="村口路灯不亮"))
    number = await desk.database.value("SELECT number FROM tickets")

    own = said(await send(desk, push(Content=f"进度 {number}", message_id="2")))
    other = said(await send(desk, push(Content=f"进度 {number}", message_id="3", sender="oSomebodyElse")))
    wrong = said(await send(desk, push(Content="进度 20261122-000123-0", message_id="4")))
    assert "已受理，正在派单" in own
    assert "没有查到" in other
    assert other == wrong
    assert await desk.count("tickets") == 1


async def test_what_has_no_words_is_kept_and_words_are_asked_for(desk):
    fields = {"MediaId": "m1", "Location_X": "24.4", "Location_Y": "114.9", "Label": "水口村"}
    for nth, kind in enumerate(("image", "voice", "video", "shortvideo", "location")):
        assert "请用文字说明" in said(await send(desk, push(kind, str(nth), **fields)))
    unknown = await send(desk, push("something_new", "9"))
    assert (unknown.status_code, unknown.text) == (200, "success")
    assert await desk.count("tickets") == 0
    assert await desk.database.value("SELECT count(*) FROM wechat_messages WHERE waits") == 5


async def test_a_follower_is_welcomed_and_other_events_are_taken_quietly(desk):
    welcome = await send(desk, push("event", None, Event="subscribe", EventKey=""))
    assert "请直接用文字" in said(welcome)
    for event in ("unsubscribe", "SCAN", "LOCATION", "TEMPLATESENDJOBFINISH", ""):
        reply = await send(desk, push("event", None, Event=event))
        assert (reply.status_code, reply.text) == (200, "success")


async def test_no_text_is_dropped_whatever_its_length(desk):
    for nth, text in enumerate(("", "   ")):
        assert "请" in said(await send(desk, push(message_id=str(nth), Content=text)))
    assert await desk.count("tickets") == 0
    assert "工单号" in said(await send(desk, push(Content="长" * 4001)))
    assert await only_told_in(desk.database, "complaints") == "长" * 4000
    assert await only_told_in(desk.database, "supplements") == "长"


async def test_a_call_without_a_fresh_signature_is_refused_in_plain_text(desk):
    wrong = [{"signature": "0" * 40}, {"signature": ""}, {"nonce": "other"}, {"stamp": 1}, {"timestamp": "x"}, {"signature": "\u6d4b"}]
    for changes in wrong:
        reply = await send(desk, push(Content="x"), **changes)
        assert reply.status_code == 403, changes
        assert reply.headers["content-type"].startswith("text/plain")
        verified = await desk.http.get("/v1/wechat/callback", params=query(**changes) | {"echostr": "echo"})
        assert (verified.status_code, "echo" in verified.text) == (403, False), changes
    assert await desk.count("tickets") == 0


HOSTILE = (
    b"", b"hello", b"\xff\xfe", b"<xml>", b"{}", push(message_id=None, Content="x"), push(message_id="a b", Content="x"),
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml>&a;</xml>', b"<xml>" * 10000, b"x" * 400_000,
    push(Content="x", sender="村民"), b"<xml><ToUserName>\x00</ToUserName></xml>",
)  # fmt: skip


async def test_hostile_bodies_are_refused_and_never_break_the_server(desk):
    for body in HOSTILE:
        reply = await send(desk, body)
        assert 400 <= reply.status_code < 500, body[:40]
    assert await desk.count("tickets") == 0


async def test_without_a_token_the_channel_is_closed_with_a_clear_answer(desk, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_WECHAT_TOKEN", "")
    settings.cache_clear()
    reply = await send(desk, push(Content="x"))
    assert (reply.status_code, reply.json()["code"]) == (404, "wechat.not_configured")


async def test_neither_openid_nor_words_reach_the_log(desk, capsys):
    await send(desk, push(Content="村口路灯不亮"))
    await send(desk, b"<xml>oTestUser0000000000000000001")
    captured = capsys.readouterr()
    assert OPENID not in captured.out + captured.err
    assert "路灯" not in captured.out + captured.err
