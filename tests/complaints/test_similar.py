"""Duplicates: how alike two tellings are, which tickets are shown as candidates, and that looking for them stays cheap."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from services.complaints.households import Telling, counted, households
from services.complaints.likeness import CATEGORIES, PLACES, Circumstances, likeness, likeness_of_words
from services.complaints.neighbourhood import near_units, relation, township_units
from services.complaints.similar import Search, similar_to_ticket
from services.organization.queries import unit_tree
from services.platform.database import database
from services.platform.ids import new_id
from services.platform.unit_of_work import unit_of_work
from tests.county import BLANK_GRID, COUNTY, PENGZHAI, SHUIKOU, STAFFED_GRID, YANGMING, actor
from tests.journeys.people import Desk

PIPE = "水口村的水管爆了，水漫到路上。"
NAMES = ("水口村", "水口", "彭寨镇", "彭寨")
SAME = (
    "水口村的水管爆了，水漫到路上。",
    "您好，水口村村委会门口自来水管爆裂，水都漫到马路上了，请尽快处理，谢谢！",
    "水口村供水管道破裂，水漫出来了",
    "水管破了到处漏水",
    "水管坏了",
)
"""The same burst pipe, the likeliest wording first."""
OTHER = (
    "我家停水两天了",
    "水价太贵了",
    "水口村水渠堵了，田里没有水",
    "水口村路灯不亮，晚上一片漆黑",
    "村道有个大坑，车都掉进去",
    "您好，水口村群众反映垃圾没人清理，希望有关部门尽快处理，谢谢！",
    "您好，水口村群众反映隔壁养猪场太臭，希望有关部门尽快处理，谢谢！",
)
HERE = Circumstances("same_village", "same", 1.0)
AWAY = Circumstances("elsewhere", "same", 1.0)

SAID = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from("水管爆了路灯坏停电口村门０９3三。 ,a"), max_size=40).map("".join),
)
BETWEEN = st.builds(
    Circumstances,
    st.sampled_from(sorted(PLACES)),
    st.sampled_from(sorted(CATEGORIES)),
    st.floats(0, 400),
    st.none() | st.floats(0, 50_000),
)


def score(words: str, between: Circumstances = HERE) -> float:
    return likeness(PIPE, words, between, NAMES).score


def test_one_matter_in_other_words_ranks_before_every_other_matter():
    ranked = sorted((*SAME, *OTHER), key=score, reverse=True)
    assert ranked[: len(SAME)] == list(SAME)
    assert min(map(score, SAME)) > 0.5
    assert max(map(score, OTHER)) < 0.2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("水管爆了", "自来水管破裂"),
        ("路灯不亮了", "路灯坏了"),
        ("３组的路灯坏了", "三组路灯坏了"),
        ("没电了，全村停电", "全村停电"),
        ("喂，你好，请问，垃圾没人清，麻烦尽快处理一下，谢谢", "垃圾没有人清"),
    ],
)
def test_spellings_of_the_same_thing_are_one(one, other):
    assert likeness_of_words(one, other) > 0.8


def test_what_every_caller_says_makes_no_two_matters_alike():
    polite = "您好，我是水口村村民，我要反映{}，希望有关部门尽快处理，谢谢！"
    assert likeness_of_words(polite.format("路灯坏了"), polite.format("养猪场太臭"), NAMES) < 0.1


def test_a_short_text_within_a_long_one_is_found():
    long = "路灯坏了。" + "另外想说村里这几年变化很大，大家都记在心里，希望越来越好，祝工作顺利。" * 3
    assert likeness_of_words("路灯坏了", long) > 0.3


def test_another_village_is_another_pipe():
    assert score(SAME[1], AWAY) < score(SAME[1]) - 0.15
    near = Circumstances("elsewhere", "same", 1.0, metres=20.0)
    assert score(SAME[1], near) > score(SAME[1], AWAY), "the border of two villages does not part one matter"


def test_days_and_category_count_and_words_decide():
    assert score(SAME[3], Circumstances("same_village", "same", 0.1)) > score(SAME[3], Circumstances("same_village", "same", 20.0))
    assert score(SAME[3], HERE) > score(SAME[3], Circumstances("same_village", "branch", 1.0))
    assert score(OTHER[4], Circumstances("same", "same", 0.0, 0.0)) < 0.3


@given(SAID, SAID, BETWEEN)
def test_likeness_is_the_same_both_ways_and_never_leaves_zero_to_one(one, other, between):
    found = likeness(one, other, between, NAMES)
    assert found == likeness(other, one, between, tuple(reversed(NAMES)))
    assert all(0.0 <= part <= 1.0 for part in (found.score, found.words, found.place, found.category, found.time))


@given(SAID)
def test_equal_texts_are_one_and_a_matter_told_again_on_the_spot_is_certain(words):
    assert likeness_of_words(words, words, NAMES) == 1.0
    assert likeness(words, words, Circumstances("same", "same", 0.0, 0.0)).score == pytest.approx(1.0)


@given(st.lists(st.frozensets(st.sampled_from([b"a", b"b", b"c", b"d", b"e"]), max_size=3), max_size=8), st.randoms())
def test_households_are_the_groups_that_share_a_number_whatever_the_order(persons, chance):
    shuffled = persons[:]
    chance.shuffle(shuffled)
    groups: list[set[bytes]] = []
    for keys in persons:
        joined = [group for group in groups if group & keys]
        groups = [group for group in groups if group not in joined]
        if keys:
            groups.append(set(keys).union(*joined))
    assert households(persons) == households(shuffled) == len(groups)


def test_a_count_never_tells_who_spoke_in_confidence():
    at, keys = datetime(2026, 11, 22, tzinfo=UTC), frozenset([b"phone"])
    tellings = [Telling(new_id(), new_id(), keys, at, in_confidence=secret) for secret in (False, True, True)]
    assert counted(tellings).households == 2


def test_a_person_with_number_and_account_ties_two_others_together():
    assert households([frozenset([b"phone"]), frozenset([b"openid"])]) == 2
    assert households([frozenset([b"phone"]), frozenset([b"openid"]), frozenset([b"phone", b"openid"])]) == 1
    assert households([frozenset(), frozenset()]) == 0


@pytest.fixture
async def desk(intake, county) -> Desk:
    return Desk(intake, county)


async def another_village() -> str:
    """A village of 彭寨镇 beside 水口村."""
    async with database().transaction() as session:
        tree = await unit_tree(session)
    return next(unit.code for unit in tree.children(tree.by_code[PENGZHAI]) if unit.tier == "village" and unit.code != SHUIKOU)


def told(words: str, code: str | None, phone: str = "13800000123", **more: object) -> dict:
    """What is filed."""
    place = {"place": {"unit_code": code}} if code else {"place": None}
    return {"words": words, "contact": {"phone": phone}, **place, **more}


async def similar(desk: Desk, number: str, by: str = "hotline", **query: object) -> list[dict]:
    answer = await desk.client.get(f"/v1/tickets/{number}/similar", params=query, headers=await desk.as_(by))
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_candidates_are_shown_best_first_with_score_and_why_under_the_scope(desk, county):
    away = await another_village()
    pipe = await desk.file(**told(SAME[0], BLANK_GRID))
    again = await desk.file(**told(SAME[1], STAFFED_GRID, "13800000124"))
    short = await desk.file(**told(SAME[3], SHUIKOU))
    far = await desk.file(**told(SAME[1], away, "13800000125"))
    coarse = await desk.file(**told(SAME[1], PENGZHAI, "13800000126"))
    nowhere = await desk.file(**told("自来水管爆裂，水都漫到马路上了", None, "13800000127"))
    gone = await desk.file(**told(SAME[0], BLANK_GRID))
    await desk.does("hotline", gone, action="cancel", reason="withdrawn", words="撤回")
    for other in OTHER[:3]:
        await desk.file(**told(other, BLANK_GRID))

    found = await similar(desk, pipe)
    assert [one["number"] for one in found] == [again, coarse, nowhere, short], "not the one of another village, nor one withdrawn"
    assert [one["why"]["place"] for one in found] == ["same_village", "coarse", "unknown", "same_village"]
    assert [one["same_person"] for one in found] == [False, False, False, True]
    assert found[0]["why"]["category"] == "same"
    assert found[0]["told_by"]["households"] == 1
    assert all(0.3 <= one["score"] <= 1 for one in found)
    assert found == await similar(desk, pipe), "the same again"
    assert "138" not in str([{**one, "number": "", "received_at": ""} for one in found])
    (mirrored,) = [one for one in await similar(desk, again) if one["number"] == pipe]
    assert mirrored["score"] == found[0]["score"]
    assert far in [one["number"] for one in await similar(desk, nowhere)]
    assert [one["number"] for one in await similar(desk, pipe, limit=1)] == [again]
    assert await similar(desk, pipe, at_least=1) == []

    elsewhere = await desk.client.get(f"/v1/tickets/{pipe}/similar", headers=await desk.as_("yangming"))
    assert elsewhere.status_code == 404
    assert {one["number"] for one in await similar(desk, pipe, "shuikou")} == {again, short}, "what is outside of the scope is not shown"
    assert (await desk.client.get(f"/v1/tickets/{pipe}/similar", headers=await desk.as_("analyst"))).status_code == 403

    await desk.does("pengzhai", again, action="merge", into=pipe, words="同一处")
    assert again not in [one["number"] for one in await similar(desk, pipe)], "what is merged is no candidate any more"
    assert pipe not in [one["number"] for one in await similar(desk, again)]
    await county.fetch("UPDATE tickets SET received_at = received_at - interval '31 days' WHERE number = $1", pipe)
    assert await similar(desk, pipe) == []
    assert len(await similar(desk, pipe, days=40)) == 3


async def test_before_it_is_filed_the_operator_sees_what_it_may_be(desk):
    pipe = await desk.file(**told(SAME[0], BLANK_GRID))
    body = {"words": SAME[1], "place": {"words": "彭寨镇水口村"}, "phone": "13800000123"}
    answer = await desk.client.post("/v1/complaints/similar", json=body, headers=await desk.as_("hotline"))
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["items"]
    assert (found["number"], found["same_person"], found["why"]["category"]) == (pipe, True, "open")
    unknown = await desk.client.post("/v1/complaints/similar", json={"words": "村里要放电影吗"}, headers=await desk.as_("hotline"))
    assert unknown.json()["items"] == []
    assert (await desk.client.post("/v1/complaints/similar", json={"words": " "}, headers=await desk.as_("hotline"))).status_code == 422


async def test_points_near_the_border_of_two_villages_are_compared(desk):
    at = {"lat": 24.5, "lon": 115.0, "coordinate_system": "WGS-84"}
    close, away = {**at, "lat": 24.501}, {**at, "lat": 24.52}
    other = await another_village()
    pipe = await desk.file(**{**told(SAME[0], SHUIKOU), "place": {"unit_code": SHUIKOU, **at}})
    near = await desk.file(**{**told(SAME[1], other), "place": {"unit_code": other, **close}})
    await desk.file(**{**told(SAME[1], other), "place": {"unit_code": other, **away}})
    (found,) = await similar(desk, pipe)
    assert (found["number"], found["why"]["place"], found["why"]["metres"]) == (near, "elsewhere", 111)


async def test_who_told_it_in_confidence_is_not_recognised_by_whoever_may_not_know(desk):
    pipe = await desk.file(**told(SAME[0], BLANK_GRID))
    await desk.file(**told(SAME[1], STAFFED_GRID), confidential=True)
    assert [one["same_person"] for one in await similar(desk, pipe, "shuikou")] == [None]
    assert [one["same_person"] for one in await similar(desk, pipe, "county")] == [True]


async def test_near_is_the_village_the_township_above_it_or_everything(county):
    async with database().transaction() as session:
        tree = await unit_tree(session)
    ids = {code: tree.by_code[code].id for code in (COUNTY, PENGZHAI, SHUIKOU, BLANK_GRID, STAFFED_GRID, YANGMING)}
    grid, village, township = (set(near_units(tree, ids[code]) or ()) for code in (BLANK_GRID, SHUIKOU, PENGZHAI))
    assert grid == village
    assert {ids[code] for code in (SHUIKOU, STAFFED_GRID, PENGZHAI, COUNTY)} <= village
    assert village < township
    assert ids[YANGMING] not in township
    assert near_units(tree, ids[COUNTY]) is near_units(tree, None) is None
    assert set(township_units(tree, ids[BLANK_GRID])) < township
    assert township_units(tree, ids[COUNTY]) == []
    for one, other, how in (
        (BLANK_GRID, BLANK_GRID, "same"),
        (BLANK_GRID, SHUIKOU, "same_village"),
        (BLANK_GRID, PENGZHAI, "coarse"),
        (PENGZHAI, PENGZHAI, "coarse"),
        (SHUIKOU, YANGMING, "elsewhere"),
    ):
        assert relation(tree, ids[one], ids[other]) == relation(tree, ids[other], ids[one]) == how
    assert relation(tree, ids[SHUIKOU], None) == "unknown"


async def test_among_many_tickets_only_those_near_by_are_read(desk, county):
    pipe = await desk.file(**told(SAME[0], BLANK_GRID))
    await county.fetch(MANY, 8_000)
    await county.fetch(THEIR_WORDS)
    await county.fetch("ANALYZE tickets")
    plan = await plan_of(pipe)
    assert "ix_tickets_place_unit_id_received_at" in plan, plan
    assert "Seq Scan on tickets" not in plan, plan


MANY = """
INSERT INTO tickets (id, number, status, version, chain_head, round, source, channel, category_code, category_version, urgency, privacy,
                     place_unit_id, area_path, received_at, recorded_at, updated_at)
SELECT gen_random_uuid(), 'x' || n, 'accepted', 1, chain_head, 1, source, channel, category_code, category_version, urgency, privacy,
       units.id, units.path, t.received_at - n * interval '5 minutes', recorded_at, updated_at
FROM generate_series(1, $1) n
JOIN (SELECT id, path, row_number() OVER (ORDER BY code) - 1 AS nth, count(*) OVER () AS units FROM units) units ON nth = n % units
CROSS JOIN (SELECT * FROM tickets LIMIT 1) t
"""
"""Tickets of 28 days all over the county."""
THEIR_WORDS = """
INSERT INTO complaints (id, ticket_id, channel, channel_message_id, words, confidential, wants_answer, happened_at, received_at)
SELECT gen_random_uuid(), id, channel, number, '水管爆了', false, true, received_at, received_at FROM tickets WHERE number LIKE 'x%'
"""


async def plan_of(number: str) -> str:
    """How PostgreSQL finds the candidates of a ticket."""
    asked: list[tuple[str, tuple]] = []

    def listen(_connection, _cursor, statement, parameters, *_rest) -> None:
        if "UNION ALL" in statement:
            asked.append((statement, parameters))

    engine = database().engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        async with unit_of_work(await actor("hotline")) as work:
            assert 0 < len(await similar_to_ticket(work, number, Search(limit=50))) <= 50
            statement, parameters = asked[-1]  # the ticket itself is looked up before
            lines = await (await work.session.connection()).exec_driver_sql(f"EXPLAIN {statement}", parameters)
            return "\n".join(line for (line,) in lines)
    finally:
        event.remove(engine, "before_cursor_execute", listen)
