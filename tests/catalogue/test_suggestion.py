"""Suggesting a category: what villagers of the two articles said, and a ranking that never wavers."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.parsing import CategoryDefinition, parse_categories
from services.catalogue.suggestion import suggest

CATEGORIES = parse_categories((Path(__file__).parents[2] / "daguanjia" / "data" / "categories.csv").read_text(encoding="utf-8")).categories


def _category(code: str, *keywords: str, leaf: bool = True) -> CategoryDefinition:
    return CategoryDefinition(code, None, code, 1, leaf=leaf, keywords=keywords)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("太平村第三网格的自来水管半夜爆了,水流了一地,水管破裂", "water.pipe_burst"),
        ("邻里矛盾咋处理?隔壁为了排水天天吵架", "disputes.neighbour"),
        ("银行卡丢了怎么办?", "consultation.lost_card"),
        ("几十亩荒地的水塘能不能挖一下", "water.pond"),
        ("村里晚上黑,想用补偿款买路灯", "electricity.street_light"),
        ("想买几只小羊来养,家里是贫困户", "assistance.hardship"),
        ("水渠坏了,四十户的田浇不上水,灌溉不了", "water.canal"),
        ("村道还是泥巴路,下雨路难走", "roads.village_road"),
        ("我得了重病,治病的医药费凑不齐", "assistance.illness_relief"),
        ("防洪堤围被冲了一段", "water.flood_dyke"),
        ("小学校园绿化什么时候做", "education.school_greening"),
        ("黄峰斗水库饮水工程十年了还没修好", "water.drinking_water"),
        ("老板拖欠工资三个月不给", "disputes.wages"),
        ("山上着火了,冒烟很大", "safety.fire"),
    ],
)
def test_what_the_articles_tell_finds_its_category(text: str, code: str) -> None:
    assert suggest(text, CATEGORIES)[0][0] == code


def test_nothing_known_suggests_nothing() -> None:
    assert suggest("今天天气很好", CATEGORIES) == []
    assert suggest("", CATEGORIES) == []


def test_a_keyword_inside_a_longer_one_counts_once() -> None:
    pipe = _category("water.pipe", "水管破裂", "水管")
    assert suggest("水管破裂", [pipe]) == [("water.pipe", 16.0)]
    assert suggest("水管破裂,换水管", [pipe]) == [("water.pipe", 20.0)]


def test_a_keyword_many_share_says_less() -> None:
    shared = [_category("a", "水管"), _category("b", "水管"), _category("c", "漏水")]
    assert suggest("水管漏水", shared) == [("c", 4.0), ("a", 2.0), ("b", 2.0)]


def test_groups_are_never_suggested() -> None:
    assert suggest("水管", [_category("water", "水管", leaf=False)]) == []


def test_width_case_and_blanks_do_not_matter() -> None:
    assert suggest("W I F I 坏了", [_category("a", "ｗｉｆｉ")]) == [("a", 16.0)]


@given(st.text(alphabet="水管路灯村道坏了漏电银行卡 ", max_size=30), st.randoms())
def test_the_order_of_the_catalogue_does_not_change_the_ranking(text: str, chance: random.Random) -> None:
    shuffled = list(CATEGORIES)
    chance.shuffle(shuffled)
    ranked = suggest(text, shuffled)
    assert ranked == suggest(text, CATEGORIES)
    assert ranked == sorted(ranked, key=lambda pair: (-pair[1], pair[0]))
