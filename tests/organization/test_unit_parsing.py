"""Reading divisions: the two real files whole, and every mistake by its line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.organization.models import KINDS, TIERS
from services.organization.parsing import KIND_TIERS, TIER_RANK, UnitDefinition, grids_below, parse_units

DATA = Path(__file__).parents[2] / "daguanjia" / "data"
HEADER = "code,parent_code,name,tier\n"
COUNTY = "441624,,和平县,county\n"


def _file(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


def _units(name: str) -> dict[str, UnitDefinition]:
    parsed = parse_units(_file(name))
    assert parsed.errors == ()
    return {unit.code: unit for unit in parsed.units}


def _mistakes(text: str, known: dict[str, str] | None = None) -> list[tuple[int, str | None]]:
    parsed = parse_units(text, known)
    assert parsed.units == (), "a file with a mistake yields no unit"
    return [(error.line, error.column) for error in parsed.errors]


def test_kinds_and_tiers_are_those_of_the_table() -> None:
    assert set(KIND_TIERS) == set(KINDS)
    assert set(TIER_RANK) == set(TIERS)


def test_heping_is_read_whole() -> None:
    units = _units("divisions-heping-441624.csv")
    assert Counter(unit.kind for unit in units.values()) == {"county": 1, "township": 17, "community": 32, "village": 216}
    assert not any(unit.virtual for unit in units.values())


def test_maanshan_is_read_whole() -> None:
    units = _units("divisions-maanshan-3405.csv")
    assert len(units) == 633
    kinds = Counter(unit.kind for unit in units.values())
    assert kinds == {"city": 1, "county": 6, "township": 59, "community": 183, "village": 384}
    virtual = [unit for unit in units.values() if unit.virtual]
    assert len(virtual) == 9
    assert len({unit.name for unit in virtual}) == 9, "placeholders keep a name of their own"


def test_parents_come_before_their_children() -> None:
    seen: set[str | None] = {None}
    for unit in parse_units(_file("divisions-maanshan-3405.csv")).units:
        assert unit.parent_code in seen
        seen.add(unit.code)


def test_official_names_lose_their_ancestors_and_gain_what_people_say() -> None:
    units = _units("divisions-heping-441624.csv")
    shuikou = units["441624108213"]
    assert shuikou.name == "水口村村民委员会"
    assert shuikou.aliases == ("水口村", "水口村委会", "水口")
    assert units["441624100001"].name == "东山社区居民委员会"
    assert units["441624100001"].aliases == ("东山社区", "东山")
    assert units["441624108"].aliases == ("彭寨",)
    assert _units("divisions-maanshan-3405.csv")["340523100206"].aliases == ("太平村", "太平")


def test_a_village_whose_own_name_ends_in_village_keeps_it() -> None:
    heping, maanshan = _units("divisions-heping-441624.csv"), _units("divisions-maanshan-3405.csv")
    assert [unit.aliases[0] for unit in heping.values() if unit.name == "罗村村村民委员会"] == ["罗村村"]
    assert [unit.aliases[0] for unit in maanshan.values() if unit.name == "霍村村委会"] == ["霍村"]


def test_departments_hang_below_a_county_that_exists_already() -> None:
    parsed = parse_units(_file("heping-departments.csv"), {"441624": "county"})
    assert parsed.errors == ()
    assert len({unit.function for unit in parsed.units}) == len(parsed.units)
    assert {unit.kind for unit in parsed.units} == {"department"}
    assert {line for line, column in _mistakes(_file("heping-departments.csv")) if column == "parent_code"} == set(range(2, 26))


def test_every_mistake_is_reported_with_its_line() -> None:
    text = (
        HEADER + COUNTY + "441624100,441624,阳明镇,town\n"  # 3: no such tier
        "441624 100,441624,,township\n"  # 4: code, name
        "441624101,999999,大坝镇,township\n"  # 5: parent unknown
        "441624101,441624,大坝镇,township\n"  # 6: twice
        "441624102,441624,长塘镇\n"  # 7: too few cells
    )
    assert _mistakes(text) == [(3, "tier"), (4, "code"), (4, "name"), (5, "parent_code"), (6, "code"), (7, None)]


def test_a_parent_must_stand_higher() -> None:
    text = HEADER + COUNTY + "441624100,441624100201,阳明镇,township\n441624100201,441624100,城西村委会,village\n"
    assert _mistakes(text) == [(3, "parent_code")]
    assert _mistakes(HEADER + "441624,441624,和平县,county\n") == [(2, "parent_code")], "nor be the unit itself"


def test_there_is_one_tree() -> None:
    assert _mistakes(HEADER + COUNTY + "441625,,东源县,county\n") == [(3, "parent_code")]


def test_optional_columns_are_read_and_checked() -> None:
    header = "code,parent_code,name,tier,predecessor_code,aliases,lat,lon,population,households,duty_phone,kind\n"
    good = header + "340523,,和县,county,342626,和州;历阳,31.742,118.353,500000,160000,0555-5312345,\n"
    unit = parse_units(good).units[0]
    assert (unit.predecessor_code, unit.aliases, unit.lat, unit.lon) == ("342626", ("和州", "历阳"), 31.742, 118.353)
    assert (unit.population, unit.households, unit.duty_phone) == (500000, 160000, "0555-5312345")
    bad = header + "340523,,和县,county,3 4,,91,,-5,1.5,call me,village\n"
    columns = [column for _, column in _mistakes(bad)]
    assert columns == ["duty_phone", "households", "kind", "lat", "lat", "population", "predecessor_code"]


@pytest.mark.parametrize("value", ["nan", "inf", "x", "181"])
def test_impossible_coordinates_are_refused(value: str) -> None:
    assert _mistakes(f"code,parent_code,name,tier,lat,lon\n1,,和县,county,31.7,{value}\n") == [(2, "lon")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, None)]),
        (HEADER, [(1, None)]),
        ("code,name,tier\n1,和县,county\n", [(1, "parent_code")]),
        ("code,parent_code,name,tier,colour\n", [(1, "colour")]),
        ("code,parent_code,name,tier,name\n", [(1, "name")]),
        (HEADER + '441624,,"和平县,county\n', [(2, None)]),
    ],
)
def test_a_broken_file_is_reported_as_such(text: str, expected: list[tuple[int, str | None]]) -> None:
    assert _mistakes(text) == expected


def test_full_width_digits_blanks_and_a_byte_order_mark_are_forgiven() -> None:
    text = "\ufeff" + HEADER.replace("\n", "\r\n") + "\r\n４４１６２４, , 和平县　,county\r\n"
    unit = parse_units(text).units[0]
    assert (unit.code, unit.parent_code, unit.name, unit.line) == ("441624", None, "和平县", 3)


def test_grids_below_a_village_are_always_the_same() -> None:
    village = _units("divisions-heping-441624.csv")["441624108213"]
    grids = grids_below(village, 21)
    assert grids == grids_below(village, 21)
    assert (grids[0].code, grids[0].name, grids[0].parent_code) == ("441624108213001", "第一网格", "441624108213")
    assert [grids[9].name, grids[10].name, grids[19].name, grids[20].name] == ["第十网格", "第十一网格", "第二十网格", "第二十一网格"]


@pytest.mark.parametrize("count", [0, 1000])
def test_a_village_has_one_to_999_grids(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 999 grids"):
        grids_below(UnitDefinition("441624108213", "441624108", "水口村村民委员会", "village", "village"), count)
    with pytest.raises(ValueError, match="not below a township"):
        grids_below(UnitDefinition("441624108", "441624", "彭寨镇", "township", "township"), 3)


@given(st.text())
def test_any_text_is_units_or_mistakes_never_a_crash(text: str) -> None:
    parsed = parse_units(text)
    assert bool(parsed.units) != bool(parsed.errors)


@given(st.lists(st.lists(st.text(max_size=12), min_size=4, max_size=4), max_size=6))
def test_any_cells_are_units_or_mistakes_never_a_crash(cells: list[list[str]]) -> None:
    quoted = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in cells)
    parsed = parse_units(HEADER + quoted)
    assert bool(parsed.units) != bool(parsed.errors)
