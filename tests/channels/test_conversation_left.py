"""Whoever unsubscribes is forgotten: nothing in the whole database says any more who they were; tickets and words stay."""

import asyncio

import pytest

from services.channels.wechat.inbox import take
from services.complaints.commands import Contact
from services.complaints.contacts import open_contact, seal_contact
from services.platform.database import WORKER
from services.platform.papers import OPENID as KIND
from services.platform.papers import seal_paper
from services.platform.secrets import blind_index
from tests.channels.talking import OPENID, Talk, event, photo, place, text

INDEX = blind_index(KIND, OPENID)


@pytest.fixture
def talk(county):
    return Talk(county)


async def found_anywhere(county, *needles: str) -> list[str]:
    """Every column of every table that holds one of `needles`: what a dump of the database would show."""
    columns = await county.fetch(
        "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    found = []
    for table, column in sorted((row["table_name"], row["column_name"]) for row in columns):
        said = await county.value(f'SELECT string_agg("{column}"::text, chr(10)) FROM "{table}"') or ""
        found += [f"{table}.{column}" for needle in needles if needle in said]
    return found


async def opened(county):
    rows = await county.fetch("SELECT complaint_id, row_key, sealed, openid_index, phone_index FROM complainants ORDER BY recorded_at")
    return [(open_contact(row["complaint_id"], row["row_key"], row["sealed"]), row["openid_index"], row["phone_index"]) for row in rows]


async def papers(county):
    return await county.value("SELECT count(*) FROM sealed_papers WHERE row_key IS NOT NULL")


async def test_nothing_says_any_more_who_it_was(talk, county):
    await talk(event("subscribe"), event("LOCATION", Latitude="24.4", Longitude="114.9"))
    await talk(
        text("彭寨镇水口村路灯不亮"), photo(), place(24.4, 114.9, "水口村"), text("新问题"), photo("m2"), text("水管爆了"), text("进度")
    )
    assert await talk(text("别人的事", sender="oSomebodyElse000000")) is not None
    await talk.worker()
    assert set(await found_anywhere(county, INDEX.hex())) >= {
        "complainants.openid_index", "conversations.openid_index", "sealed_papers.openid_index", "wechat_people.openid_index",
    }, "the search finds what is there"  # fmt: skip

    assert await talk(event("unsubscribe")) is None
    await talk.worker()
    assert await found_anywhere(county, OPENID, OPENID.encode().hex(), INDEX.hex()) == []
    assert await talk.words() == ["彭寨镇水口村路灯不亮", "水管爆了", "别人的事"]
    assert len(await talk.added()) == 3
    assert await papers(county) == 1, "only somebody else's push can still be read"
    assert [contact is None for contact, _, _ in await opened(county)] == [True, True, False]
    assert await county.value("SELECT count(*) FROM conversations") == 1
    assert await county.value("SELECT count(*) FROM tickets") == 3


async def test_what_they_told_by_telephone_beside_the_openid_stays(talk, county):
    await talk(text("路灯不亮"))
    complaint, recorded = (await county.fetch("SELECT complaint_id, recorded_at FROM complainants"))[0]
    row = seal_contact(complaint, Contact(name="张三", phone="13800000123", openid=OPENID), recorded)
    await county.owner.execute(
        "UPDATE complainants SET row_key = $2, sealed = $3, phone_index = $4, openid_index = $5 WHERE complaint_id = $1",
        complaint, row["row_key"], row["sealed"], row["phone_index"], row["openid_index"],
    )  # fmt: skip
    await talk(event("unsubscribe"))
    await talk.worker()
    ((contact, openid_index, phone_index),) = await opened(county)
    assert (contact.name, contact.phone, contact.openid) == ("张三", "13800000123", None)
    assert (openid_index, phone_index) == (None, row["phone_index"])
    assert await found_anywhere(county, INDEX.hex()) == []


async def test_photos_that_waited_for_words_are_filed_before_they_are_forgotten(talk, county):
    await talk(photo(), photo("m2"), event("unsubscribe"))
    await talk.worker()
    assert await talk.words() == ["（群众通过微信发来图片2张，未附文字）"]
    assert [contact for contact, _, _ in await opened(county)] == [None]
    assert await county.value("SELECT count(*) FROM wechat_media WHERE state = 'wanted' AND media_id IS NOT NULL") == 2, "still fetched"
    assert await found_anywhere(county, INDEX.hex(), OPENID) == []


async def test_who_comes_back_starts_anew(talk, county):
    await talk(text("路灯不亮"), event("unsubscribe"))
    back = await talk(event("subscribe"))
    assert back is None, "the leaving comes first, and is the worker's"
    await talk.later(seconds=20)
    await talk.worker()
    assert await talk.state() == "idle"
    assert await papers(county) == 1, "what was sent after leaving stays"
    assert "还没有" in await talk(text("进度"))
    await talk(text("水管爆了"))
    assert await county.value("SELECT count(*) FROM complainants WHERE openid_index = $1", INDEX) == 1


async def test_what_was_sent_before_leaving_is_dealt_with_first(talk, county, monkeypatch):
    async def breaks(*args, **more):
        raise RuntimeError

    monkeypatch.setattr("services.channels.wechat.inbox.take_turn", breaks)
    with pytest.raises(RuntimeError):
        await take(text("路灯不亮"))
    monkeypatch.undo()
    await talk(event("unsubscribe"))
    await talk.worker()
    assert await county.value("SELECT count(*) FROM wechat_messages WHERE processed_at IS NULL") == 2
    await talk.later(seconds=20)
    await talk.worker()
    assert await talk.words() == ["路灯不亮"]
    assert await found_anywhere(county, INDEX.hex(), OPENID) == []


async def test_leaving_twice_or_without_having_come_harms_nothing(talk, county):
    gone = event("unsubscribe")
    await asyncio.gather(*(take(gone) for _ in range(4)))
    await talk.worker()
    await talk(gone)
    await talk.worker()
    assert await county.value("SELECT count(*) FROM wechat_messages WHERE processed_at IS NOT NULL") == 1
    assert await found_anywhere(county, INDEX.hex(), OPENID) == []


async def test_other_papers_of_theirs_go_as_well(talk, county):
    from services.platform import clock

    paper = seal_paper("wechat_other", {"openid": OPENID}, clock.now(), openid=OPENID)
    names = ", ".join(paper)
    await county.owner.execute(
        f"INSERT INTO sealed_papers ({names}) VALUES ({', '.join(f'${n}' for n in range(1, len(paper) + 1))})", *paper.values()
    )
    await talk(event("unsubscribe"))
    await talk.worker()
    assert await papers(county) == 0


async def test_the_door_itself_may_erase_nobody(talk, county):
    from sqlalchemy import text as sql
    from sqlalchemy.exc import ProgrammingError

    from services.platform.database import database

    await talk(text("路灯不亮"))
    for statement in ("DELETE FROM conversations", "UPDATE complainants SET sealed = NULL", "UPDATE sealed_papers SET sealed = NULL"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with database().transaction() as session:
                await session.execute(sql(statement))
    with pytest.raises(ProgrammingError, match="no correction is being decided"):
        async with database().transaction() as session:
            await session.execute(sql("SELECT correct_contact(gen_random_uuid(), 'a', 'b', 'c', NULL, NULL)"))
    async with county.as_role(WORKER):
        for statement in ("UPDATE supplements SET sealed_words = ''", "DELETE FROM supplements", "UPDATE complaints SET words = ''"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                async with database().transaction() as session:
                    await session.execute(sql(statement))
