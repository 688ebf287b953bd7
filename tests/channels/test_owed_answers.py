"""Answers that did not go back with their push: WeChat's bad moments are waited out, and no answer is longer than WeChat takes."""

import pytest

from services.channels.wechat_leftovers import REPLY_LADDER
from services.channels.wechat_replies import TEXT_BYTES_AT_MOST
from services.platform.settings import settings
from tests.channels.talking import Talk, text
from tests.connections.wechat import SEND, account, says
from tests.journeys.people import Desk
from tests.notifications.platform import playing

LAMP = "彭寨镇水口村小学门口的路灯不亮"


@pytest.fixture
def talk(county):
    return Talk(county)


@pytest.fixture
def late(monkeypatch):
    """Make every answer too late to go back with its push."""

    def begin():
        monkeypatch.setenv("DAGUANJIA_WECHAT_PATIENCE", "0")
        settings.cache_clear()

    yield begin
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize("errcode", [-1, 40001, 45011])
async def test_wechats_bad_moment_costs_nobody_an_answer(talk, county, late, errcode):
    await talk(text(LAMP))
    late()
    async with playing() as platform, account(platform) as api:
        says(platform, errcode, errcode)
        await talk(text("进度"))
        await talk.worker(api, settle=False)
        assert await county.value("SELECT reply FROM wechat_messages ORDER BY id DESC LIMIT 1") == "owed"
        says(platform)
        await talk.later(minutes=1)
        await talk.worker(api, settle=False)
        assert await county.value("SELECT reply FROM wechat_messages ORDER BY id DESC LIMIT 1") == "sent"
        assert await talk.number() in platform.at(SEND)[-1].json["text"]["content"]


async def test_a_moment_that_never_ends_is_given_up_at_last(talk, county, late):
    await talk(text(LAMP))
    late()
    async with playing() as platform, account(platform) as api:
        says(platform, *[-1] * 20)
        await talk(text("进度"))
        for _ in range(len(REPLY_LADDER) + 1):
            await talk.worker(api, settle=False)
            await talk.later(hours=3)
        assert await county.value("SELECT reply FROM wechat_messages ORDER BY id DESC LIMIT 1") == "given_up"
        assert len(platform.at(SEND)) == len(REPLY_LADDER) + 1


async def test_a_long_answer_is_cut_to_what_wechat_takes(talk, county, intake, late):
    await talk(text(LAMP))
    await talk.worker()
    desk, number = Desk(intake, county), await talk.number()
    await desk.does("shuikou", number, "accept")
    await desk.does("shuikou", number, "resolve", words="已修好", files=await desk.evidence("shuikou"))
    await desk.does("hotline", number, "answer", words="路灯已修好。" * 500)
    late()
    async with playing() as platform, account(platform) as api:
        says(platform)
        await talk(text("进度"))
        await talk.worker(api, settle=False)
        content = platform.at(SEND)[-1].json["text"]["content"]
    assert number in content
    assert len(content.encode()) <= TEXT_BYTES_AT_MOST, "WeChat refuses a longer one altogether (45002)"
