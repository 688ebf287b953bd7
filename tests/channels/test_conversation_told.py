"""What a villager experiences on WeChat: several messages are one matter, places, progress, verdicts, danger; over the real database."""

import asyncio
import json
import random
from datetime import timedelta
from pathlib import Path

import pytest

from services.channels.wechat import keeping as wechat_keeping
from services.channels.wechat import leftovers as wechat_leftovers
from services.channels.wechat import turns as wechat_turns
from services.channels.wechat.inbox import take
from services.channels.wechat.messages import read_push
from services.platform.secrets import tracking_code
from tests.channels.talking import OPENID, Talk, event, photo, place, push, text
from tests.county import SHUIKOU
from tests.journeys.people import Desk
from tests.told import place_in, words_in

LAMP = "彭寨镇水口村小学门口的路灯不亮"


@pytest.fixture
def talk(county):
    return Talk(county)


@pytest.fixture
def desk(intake, county):
    return Desk(intake, county)


async def count(county, table):
    return await county.value(f"SELECT count(*) FROM {table}")


async def answered(talk, desk, number):
    """Bring a ticket as far as an answer, by the people who do that."""
    holder = {SHUIKOU: "shuikou", "441624": "county", "441624108": "pengzhai", "441624108213001": "grid"}[
        (await desk.read(number))["holder"]["code"]
    ]
    await desk.does(holder, number, "accept")
    await desk.does(holder, number, "resolve", words="已修好", files=await desk.evidence(holder))
    await desk.does("hotline", number, "answer", words="路灯已修好")


async def test_first_words_are_filed_at_once_with_number_and_code(talk, county):
    said = await talk(text(LAMP))
    row = (await county.fetch("SELECT id, number FROM tickets"))[0]
    assert row["number"] in said
    assert tracking_code(row["id"]) in said
    assert await talk.state() == "telling"
    assert await county.value("SELECT count(*) FROM clocks WHERE stage = 'dispatch' AND state = 'running'") == 1


async def test_number_and_code_are_told_once(talk, county):
    await talk(text(LAMP))
    await talk.worker()
    told = await county.fetch("SELECT template FROM messages WHERE audience = 'complainant'")
    assert [row["template"] for row in told] == ["dispatched"], "the passive reply told the number"
    await talk(photo(sender="oOther0000000"))
    await talk.later(minutes=31)
    await talk.worker()
    told = await county.fetch("SELECT template FROM messages WHERE audience = 'complainant' ORDER BY created_at, id")
    assert [row["template"] for row in told] == ["dispatched", "received", "dispatched"], "nobody asked just now, so a message tells it"


async def test_three_messages_are_one_matter_and_the_staff_see_all_of_it(talk, county, desk):
    await talk(text(LAMP))
    await talk.worker()
    added = await talk(text("已经三天了"), photo(), place(24.44, 114.93, "水口小学"))
    assert (await talk.number()) in added
    assert await talk.words() == [LAMP]
    assert await talk.added() == ["已经三天了", None, None]
    await talk.worker()

    shown = (await desk.client.get(f"/v1/tickets/{await talk.number()}/complaints", headers=await desk.as_("county"))).json()
    later = shown[0]["supplements"]
    assert [(item["words"], item["files"], item["place_words"], item["has_point"]) for item in later] == [
        ("已经三天了", 0, None, False), (None, 1, None, False), (None, 0, "水口小学", True),
    ]  # fmt: skip
    assert await county.value("SELECT count(*) FROM messages WHERE template = 'supplemented'") == 1, "one word to the unit, not three"
    events = (await desk.client.get(f"/v1/tickets/{await talk.number()}/events", headers=await desk.as_("county"))).json()
    assert events["intact"]
    assert [item["type"] for item in events["items"]].count("ticket.supplemented") == 3
    assert "三天" not in str(events), "the words stay with the complaint"


async def test_a_new_matter_is_begun_by_saying_so_or_by_time(talk):
    await talk(text(LAMP), text("新问题"), text("水管爆了"), text("另外一件事：垃圾没人收"))
    assert await talk.words() == [LAMP, "水管爆了", "另外一件事：垃圾没人收"]
    await talk(text("完毕"), text("还有狗没拴"))
    assert (await talk.words())[-1] == "还有狗没拴"
    await talk(text("就是那条黄狗"))
    await talk.later(minutes=31)
    await talk(text("路面塌陷"))
    assert (await talk.words())[-1] == "路面塌陷"
    assert await talk.added() == ["就是那条黄狗"]


async def test_a_photo_and_a_place_before_the_words_belong_to_them(talk, county):
    asked = await talk(photo())
    assert "照片已收到" in asked
    asked = await talk(place(24.44, 114.93, "彭寨镇水口村"))
    assert "位置已收到" in asked
    assert await talk.state() == "gathering"
    await talk(text("这里的路灯不亮"))
    (row,) = await county.fetch("SELECT * FROM complaints")
    assert (place_in(row), row["lat"], row["lon"], row["coordinate_system"]) == ("彭寨镇水口村", 24.44, 114.93, "GCJ-02")
    ticket = (await county.fetch("SELECT lat, lon FROM tickets"))[0]
    assert 0.001 < abs(ticket["lon"] - 114.93) < 0.01, "the ticket counts in WGS-84"
    assert await county.value("SELECT count(*) FROM wechat_messages WHERE complaint_id = $1", row["id"]) == 3
    assert await county.value("SELECT count(*) FROM wechat_messages WHERE waits") == 0


async def test_photos_that_no_words_follow_are_filed_for_somebody_to_look(talk, county):
    await talk(photo("a"), photo("b"), photo("v", "voice", Format="amr"))
    await talk.worker()
    assert await count(county, "complaints") == 0
    await talk.later(minutes=31)
    await talk.worker()
    assert await talk.words() == ["（群众通过微信发来图片2张、语音1条，未附文字）"]
    assert await talk.added() == ["（语音，未能识别文字，请听录音）"]
    assert await talk.state() == "idle"
    assert await county.value("SELECT count(*) FROM complainants WHERE openid_index IS NOT NULL") == 1
    await talk.worker()
    assert await count(county, "complaints") == 1, "once"


async def test_done_files_what_waits(talk):
    said = await talk(photo(), text("没有了"))
    assert "工单号" in said
    assert await talk.words() == ["（群众通过微信发来图片1张，未附文字）"]


async def test_a_place_told_later_brings_the_ticket_to_the_unit_there(talk, county, desk):
    await talk(text("路灯不亮，天黑看不见"))
    await talk.worker()
    number = await talk.number()
    first = await desk.read(number)
    assert (first["holder"]["code"], first["place"]) == ("441624", None)
    await talk(text("在彭寨镇水口村"))
    await talk.worker()
    moved = await desk.read(number)
    assert (moved["holder"]["code"], moved["place"]["code"]) == (SHUIKOU, SHUIKOU)
    assert {clock["stage"]: clock["due_at"] for clock in moved["clocks"]}["resolve"] == {
        clock["stage"]: clock["due_at"] for clock in first["clocks"]
    }["resolve"], "nobody gains time by it"
    told = await county.fetch("SELECT template FROM messages WHERE audience = 'unit' ORDER BY created_at, id")
    assert {"order", "relieved"} <= {row["template"] for row in told}


async def test_a_place_told_later_never_overrules_a_person(talk, desk):
    await talk(text("路灯不亮，天黑看不见"))
    await talk.worker()
    number = await talk.number()
    await desk.does("county", number, "accept")
    await talk(text("在彭寨镇水口村"))
    await talk.worker()
    assert (await desk.read(number))["holder"]["code"] == "441624"


async def test_where_the_phone_was_helps_only_where_nothing_better_is_known(talk, county):
    hint = event("LOCATION", Latitude="24.44", Longitude="114.93", Precision="20")
    await talk(hint, event("LOCATION", Latitude="24.45", Longitude="114.95", Precision="20", at=None))
    assert await count(county, "wechat_messages") == 1, "one in five minutes is kept"
    await talk(text("路灯不亮"))
    assert (await county.fetch("SELECT lat, lon FROM complaints"))[0]["lat"] == 24.44
    await talk(text("新问题"), place(24.5, 115.0), text("水管爆了"))
    assert {words_in(row): row["lat"] for row in await county.fetch("SELECT * FROM complaints")}["水管爆了"] == 24.5


async def test_progress_by_a_word_and_by_a_number(talk, county):
    assert "还没有" in await talk(text("进度"))
    for words in ("第一件", "第二件", "第三件", "第四件"):
        await talk(text("新问题"), text(words))
    newest = await talk(text("进度"))
    assert newest.count("工单号") == 3
    number = await talk.number()
    assert await talk(text(number)) == await talk(text(f"进度 {number}"))
    assert (await talk(text(number, sender="oSomebodyElse000000"))).startswith("没有查到")
    assert newest == await talk(event("CLICK", "MENU_PROGRESS"))
    assert await count(county, "complaints") == 4


async def test_solved_and_not_solved_are_the_complainants_own_call_back(talk, county, desk):
    await talk(text(LAMP))
    await talk.worker()
    number = await talk.number()
    assert "没有等待确认" in await talk(text("完毕"), text("已解决"))
    await answered(talk, desk, number)
    assert "已解决" in await talk(text("进度"))
    assert number in await talk(text("没解决！"))
    await talk.worker()
    (row,) = await county.fetch("SELECT solved, reached, by_account_id, way FROM call_backs")
    assert (row["solved"], row["reached"], row["by_account_id"], row["way"]) == (False, True, None, "wechat")
    again = await desk.read(number)
    assert (again["round"], again["status"], again["holder"]["code"]) == (2, "dispatched", SHUIKOU)

    await answered(talk, desk, number)
    await talk(text("已解决"), text("满意"))
    verdicts = await county.fetch("SELECT round, solved, satisfied FROM call_backs WHERE round = 2 ORDER BY called_at")
    assert [(row["solved"], row["satisfied"]) for row in verdicts] == [(True, None), (None, True)]
    closed = await desk.does("pengzhai", number, "close", verified_by="call_back", words="诉求人确认已解决")
    assert closed["status"] == "closed"

    said = await talk(text("未解决"))
    assert "工单号" in said
    assert (await talk.words())[-1] == f"未解决（针对已办结的工单{number}）", "after the end it is a new matter that names the old one"


async def test_which_ticket_is_asked_where_several_wait_for_a_word(talk, county, desk):
    for words in (LAMP, LAMP + "，是另一盏"):
        await talk(text("新问题"), text(words))
    await talk.worker()
    numbers = [row["number"] for row in await county.fetch("SELECT number FROM tickets ORDER BY number DESC")]
    for number in numbers:
        await answered(talk, desk, number)
    await talk(text("完毕"))
    asked = await talk(text("已解决"))
    assert all(number in asked for number in numbers)
    assert await talk.state() == "choosing"
    assert "请问是哪一个" in await talk(text("7"))
    assert numbers[1] in await talk(text("2"))
    assert numbers[0] in await talk(text(f"已解决 {numbers[0]}"))
    assert await count(county, "call_backs") == 2
    other = await talk(text(f"未解决 {numbers[0]}", sender="oSomebodyElse000000"))
    assert "没有等待确认" in other
    assert await count(county, "call_backs") == 2


async def test_danger_to_life_is_answered_with_whom_to_call_and_rings_the_township(talk, county):
    said = await talk(text("水口村小学旁边着火了"))
    assert "119" in said
    assert await county.value("SELECT urgency FROM tickets") == "emergency"
    await talk(text("新问题"), text("彭寨镇水口村的老房子漏水"))
    said = await talk(text("墙塌了，有人被埋"))
    assert "110" in said
    await talk.worker()
    assert await county.value("SELECT urgency FROM tickets ORDER BY number DESC LIMIT 1") == "emergency"
    rung = await county.fetch("SELECT u.code FROM messages m JOIN units u ON u.id = m.unit_id WHERE template = 'supplement_danger'")
    assert {row["code"] for row in rung} == {SHUIKOU, "441624108"}


async def test_what_needs_no_complaint_makes_none(talk, county):
    for quiet in ("你好", "谢谢", "撤销", "", "完毕", "3"):
        assert await talk(text(quiet)), quiet
    assert "您好" in await talk(event("subscribe"))
    assert await talk(push("something_new"), event("VIEW", "https://example.org"), event("TEMPLATESENDJOBFINISH")) is None
    assert await count(county, "complaints") == 0
    assert await county.value("SELECT count(*) FROM wechat_messages WHERE processed_at IS NULL") == 0


async def test_every_kind_of_push_there_is_has_its_turn(talk, county):
    vectors = json.loads((Path(__file__).parent.parent / "vectors" / "wechat_messages.json").read_text())["messages"]
    for vector in vectors:
        await take(read_push(vector["xml"].encode()))
    await talk.later(minutes=31)
    await talk.worker()
    assert await count(county, "wechat_messages") == len(vectors)
    assert await county.value("SELECT count(*) FROM wechat_messages WHERE processed_at IS NULL OR waits") == 0
    told = await talk.words() + await talk.added()
    for words in ("村口路灯不亮", "<b>&amp; ]] > 表情/::)", "x", "（语音识别）村口路灯坏了"):
        assert words in told
    assert await count(county, "wechat_media") == 4


async def test_a_text_longer_than_a_complaint_is_told_whole(talk):
    await talk(text("长" * 4000 + "尾" * 4000 + "完"))
    assert await talk.words() == ["长" * 4000]
    assert await talk.added() == ["尾" * 4000, "完"]


async def test_every_repeat_is_answered_alike_and_done_once(talk, county):
    first, later, picture = text(LAMP), text("已经三天了"), photo()
    said = [await talk(one) for one in (first, later, picture)]
    again = [await asyncio.gather(*(take(one) for _ in range(6))) for one in (picture, first, later)]
    assert again == [[said[2]] * 6, [said[0]] * 6, [said[1]] * 6]
    assert (await count(county, "complaints"), await count(county, "supplements"), await count(county, "wechat_messages")) == (1, 2, 3)


async def test_retries_at_the_same_moment_are_one_turn(talk, county):
    answers = await asyncio.gather(*(take(one) for one in [text(LAMP)] * 12))
    assert len(set(answers)) == 1
    assert await count(county, "tickets") == 1
    clicks = event("CLICK", "MENU_PROGRESS")
    assert len(set(await asyncio.gather(*(take(clicks) for _ in range(6))))) == 1
    assert await count(county, "wechat_messages") == 2


async def test_a_merged_or_ended_matter_takes_its_supplements_where_it_goes_on(talk, county, desk):
    main = await desk.file(words="水口村小学路灯不亮", category="roads.street_lamp")
    await talk(text(LAMP))
    await talk.worker()
    number = await talk.number()
    await desk.does("pengzhai", number, "merge", into=main, words="同一盏")
    await talk(text("灯杆也歪了"))
    assert await county.value("SELECT count(*) FROM events e JOIN tickets t ON t.id = e.subject_id WHERE number = $1"
                              " AND type = 'ticket.supplemented'", main) == 1  # fmt: skip
    await talk(text("新问题"), text("水管滴水"))
    await talk.worker()
    stray = await talk.number()
    await desk.does("county", stray, "cancel", reason="withdrawn", words="诉求人撤回")
    await talk(text("水管还在滴水"))
    assert (await talk.words())[-1] == "水管还在滴水", "what has ended takes no more: it is a new matter"


async def test_a_turn_the_door_could_not_take_is_taken_by_the_worker(talk, county, monkeypatch):
    real = wechat_turns.take_turn

    async def breaks(*args, **more):
        await real(*args, **more)
        raise RuntimeError("the door was killed before its commit")

    monkeypatch.setattr("services.channels.wechat.inbox.take_turn", breaks)
    with pytest.raises(RuntimeError):
        await take(text(LAMP))
    assert (await count(county, "wechat_messages"), await count(county, "complaints")) == (1, 0)
    monkeypatch.undo()
    await talk.worker()
    assert await count(county, "complaints") == 0, "the door still has its chance"
    await talk.later(seconds=20)
    await talk.worker()
    assert await talk.words() == [LAMP]
    (row,) = await county.fetch("SELECT happened_at, received_at FROM complaints")
    assert row["happened_at"] < row["received_at"], "the clock runs from when it was received"


async def test_a_turn_that_fails_is_tried_again_and_holds_nobody_up(talk, county, monkeypatch):
    monkeypatch.setattr("services.channels.wechat.inbox.take_turn", _broken)
    for words in (LAMP, "水管爆了"):
        with pytest.raises(RuntimeError):
            await take(text(words))
    monkeypatch.undo()
    await talk.later(seconds=20)
    real = wechat_leftovers.take_turn

    async def breaks_on_the_lamp(work, conversation, turn, **more):
        if turn.push.text == LAMP:
            raise ValueError
        return await real(work, conversation, turn, **more)

    monkeypatch.setattr(wechat_leftovers, "take_turn", breaks_on_the_lamp)
    await talk.worker()
    (row,) = await county.fetch("SELECT tries, last_error FROM wechat_messages WHERE processed_at IS NULL")
    assert (row["tries"], row["last_error"]) == (1, "ValueError")
    assert await talk.words() == ["水管爆了"]
    monkeypatch.undo()
    await talk.later(seconds=20)
    await talk.worker()
    assert await talk.added() == [LAMP]


async def _broken(*args, **more):
    raise RuntimeError


async def test_two_workers_and_the_door_take_each_turn_once(talk, county, monkeypatch):
    """Every push is due at once, so that workers and retries of the door contend for each turn; in what order people spoke is kept."""
    monkeypatch.setattr(wechat_keeping, "GRACE", timedelta(0))
    people = [f"oPerson{nth}000000" for nth in range(5)]
    ended = asyncio.Event()

    async def worker():
        while not ended.is_set():
            await wechat_leftovers.take_leftovers(10)
            await asyncio.sleep(0)

    async def speak(who):
        for nth in range(4):
            one = text(f"{who}的第{nth}句", sender=who)
            answers = await asyncio.gather(*(take(one) for _ in range(3)))
            assert len(set(answers)) == 1, answers

    workers = [asyncio.create_task(worker()) for _ in range(2)]
    await asyncio.gather(*(speak(who) for who in people))
    ended.set()
    await asyncio.gather(*workers)
    assert sorted(await talk.words()) == [f"{who}的第0句" for who in people]
    assert sorted(await talk.added()) == [f"{who}的第{nth}句" for who in people for nth in (1, 2, 3)]


async def test_in_a_random_order_everything_that_was_sent_is_there_once(talk, county):
    """Whatever five people send, twice and in any order: an exact ledger of words and files."""
    chance = random.Random(580)
    people = [f"oPerson{nth}0000000" for nth in range(5)]
    sent, words, files = [], [], 0
    for nth in range(60):
        who = chance.choice(people)
        what = chance.choice(["words", "words", "photo", "place", "新问题", "完毕", "进度", "已解决", "谢谢"])
        if what == "words":
            words.append(f"第{nth}件：路灯不亮")
            sent.append(text(words[-1], sender=who))
        elif what == "photo":
            files += 1
            sent.append(photo(f"m{nth}", sender=who))
        elif what == "place":
            sent.append(place(24.44, 114.9, f"地点{nth}", sender=who))
        else:
            sent.append(text(what, sender=who))
    for one in sent:
        await asyncio.gather(*(take(one) for _ in range(chance.choice([1, 1, 2]))))
    await talk.later(minutes=31)
    await talk.worker()
    told = [said for said in await talk.words() + await talk.added() if said and not said.startswith("（") and said != "已解决"]
    assert sorted(told) == sorted(words)
    assert await county.value("SELECT count(*) FROM wechat_media m JOIN wechat_messages w ON w.id = m.message_id"
                              " WHERE w.complaint_id IS NOT NULL") == files  # fmt: skip
    assert await county.value("SELECT count(*) FROM wechat_messages WHERE waits OR processed_at IS NULL") == 0
    places = await county.value("SELECT count(*) FROM wechat_messages WHERE kind = 'location' AND complaint_id IS NULL")
    assert places == 0
    assert OPENID not in str(await county.fetch("SELECT * FROM wechat_messages"))
