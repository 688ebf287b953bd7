"""Ladders as policy: strict reading, first match, and rules that can never match."""

from __future__ import annotations

import copy
import time
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deadlines.due import TimeUnit
from services.deadlines.escalation import After, AfterShare, BeforeShare, Level
from services.deadlines.ladders import BUILT_IN, BUILT_IN_DEFINITION, URGENCIES, Ladders, ladders_from, never_matching
from services.deadlines.models import STAGES
from services.platform.errors import Invalid

URGE = {"name": "urge", "after": {"amount": 0, "unit": "working_days"}}
PIPES = {
    "code": "pipes",
    "stages": ["resolve"],
    "categories": ["water"],
    "urgencies": ["urgent"],
    "levels": [{"name": "urge", "before": {"percent": 20}}, URGE, {"name": "list", "after": {"amount": 5, "unit": "working_days"}}],
}
DAYS = TimeUnit.WORKING_DAYS
LISTS = {
    "stages": st.lists(st.sampled_from(["accept", "resolve", "verify"]), unique=True, max_size=2),
    "categories": st.lists(st.sampled_from(["water", "water.pipe", "water.pipe.main", "roads"]), unique=True, max_size=2),
    "urgencies": st.lists(st.sampled_from(URGENCIES), unique=True, max_size=2),
    "units": st.lists(st.sampled_from([unit.value for unit in TimeUnit]), unique=True, max_size=2),
}
RULES = st.lists(st.fixed_dictionaries(LISTS), max_size=6)


def _ladders(*rules: dict[str, Any]) -> Ladders:
    return ladders_from(3, {"rules": [{"levels": [URGE], **rule} for rule in rules]})


def _faults(*rules: object) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        ladders_from(1, {"rules": list(rules)})
    assert refused.value.code == "ladder.faulty"
    return {fault.pointer: fault.detail for fault in refused.value.errors}


def test_version_0_urges_supervises_raises_and_lists() -> None:
    assert [(level.name, level.when) for level in BUILT_IN.ladder("days-resolve", DAYS)] == [
        ("urge", BeforeShare(20)),
        ("urge", After(0, DAYS)),
        ("supervise", After(1, DAYS)),
        ("raise", After(2, DAYS)),
        ("list", After(5, DAYS)),
    ]
    assert [(level.index, level.name, level.when) for level in BUILT_IN.ladder("minutes", TimeUnit.MINUTES)] == [
        (1, "urge", AfterShare(0)),
        (2, "supervise", AfterShare(50)),
        (3, "raise", AfterShare(100)),
        (4, "list", AfterShare(300)),
    ]


@pytest.mark.parametrize("unit", TimeUnit)
@pytest.mark.parametrize("stage", STAGES)
def test_every_clock_has_a_ladder(stage: str, unit: TimeUnit) -> None:
    expected = "minutes" if unit in ("minutes", "working_minutes") else "days-resolve" if stage == "resolve" else "days"
    assert BUILT_IN.rule_for(stage, None, "normal", unit) == expected
    assert ladders_from(1, {"rules": []}).rule_for(stage, "water", "urgent", unit) == expected


def test_first_rule_that_matches_counts_and_categories_are_prefixes() -> None:
    ladders = ladders_from(7, {"rules": [PIPES, {"code": "all", "levels": [URGE]}]})
    assert ladders.version == 7
    assert ladders.rule_for("resolve", "water.pipe_burst", "urgent", DAYS) == "pipes"
    assert ladders.rule_for("resolve", "waterway.dredging", "urgent", DAYS) == "all", "a prefix ends at a dot"
    assert ladders.rule_for("resolve", None, "urgent", DAYS) == "all"
    assert ladders.rule_for("accept", "water.pipe_burst", "urgent", DAYS) == "all"
    assert ladders.ladder("pipes", DAYS)[0] == Level(1, "urge", BeforeShare(20))
    assert ladders.ladder("days", DAYS) == BUILT_IN.ladder("days", DAYS), "what began under a built-in rule keeps it"
    with pytest.raises(KeyError):
        ladders.ladder("gone", DAYS)


def test_what_the_product_comes_with_is_a_definition_like_any_other() -> None:
    renamed = copy.deepcopy(dict(BUILT_IN_DEFINITION))
    for rule in renamed["rules"]:
        rule["code"] = "own-" + rule["code"]
    own = ladders_from(1, renamed)
    for stage, unit in product(STAGES, TimeUnit):
        built_in = BUILT_IN.rule_for(stage, None, "normal", unit)
        assert own.rule_for(stage, None, "normal", unit) == f"own-{built_in}"
        assert own.ladder(f"own-{built_in}", unit) == BUILT_IN.ladder(built_in, unit)


@pytest.mark.parametrize("definition", [None, [], {}, {"rules": {}}, {"rules": [], "more": 1}, "rules"])
def test_what_is_no_definition_is_refused(definition: object) -> None:
    with pytest.raises(Invalid):
        ladders_from(1, definition)


def test_every_fault_is_told_with_its_place() -> None:
    faults = _faults(
        {**PIPES, "stages": ["resolve", "sleep"], "urgencies": "urgent", "colour": 1},
        {"code": "Big", "categories": ["Water!", "water", "water"], "levels": []},
        "rule",
        {"code": "days", "levels": [URGE]},
        {"code": "pipes", "levels": [URGE], "units": ["weeks"]},
    )
    assert set(faults) == {
        "/rules/0/stages/1", "/rules/0/urgencies", "/rules/0/colour", "/rules/1/code", "/rules/1/categories/0",
        "/rules/1/categories/2", "/rules/1/levels", "/rules/2", "/rules/3/code", "/rules/0/code", "/rules/4/code", "/rules/4/units/0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("level", "place"),
    [
        ("urge", ""),
        ({"name": "scold", "after": {"percent": 0}}, "/name"),
        ({"name": ["urge"], "after": {"percent": 0}}, "/name"),
        ({"name": "urge"}, ""),
        ({"name": "urge", "after": {"percent": 0}, "before": {"percent": 1}}, ""),
        ({"name": "urge", "after": {"percent": 0}, "loud": True}, "/loud"),
        ({"name": "list", "before": {"percent": 20}}, "/name"),
        ({"name": "raise", "before": {"percent": 20}}, "/name"),
        ({"name": "urge", "before": {"percent": 0}}, "/before/percent"),
        ({"name": "urge", "before": {"percent": 101}}, "/before/percent"),
        ({"name": "urge", "after": {"percent": -1}}, "/after/percent"),
        ({"name": "urge", "after": {"percent": True}}, "/after/percent"),
        ({"name": "urge", "after": {"percent": 10, "amount": 3}}, "/after"),
        ({"name": "urge", "after": {"amount": 1, "unit": "weeks"}}, "/after/unit"),
        ({"name": "urge", "after": {"amount": 1.5, "unit": "minutes"}}, "/after/amount"),
        ({"name": "urge", "after": {"amount": 10**9, "unit": "working_days"}}, "/after/amount"),
        ({"name": "urge", "before": {"amount": 0, "unit": "minutes"}}, "/before/amount"),
        ({"name": "urge", "after": 3}, "/after"),
    ],
)
def test_a_faulty_level_is_told(level: object, place: str) -> None:
    assert set(_faults({"code": "one", "levels": [URGE, level]})) - {"/rules/0/levels/1"} <= {f"/rules/0/levels/1{place}"}
    assert f"/rules/0/levels/1{place}" in _faults({"code": "one", "levels": [URGE, level]})


def _level(name: str, **when: object) -> dict[str, object]:
    key, value = next(iter(when.items()))
    return {"name": name, key: {"percent": value} if isinstance(value, int) else {"amount": value[0], "unit": value[1]}}  # type: ignore[index]


@pytest.mark.parametrize(
    "levels",
    [
        [_level("urge", after=0), _level("urge", before=10)],
        [_level("urge", after=100), _level("list", after=50)],
        [_level("urge", before=10), _level("urge", before=20), _level("urge", after=0)],
        [_level("urge", after=(2, "working_days")), _level("list", after=(1, "working_days"))],
        [_level("urge", after=(2, "working_days")), _level("list", after=(0, "minutes"))],
        [_level("urge", after=50), _level("list", after=(0, "minutes"))],
        [_level("urge", before=(1, "natural_days")), _level("urge", before=(2, "natural_days")), _level("urge", after=0)],
    ],
)
def test_a_level_before_the_one_below_it_is_refused(levels: list[dict[str, object]]) -> None:
    assert any("before the one below" in detail for detail in _faults({"code": "one", "levels": levels}).values())


def test_a_ladder_that_never_says_late_is_refused() -> None:
    assert _faults({"code": "one", "levels": [_level("urge", before=10)]}).keys() == {"/rules/0/levels"}


def test_a_rule_covered_by_one_before_it_is_found() -> None:
    ladders = _ladders(
        {"code": "all-water", "categories": ["water"]}, {"code": "pipes", "categories": ["water.pipe"], "stages": ["resolve"]}
    )
    (found,) = never_matching(ladders)
    assert (found.code, found.covered_by) == ("pipes", ("all-water",))


def test_a_rule_covered_by_several_together_is_found() -> None:
    calm = {"code": "calm", "urgencies": ["normal"]}
    hot = {"code": "hot", "urgencies": ["urgent", "emergency"]}
    (found,) = never_matching(_ladders(calm, {"code": "between", "stages": ["verify"], "urgencies": ["urgent"]}, hot, {"code": "rest"}))
    assert (found.code, found.covered_by) == ("rest", ("calm", "between", "hot"))
    assert never_matching(_ladders(calm, {"code": "rest"})) == ()


def test_a_rule_for_categories_that_do_not_exist_matches_nothing() -> None:
    ladders = _ladders({"code": "canals", "categories": ["canals"]}, {"code": "water", "categories": ["water"]})
    assert [found.code for found in never_matching(ladders, ["water", "water.pipe_burst", "roads"])] == ["canals"]
    assert never_matching(ladders) == ()


def test_children_that_are_all_taken_leave_nothing_for_their_parent_where_the_categories_are_known() -> None:
    rules = [{"code": "pipes", "categories": ["water.pipe"]}, {"code": "meters", "categories": ["water.meter"]}]
    ladders = _ladders(*rules, {"code": "water", "categories": ["water"]})
    assert never_matching(ladders) == (), "there may be others below water"
    assert [found.code for found in never_matching(ladders, ["water.pipe", "water.meter", "roads"])] == ["water"]


@given(rules=RULES)
def test_lint_finds_exactly_the_rules_no_clock_can_climb(rules: list[dict[str, Any]]) -> None:
    ladders = _ladders(*({"code": f"r{place}", **rule} for place, rule in enumerate(rules)))
    every = ["water", "water.pipe", "water.pipe.main", "water.meter", "roads", "roads.lamp", "noise", None]
    climbed = {ladders.rule_for(*clock) for clock in product(("accept", "resolve", "verify", "task"), every, URGENCIES, TimeUnit)}
    assert {found.code for found in never_matching(ladders)} == {rule.code for rule in ladders.own} - climbed
    for found in never_matching(ladders):
        assert found.covered_by
        assert all(int(other[1:]) < int(found.code[1:]) for other in found.covered_by)


@pytest.mark.parametrize(
    ("unit", "whens"),
    [
        (DAYS, [After(0, DAYS), After(1, DAYS), After(3, DAYS)]),
        (TimeUnit.WORKING_MINUTES, [After(0, DAYS), After(1, DAYS), After(3, DAYS)]),
        (TimeUnit.MINUTES, [AfterShare(0), AfterShare(100), AfterShare(300)]),
    ],
)
def test_clocks_from_before_rules_had_names_go_on_by_the_levels_they_began_with(unit, whens):
    """Indexes are what is recorded: by the ladders of today a second level would be a supervision, and they had it raised."""
    levels = [Level(index, name, when) for index, (name, when) in enumerate(zip(("urge", "raise", "supervise"), whens, strict=True), 1)]
    assert BUILT_IN.ladder("", unit) == tuple(levels)


def test_as_many_rules_as_there_may_be_are_looked_through_at_once():
    """Whoever drafts them waits for it, and everybody at that door."""
    level = [{"name": "urge", "after": {"percent": 0}}]
    narrow = [
        {"code": f"c{place}-{stage}", "categories": [f"c{place}"], "stages": [stage], "levels": level}
        for place in range(10)
        for stage in STAGES
    ]
    wide = [{"code": f"wide-{place}", "levels": level} for place in range(200 - len(narrow))]
    codes = [f"c{place}.x{leaf}" for place in range(10) for leaf in range(8)]
    began = time.process_time()
    found = never_matching(ladders_from(1, {"rules": [*narrow, *wide]}), codes)
    assert time.process_time() - began < 10, "the slow way takes a minute"
    assert [never.code for never in found] == [rule["code"] for rule in wide[1:]]
    assert found[0].covered_by == (*(rule["code"] for rule in narrow), "wide-0")
