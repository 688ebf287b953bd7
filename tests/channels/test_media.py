"""Photos, voices and videos are fetched from a real server that plays WeChat: late, broken, refused, and errors in a file's place."""

import asyncio
import hashlib
import io

import pytest
from PIL import Image
from pydantic import SecretStr

from services.attachments.store import store
from services.channels.wechat import media as wechat_media
from services.channels.wechat.inbox import take
from services.connections.calling import open_client
from services.connections.wechat_api import WeChatApi
from services.platform.database import WORKER
from services.platform.settings import settings
from tests.channels.talking import Talk, event, photo, push, text
from tests.complaints.desk import home
from tests.journeys.people import Desk
from tests.notifications.platform import Said, playing

__all__ = ["home"]

SECRET = "app-secret-of-tests"
AMR = b"#!AMR\n" + b"\x3c\x91\x17\x16\xbe\x66\x79\xe1\xe0\x01\xe7\xaf\xf0\x00\x00\x00\x80\x00" * 20


def jpeg(colour: str = "red") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (32, 24), colour).save(made, "JPEG")
    return made.getvalue()


JPEG = jpeg()


@pytest.fixture
def talk(county, home):
    return Talk(county)


@pytest.fixture
async def wechat():
    """WeChat, played; `files` are what it has, an int is an errcode."""
    async with playing() as platform, open_client() as client:
        platform.files = {"m1": ("image/jpeg", JPEG)}
        platform.answer = lambda asked: _answer(platform, asked)
        platform.api = WeChatApi(client, platform.url, "wx-tests", SecretStr(SECRET), allow_private=True)
        yield platform


def _answer(platform, asked):
    if asked.path == "/cgi-bin/stable_token":
        return Said(body={"access_token": f"token-{len(platform.at(asked.path))}", "expires_in": 7200})
    if asked.path == "/film":
        return Said(body=platform.film, headers={"content-type": "video/mp4"})
    found = platform.files.get(asked.query.get("media_id"), 40007)
    if callable(found):
        found = found(asked)
    if isinstance(found, Said):
        return found
    if isinstance(found, int):
        return Said(body={"errcode": found, "errmsg": "refused"}, headers={"content-type": "text/plain"})
    kind, content = found
    return Said(body=content, headers={"content-type": kind, "content-disposition": 'attachment; filename="f"'})


async def media(county):
    (row,) = await county.fetch("SELECT * FROM wechat_media")
    return row


async def linked(county):
    query = (
        "SELECT a.sha256, l.subject_id FROM attachment_links l JOIN attachments a ON a.id = l.attachment_id"
        " WHERE subject_kind = 'complaint'"
    )
    return {(bytes(row["sha256"]), row["subject_id"]) for row in await county.fetch(query)}


async def test_a_photo_is_fetched_hashed_and_belongs_to_the_complaint(talk, county, wechat, intake):
    await talk(text("路灯不亮"), photo())
    await talk.worker(wechat.api)
    row = await media(county)
    sha = hashlib.sha256(JPEG).digest()
    assert (row["state"], row["media_id"], row["sha256"]) == ("fetched", None, sha)
    complaint = await county.value("SELECT id FROM complaints")
    assert await linked(county) == {(sha, complaint)}
    kept = b"".join([piece async for piece in store().read(await county.value("SELECT store_key FROM attachments"))])
    assert hashlib.sha256(kept).digest() == sha
    desk = Desk(intake, county)
    shown = (await intake.get(f"/v1/tickets/{await talk.number()}/complaints", headers=await desk.as_("county"))).json()
    assert shown[0]["attachment_ids"] == [str(row["attachment_id"])]


@pytest.mark.parametrize("words_first", [True, False])
async def test_a_photo_fetched_before_or_after_the_words_is_tied_to_them(talk, county, wechat, words_first):
    await talk(photo())
    if not words_first:
        await talk.worker(wechat.api)
        assert await linked(county) == set()
    await talk(text("路灯不亮"))
    await talk.worker(wechat.api)
    complaint = await county.value("SELECT id FROM complaints")
    assert await linked(county) == {(hashlib.sha256(JPEG).digest(), complaint)}


async def test_words_and_the_fetching_at_the_same_moment_tie_the_photo_all_the_same(talk, county, wechat):
    people = [f"oPerson{nth}0000000" for nth in range(6)]
    for nth, who in enumerate(people):
        wechat.files[f"p{nth}"] = ("image/jpeg", jpeg(f"#0000{nth:02x}"))
        await take(photo(f"p{nth}", sender=who))

    async def worker():
        await wechat_media.fetch_due(wechat.api, 50)

    async with county.as_role(WORKER):  # both under the worker's rights, which hold the door's as far as this goes
        await asyncio.gather(worker(), worker(), *(take(text("路灯不亮", sender=who)) for who in people))
    assert len(await linked(county)) == 6
    assert len({subject for _, subject in await linked(county)}) == 6


async def test_a_voice_is_kept_and_the_ticket_says_that_it_must_be_heard(talk, county, wechat):
    wechat.files["v"] = ("voice/amr", AMR)
    await talk(text("路灯不亮"), push("voice", MediaId="v", Format="amr"))
    await talk.worker(wechat.api)
    assert await talk.added() == ["（语音，未能识别文字，请听录音）"]
    assert await county.value("SELECT media_type FROM attachments") == "audio/amr"
    await talk(text("新问题"), push("voice", MediaId="v", Format="amr", Recognition="村口水管爆了"))
    assert (await talk.words())[-1] == "（语音识别）村口水管爆了"
    await talk.worker(wechat.api)
    assert len(await linked(county)) == 2


async def test_a_video_is_fetched_from_where_wechat_says_it_is(talk, county, wechat):
    wechat.film = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + b"\x00" * 2000
    wechat.files["f"] = Said(body={"video_url": f"{wechat.url}/film"}, headers={"content-type": "application/json"})
    await talk(text("路灯不亮"), push("video", MediaId="f", ThumbMediaId="t"))
    await talk.worker(wechat.api)
    assert await county.value("SELECT media_type FROM attachments") == "video/mp4"
    assert len(await linked(county)) == 1


async def test_a_file_wechat_has_no_more_is_given_up_and_the_ticket_says_so(talk, county, wechat):
    wechat.files["gone"] = 40007
    await talk(text("路灯不亮"), photo("gone"))
    await talk.worker(wechat.api)
    row = await media(county)
    assert (row["state"], row["last_error"], row["media_id"]) == ("given_up", "wechat_40007", None)
    assert "图片1份未能取回" in (await talk.added())[-1]
    assert await county.value("SELECT count(*) FROM events WHERE type = 'ticket.supplemented'") == 2
    asked = len(wechat.at("/cgi-bin/media/get"))
    await talk.later(hours=1)
    await talk.worker(wechat.api)
    assert len(wechat.at("/cgi-bin/media/get")) == asked, "it is not asked for again"


async def test_what_was_lost_before_the_words_came_is_said_with_them(talk, county, wechat):
    wechat.files["gone"] = 40007
    await talk(photo("gone"))
    await talk.worker(wechat.api)
    await talk(text("路灯不亮"))
    assert "未能取回" in (await talk.added())[-1]


async def test_a_broken_or_busy_wechat_is_asked_again_until_it_gives(talk, county, wechat):
    half = Said(body=JPEG[:100], headers={"content-type": "image/jpeg", "content-length": "100"})
    answers = iter([Said(status=502, body=b""), -1, 45009, half])
    wechat.files["m1"] = lambda _asked: next(answers, ("image/jpeg", JPEG))
    await talk(text("路灯不亮"), photo())
    for tries in (1, 2, 3):
        await talk.worker(wechat.api)
        row = await media(county)
        assert (row["state"], row["tries"]) == ("wanted", tries), row["last_error"]
        await talk.worker(wechat.api)
        assert (await media(county))["tries"] == tries, "not before its time"
        await talk.later(hours=1)
    await talk.worker(wechat.api)
    assert (await media(county))["state"] == "fetched", "a picture that cannot be opened is kept: nobody can send it again"


async def test_after_three_days_it_is_given_up(talk, county, wechat):
    wechat.files["m1"] = Said(status=503, body=b"")
    await talk(text("路灯不亮"), photo())
    await talk.worker(wechat.api)
    await talk.later(days=3, minutes=1)
    await talk.worker(wechat.api)
    assert (await media(county))["state"] == "given_up"
    assert "未能取回" in (await talk.added())[-1]


async def test_a_token_that_ran_out_is_replaced_once(talk, county, wechat):
    wechat.files["m1"] = lambda asked: 42001 if asked.query["access_token"] == "token-1" else ("image/jpeg", JPEG)
    await talk(text("路灯不亮"), photo())
    await talk.worker(wechat.api)
    assert (await media(county))["state"] == "fetched"
    assert len(wechat.at("/cgi-bin/stable_token")) == 2


async def test_what_is_no_picture_is_refused_and_said(talk, county, wechat):
    wechat.files["m1"] = ("image/jpeg", b"MZ" + b"\x00" * 9000)
    await talk(text("路灯不亮"), photo())
    await talk.worker(wechat.api)
    assert ((await media(county))["state"], (await media(county))["last_error"]) == ("given_up", "attachment.type_not_taken")


async def test_without_the_accounts_secret_files_wait(talk, county):
    await talk(text("路灯不亮"), photo())
    await talk.worker(None)
    assert ((await media(county))["state"], (await media(county))["last_error"]) == ("wanted", "not_configured")


async def test_an_answer_that_came_too_late_is_sent_by_itself(talk, county, wechat, monkeypatch):
    sent = []
    files = wechat.answer
    wechat.answer = lambda asked: (sent.append(asked.json), Said(body={"errcode": 0}))[1] if asked.path.endswith("/send") else files(asked)
    monkeypatch.setenv("DAGUANJIA_WECHAT_PATIENCE", "0")
    settings.cache_clear()
    await talk(text("路灯不亮"), text("进度"))
    replies = [row["reply"] for row in await county.fetch("SELECT reply FROM wechat_messages ORDER BY id")]
    assert replies == [None, "owed"], "the number goes out by the message on the receipt"
    assert await county.value("SELECT data->>'told' FROM events WHERE type = 'ticket.received'") is None
    await talk.worker(wechat.api)
    assert [body["touser"] for body in sent] == ["oTalker00000000000000000001"]
    assert await talk.number() in sent[0]["text"]["content"]
    assert await county.value("SELECT reply FROM wechat_messages ORDER BY id DESC LIMIT 1") == "sent"
    assert await county.value("SELECT message_sends FROM wechat_people") == 1
    await talk.worker(wechat.api)
    assert len(sent) == 1

    wechat.answer = lambda asked: Said(body={"errcode": 45047}) if asked.path.endswith("/send") else files(asked)
    await talk(event("CLICK", "MENU_PROGRESS"))
    await talk.worker(wechat.api)
    refused = await county.fetch("SELECT reply, last_error FROM wechat_messages ORDER BY id DESC LIMIT 1")
    assert [dict(row) for row in refused] == [{"reply": "given_up", "last_error": "wechat_45047"}]


async def test_neither_media_ids_nor_tokens_reach_a_log(talk, county, wechat, capsys):
    wechat.files["m-secret-1"] = 40007
    wechat.files["m-secret-2"] = Said(status=502, body=b"")
    await talk(text("路灯不亮"), photo("m-secret-1"), photo("m-secret-2"))
    await talk.worker(wechat.api)
    captured = capsys.readouterr()
    for secret in ("m-secret", "token-1", SECRET, "oTalker"):
        assert secret not in captured.out + captured.err
