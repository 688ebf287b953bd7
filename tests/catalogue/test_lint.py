"""What keeps a catalogue from coming into force, checked against what routing itself would do with it."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.definition import CatalogueDefinition, RowDefinition, catalogue_of, content_of, read_definition
from services.catalogue.lint import PLACES, lint
from services.catalogue.parsing import CategoryDefinition, parse_categories
from services.organization.tree import PostNode, UnitNode, UnitTree
from services.platform.ids import new_id
from services.routing.rules import RouteQuestion, route
from tests.county import DATA

DAY = date(2026, 3, 2)
TOWNS, VILLAGES = ("T1", "T2"), ("V11", "V12", "V21")
HANDLERS = tuple(f"H{nth}" for nth in range(8))
"""One for each row of a test, so that who leads says which row decided."""


def _unit(code, kind, path, parent=None, function=None, *, active=True):
    tier = {"department": "county"}.get(kind, kind)
    return UnitNode(new_id(), code, kind, tier, code, (), parent, path, function, None, None, active)


def _tree(*functions, ended=()):
    county = _unit("C", "county", "/C/")
    units = [county]
    units += [_unit(town, "township", f"/C/{town}/", county.id) for town in TOWNS]
    towns = {unit.code: unit for unit in units}
    for village in VILLAGES:
        town = towns[f"T{village[1]}"]
        units.append(_unit(village, "village", f"{town.path}{village}/", town.id))
    for function in (*functions, *HANDLERS):
        code = function if function in HANDLERS else f"D-{function}"
        line = None if function in HANDLERS else function
        units.append(_unit(code, "department", f"/C/{code}/", county.id, line, active=code not in ended))
    posts = [PostNode(new_id(), new_id(), unit.id, "department_officer", date(2024, 1, 1), None) for unit in units]
    return UnitTree(units, posts, DAY, "C")


TREE = _tree("water")


def _group(code, position=1):
    return CategoryDefinition(code, code.rpartition(".")[0] or None, code, position, leaf=False)


def _leaf(code, handler="lowest", *, direct=False):
    return CategoryDefinition(code, code.rpartition(".")[0] or None, code, 9, leaf=True, handler=handler, surfaces_directly=direct)


WATER = (_group("water"), _leaf("water.canal"), _leaf("water.pond"))


def _found(rows, categories=WATER, tree=TREE):
    return [(finding.kind, finding.rule) for finding in lint(CatalogueDefinition(tuple(categories), tuple(rows)), tree)]


def test_a_branch_row_is_dead_once_every_leaf_has_a_row_of_its_own_there():
    branch = RowDefinition("water", "V11", "H0")
    canal, pond = RowDefinition("water.canal", "T1", "H1"), RowDefinition("water.pond", "C", "H2")
    assert _found([branch, canal]) == [], "ponds of the village still come to it"
    assert _found([branch, canal, pond]) == [("shadowed", "water in V11")]
    (finding,) = lint(CatalogueDefinition(WATER, (branch, canal, pond)), TREE)
    assert finding.by == ("water.canal in T1", "water.pond in C")
    assert (finding.category, finding.unit) == ("water", "V11")


def test_deeper_rows_below_do_not_kill_a_row_that_still_has_its_own_place():
    rows = [RowDefinition("water", "T1", "H0"), RowDefinition("water", "V11", "H1"), RowDefinition("water", "V12", "H2")]
    assert _found(rows) == [], "a matter of the township itself still comes to its row"


def test_rows_for_what_surfaces_directly_never_decide():
    categories = (_group("conduct"), _leaf("conduct.officials", "department:water", direct=True))
    assert _found([RowDefinition("conduct.officials", "T1", "H0")], categories) == [("shadowed", "conduct.officials in T1")]


def test_units_and_categories_that_are_not_there_are_named():
    tree = _tree("water", ended=("H1",))
    rows = [
        RowDefinition("water", "T1", "H1"),
        RowDefinition("water.canal", "nowhere", "H0"),
        RowDefinition("roads", "T1", "H0"),
        RowDefinition("water.pond", "D-water", "H0"),
        RowDefinition("water.canal", "T2", "H0"),
        RowDefinition("water.canal", "T2", "H2"),
    ]
    kinds = {kind for kind, _rule in _found(rows, tree=tree)}
    assert {"unit_ended", "unknown_unit", "unknown_category", "duplicate"} <= kinds
    assert [rule for kind, rule in _found(rows, tree=tree) if kind == "unknown_unit"] == ["water.canal in nowhere", "water.pond in D-water"]


def test_where_nobody_is_responsible_is_told_by_the_widest_unit():
    categories = (_group("gas"), _leaf("gas.leak", "department:gas"))
    findings = lint(CatalogueDefinition(categories), TREE)
    assert [(found.kind, found.category, found.unit, found.by) for found in findings] == [
        ("nobody_responsible", "gas.leak", "C", ("department:gas",))
    ]
    in_town = CatalogueDefinition(categories, (RowDefinition("gas", "T1", "H0"),))
    assert [found.unit for found in lint(in_town, TREE)] == ["T2"], "a row for the branch answers for its township"
    ended = _tree("water", ended=("H0",))
    assert {found.unit for found in lint(in_town, ended) if found.kind == "nobody_responsible"} == {"C"}
    assert lint(in_town, _tree("gas")) == []


def test_without_units_only_the_words_count():
    nothing = UnitTree([], [], DAY, "C")
    rows = (RowDefinition("water", "nowhere", "H0"), RowDefinition("roads", "nowhere", "H0"))
    assert [found.kind for found in lint(CatalogueDefinition((*WATER, _leaf("gas", "department:gas")), rows), nothing)] == [
        "unknown_category"
    ]


LEAVES = ("water.canal", "water.pond", "roads.bridge")
ROW = st.tuples(st.sampled_from(("water", "roads", *LEAVES)), st.sampled_from(("C", *TOWNS, *VILLAGES)))
LEAF_POLICY = st.tuples(st.sampled_from(("lowest", "department:water", "department:gas")), st.booleans())


@given(st.lists(ROW, unique=True, max_size=5), st.lists(LEAF_POLICY, min_size=3, max_size=3))
def test_lint_says_what_routing_does(places, policies):
    """An oracle that knows nothing of rows: every leaf in every place is routed, and whoever leads names the row."""
    rows = tuple(RowDefinition(category, area, HANDLERS[nth]) for nth, (category, area) in enumerate(places))
    leaves = [_leaf(code, handler, direct=direct) for code, (handler, direct) in zip(LEAVES, policies, strict=True)]
    definition = CatalogueDefinition((_group("water"), _group("roads"), *leaves), rows)
    catalogue = catalogue_of(definition, TREE)
    decided, nobody = set(), set()
    for unit in (unit for unit in TREE.by_id.values() if unit.kind in PLACES):
        for leaf in leaves:
            chosen = route(RouteQuestion(leaf.code, unit.id, unit.path, "normal", None, DAY), TREE, catalogue)
            if chosen.why["rule"] == "catalogue_row":
                decided.add(chosen.why["chosen"]["code"])
            elif any("no department" in skipped["reason"] for skipped in chosen.why["skipped"]) and unit.kind != "county":
                nobody.add((leaf.code, unit.code))
    findings = lint(definition, TREE)
    dead = {row.handler for row in rows} - decided
    assert {found.rule for found in findings if found.kind == "shadowed"} == {
        f"{row.category} in {row.area}" for row in rows if row.handler in dead
    }
    covering = {(found.category, TREE.by_code[found.unit].path) for found in findings if found.kind == "nobody_responsible"}
    assert {(leaf, code) for leaf, path in covering for code in (*TOWNS, *VILLAGES) if TREE.by_code[code].path.startswith(path)} >= nobody
    assert all(
        any((leaf, code) in nobody and TREE.by_code[code].path.startswith(path) for code in (*TOWNS, *VILLAGES)) for leaf, path in covering
    )


def test_the_catalogue_that_comes_with_the_product_is_kept_and_read_without_loss():
    categories = parse_categories((DATA / "categories.csv").read_text(encoding="utf-8")).categories
    whole = CatalogueDefinition(categories, (RowDefinition("water.canal", "T1", "H0", "直管"),))
    read, findings = read_definition(whole.as_json())
    assert findings == []
    assert read.as_json() == whole.as_json()
    assert [content_of(found) for found in read.categories] == [content_of(found) for found in categories]


def test_everything_that_cannot_be_read_is_told_by_its_place():
    leaf = content_of(_leaf("water.canal")) | {"code": "water.canal"}
    broken = {
        "categories": [
            {**leaf, "limits": {"resolve": {"amount": 0, "unit": "working_days"}}},
            {**leaf, "code": "water.pond", "urgency": "soon"},
            {**leaf, "code": "water.x", "colour": "red"},
            {**leaf, "code": "water.y", "limits": {"resolve": {"amount": 5, "unit": "fortnights"}}},
            {**leaf, "code": "water.z", "limits": 7},
            {**leaf, "code": "roads.a", "parent_code": "roads"},
            "nothing",
            {**leaf, "code": "water.far", "position": 2**31},
        ],
        "rows": [{"category": "water"}, 3],
        "more": [],
    }
    told = {finding.rule for finding in read_definition(broken)[1]}
    assert {"water.canal", "water.pond", "water.x", "water.y", "water.z", "roads.a", "categories/6", "rows/0", "rows/1", "more"} <= told
    assert "water.far" in told, "a number that no column holds"
    assert all(finding.kind == "malformed" for finding in read_definition(broken)[1])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.sampled_from(["categories", "rows", "code", "limits", "name", "position"]), inside, max_size=4)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["categories", "rows", "x"]), JSON, max_size=3))
def test_any_json_is_read_or_told_never_a_crash(definition):
    read, findings = read_definition(definition)
    assert findings or set(definition) <= {"categories", "rows"}
    lint(read, TREE)


def test_a_plain_start_is_left_out_so_that_older_rows_stay_equal():
    found = content_of(parse_categories((DATA / "categories.csv").read_text(encoding="utf-8")).categories[1])
    assert all("start" not in limit or limit["start"] != "at_once" for limit in found["limits"].values())
