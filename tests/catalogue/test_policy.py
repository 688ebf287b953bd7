"""The catalogue as a value."""

from services.catalogue.policy import AreaRow, Catalogue, CategoryPolicy
from services.platform.ids import new_id

COUNTY, TOWN, VILLAGE = "/c/", "/c/t/", "/c/t/v/"


def _category(code, parent=None, *, leaf=True, active=True, position=0):
    return CategoryPolicy(
        code, parent, code, leaf, "normal", "normal", False, (), {}, "lowest", None, False, False, (), active, 1, position
    )


CATEGORIES = [_category("water", leaf=False, position=1), _category("water.canal", "water", position=2), _category("old", active=False)]


def test_leaves_are_what_a_complaint_can_be_filed_under():
    assert [found.code for found in Catalogue(CATEGORIES).leaves()] == ["water.canal"]
    assert [found.code for found in Catalogue(reversed(CATEGORIES)).all()] == ["old", "water", "water.canal"]
    assert Catalogue(CATEGORIES).category("old") is not None
    assert Catalogue(CATEGORIES).category("new") is None


def test_the_deepest_area_that_covers_the_place_wins():
    county, town = new_id(), new_id()
    found = Catalogue(CATEGORIES, [AreaRow("water.canal", COUNTY, county), AreaRow("water.canal", TOWN, town)])
    assert found.row_for("water.canal", VILLAGE) == town
    assert found.row_for("water.canal", "/c/other/") == county
    assert found.row_for("water.canal", "/d/") is None
    assert found.row_for("new", VILLAGE) is None


def test_a_path_that_only_begins_alike_is_another_area():
    assert Catalogue(CATEGORIES, [AreaRow("water.canal", "/c/t1/", new_id())]).row_for("water.canal", "/c/t12/") is None


def test_a_row_for_the_category_goes_before_a_deeper_one_for_its_branch():
    own, branch = new_id(), new_id()
    rows = [AreaRow("water", VILLAGE, branch), AreaRow("water.canal", COUNTY, own)]
    assert Catalogue(CATEGORIES, rows).row_for("water.canal", VILLAGE) == own
    assert Catalogue(CATEGORIES, rows[:1]).row_for("water.canal", VILLAGE) == branch
