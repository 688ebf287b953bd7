"""End to end: wechatpy sends and reads what it gets, over the door in this process and over a real one, in plain and in safe mode."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from wechatpy import parse_message
from wechatpy.replies import deserialize_reply
from wechatpy.utils import check_signature

from services.platform.settings import settings
from tests.channels.platforms import APP, KEY, OPENID, TOKEN, Platform, text_push, xml
from tests.conftest import Running, TestDatabase

WORDS = "礼士镇太平村村口的路灯坏了三天，晚上走路看不见。"


@pytest.fixture
def keyed(monkeypatch):
    for name, value in {"TOKEN": TOKEN, "APP_ID": APP, "AES_KEY": KEY}.items():
        monkeypatch.setenv(f"DAGUANJIA_WECHAT_{name}", value)
    monkeypatch.setenv("DAGUANJIA_WECHAT_MODE", "compatible")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


async def verified(http: httpx.AsyncClient) -> str:
    """What comes back to the verification of the address."""
    address = Platform(http).address(echostr="4375120948345356249")
    check_signature(TOKEN, address["signature"], address["timestamp"], address["nonce"])
    return (await http.get("/v1/wechat/callback", params=address)).text


async def conversation(http: httpx.AsyncClient, *, sealed: bool, sender: str) -> list[str]:
    """Follow, write, write the same again as a retry would; return what wechatpy reads of the answers."""
    platform, said = Platform(http), []
    follow = xml(ToUserName="gh_test580", FromUserName=sender, CreateTime=1, MsgType="event", Event="subscribe", EventKey="")
    message = text_push(WORDS, 24309345123456789 + len(sender), sender)
    assert parse_message(message).content == WORDS
    for body in (follow, message, message):
        answer = await (platform.sealed(body) if sealed else platform.plain(body))
        clear = platform.open(answer) if sealed else answer.text
        reply = deserialize_reply(clear)
        assert (answer.status_code, reply.type, reply.target, reply.source) == (200, "text", sender, "gh_test580")
        said.append(reply.content)
    return said


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "safe"])
async def test_wechatpy_and_the_door_understand_each_other(desk, keyed, sealed):
    assert await verified(desk.http) == "4375120948345356249"
    follow, filed, again = await conversation(desk.http, sealed=sealed, sender=OPENID)
    assert "您好" in follow
    assert filed == again
    assert await desk.database.value("SELECT count(*) FROM complainants") <= 1


@contextmanager
def real_door(servers: Running, database: TestDatabase, home: Path) -> Iterator[str]:
    """A uvicorn process over the test's database, in safe mode."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ, "DATABASE_URL": database.url, "REDIS_URL": servers.redis_url, "DAGUANJIA_HOME": str(home),
        "DAGUANJIA_WECHAT_TOKEN": TOKEN, "DAGUANJIA_WECHAT_APP_ID": APP, "DAGUANJIA_WECHAT_AES_KEY": KEY, "DAGUANJIA_WECHAT_MODE": "",
    }  # fmt: skip
    command = [sys.executable, "-m", "uvicorn", "intake_api.app:app", "--port", str(port), "--no-access-log"]
    log = (home / "door.log").open("wb")
    process = subprocess.Popen(command, env=environment, stderr=log, stdout=log, cwd=Path(__file__).parents[2])
    try:
        _wait(f"http://127.0.0.1:{port}/healthz", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(120)
        log.close()


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(3000):
        assert process.poll() is None, "the door ended before it was ready"
        try:
            httpx.get(url, timeout=30)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the door did not answer")


async def test_wechatpy_and_a_real_door_understand_each_other_and_the_log_says_nothing(desk, servers, home):
    with real_door(servers, desk.database, home) as address:
        async with httpx.AsyncClient(base_url=address) as http:
            assert await verified(http) == "4375120948345356249"
            _, filed, again = await conversation(http, sealed=True, sender=OPENID)
            assert filed == again
            assert (await Platform(http).plain(text_push(WORDS, 7))).status_code == 403
            fresh = Platform(http).address(echostr="<script>")
            assert (await http.get("/v1/wechat/callback", params=fresh)).status_code == 403
    log = (home / "door.log").read_text()
    assert '"callback.refused"' in log
    for secret in (OPENID, "路灯", KEY, TOKEN):
        assert secret not in log
