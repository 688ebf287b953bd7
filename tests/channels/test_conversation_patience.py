"""The answer does not wait for ever: what is durable is answered `success`, goes on by itself, is had once, and is told after all."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from services.channels.wechat import inbox as wechat_inbox
from services.channels.wechat.inbox import take
from services.channels.wechat.patience import finish_going_on, patiently
from services.platform.errors import Unavailable
from services.platform.settings import settings
from tests.channels.talking import Talk, text

PATIENCE = 0.5


@pytest.fixture
def talk(county):
    return Talk(county)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setenv("DAGUANJIA_WECHAT_PATIENCE", str(PATIENCE))
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


async def test_a_talk_that_somebody_holds_is_answered_in_time_and_goes_on(talk, county):
    await talk(text("路灯不亮"))
    await talk.later(minutes=40)
    other = await asyncpg.connect(county.url)
    held = other.transaction()
    await held.start()
    await other.execute("SELECT 1 FROM conversations FOR UPDATE")
    began = datetime.now(UTC)
    assert await patiently(take(text("水管爆了")), PATIENCE) is None
    assert (datetime.now(UTC) - began).total_seconds() < PATIENCE + 0.5
    assert await talk.words() == ["路灯不亮"]
    await held.rollback()
    await other.close()
    await finish_going_on()
    assert await talk.words() == ["路灯不亮", "水管爆了"]
    await talk.worker()
    told = await county.fetch("SELECT template FROM messages WHERE audience = 'complainant' ORDER BY created_at, id")
    assert "received" in {row["template"] for row in told}, "its number was not told in time, so it goes out"


async def test_an_answer_that_became_late_while_it_was_made_durable_is_owed(talk, county, monkeypatch):
    real = wechat_inbox.said

    async def slow(*args):
        await asyncio.sleep(PATIENCE)
        return await real(*args)

    monkeypatch.setattr(wechat_inbox, "said", slow)
    await patiently(take(text("路灯不亮")), PATIENCE)
    await finish_going_on()
    (row,) = await county.fetch("SELECT reply, answer::text AS answer FROM wechat_messages")
    assert row["reply"] == "owed"
    assert "promised" in row["answer"]


async def test_what_could_not_be_kept_is_not_promised(talk, county, monkeypatch):
    other = await asyncpg.connect(county.url)
    held = other.transaction()
    await held.start()
    await other.execute("LOCK TABLE wechat_messages IN ACCESS EXCLUSIVE MODE")
    with pytest.raises(Unavailable):
        await patiently(take(text("路灯不亮")), PATIENCE)
    await held.rollback()
    await other.close()
    again = text("路灯不亮")
    assert "工单号" in await take(again)
    assert await county.value("SELECT count(*) FROM complaints") == 1


async def test_many_at_once_wait_for_no_second_connection(talk, county):
    """More talks at a time than the pool has connections: none holds one while it waits for another."""
    from services.platform.database import database

    pushes = [text(f"第{nth}件", sender=f"oPerson{nth:03}00000") for nth in range(database().engine.pool.size() * 5)]
    settings().__dict__["wechat_patience"] = 60.0
    answers = await asyncio.gather(*(take(one) for one in pushes))
    assert all("工单号" in said for said in answers)
    assert await county.value("SELECT count(*) FROM complaints") == len(pushes)
