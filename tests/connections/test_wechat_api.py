"""Calls of WeChat's interface against a real HTTP server that plays it."""

import asyncio
import logging
import traceback
from datetime import timedelta

import pytest
import structlog

from services.connections.wechat_api import WeChatApi, WeChatError, WeChatUnreachable
from tests.connections.wechat import MEDIA, SECRET, SEND, TOKEN, account, says, token_of
from tests.notifications.platform import Asked, Platform, Said

pytestmark = pytest.mark.usefixtures("worker")
BODY = {"touser": "oPerson0001", "text": {"content": "您好"}}


def gives(platform: Platform, *said: Said) -> None:
    """Answer everything but the token with `said`, one after the other; the last again and again."""
    left = list(said)

    def answer(asked: Asked) -> Said:
        if asked.path == TOKEN:
            return Said(body={"access_token": token_of(len(platform.at(TOKEN))), "expires_in": 7200})
        return left.pop(0) if len(left) > 1 else left[0]

    platform.answer = answer


async def whole(api: WeChatApi, media_id: str = "media-1") -> bytes:
    async with api.media(media_id) as media:
        return b"".join([chunk async for chunk in media.chunks])


async def test_a_call_is_real_utf8_under_a_token_that_is_kept(platform: Platform) -> None:
    says(platform)
    async with account(platform) as api:
        assert (await api.call(SEND, BODY))["msgid"] == 4711
        await api.call(SEND, BODY)
    assert [asked.json for asked in platform.at(TOKEN)] == [
        {"grant_type": "client_credential", "appid": "wx-app", "secret": SECRET, "force_refresh": False}
    ]
    first, second = platform.at(SEND)
    assert first.query == second.query == {"access_token": token_of(1)}
    assert first.json == BODY
    assert "您好".encode() in first.body
    assert first.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("errcode", [40001, 42001, 40014])
async def test_a_refused_token_is_replaced_once_and_the_call_made_once_more(platform: Platform, errcode: int) -> None:
    says(platform, errcode)
    async with account(platform) as api:
        await api.call(SEND, BODY)
    assert [asked.json["force_refresh"] for asked in platform.at(TOKEN)] == [False, True]
    assert [asked.query["access_token"] for asked in platform.at(SEND)] == [token_of(1), token_of(2)]


async def test_a_token_that_stays_refused_is_not_asked_for_in_a_loop(platform: Platform) -> None:
    says(platform, *([40001] * 50))
    async with account(platform) as api, account(platform) as other:
        for one in (api, api, other):
            with pytest.raises(WeChatError, match="wechat_40001"):
                await one.call(SEND, BODY)
    assert [asked.json["force_refresh"] for asked in platform.at(TOKEN)] == [False, True]
    assert len(platform.at(SEND)) == 4


async def test_the_same_token_given_again_is_not_tried_again(platform: Platform) -> None:
    def answer(asked: Asked) -> Said:
        return Said(body={"access_token": "same", "expires_in": 7200} if asked.path == TOKEN else {"errcode": 40001})

    platform.answer = answer
    async with account(platform) as api:
        with pytest.raises(WeChatError):
            await api.call(SEND, BODY)
    assert (len(platform.at(TOKEN)), len(platform.at(SEND))) == (2, 1)


async def test_processes_and_jobs_share_one_token(platform: Platform) -> None:
    says(platform, after=0.02)
    async with account(platform) as sender, account(platform) as fetcher:
        await asyncio.gather(*(sender.call(SEND, BODY) for _ in range(10)), *(fetcher.call("/cgi-bin/other", {}) for _ in range(10)))
    assert len(platform.at(TOKEN)) == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (Said(502, "<html>"), "http_502"),
        (Said(302, headers={"location": "/elsewhere"}), "http_302"),
        (Said(200, b"not json"), "wechat_unreadable"),
        (Said(200, [1]), "wechat_unreadable"),
        (Said(200, {"errcode": "0"}), "wechat_unreadable"),
        (Said(after=1.0), "ReadTimeout"),
    ],
)
async def test_what_is_no_verdict_is_told_by_a_short_code(platform: Platform, said: Said, code: str) -> None:
    gives(platform, said)
    async with account(platform, patience=0.5 if code == "ReadTimeout" else 15.0) as api:
        with pytest.raises(WeChatUnreachable) as caught:
            await api.call(SEND, BODY)
    assert caught.value.code == code


async def test_a_proxy_that_asks_for_patience_is_heard(platform: Platform) -> None:
    gives(platform, Said(429, headers={"retry-after": "90"}))
    async with account(platform) as api:
        with pytest.raises(WeChatUnreachable) as caught:
            await api.call(SEND, BODY)
    assert (caught.value.code, caught.value.wait) == ("http_429", timedelta(seconds=90))


async def test_a_file_comes_as_it_is(platform: Platform) -> None:
    headers = {"content-type": "image/jpeg", "content-disposition": 'attachment; filename="M.jpg"'}
    gives(platform, Said(body=b"\xff\xd8" + b"picture" * 9000, headers=headers))
    async with account(platform) as api, api.media("media-1") as media:
        assert (media.content_type, media.filename) == ("image/jpeg", "M.jpg")
        assert b"".join([chunk async for chunk in media.chunks]) == b"\xff\xd8" + b"picture" * 9000
    (asked,) = platform.at(MEDIA)
    assert asked.query == {"access_token": token_of(1), "media_id": "media-1"}


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "text/plain", "image/jpeg", "application/octet-stream"])
async def test_json_in_place_of_a_file_is_a_verdict(platform: Platform, kind: str) -> None:
    gives(platform, Said(body=b'{"errcode":40007,"errmsg":"invalid media_id"}', headers={"content-type": kind}))
    async with account(platform) as api:
        with pytest.raises(WeChatError) as caught:
            await whole(api)
    assert caught.value.errcode == 40007


async def test_a_text_file_that_is_attached_is_a_file(platform: Platform) -> None:
    headers = {"content-type": "text/plain", "content-disposition": "attachment; filename=a.txt"}
    gives(platform, Said(body=b"only words", headers=headers))
    async with account(platform) as api:
        assert await whole(api) == b"only words"


async def test_a_refused_token_is_replaced_for_files_too(platform: Platform) -> None:
    gives(platform, Said(body={"errcode": 42001}, headers={"content-type": "application/json"}), Said(body=b"RIFFvoice"))
    async with account(platform) as api:
        assert await whole(api) == b"RIFFvoice"
    assert [asked.json["force_refresh"] for asked in platform.at(TOKEN)] == [False, True]


async def test_a_video_is_fetched_from_where_it_lies(platform: Platform) -> None:
    where = {"video_url": f"{platform.url}/video.mp4?key=1"}
    gives(platform, Said(body=where, headers={"content-type": "text/plain"}), Said(body=b"film", headers={"content-type": "video/mp4"}))
    async with account(platform) as api, api.media("media-2") as media:
        assert media.content_type == "video/mp4"
        assert b"".join([chunk async for chunk in media.chunks]) == b"film"
    assert platform.at("/video.mp4")[0].query == {"key": "1"}


async def test_high_definition_voice_has_an_address_of_its_own(platform: Platform) -> None:
    gives(platform, Said(body=b"speex"))
    async with account(platform) as api, api.media("m", high_definition=True) as media:
        assert [chunk async for chunk in media.chunks] == [b"speex"]
    assert len(platform.at("/cgi-bin/media/get/jssdk")) == 1


@pytest.mark.parametrize("said", [Said(200, b"{}"), Said(200, {"errcode": 0}), Said(200, b"not json"), Said(200, b"x" * 70_000)])
async def test_json_that_is_neither_file_nor_verdict_is_tried_another_time(platform: Platform, said: Said) -> None:
    said.headers = {"content-type": "application/json"}
    gives(platform, said)
    async with account(platform) as api:
        with pytest.raises(WeChatUnreachable, match="wechat_unreadable"):
            await whole(api)


async def test_no_token_and_no_secret_is_in_any_log_or_error(
    platform: Platform, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    structlog.reset_defaults()
    for name in ("httpx", "httpcore", "asyncio", "services"):
        caplog.set_level(logging.DEBUG, logger=name)
    told: list[str] = []
    quoting = {"errcode": 40125, "errmsg": f"invalid appsecret {SECRET} rid"}
    for said in (Said(body={"errcode": 45015}), Said(500), Said(after=1.0), Said(body=b"no json"), Said(body={"errcode": 0})):
        gives(platform, said)
        async with account(platform) as api:
            for attempt in (api.call(SEND, BODY), whole(api)):
                try:
                    await attempt
                except (WeChatError, WeChatUnreachable) as error:
                    told += [repr(error), str(error), *traceback.format_exception(error), repr(error.__context__), repr(error.__cause__)]
    platform.answer = lambda _asked: Said(body=quoting)
    async with account(platform, app_id="wx-other") as api:
        with pytest.raises(WeChatUnreachable, match="token_40125") as caught:
            await api.call(SEND, BODY)
    told += [repr(caught.value), *traceback.format_exception(caught.value)]
    output = capfd.readouterr()
    logged = caplog.text + output.out + output.err
    assert "HTTP Request: POST" in logged, "httpx logs each request, so this test would see a token in its address"
    assert "send_request_headers" in logged, "httpcore logs too"
    assert "wechat.no_token" in logged
    for text in (logged, *told):
        assert "token-1" not in text
        assert "xxxxxx" not in text
        assert SECRET not in text
        assert "oPerson" not in text
    assert len(platform.at(SEND)) > 3
