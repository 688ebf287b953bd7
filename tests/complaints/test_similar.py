"""Duplicates: how alike two tellings are, which tickets are shown as candidates, and that looking for them stays cheap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.complaints.households import households
from services.complaints.likeness import CATEGORIES, PLACES, Circumstances, likeness, likeness_of_words

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


def test_a_person_with_number_and_account_ties_two_others_together():
    assert households([frozenset([b"phone"]), frozenset([b"openid"])]) == 2
    assert households([frozenset([b"phone"]), frozenset([b"openid"]), frozenset([b"phone", b"openid"])]) == 1
    assert households([frozenset(), frozenset()]) == 0
