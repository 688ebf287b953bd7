"""Rules of assessment: what is read, what is refused with its place, and what a lint finds before they count."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from services.assessment.linting import NOT_A_SHARE, PUNISHES_INTAKE, UNGROUPED, UNKNOWN_METRIC, check_assessment, findings_of
from services.assessment.rules import schemes_of, with_weights
from services.platform.actor import SYSTEM
from services.platform.errors import Invalid
from services.platform.unit_of_work import unit_of_work
from services.policies.findings import MALFORMED, SHADOWED, UNKNOWN_UNIT
from services.simulation.kinds import KINDS
from tests import county as heping
from tests.assessment.sheets import definition, item, scheme
from tests.conftest import TestDatabase

STANDARD = Path(__file__).parents[2] / "daguanjia" / "data" / "assessment.json"
MALUS = {"code": "malus", "name": "扣分", "metric": "received@1", "points": -1, "cap": 5}


def test_the_standard_rules_are_read_and_nothing_is_wrong_with_them() -> None:
    schemes = schemes_of(orjson.loads(STANDARD.read_bytes()))
    assert [found.code for found in schemes] == ["townships", "departments", "villages", "people"]
    assert [findings_of(found) for found in schemes] == [[], [], [], []]
    assert all(sum(one.weight for one in found.items) == 100 for found in schemes)


def test_version_0_assesses_nobody() -> None:
    assert schemes_of(KINDS["assessment"].built_in) == ()


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"schemes": {}}, ""),
        ({"schemes": [], "more": 1}, ""),
        ({"schemes": [[]]}, "/schemes/0"),
        (definition(code="Ä"), "/schemes/0/code"),
        (definition(kinds=["county"]), "/schemes/0/kinds/0"),
        (definition(kinds=[]), "/schemes/0/kinds"),
        (definition(subjects="all"), "/schemes/0/subjects"),
        (definition(groups=[]), "/schemes/0/groups"),
        (definition(groups=[{"code": "a", "name": ""}]), "/schemes/0/groups/0/name"),
        (definition(groups=[{"code": "a", "name": "a", "households": {"at_least": -1}}]), "/schemes/0/groups/0/households/at_least"),
        (definition(objection_working_days=61), "/schemes/0/objection_working_days"),
        (definition(item(weight=0)), "/schemes/0/items/0/weight"),
        (definition(item(weight=0.5)), "/schemes/0/items/0/weight"),
        (definition(item(metric="satisfaction_rate")), "/schemes/0/items/0/metric"),
        (definition(item(direction="up")), "/schemes/0/items/0/direction"),
        (definition(item(direction="lower")), "/schemes/0/items/0/full_at"),
        (definition(item(full_at=80)), "/schemes/0/items/0/full_at"),
        (definition(item(composite="three_rates")), "/schemes/0/items/0"),
        (definition(item(removal="both")), "/schemes/0/items/0/removal"),
        (definition(item(minimum=-1)), "/schemes/0/items/0/minimum"),
        (definition(item(more=1)), "/schemes/0/items/0/more"),
        (definition(item(), item()), "/schemes/0/items/1/code"),
        (definition(counted=[MALUS | {"points": 0}]), "/schemes/0/counted/0/points"),
        (definition(counted=[MALUS | {"points": "1e3"}]), "/schemes/0/counted/0/points"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(wrong: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as raised:
        schemes_of(wrong)
    assert raised.value.code == "assessment.faulty"
    assert pointer in {fault.pointer for fault in raised.value.errors}


@pytest.mark.parametrize(
    ("rules", "kind"),
    [
        (scheme(item(metric="nothing@1")), UNKNOWN_METRIC),
        (scheme(item(metric="satisfaction_rate@9")), UNKNOWN_METRIC),
        (scheme(item(metric="received@1")), NOT_A_SHARE),
        (scheme(item(metric="completion_rate_flow@1")), NOT_A_SHARE),
        (scheme(counted=[MALUS]), PUNISHES_INTAKE),
        (scheme(counted=[MALUS | {"metric": "discovered@1"}]), PUNISHES_INTAKE),
        (scheme(groups=[{"code": "a", "name": "a"}, {"code": "b", "name": "b", "households": {"at_least": 5}}]), SHADOWED),
        (
            scheme(groups=[{"code": n, "name": n, "households": {"at_least": size}} for n, size in (("a", 5), ("b", 9))]),
            SHADOWED,
        ),
        (scheme(subjects="persons", kinds=["guide"], groups=[{"code": "a", "name": "a", "roles": ["assistant"]}]), UNGROUPED),
    ],
)
def test_a_lint_finds_what_would_be_unfair_or_empty(rules: Any, kind: str) -> None:
    assert kind in {finding.kind for finding in findings_of(rules)}


def test_a_bonus_for_finding_things_is_no_punishment() -> None:
    assert findings_of(scheme(counted=[MALUS | {"points": 1}])) == []


def test_the_weights_of_the_three_rates_are_written_into_a_run() -> None:
    rules = scheme({key: value for key, value in item().items() if key != "metric"} | {"composite": "three_rates"})
    assert [share.metric for share in rules.items[0].shares] == ["response_rate@1", "resolution_rate@1", "satisfaction_rate@1"]
    (written,) = schemes_of(
        {"schemes": [with_weights(rules.raw, [("response_rate@1", 0), ("resolution_rate_called@1", 40), ("satisfaction_rate@1", 60)])]}
    )
    assert [(share.metric, share.weight) for share in written.items[0].shares] == [
        ("resolution_rate_called@1", 40),
        ("satisfaction_rate@1", 60),
    ]


def test_units_belong_to_the_first_group_that_takes_them() -> None:
    rules = scheme(
        groups=[
            {"code": "named", "name": "n", "units": ["441624108"]}, {"code": "large", "name": "l", "households": {"at_least": 100}},
            {"code": "small", "name": "s", "households": {"below": 50}}, {"code": "rest", "name": "r"},
        ]
    )  # fmt: skip
    expected = {
        ("441624108", 500): "named",
        ("x", 500): "large",
        ("x", 100): "large",
        ("x", 99): "rest",
        ("x", 49): "small",
        ("x", None): "rest",
    }
    for (unit, size), code in expected.items():
        group = rules.group_of(unit, size)
        assert group is not None
        assert group.code == code


async def test_a_lint_looks_at_the_units_there_are(county: TestDatabase) -> None:
    async with unit_of_work(SYSTEM) as work:
        named = [{"code": "a", "name": "a", "units": ["nothing", heping.PENGZHAI]}]
        found = await check_assessment(work.session, definition(groups=named))
        assert {finding.kind for finding in found} == {UNKNOWN_UNIT, UNGROUPED}
        assert [finding.kind for finding in await check_assessment(work.session, {"schemes": 1})] == [MALFORMED]
        assert await check_assessment(work.session, orjson.loads(STANDARD.read_bytes())) == []
