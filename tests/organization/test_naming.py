"""Names of divisions: what official names come down to, and numerals of grids."""

from __future__ import annotations

import pytest

from services.organization.naming import chinese_numeral, name_forms, short_name, without_ancestors


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("水口村村民委员会", "水口村"),
        ("水口村民委员会", "水口村"),
        ("水口村村委会", "水口村"),
        ("水口村委会", "水口村"),
        ("水口村委", "水口村"),
        ("水口村", "水口村"),
        ("霍村村委会", "霍村"),
        ("罗村村村民委员会", "罗村村"),
        ("罗村村", "罗村村"),
        ("陶村港村委会", "陶村港村"),
        ("台湾农民创业园虚拟生活区", "台湾农民创业园虚拟生活区"),
    ],
)
def test_a_village_is_said_with_one_ending_of_its_own(name: str, said: str) -> None:
    assert short_name(name, "village") == said


@pytest.mark.parametrize("name", ["东山社区居民委员会", "东山社区居委会", "东山居委会", "东山社区"])
def test_a_community_is_said_with_its_ending(name: str) -> None:
    assert short_name(name, "community") == "东山社区"


def test_names_of_other_kinds_stay_as_they_are() -> None:
    assert short_name("彭寨镇", "township") == "彭寨镇"


def test_bare_names_are_loose_and_never_a_single_character() -> None:
    assert name_forms("水口村委会", "village").loose == ("水口",)
    assert name_forms("霍村村委会", "village").loose == ()
    assert name_forms("和县", "county").loose == ()
    assert name_forms("彭寨镇", "township").loose == ("彭寨",)
    assert name_forms("安徽省和县经济开发区", "township").certain == ("安徽省和县经济开发区", "和县经济开发区")


def test_a_village_of_a_minority_is_called_without_it_too() -> None:
    forms = name_forms("秀河畲族村村民委员会", "village")
    assert "秀河村" in forms.certain
    assert "秀河" in forms.loose


@pytest.mark.parametrize("name", ["第三网格", "第3网格", "太平村第三网格"])
def test_a_numbered_grid_is_found_in_figures_and_in_words(name: str) -> None:
    assert {"第三网格", "第3网格", "3号网格", "三号网格"} <= set(name_forms(name, "grid").certain)


def test_ancestors_come_off_only_where_something_is_left() -> None:
    assert without_ancestors("和平县合水镇合水村村民委员会", "合水镇") == "合水村村民委员会"
    assert without_ancestors("慈湖街道虚拟社区", "慈湖街道") == "慈湖街道虚拟社区"
    assert without_ancestors("合水镇", "合水镇") == "合水镇"
    assert without_ancestors("太平村委会", "历阳镇") == "太平村委会"
    assert without_ancestors("和平县", None) == "和平县"


def test_numerals_are_the_ones_people_write() -> None:
    numbers = {1: "一", 10: "十", 11: "十一", 20: "二十", 99: "九十九", 100: "一百", 101: "一百零一", 110: "一百一十", 999: "九百九十九"}
    assert {number: chinese_numeral(number) for number in numbers} == numbers
    assert len({chinese_numeral(number) for number in range(1, 1000)}) == 999
    for number in (0, 1000):
        with pytest.raises(ValueError, match="1 to 999"):
            chinese_numeral(number)
