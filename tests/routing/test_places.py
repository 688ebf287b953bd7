"""Finding places: the real names of Heping and Ma'anshan, with the villages that exist twice, and traps of everyday speech."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.organization.naming import name_forms, short_name
from services.organization.parsing import grids_below, parse_units
from services.routing.geo import CoordinateSystem, Point, distance_metres, to_gcj02
from services.routing.places import Ambiguous, Found, NotFound, PlaceIndex, PlaceMatch, PlaceUnit

DATA = Path(__file__).parents[2] / "daguanjia" / "data"
NAMESPACE = UUID("0f0e0d0c-0b0a-0908-0706-050403020100")
HEPING, MAANSHAN = "divisions-heping-441624.csv", "divisions-maanshan-3405.csv"


@cache
def _units(file: str, grids: int = 0) -> tuple[PlaceUnit, ...]:
    definitions = list(parse_units((DATA / file).read_text(encoding="utf-8")).units)
    if grids:
        definitions += [grid for one in definitions if one.tier == "village" for grid in grids_below(one, grids)]
    paths = {"": "/"}
    units = []
    for one in definitions:
        path = paths[one.code] = f"{paths[one.parent_code or '']}{one.code}/"
        parent = uuid5(NAMESPACE, one.parent_code) if one.parent_code else None
        place = (uuid5(NAMESPACE, one.code), one.code, one.name, one.aliases, one.kind, one.tier, path, parent)
        units.append(PlaceUnit(*place, lat=one.lat, lon=one.lon, active=True))
    return tuple(units)


@cache
def _index(file: str, grids: int = 0) -> PlaceIndex:
    return PlaceIndex.build(_units(file, grids))


def _code(unit_id: UUID) -> str:
    return _codes()[unit_id]


@cache
def _codes() -> dict[UUID, str]:
    return {unit.id: unit.code for file, grids in ((HEPING, 12), (MAANSHAN, 9)) for unit in _units(file, grids)}


def _read(match: PlaceMatch) -> str | list[str] | None:
    """A code, the codes to choose from, or nothing."""
    if isinstance(match, Found):
        return _code(match.unit_id)
    return [_code(one) for one in match.candidates] if isinstance(match, Ambiguous) else None


def _heping(text: str, within: str | None = None) -> str | list[str] | None:
    return _read(_index(HEPING, 12).match_text(text, within))


def _maanshan(text: str) -> str | list[str] | None:
    return _read(_index(MAANSHAN, 9).match_text(text))


SHUIKOU, PENGZHAI = "441624108213", "441624108"


@pytest.mark.parametrize(
    "text",
    [
        "水口",
        "水口村",
        "水口村委",
        "水口村委会",
        "水口村村委会",
        "水口村村民委员会",
        "彭寨水口",
        "彭寨镇水口村",
        "和平县彭寨镇水口村赤石组",
        "广东省河源市和平县彭寨镇水口村村民委员会",
        "彭　寨　镇 水 口 村",
        "水口的水渠坏了",
        "我们水口村三组没有路灯",
        "彭寨镇那边水口的水渠",
        "我家住在彭寨镇的水口村,家里没有热水,下车还要走很远",
    ],
)
def test_shuikou_is_understood_however_it_is_said(text: str) -> None:
    assert _heping(text) == SHUIKOU


@pytest.mark.parametrize("text", ["彭寨", "彭寨镇", "和平县彭寨镇", "彭寨镇政府旁边", "彭寨的路"])
def test_a_township_is_understood_however_it_is_said(text: str) -> None:
    assert _heping(text) == PENGZHAI


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("兴隆村的路灯", ["441624103205", "441624108203"]),
        ("中洞村", ["441624100222", "441624104210", "441624116211"]),
        ("三联村", ["441624107203", "441624109210", "441624115204"]),
        ("合水村", ["441624101208", "441624109201"]),
        ("合水", ["441624101208", "441624109", "441624109201"]),
        ("大塘", ["441624106210", "441624115203"]),
    ],
)
def test_a_name_that_exists_twice_in_heping_asks_back(text: str, codes: list[str]) -> None:
    assert _heping(text) == codes


@pytest.mark.parametrize("text", ["太平村", "太平村委会", "太平村的自来水管爆了"])
def test_taiping_in_two_townships_of_maanshan_asks_back(text: str) -> None:
    assert _maanshan(text) == ["340522105209", "340523100206"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("清溪镇太平村", "340522105209"),
        ("清溪太平村", "340522105209"),
        ("和县太平村", "340523100206"),
        ("历阳太平", "340523100206"),
        ("太平村,就是清溪镇那个", "340522105209"),
        ("清溪镇太平村第三网格", "340522105209003"),
        ("小太平社区", "340521111001"),
        ("历阳镇华阳社区的城市生活e站", "340523100002"),
        ("石桥镇石桥村", "340521103206"),
        ("石桥", "340521103"),
        ("陶村港", "340521111003"),
    ],
)
def test_a_township_or_county_settles_a_repeated_name(text: str, code: str) -> None:
    assert _maanshan(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("大罗村", "441624109206"),
        ("罗村", "441624104215"),
        ("细中村", "441624108208"),
        ("中村", "441624102210"),
        ("大坝村", "441624114219"),
        ("大坝镇", "441624101"),
        ("大塘面社区", "441624108003"),
        ("秀河村", "441624102209"),
        ("上陵", "441624104"),
    ],
)
def test_the_longest_name_wins_and_a_name_inside_another_is_not_meant(text: str, code: str) -> None:
    assert _heping(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "下车的地方没有路灯",
        "家里没有热水",
        "希望和平解决",
        "和一个邻居吵架",
        "事故高发的路段",
        "街道上的路灯坏了",
        "山下有人烧垃圾",
        "",
        "。",
        "请问怎么办低保",
    ],
)
def test_ordinary_words_are_not_places(text: str) -> None:
    assert _heping(text) is None


def test_new_countryside_is_not_xinnong_village() -> None:
    assert _maanshan("建设新农村") is None
    assert _maanshan("石杨镇新农村") == "340523109204"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("下车镇水口村", ["441624103", SHUIKOU]),  # there is no 水口村 in 下车镇
        ("从彭寨镇水口村到大坝镇的路", ["441624101", SHUIKOU]),
        ("水口村和马塘村", ["441624108201", SHUIKOU]),
    ],
)
def test_two_places_in_one_text_ask_back(text: str, codes: list[str]) -> None:
    assert _heping(text) == codes


@pytest.mark.parametrize("text", ["新水口村", "水口镇", "有人说水口那边没水", "水口水渠坏了"])
def test_a_doubtful_name_asks_for_confirmation(text: str) -> None:
    assert _heping(text) == [SHUIKOU]


@pytest.mark.parametrize("text", ["水口村第三网格", "水口村第3网格", "水口村第３网格", "水口村3号网格", "彭寨水口第三网格"])
def test_a_grid_is_found_by_its_village_and_number(text: str) -> None:
    assert _heping(text) == f"{SHUIKOU}003"


def test_of_two_overlapping_names_the_longer_one_is_meant() -> None:
    horse, pond = _placed(1, "village", 24.0, 114.0), _placed(2, "village", 24.1, 114.0)
    index = PlaceIndex.build([replace(horse, name="白马村"), replace(pond, name="马塘面村")])
    assert index.match_text("去白马塘面村") == Found(pond.id, "name", "马塘面村")


def test_a_short_name_at_the_end_of_a_word_asks_for_confirmation() -> None:
    assert _maanshan("家住和县") == "340523"
    assert _maanshan("共和县") == ["340523"]


def test_a_grid_number_alone_asks_back_unless_the_desk_narrows_it() -> None:
    everywhere = _heping("第三网格")
    assert isinstance(everywhere, list)
    assert len(everywhere) == 248
    assert _heping("第三网格", f"/441624/{PENGZHAI}/{SHUIKOU}/") == f"{SHUIKOU}003"


def test_a_township_desk_means_its_own_village() -> None:
    assert _heping("兴隆村", f"/441624/{PENGZHAI}/") == "441624108203"
    assert _heping("大坝镇", f"/441624/{PENGZHAI}/") is None
    assert _heping("和平县", f"/441624/{PENGZHAI}/") is None
    assert _heping("441624101208", f"/441624/{PENGZHAI}/") is None
    assert _heping(SHUIKOU, f"/441624/{PENGZHAI}/") == SHUIKOU


def test_a_match_says_what_it_rests_on() -> None:
    index = _index(HEPING, 12)
    hows = {
        "水口村委会": ("name", "水口村委会"),
        "水口": ("short_name", "水口"),
        "和平县彭寨镇水口村赤石组": ("combination", "和平县彭寨镇水口村"),
        "彭寨镇那边的水口": ("combination", "彭寨镇 水口"),
        SHUIKOU: ("code", SHUIKOU),
    }
    for text, expected in hows.items():
        match = index.match_text(text)
        assert isinstance(match, Found)
        assert (match.how, match.matched) == expected


@pytest.mark.parametrize("file", [HEPING, MAANSHAN])
def test_every_village_is_found_by_its_township_and_each_of_its_names(file: str) -> None:
    units = {unit.id: unit for unit in _units(file)}
    index = _index(file)
    missed = []
    for unit in units.values():
        if unit.tier != "village" or unit.parent_id is None:
            continue
        township = units[unit.parent_id].name
        said = short_name(unit.name, unit.kind)
        for text in (f"{township}{unit.name}", f"{township}{said}", f"我是{township}{said}的村民,水渠坏了"):
            match = index.match_text(text)
            if not (isinstance(match, Found) and match.unit_id == unit.id):
                missed.append((text, _read(match)))
    assert missed == []


@pytest.mark.parametrize("file", [HEPING, MAANSHAN])
def test_every_name_alone_finds_its_unit_or_asks_among_its_namesakes(file: str) -> None:
    units = _units(file)
    index = _index(file)
    called: dict[str, set[str]] = defaultdict(set)
    for unit in units:
        for form in name_forms(unit.name, unit.kind).certain:
            called[form].add(unit.code)
    wrong = []
    for form, codes in called.items():
        read = _read(index.match_text(form))
        if set(read if isinstance(read, list) else [read]) != codes:
            wrong.append((form, codes, read))
    assert wrong == []


def test_a_unit_that_is_gone_is_never_an_answer_but_still_a_link() -> None:
    units = [replace(unit, active=unit.code not in (PENGZHAI, "441624103205")) for unit in _units(HEPING)]
    index = PlaceIndex.build(units)
    assert _read(index.match_text("兴隆村")) == "441624108203"
    assert isinstance(index.match_text("彭寨镇"), NotFound)
    assert _read(index.match_text("和平县水口村")) == SHUIKOU
    assert _read(index.by_code(PENGZHAI)) == "441624", "the county the closed township lay in"


def test_an_alias_of_the_administrator_is_a_name_like_any_other() -> None:
    units = [replace(unit, aliases=("赤石组", *unit.aliases)) if unit.code == SHUIKOU else unit for unit in _units(HEPING)]
    match = PlaceIndex.build(units).match_text("赤石组的水渠")
    assert isinstance(match, Found)
    assert (_code(match.unit_id), match.how, match.matched) == (SHUIKOU, "alias", "赤石组")


@pytest.mark.parametrize(
    ("code", "expected", "how"),
    [
        (SHUIKOU, SHUIKOU, "code"),
        (f"{SHUIKOU}001", f"{SHUIKOU}001", "code"),
        (f" {SHUIKOU}001 ", f"{SHUIKOU}001", "code"),
        ("４４１６２４１０８", PENGZHAI, "code"),
        (f"{SHUIKOU}999", SHUIKOU, "code_prefix"),
        ("441624108000", PENGZHAI, "code_prefix"),
        ("441624999999", "441624", "code_prefix"),
    ],
)
def test_a_code_finds_its_unit_or_the_one_it_lies_in(code: str, expected: str, how: str) -> None:
    match = _index(HEPING, 12).by_code(code)
    assert isinstance(match, Found)
    assert (_code(match.unit_id), match.how) == (expected, how)


@pytest.mark.parametrize("code", ["", "44", "999999999999", "441624-D-XX", "水口村"])
def test_an_unknown_code_is_not_guessed(code: str) -> None:
    assert isinstance(_index(HEPING, 12).by_code(code), NotFound)


def _placed(number: int, kind: str, lat: float, lon: float, *, active: bool = True) -> PlaceUnit:
    code = f"{number:03d}"
    return PlaceUnit(uuid5(NAMESPACE, code), code, code, (), kind, kind, f"/{code}/", None, lat, lon, active)


def test_the_nearest_grid_is_preferred_to_a_nearer_village() -> None:
    village, grid = _placed(1, "village", 24.4400, 114.9400), _placed(2, "grid", 24.4450, 114.9400)
    index, here = PlaceIndex.build([village, grid]), Point(24.4401, 114.9400)
    assert index.nearest(here, 2000) == Found(grid.id, "point", "545 m")
    assert index.nearest(here, 300) == Found(village.id, "point", "11 m")
    assert index.nearest(here, 5) == NotFound()


def test_a_point_of_a_chinese_phone_map_is_not_700_metres_off() -> None:
    here = Point(24.4418, 114.9389)
    index = PlaceIndex.build([_placed(1, "grid", here.lat, here.lon)])
    assert index.nearest(to_gcj02(here), 5) == Found(uuid5(NAMESPACE, "001"), "point", "0 m")
    misread = replace(to_gcj02(here), system=CoordinateSystem.WGS84)
    assert index.nearest(misread, 300) == NotFound()


def test_equally_near_grids_go_by_code_and_closed_ones_do_not_count() -> None:
    grids = [_placed(3, "grid", 24.44, 114.94), _placed(2, "grid", 24.44, 114.94), _placed(1, "grid", 24.44, 114.94, active=False)]
    match = PlaceIndex.build(grids).nearest(Point(24.44, 114.94), 100)
    assert match == Found(uuid5(NAMESPACE, "002"), "point", "0 m")


@given(
    places=st.lists(st.tuples(st.floats(24.0, 24.2), st.floats(114.8, 115.0)), max_size=20),
    here=st.tuples(st.floats(24.0, 24.2), st.floats(114.8, 115.0)),
    metres=st.floats(0, 20_000),
)
def test_nearest_agrees_with_measuring_every_grid(places: list[tuple[float, float]], here: tuple[float, float], metres: float) -> None:
    grids = [_placed(number, "grid", *place) for number, place in enumerate(places)]
    distances = [(distance_metres(Point(*here), Point(*place)), number) for number, place in enumerate(places)]
    near = min((one for one in distances if one[0] <= metres), default=None)
    match = PlaceIndex.build(grids).nearest(Point(*here), metres)
    assert (match.unit_id if isinstance(match, Found) else None) == (grids[near[1]].id if near else None)


@given(st.text(alphabet="和平县彭寨镇水口村大坝罗中合三联第网格社区居委会的在, 1３", max_size=40) | st.text(max_size=60))
def test_any_text_has_an_answer_and_the_same_one_twice(text: str) -> None:
    index = _index(HEPING, 12)
    match = index.match_text(text)
    assert match == index.match_text(text)
    if isinstance(match, Ambiguous):
        assert len(set(match.candidates)) == len(match.candidates) > 0


def test_units_in_a_circle_are_refused() -> None:
    one, other = _placed(1, "grid", 24.0, 114.0), _placed(2, "grid", 24.0, 114.0)
    with pytest.raises(ValueError, match="lies below itself"):
        PlaceIndex.build([replace(one, parent_id=other.id), replace(other, parent_id=one.id)])


@pytest.mark.parametrize(
    "text", ["水口村", "第三网格", "您好,我是清溪镇太平村的村民,我们第三网格的水渠坏了三个月没人修," + "四十户的田浇不上水," * 5]
)
def test_matching_against_five_thousand_units_costs_little_more_than_reading_their_names_once(text: str) -> None:
    """The best of many runs, both on the same machine: it may be busy or slow, the work does not change."""
    index, units = _index(MAANSHAN, 9), _units(MAANSHAN, 9)
    assert len(units) > 5000
    assert _best(lambda: index.match_text(text)) < 5 * _best(lambda: [unit for unit in units if unit.name in text])


def _best(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(100):
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return best
