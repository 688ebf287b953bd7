"""The threat model names, for every line, tests that exist."""

import ast
import re

from tests.architecture.printing import ROOT

TEXT = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
PARTS = {
    "doors", "worker", "database roles", "Redis", "store of files", "webhooks out", "webhooks in", "pages", "anchors",
    "operators of servers", "operators of the hotline", "database administrator", "backups",
}  # fmt: skip


def rows(heading: str) -> list[list[str]]:
    """Return the cells of each line of the table under a heading, without its head."""
    section = TEXT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_line_names_tests_and_every_test_named_exists():
    for row in rows("STRIDE") + rows("OWASP API Security Top 10 (2023)"):
        named = NAMED.findall(row[-1])
        assert named, row
        assert not NAMED.sub("", row[-1]).strip(), f"{row[:3]}: something is no test"
        for path, test in named:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
            assert test in there, f"{path} has no {test}"


def test_every_part_and_every_kind_of_threat_is_thought_of():
    lines = rows("STRIDE")
    assert all(len(row) == 5 and all(row) for row in lines)
    assert {row[0] for row in lines} >= PARTS
    assert {row[1] for row in lines} == set("STRIDE")
    assert {row[1] for row in lines if row[0] == "doors"} == set("STRIDE")


def test_all_ten_risks_are_there():
    assert [row[0] for row in rows("OWASP API Security Top 10 (2023)")] == [f"API{number}" for number in range(1, 11)]
