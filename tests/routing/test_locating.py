from datetime import date

import pytest

from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.ids import new_id
from services.routing.geo import CoordinateSystem, Point
from services.routing.locating import Located, locate, located
from tests.conftest import TestDatabase
from tests.county import SHUIKOU


def county() -> UnitTree:
    """Two townships, each with a 太平村; the one of 东镇 has a point."""
    units: dict[str, UnitNode] = {}

    def add(code: str, kind: str, name: str, parent: str | None, point: tuple[float, float] | None = None) -> None:
        above = units[parent] if parent else None
        path = (above.path if above else "/") + f"{code}/"
        lat, lon = point or (None, None)
        tier = {"county": "county", "township": "township", "village": "village"}[kind]
        parent_id = above.id if above else None
        units[code] = UnitNode(new_id(), code, kind, tier, name, (), parent_id, path, None, lat, lon, active=True)

    add("441624", "county", "和平县", None)
    add("441624101", "township", "东镇", "441624")
    add("441624102", "township", "西镇", "441624")
    add("441624101201", "village", "太平村", "441624101", (24.44, 114.93))
    add("441624102201", "village", "太平村", "441624102")
    add("441624102202", "village", "大坝村", "441624102")
    return UnitTree(units.values(), [], date(2026, 11, 22), "441624")


TREE = county()
NEAR = Point(24.441, 114.931)


def found(code: str | None = None, words: str | None = None, point: Point | None = None) -> tuple[str | None, str, list[str]]:
    answer = located(TREE, code=code, words=words, point=point)
    unit = TREE.by_id[answer.unit_id].code if answer.unit_id else None
    return unit, answer.how, [TREE.by_id[candidate].code for candidate in answer.candidates]


def test_a_code_decides_whatever_the_words_say() -> None:
    assert found("441624102202", "东镇太平村", NEAR) == ("441624102202", "code", [])


def test_words_decide_where_they_are_clear() -> None:
    assert found(None, "西镇太平村老水井旁", NEAR)[0] == "441624102201"
    assert found("no-such-code", "西镇大坝村")[0] == "441624102202"


def test_a_name_that_two_townships_have_is_asked_back() -> None:
    assert found(None, "太平村的水管爆了") == (None, "ambiguous", ["441624101201", "441624102201"])


def test_a_point_decides_between_places_of_the_same_name() -> None:
    assert found(None, "太平村的水管爆了", NEAR) == ("441624101201", "point", [])


def test_a_point_alone_is_enough_and_its_system_matters() -> None:
    assert found(point=NEAR)[:2] == ("441624101201", "point")
    assert found(point=Point(24.441, 114.931, CoordinateSystem.GCJ02))[0] == "441624101201"


def test_nothing_is_guessed_from_nothing() -> None:
    assert found() == (None, "unknown", [])
    assert found(None, "路灯坏了", Point(30.0, 120.0)) == (None, "unknown", [])


@pytest.mark.parametrize(("words", "code"), [("彭寨镇水口村老水井旁", SHUIKOU)])
async def test_the_real_county_is_found_from_the_database(county: TestDatabase, words: str, code: str) -> None:
    async with county.database.transaction() as session:
        answer: Located = await locate(session, code=None, words=words, point=None)
        tree = await unit_tree(session)
    assert answer.unit_id is not None
    assert tree.by_id[answer.unit_id].code == code
