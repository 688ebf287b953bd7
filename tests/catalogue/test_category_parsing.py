"""Reading the category tree: the real file whole, and every mistake by its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.parsing import COLUMN_STAGES, COLUMNS, STAGES, CategoryDefinition, Limit, parse_categories, parse_limit
from services.deadlines.due import TimeUnit
from services.deadlines.models import STAGES as CLOCK_STAGES
from services.organization.parsing import parse_units

DATA = Path(__file__).parents[2] / "daguanjia" / "data"
REAL = (DATA / "categories.csv").read_text(encoding="utf-8")
HEADER = ",".join(COLUMNS) + "\n"
GROUP = "water,,水利供水" + "," * 13 + "\n"
LEAF = "water.canal,water,水渠,normal,normal,true,text;photo,1wd,,60nd,,lowest,department:water,false,false,水渠;灌溉\n"


def _categories() -> dict[str, CategoryDefinition]:
    parsed = parse_categories(REAL)
    assert parsed.errors == ()
    return {category.code: category for category in parsed.categories}


def _mistakes(text: str) -> list[tuple[int, str | None]]:
    parsed = parse_categories(text)
    assert parsed.categories == (), "a file with a mistake yields no category"
    return [(error.line, error.column) for error in parsed.errors]


def test_the_real_file_is_a_tree_of_about_sixty_leaves() -> None:
    categories = _categories()
    leaves = [category for category in categories.values() if category.leaf]
    assert len(categories) - len(leaves) == 13
    assert 55 <= len(leaves) <= 75
    assert all(categories[leaf.parent_code or ""].leaf is False for leaf in leaves)


def test_every_leaf_can_be_signed_for_done_and_answered_in_time() -> None:
    for leaf in _categories().values():
        if leaf.leaf:
            assert tuple(limit.stage for limit in leaf.limits)[: len(COLUMN_STAGES)] == COLUMN_STAGES, leaf.code
            assert "text" in leaf.evidence, leaf.code
            assert leaf.keywords or leaf.code == "conduct.other", leaf.code


def test_every_department_a_category_names_exists_in_heping() -> None:
    departments = parse_units((DATA / "heping-departments.csv").read_text(encoding="utf-8"), {"441624": "county"}).units
    named = {function for category in _categories().values() for function in category.functions()}
    assert named <= {department.function for department in departments}
    assert len(named) > 15


def test_urgent_means_sooner_in_the_real_file() -> None:
    for leaf in _categories().values():
        accept = next((limit for limit in leaf.limits if limit.stage == "accept"), None)
        if accept is not None:
            assert (accept.unit == "minutes") is (leaf.urgency != "normal"), leaf.code


def test_a_broken_pipe_has_the_limits_of_the_published_table() -> None:
    pipe = _categories()["water.pipe_burst"]
    assert pipe.limits == (
        Limit("accept", 120, "minutes"),
        Limit("first_contact", 180, "minutes"),
        Limit("resolve", 5, "working_days"),
        Limit("answer", 1440, "minutes"),
        Limit("contain", 180, "minutes"),
        Limit("repair", 480, "minutes"),
    )
    assert (pipe.urgency, pipe.place_needed, pipe.urgent_ring, pipe.handler) == ("urgent", True, True, "lowest")
    assert {"before_photo", "after_photo"} <= set(pipe.evidence)


def test_units_and_stages_are_those_of_the_clocks() -> None:
    limits = [parse_limit("accept", cell) for cell in ("2wd", "5nd", "120min", "1.5wh")]
    assert {limit.unit for limit in limits if limit} == set(TimeUnit)
    assert set(STAGES) <= set(CLOCK_STAGES), "waiting for dispatch is the desk's limit, not a category's"


def test_groups_and_leaves_are_told_apart_by_their_children() -> None:
    group, leaf = parse_categories(HEADER + GROUP + LEAF).categories
    assert (group.leaf, group.limits, group.position) == (False, (), 1)
    assert (leaf.leaf, leaf.parent_code, leaf.co_handler, leaf.keywords) == (True, "water", "department:water", ("水渠", "灌溉"))
    assert leaf.limits == (Limit("accept", 1, "working_days"), Limit("resolve", 60, "natural_days"))


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (("water.canal,water", "water.canal,wasser"), "parent_code"),
        (("water.canal,water", "roads.canal,water"), "parent_code"),
        (("water.canal,", "Water canal,"), "code"),
        ((",水渠,", ",,"), "name"),
        (("normal,normal", "soon,normal"), "urgency"),
        (("normal,normal", "normal,secret"), "privacy"),
        (("true,text", "yes,text"), "place_needed"),
        (("text;photo", "text;video"), "evidence"),
        (("1wd", "1 week"), "accept_limit"),
        (("1wd", "0wd"), "accept_limit"),
        (("60nd", "-1nd"), "resolve_limit"),
        (("lowest", "nobody"), "handler"),
        (("lowest", ""), "handler"),
        (("department:water", "department:"), "co_handler"),
        (("false,false", "false,"), "urgent_ring"),
        (("false,false", ",false"), "surfaces_directly"),
    ],
)
def test_a_wrong_cell_is_reported_with_line_and_column(change: tuple[str, str], column: str) -> None:
    assert (3, column) in _mistakes(HEADER + GROUP + LEAF.replace(*change))


def test_all_mistakes_are_reported_not_the_first() -> None:
    bad = "water.canal,water,,soon,normal,true,text,1day,,,,lowest,,false,false,\n"
    assert _mistakes(HEADER + GROUP + LEAF + bad) == [(4, "accept_limit"), (4, "code"), (4, "name"), (4, "urgency")]


def test_a_group_carries_no_policy() -> None:
    assert _mistakes(HEADER + GROUP.replace("水利供水,", "水利供水,urgent") + LEAF) == [(2, "urgency")]


def test_a_missing_column_is_reported() -> None:
    assert _mistakes(HEADER.replace(",keywords", "") + GROUP[:-2] + "\n") == [(1, "keywords")]


@given(st.lists(st.lists(st.text(max_size=8), min_size=len(COLUMNS), max_size=len(COLUMNS)), max_size=4))
def test_any_cells_are_categories_or_mistakes_never_a_crash(cells: list[list[str]]) -> None:
    quoted = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in cells)
    parsed = parse_categories(HEADER + quoted)
    assert bool(parsed.categories) != bool(parsed.errors)
