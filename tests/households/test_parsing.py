"""A file of households: good lines are read, bad ones named, whatever stands beside them."""

from uuid import uuid4

from services.households.parsing import parse_households
from services.organization.tree import UnitNode, UnitTree
from services.platform.clock import local_day, now


def _tree() -> UnitTree:
    village = _unit("v", "village", "village", "/c/v/", None)
    grid = _unit("g", "grid", "grid", "/c/v/g/", village)
    town = _unit("t", "township", "township", "/c/t/", None)
    return UnitTree([village, grid, town], [], local_day(now()), "c")


def _unit(code: str, kind: str, tier: str, path: str, parent: UnitNode | None) -> UnitNode:
    return UnitNode(uuid4(), code, kind, tier, code, (), parent.id if parent else None, path, None, None, None, active=True)


def test_good_lines_are_read_though_others_are_bad() -> None:
    text = (
        "unit,number,head,phone,people\n"
        "g,3-012,黄某某,138 0000 0123,4\n"
        "v,３－０１３,,,\n"  # full-width digits are plain ones
        "t,1,,,\n"
        "nowhere,1,,,\n"
        "g,,,,\n"
        "g,4,,not a phone,\n"
        "g,5,,,101\n"
        "v,3-012,,,\n"
    )
    parsed = parse_households(text, _tree())
    assert [(one.unit.code, one.number, one.phone, one.people) for one in parsed.households] == [
        ("g", "3-012", "13800000123", 4), ("v", "3-013", None, None),
    ]  # fmt: skip
    assert [(error.line, error.column) for error in parsed.errors] == [
        (4, "unit"), (5, "unit"), (6, "number"), (7, "phone"), (8, "people"), (9, "number"),
    ]  # fmt: skip
    assert "line 2" in parsed.errors[-1].message, "a household listed twice is one, and said so"
    assert "黄" not in repr(parsed.households[0]), "what is printed by accident names nobody"


def test_a_broken_header_reads_nothing() -> None:
    parsed = parse_households("unit,who\ng,1\n", _tree())
    assert not parsed.households
    assert {error.column for error in parsed.errors} == {"number", "who"}
