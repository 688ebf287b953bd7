"""The unit tree as a value."""

from datetime import date, timedelta

from services.organization.tree import PostNode, UnitNode, UnitTree
from services.platform.ids import new_id

TODAY = date(2026, 11, 22)


def _unit(code, parent=None, kind="village", *, active=True, function=None):
    path = f"{parent.path if parent else '/'}{code}/"
    return UnitNode(new_id(), code, kind, kind, code, (), parent.id if parent else None, path, function, None, None, active)


COUNTY = _unit("c", None, "county")
TOWN = _unit("t", COUNTY, "township")
VILLAGE = _unit("v", TOWN)
GONE = _unit("w", TOWN, active=False)
WATER = _unit("c-water", COUNTY, "department", function="water")
TOWN_WATER = _unit("t-water", TOWN, "station", function="water")
MEMBER = new_id()


def _tree(*posts):
    return UnitTree([VILLAGE, TOWN, GONE, COUNTY, WATER, TOWN_WATER], posts, TODAY, "c")


def _post(unit, role="village_secretary", starts=0, ends=None):
    return PostNode(new_id(), MEMBER, unit.id, role, TODAY + timedelta(starts), None if ends is None else TODAY + timedelta(ends))


def test_the_root_is_the_jurisdiction():
    assert _tree().root == COUNTY
    assert UnitTree([], [], TODAY, "c").root is None


def test_ancestors_come_nearest_first():
    assert _tree().ancestors(VILLAGE) == [TOWN, COUNTY]
    assert _tree().ancestors(VILLAGE.id) == [TOWN, COUNTY]
    assert _tree().ancestors(new_id()) == []


def test_units_that_have_ended_are_found_but_are_no_children():
    assert _tree().by_code["w"] == GONE
    assert _tree().children(TOWN) == (TOWN_WATER, VILLAGE)
    assert GONE not in _tree().under(COUNTY)


def test_a_unit_is_staffed_from_the_first_day_of_a_post_until_the_day_before_its_last():
    tree = _tree(_post(VILLAGE, starts=1, ends=3))
    days = [tree.staffed(VILLAGE.id, (), TODAY + timedelta(offset)) for offset in range(5)]
    assert days == [False, True, True, False, False]


def test_staffed_asks_for_roles():
    tree = _tree(_post(VILLAGE))
    assert tree.staffed(VILLAGE.id, ("village_secretary", "grid_worker"))
    assert not tree.staffed(VILLAGE.id, ("grid_worker",))
    assert not tree.staffed(TOWN.id)


def test_a_unit_that_has_ended_is_not_staffed_whoever_holds_a_post_in_it():
    assert not _tree(_post(GONE)).staffed(GONE.id)


def test_a_functional_line_is_found_nearest_first():
    assert _tree().with_function("water", VILLAGE.path) == TOWN_WATER
    assert _tree().with_function("water", "/c/other/") == WATER
    assert _tree().with_function("roads", VILLAGE.path) is None
