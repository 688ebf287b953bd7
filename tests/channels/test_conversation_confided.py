"""Confidence on WeChat: asked for before, within or after the words, it keeps who told from whoever handles it."""

import pytest

from services.channels.wechat.hearing import asks_confidence
from services.complaints.accusing import reports_somebody
from tests.channels.talking import Talk, photo, text
from tests.county import COUNTY, SHUIKOU
from tests.journeys.people import Desk

WORDS = "彭寨镇水口村有人侵占集体林地"


@pytest.fixture
def talk(county):
    return Talk(county)


@pytest.fixture
def desk(intake, county):
    return Desk(intake, county)


async def known_to(desk, login) -> list[bool]:
    """Whether somebody sees who told, for each ticket."""
    await desk.county.settle()
    rows = await desk.county.fetch("SELECT number FROM tickets ORDER BY recorded_at, number")
    seen = []
    for row in rows:
        answer = await desk.client.get(f"/v1/tickets/{row['number']}/complaints", headers=await desk.as_(login))
        seen.append(answer.json()[0]["contact"] is not None)
    return seen


@pytest.mark.parametrize("said", ["保密", "请保密！", "我要匿名"])
async def test_the_matter_that_is_open_is_kept_in_confidence(talk, desk, said):
    await talk(text(WORDS))
    assert await known_to(desk, "shuikou") == [True]
    assert "保密" in await talk(text(said))
    assert await known_to(desk, "shuikou") == [False]
    assert await known_to(desk, "hotline") == [True]
    assert "保密" in await talk(text(said)), "again is harmless"


async def test_asked_before_the_words_it_holds_for_the_next_matter_only(talk, desk):
    await talk(text("请保密"), text(WORDS), text("新问题"), text("水口村路灯不亮"))
    assert await known_to(desk, "shuikou") == [False, True]


async def test_asked_among_the_words_or_in_a_later_message(talk, desk):
    assert "已为您保密" in await talk(text(f"{WORDS}，请为我保密"))
    assert "已为您保密" in await talk(text("新问题"), text("水口村路灯不亮"), text("不要透露是我说的，不要告诉村长是我"))
    assert await known_to(desk, "shuikou") == [False, False]


async def test_photos_that_wait_are_filed_in_confidence(talk, desk):
    await talk(photo("m1"), text("保密"), text("完毕"))
    assert await desk.county.value("SELECT confidential FROM complaints") is True


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("请对我的身份保密", True),
        ("匿名举报村干部", True),
        ("别告诉村长是我说的", True),
        ("保密工作做得不好，档案被人看了", False),
        ("涉密文件乱放", False),
        ("请告诉我结果", False),
    ],
)
def test_what_asks_for_confidence(words, asked):
    assert asks_confidence(words) is asked


async def _where(desk) -> list[tuple[str, str | None, bool]]:
    await desk.county.settle()
    rows = await desk.county.fetch(
        "SELECT u.code, p.code AS place, t.accused IS NOT NULL AS about FROM tickets t JOIN units u ON u.id = t.lead_unit_id"
        " JOIN units p ON p.id = t.place_unit_id ORDER BY t.recorded_at"
    )
    return [tuple(row) for row in rows]


async def test_who_reports_somebody_of_office_is_heard_by_the_county_alone(talk, desk):
    assert "被反映的人和单位看不到" in await talk(text("彭寨镇水口村支书挪用了修路的钱"))
    assert await _where(desk) == [(COUNTY, COUNTY, True)]
    await talk(text("新问题"), text("彭寨镇水口村路灯不亮"))
    assert (await _where(desk))[1:] == [(SHUIKOU, SHUIKOU, False)]
    assert "被反映的人和单位看不到" in await talk(text("我还要举报村干部，换灯的钱他们分了"))
    assert (await _where(desk))[1:] == [(COUNTY, COUNTY, True)]
    for login in ("shuikou", "pengzhai"):
        assert (await desk.client.get("/v1/tickets", headers=await desk.as_(login))).json()["items"] == []
    assert "被反映的人和单位看不到" in await talk(text("举报村主任")), "again is harmless"


@pytest.mark.parametrize(
    ("words", "reports"),
    [
        ("举报彭寨镇政府乱收费", True),
        ("我要举报 我们村的支书", True),
        ("水利局的人收了老板红包", True),
        ("村主任优亲厚友，低保给了他弟弟", True),
        ("举报有人夜里偷砂", False),
        ("谢谢镇政府帮我们修路", False),
        ("村委会门口的路灯不亮", False),
    ],
)
def test_what_reports_somebody_of_office(words, reports):
    assert reports_somebody(words) is reports
