"""WeCom for staff: the sealed echo, questions asked by wechatpy, who is bound, and what nobody is told."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
from wechatpy.work.parser import parse_message

from services.channels.wechat.messages import read_fields
from services.channels.wecom import questions as wecom
from services.channels.wecom.questions import Ask, Due, asked, ticket_words, todo_words
from services.platform import clock
from services.platform.settings import settings
from tests.channels.platforms import Platform, text_push, xml
from tests.county import actor, sign_in

CORP, TOKEN = "wx5823bf96d3bd56c7", "QDG6eK"
KEY, OLD_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt"
VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "wechat_crypto.json").read_text())["vectors"]
ECHOES = [vector for vector in VECTORS if vector.get("format") == "echostr"]
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def configured(monkeypatch):
    def configure(token: str = TOKEN, key: str = KEY, previous: str = "", corp: str = CORP) -> None:
        for name, value in {"TOKEN": token, "AES_KEY": key, "AES_KEY_PREVIOUS": previous, "CORP_ID": corp}.items():
            monkeypatch.setenv(f"DAGUANJIA_WECOM_{name}", value)
        settings.cache_clear()

    configure()
    yield configure
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def company(intake) -> Platform:
    return Platform(intake, "/v1/wecom/callback", TOKEN, KEY, CORP, work=True)


async def ask(company: Platform, words: str, userid: str = "ZhangSan", message_id: int = 1) -> str:
    """What a colleague who writes `words` reads."""
    body = text_push(words, message_id, userid, CORP)
    assert parse_message(body).source == userid
    reply = read_fields(company.open(await company.sealed(body)).encode())
    assert (reply["ToUserName"], reply["FromUserName"], reply["MsgType"]) == (userid, CORP, "text")
    return str(reply["Content"])


async def bind(intake, login: str, userid: str, by: str = "admin"):
    member = (await actor(login)).member_id
    return await intake.put(f"/v1/members/{member}/wecom", json={"userid": userid}, headers=await sign_in(intake, by))


async def file(intake, county, village: str = "441624108213") -> str:
    """A ticket that is dispatched to the village."""
    body = {"words": "村口的路灯坏了三天", "call_id": f"c{time.monotonic_ns()}", "place": {"unit_code": village}}
    answer = await intake.post("/v1/hotline/complaints", json=body, headers=await sign_in(intake, "hotline"))
    assert answer.status_code == 201, answer.text
    await county.settle()
    return str(answer.json()["number"])


@pytest.mark.parametrize("vector", ECHOES, ids=[vector["id"] for vector in ECHOES])
async def test_every_echo_of_the_vectors_is_answered_decrypted(intake, configured, monkeypatch, vector):
    configured(vector["token"], vector["encoding_aes_key"], corp=vector["receive_id"])
    monkeypatch.setattr(clock, "now", lambda: datetime.fromtimestamp(int(vector["timestamp"]), UTC))
    names = ("msg_signature", "timestamp", "nonce")
    query = "&".join(f"{name}={vector[name]}" for name in names) + "&echostr=" + quote(vector["encrypt"], safe="")
    answer = await intake.get(f"/v1/wecom/callback?{query}")
    assert (answer.status_code, answer.content) == (200, vector["plaintext"].encode())
    assert answer.headers["content-type"].startswith("text/plain")
    unquoted = await intake.get(f"/v1/wecom/callback?{query.replace('%2B', '+')}")
    assert unquoted.content == answer.content


async def test_wechatpy_verifies_the_address_and_nobody_else_does(company, configured):
    assert (await company.verify("1616140317555161061")).text == "1616140317555161061"
    configured(key=OLD_KEY, previous=KEY)
    assert (await company.verify("16")).text == "16"
    for wrong in ({"token": "other"}, {"receiver": "wx0000000000000000"}, {"key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}):
        stranger = Platform(company.http, company.path, **{"token": TOKEN, "key": KEY, "receiver": CORP, **wrong}, work=True)
        assert (await stranger.verify("16")).status_code == 403
        assert (await stranger.sealed(text_push("待办", 1, "x", CORP))).status_code == 403


async def test_a_call_in_clear_or_out_of_time_is_refused(company):
    assert (await company.plain(text_push("待办", 1, "x", CORP))).status_code == 403
    assert (await company.sealed(text_push("待办", 1, "x", CORP), stamp=1)).status_code == 403
    assert (await company.sealed("no message")).status_code == 400


async def test_without_a_token_the_channel_is_closed(company, configured):
    configured(token="")
    answer = await company.sealed(text_push("待办", 1, "x", CORP))
    assert (answer.status_code, answer.json()["code"]) == (404, "wecom.not_configured")


async def test_whoever_is_not_bound_is_told_how_to_be(company, intake):
    for words in ("待办", "20261122-000123-6", "你好"):
        assert await ask(company, words) == wecom.UNBOUND
    assert (await bind(intake, "shuikou", "zhangsan")).status_code == 200
    assert await ask(company, "你好") == wecom.HOW


async def test_a_colleague_asks_for_what_is_open_at_their_seats_and_for_a_ticket(company, intake, county):
    await bind(intake, "shuikou", "zhangsan")
    await bind(intake, "yangming", "lisi")
    assert await ask(company, "待办") == wecom.NOTHING_OPEN
    numbers = [await file(intake, county) for _ in range(2)]

    todo = await ask(company, " 待办 ")
    assert "2 件未办结" in todo
    assert all(number in todo for number in numbers)
    told = await ask(company, f"工单号：{numbers[0].replace('-', '－')}")
    assert numbers[0] in told
    assert "水口村" in told
    assert "路灯" not in todo + told
    assert await ask(company, numbers[0], "LiSi") == wecom.UNKNOWN == await ask(company, "20261122-000123-6")
    assert await ask(company, "待办", "LiSi") == wecom.NOTHING_OPEN


async def test_the_words_say_what_is_late_and_what_comes_first():
    items = [Due("20261122-000123-6", "供水管网", NOW - timedelta(hours=1)), Due("20261122-000124-4", None, None)]
    assert todo_words(7, 1, items, NOW) == (
        "您的岗位有 7 件未办结的工单，其中 1 件已逾期。\n最早到期：\n"
        "20261122-000123-6 供水管网，2026年11月22日 09:00到期（已逾期）\n20261122-000124-4 未分类，暂无时限"
    )
    assert ticket_words("n", "办理中", None, None, None, NOW) == "工单号：n\n类别：未分类\n状态：办理中"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("待办", Ask.OPEN), (" 我的待办\n", Ask.OPEN), ("待办的事很多", Ask.HELP), ("", Ask.HELP), ("x" * 100, Ask.HELP),
        ("20261122-000123-6", "20261122-000123-6"), ("进度 ２０２６１１２２０００１２３６", "202611220001236"),
        ("工单号：1234567", "1234567"),
        ("110", Ask.HELP), ("工单", Ask.HELP), ("2026年", Ask.HELP),
    ],
)  # fmt: skip
def test_a_question_is_told_from_chatter(text, meant):
    assert asked(text) == meant


async def test_events_are_taken_quietly_but_for_a_greeting(company, intake):
    def event(name: str, at: int = 1) -> str:
        return xml(ToUserName=CORP, FromUserName="ZhangSan", CreateTime=at, MsgType="event", Event=name, AgentID=1)

    for name in ("LOCATION", "click", "change_contact", "of_tomorrow"):
        answer = await company.sealed(event(name))
        assert (answer.status_code, answer.text) == (200, "")
    assert wecom.UNBOUND in company.open(await company.sealed(event("enter_agent")))
    await bind(intake, "shuikou", "zhangsan")
    assert wecom.HOW in company.open(await company.sealed(event("enter_agent", 2)))


async def test_a_repeat_is_answered_alike_and_a_forgery_under_its_nonce_is_refused(company):
    stamp, body = int(datetime.now(UTC).timestamp()), text_push("待办", 1, "ZhangSan", CORP)
    replies = await asyncio.gather(*(company.sealed(body, nonce="n", stamp=stamp) for _ in range(3)))
    assert all(wecom.UNBOUND in company.open(reply) for reply in replies)
    assert (await company.sealed(text_push("别的", 2, "ZhangSan", CORP), nonce="n", stamp=stamp)).status_code == 403


async def test_a_userid_is_one_member_s_and_can_be_taken_away(company, intake, county):
    assert (await bind(intake, "shuikou", "ZhangSan")).status_code == 200
    again = await bind(intake, "shuikou", "zhangsan")
    assert again.status_code == 200
    taken = await bind(intake, "grid", "zhangsan")
    assert (taken.status_code, taken.json()["code"]) == (409, "wecom.userid_taken")
    assert (await bind(intake, "grid", "wangwu", by="pengzhai")).status_code == 403
    assert (await bind(intake, "shuikou", "bad userid")).status_code == 422
    member = (await actor("shuikou")).member_id
    assert isinstance(member, UUID)
    admin = await sign_in(intake, "admin")
    assert (await intake.get(f"/v1/members/{member}/wecom", headers=admin)).json()["member_id"] == str(member)

    assert [(await intake.delete(f"/v1/members/{member}/wecom", headers=admin)).status_code for _ in range(2)] == [204, 204]
    assert (await intake.get(f"/v1/members/{member}/wecom", headers=admin)).json()["code"] == "wecom.not_bound"
    assert await ask(company, "待办") == wecom.UNBOUND
    assert (await bind(intake, "grid", "zhangsan")).status_code == 200
    stored = await county.fetch("SELECT userid_index FROM wecom_bindings")
    assert [b"zhangsan" in row["userid_index"] for row in stored] == [False]
    noted = await county.fetch("SELECT type, data FROM events WHERE type LIKE 'member.wecom%' ORDER BY recorded_at")
    assert [row["type"] for row in noted] == ["member.wecom_bound", "member.wecom_unbound", "member.wecom_bound"]
    assert "zhangsan" not in str([row["data"] for row in noted]).lower()


async def test_one_userid_bound_to_two_members_at_once_is_one_s(intake):
    answers = await asyncio.gather(bind(intake, "shuikou", "zhangsan"), bind(intake, "grid", "zhangsan"))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_who_may_not_sign_in_any_more_is_told_nothing(company, intake, county):
    await bind(intake, "shuikou", "zhangsan")
    await county.fetch("UPDATE accounts SET disabled_at = now() WHERE login = 'shuikou'")
    assert await ask(company, "待办") == wecom.UNBOUND


async def test_neither_userid_nor_question_reaches_the_log(company, intake, capsys):
    await bind(intake, "shuikou", "ZhangSan")
    await ask(company, "20261122-000123-6")
    said = capsys.readouterr()
    for secret in ("zhangsan", "20261122-000123", KEY.lower(), TOKEN.lower()):
        assert secret not in (said.out + said.err).lower()
