"""The callback in its three modes, its guard against replays, its patience, and what it does while PostgreSQL is away."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from dispatch_worker.jobs.purge import purge
from services.channels.wechat.patience import finish_going_on, note_kept, patiently, still_waited_for
from services.channels.wechat.wires import check_wires
from services.platform.database import INTAKE, WORKER, Database, use_database
from services.platform.errors import Problem, Unavailable
from services.platform.settings import settings
from tests.channels.platforms import APP, KEY, OLD_KEY, OPENID, TOKEN, Platform, text_push, xml

NEVER = 60
"""Seconds after which an answer that should come by itself has not come."""
BASE = {"DAGUANJIA_WECHAT_TOKEN": TOKEN, "DAGUANJIA_WECHAT_APP_ID": APP}


@pytest.fixture
def configured(monkeypatch):
    """Set what is given and read it again."""

    def configure(**given: str) -> None:
        for name in ("AES_KEY", "AES_KEY_PREVIOUS", "MODE", "PATIENCE"):
            monkeypatch.delenv(f"DAGUANJIA_WECHAT_{name}", raising=False)
        for name, value in {**BASE, **given}.items():
            monkeypatch.setenv(name if name.startswith("DAGUANJIA") else f"DAGUANJIA_{name}", value)
        settings.cache_clear()

    configure()
    yield configure
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def wechat(desk, configured) -> Platform:
    configured(WECHAT_AES_KEY=KEY)
    return Platform(desk.http)


async def test_with_a_key_a_sealed_text_is_answered_sealed(desk, wechat):
    reply = await wechat.sealed(text_push("村口路灯不亮了", 1))
    assert f"<ToUserName><![CDATA[{OPENID}]]></ToUserName>" in wechat.open(reply)
    assert reply.headers["content-type"].startswith("text/xml")


async def test_with_a_key_nothing_in_clear_is_taken_unless_the_mode_says_so(desk, wechat, configured):
    assert (await wechat.plain(text_push("x", 1))).status_code == 403
    configured(WECHAT_AES_KEY=KEY, WECHAT_MODE="compatible")
    assert (await wechat.plain(text_push("村口路灯不亮了", 2))).status_code == 200
    assert "Content" in wechat.open(await wechat.sealed(text_push("村口路灯不亮了", 3), beside="<FromUserName>oForged</FromUserName>"))
    configured(WECHAT_AES_KEY=KEY, WECHAT_MODE="plain")
    assert (await wechat.plain(text_push("村口路灯不亮了", 4))).status_code == 200
    assert (await wechat.sealed(text_push("x", 5))).status_code == 403


async def test_while_the_key_is_changed_both_work_and_the_answer_uses_the_one_that_did(desk, configured):
    configured(WECHAT_AES_KEY=KEY, WECHAT_AES_KEY_PREVIOUS=OLD_KEY)
    for number, key in enumerate((KEY, OLD_KEY)):
        platform = Platform(desk.http, key=key)
        assert OPENID in platform.open(await platform.sealed(text_push("村口路灯不亮了", number)))
    stranger = Platform(desk.http, key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
    assert (await stranger.sealed(text_push("x", 9))).status_code == 403


async def test_a_push_for_another_account_is_refused(desk, wechat):
    wechat.receiver = "wx0000000000000000"
    assert (await wechat.sealed(text_push("x", 1))).status_code == 403


@pytest.mark.parametrize("off", [-301, 302])
async def test_an_old_or_future_call_is_refused_though_it_is_signed(desk, wechat, off):
    stamp = int(datetime.now(UTC).timestamp()) + off
    assert (await wechat.sealed(text_push("x", 1), stamp=stamp)).status_code == 403


async def test_the_same_push_again_is_answered_the_same_and_another_under_its_nonce_is_refused(desk, configured):
    platform, stamp = Platform(desk.http), int(datetime.now(UTC).timestamp())
    body = text_push("村口路灯不亮了", 1)
    first, again, forged, other = [
        await platform.plain(words, nonce="n", stamp=when)
        for words, when in ((body, stamp), (body, stamp), (text_push("别的话", 2), stamp), (text_push("别的话", 2), stamp + 1))
    ]
    assert (first.status_code, again.status_code, forged.status_code, other.status_code) == (200, 200, 403, 200)
    assert _content(first.text) == _content(again.text)


def _content(reply: str) -> str:
    return reply.partition("<Content>")[2].partition("</Content>")[0]


async def test_a_repeat_that_is_sealed_anew_is_no_replay(desk, wechat):
    """The platform seals each try with random bytes of its own: what counts is what is inside."""
    stamp, body = int(datetime.now(UTC).timestamp()), text_push("村口路灯不亮了", 1)
    first, again = [await wechat.sealed(body, nonce="n", stamp=stamp) for _ in range(2)]
    assert first.text != again.text
    assert _content(wechat.open(first)) == _content(wechat.open(again))
    assert (await wechat.sealed(text_push("别的话", 2), nonce="n", stamp=stamp)).status_code == 403


async def test_many_forgeries_at_once_under_one_nonce_leave_one(desk, configured):
    platform, stamp = Platform(desk.http), int(datetime.now(UTC).timestamp())
    replies = await asyncio.gather(*(platform.plain(text_push(f"第{n}盏路灯不亮", n), nonce="n", stamp=stamp) for n in range(12)))
    assert sorted(reply.status_code for reply in replies) == [200] + [403] * 11


async def test_while_postgresql_is_away_the_platform_is_told_to_come_again_and_its_retry_succeeds(desk, wechat, configured):
    configured(WECHAT_AES_KEY=KEY, WECHAT_PATIENCE="0.5")
    stamp, body = int(datetime.now(UTC).timestamp()), text_push("村口路灯不亮了", 1)
    away = Database("postgresql://nobody@127.0.0.1:1/nothing", INTAKE)
    use_database(away)
    failed = await wechat.sealed(body, nonce="n", stamp=stamp)
    use_database(desk.database.database)
    await away.close()
    assert (failed.status_code, failed.json()["code"]) == (503, "callback.not_kept")
    for _ in range(2):
        assert OPENID in wechat.open(await wechat.sealed(body, nonce="n", stamp=stamp))


async def test_a_short_absence_of_postgresql_is_waited_out(desk, wechat):
    away = Database("postgresql://nobody@127.0.0.1:1/nothing", INTAKE)
    use_database(away)
    reply = asyncio.create_task(wechat.sealed(text_push("村口路灯不亮了", 1)))
    await asyncio.sleep(0.5)
    assert not reply.done()
    use_database(desk.database.database)
    assert OPENID in wechat.open(await reply)
    await away.close()


async def test_a_connection_that_broke_in_the_pool_costs_nobody_their_message(desk, wechat):
    assert (await wechat.sealed(text_push("村口路灯不亮了", 1))).status_code == 200
    broken = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    assert await desk.database.value(broken)
    assert (await wechat.sealed(text_push("村口路灯不亮了", 2))).status_code == 200


async def test_where_nothing_could_be_kept_in_time_the_platform_is_told_to_come_again(desk, wechat, configured):
    configured(WECHAT_AES_KEY=KEY, WECHAT_PATIENCE="0.2")
    async with desk.database.owner.transaction():
        await desk.database.owner.execute("LOCK TABLE seen_pushes IN ACCESS EXCLUSIVE MODE")
        reply = await asyncio.wait_for(wechat.sealed(text_push("村口路灯不亮了", 1)), NEVER)
        assert (reply.status_code, reply.json()["code"]) == (503, "callback.not_kept")
    assert (await wechat.sealed(text_push("村口路灯不亮了", 1))).status_code == 200


async def test_what_is_kept_is_answered_in_time_however_long_the_rest_takes(desk, wechat, configured):
    configured(WECHAT_AES_KEY=KEY, WECHAT_PATIENCE="4")
    async with desk.database.owner.transaction():
        await desk.database.owner.execute("LOCK TABLE conversations IN SHARE MODE")
        reply = await asyncio.wait_for(wechat.sealed(text_push("村口路灯不亮了", 1)), NEVER)
        assert (reply.status_code, reply.text) == (200, "success")
    await finish_going_on()
    assert await desk.count("wechat_messages") == 1


async def test_what_is_kept_is_answered_in_time_and_goes_on_by_itself():
    waited = []

    async def slow() -> str:
        note_kept()
        waited.append(still_waited_for())
        await asyncio.sleep(0.2)
        waited.append(still_waited_for())
        return "late"

    assert await patiently(slow(), 0.01) is None
    assert waited == [True]
    await finish_going_on()
    assert waited == [True, False]
    assert await patiently(slow(), 5) == "late"
    assert waited[2:] == [True, True]


async def test_what_fails_is_told_before_it_is_kept_and_not_after(capsys):
    async def fails(*, kept: bool) -> str:
        if kept:
            note_kept()
        raise Unavailable("x.y", "oTestUser0000000000000000001")

    assert await patiently(fails(kept=True), 1) is None
    with pytest.raises(Unavailable):
        await patiently(fails(kept=False), 1)
    note_kept()  # outside of everything it does nothing
    said = capsys.readouterr()
    assert OPENID not in said.out + said.err


async def test_json_pushes_are_answered_in_json(desk, configured):
    platform = Platform(desk.http)
    push = {
        "ToUserName": "gh_1",
        "FromUserName": OPENID,
        "CreateTime": 1,
        "MsgType": "text",
        "Content": "村口路灯不亮了",
        "MsgId": 2**60 + 1,
    }
    reply = await platform.plain(json.dumps(push))
    assert (reply.headers["content-type"], reply.json()["ToUserName"]) == ("application/json", OPENID)


async def test_the_openid_the_words_and_the_keys_reach_no_log(desk, wechat, capsys):
    await wechat.sealed(text_push("村口路灯不亮了", 1))
    await wechat.sealed("no message")
    await wechat.plain(text_push("村口路灯不亮了", 2))
    wechat.receiver = "wx0000000000000000"
    await wechat.sealed(text_push("村口路灯不亮了", 3))
    said = capsys.readouterr()
    for secret in (OPENID, "路灯", KEY, TOKEN):
        assert secret not in said.out + said.err


async def test_seen_nonces_are_digests_and_are_forgotten_when_no_window_lets_them_in(desk, wechat):
    await wechat.sealed(text_push("村口路灯不亮了", 1), nonce="remarkable")
    (row,) = await desk.database.fetch("SELECT * FROM seen_pushes")
    assert b"remarkable" not in row["nonce"] + row["content"]
    async with desk.database.as_role(WORKER):
        await purge(None)
        assert await desk.count("seen_pushes") == 1
        await desk.database.fetch("UPDATE seen_pushes SET seen_at = $1", datetime.now(UTC) - timedelta(hours=2))
        await purge(None)
    assert await desk.count("seen_pushes") == 0


WRONG = (
    ({"WECHAT_AES_KEY": KEY[:-1]}, "settings.wechat_aes_key"),
    ({"WECHAT_AES_KEY": KEY, "WECHAT_AES_KEY_PREVIOUS": "x"}, "settings.wechat_aes_key_previous"),
    ({"WECHAT_MODE": "safe"}, "settings.wechat_aes_key"), ({"WECHAT_MODE": "open"}, "settings.wechat_mode"),
    ({"WECHAT_AES_KEY": KEY, "WECHAT_APP_ID": ""}, "settings.wechat_app_id"), ({"WECOM_TOKEN": "t"}, "settings.wecom"),
    ({"WECOM_TOKEN": "t", "WECOM_CORP_ID": "c", "WECOM_AES_KEY": "x"}, "settings.wecom_aes_key"),
)  # fmt: skip


@pytest.mark.parametrize(("given", "code"), WRONG)
async def test_settings_that_do_not_fit_stop_the_door_at_its_start(configured, given, code):
    configured(**given)
    with pytest.raises(Problem) as problem:
        await check_wires()
    assert problem.value.code == code
    assert KEY[:-1] not in str(problem.value)


async def test_settings_that_fit_or_are_not_there_start_the_door(configured):
    configured(WECHAT_AES_KEY=KEY, WECHAT_AES_KEY_PREVIOUS=OLD_KEY)
    await check_wires()
    configured(WECHAT_TOKEN="", WECHAT_AES_KEY="x")
    await check_wires()


async def test_an_unknown_event_in_a_sealed_push_is_taken(desk, wechat):
    body = xml(ToUserName="gh", FromUserName=OPENID, CreateTime=1, MsgType="event", Event="of_tomorrow")
    reply = await wechat.sealed(body)
    assert (reply.status_code, reply.text) == (200, "success")
