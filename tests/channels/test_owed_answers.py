"""Answers that did not go back with their push: WeChat's bad moments are waited out, and no answer is longer than WeChat takes."""

import pytest

from services.channels.wechat.keeping import keep
from services.channels.wechat.leftovers import REPLY_LADDER
from services.channels.wechat.replies import TEXT_BYTES_AT_MOST
from services.platform.papers import OPENID as KIND
from services.platform.secrets import blind_index
from services.platform.settings import settings
from tests.channels.talking import Talk, event, photo, text
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


async def test_a_push_nobody_can_open_holds_up_nobody_else(talk, county):
    other = "oOtherPerson00000000000001"
    for one in (text("路灯不亮"), text("进度"), photo(), text("水管爆了", sender=other)):
        await keep(one)
    await talk.later(minutes=1)
    broken = "UPDATE sealed_papers SET sealed = decode(repeat('00', 60), 'hex') WHERE openid_index <> $1"
    await county.owner.execute(broken, blind_index(KIND, other))
    await talk.worker()
    assert await talk.words() == ["水管爆了"]
    rows = await county.fetch("SELECT last_error, due_at > now() AS later FROM wechat_messages WHERE processed_at IS NULL")
    assert [tuple(row) for row in rows] == [("InvalidTag", True)] * 3, "kept, and looked at again later"


async def test_an_owed_answer_nobody_can_address_holds_up_no_other(talk, county, late):
    other = "oOtherPerson00000000000001"
    late()
    await talk(text("进度"), text("进度", sender=other))
    await county.owner.execute(
        "UPDATE sealed_papers SET sealed = decode(repeat('00', 60), 'hex') WHERE openid_index <> $1", blind_index(KIND, other)
    )
    async with playing() as platform, account(platform) as api:
        says(platform)
        await talk.worker(api, settle=False)
        assert [asked.json["touser"] for asked in platform.at(SEND)] == [other]
    assert [row["reply"] for row in await county.fetch("SELECT reply FROM wechat_messages ORDER BY id")] == ["owed", "sent"]


async def test_a_photo_nobody_can_open_keeps_no_other_photo_waiting(talk, county):
    other = "oOtherPerson00000000000001"
    await talk(photo(), photo(sender=other))
    await county.owner.execute(
        "UPDATE sealed_papers SET sealed = decode(repeat('00', 60), 'hex') WHERE openid_index <> $1", blind_index(KIND, other)
    )
    await talk.later(minutes=40)
    await talk.worker()
    assert [("图片1张" in words) for words in await talk.words()] == [True]
    assert {row["state"] for row in await county.fetch("SELECT state FROM conversations")} == {"gathering", "idle"}


async def test_a_result_in_an_unheard_of_shape_is_taken_like_any_other(talk, county):
    odd = [{"TemplateId": "t1", "MsgID": "1", "ErrorCode": {"item": ["1"]}}, {"TemplateId": ["t2"], "ErrorCode": "43101"}, {}]
    await talk(event("subscribe_msg_sent_event", List=odd), event("subscribe_msg_popup_event", List=odd))
    await talk(event("subscribe_msg_change_event", List=[{"TemplateId": ["t"], "SubscribeStatusString": "accept"}]))
    await talk.worker()
    assert await county.value("SELECT count(*) FROM wechat_messages WHERE processed_at IS NULL") == 0
