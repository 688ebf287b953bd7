"""The house rules, as a program."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.printing import PRINTED, ROOT

PACKAGES = ("services", "intake_api", "dispatch_worker", "reporting_api", "daguanjia")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
BANNED_NAMES = {"utils.py", "helpers.py", "common.py", "manager.py", "service.py", "misc.py"}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def calls(tree: ast.AST):
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_no_file_is_longer_than_400_lines_and_no_function_than_40():
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 400, f"{named(path)} has {text.count(chr(10))} lines; look for a seam"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body
                documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
                start = body[0].end_lineno if documented else node.lineno
                assert node.end_lineno - start <= 40, f"{named(path)}: {node.name} has {node.end_lineno - start} lines"


def test_files_are_named_for_the_business():
    assert not [named(path) for path in SOURCES if path.name in BANNED_NAMES]


def test_only_the_platform_reads_the_clock_in_services():
    reads = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|\btime\.time\(")
    for path in SOURCES:
        if path.is_relative_to(ROOT / "services") and not path.is_relative_to(ROOT / "services/platform"):
            assert not reads.search(path.read_text(encoding="utf-8")), f"{named(path)} reads the clock; take work.now"


def test_only_the_platform_commits():
    for path in SOURCES:
        if path.is_relative_to(ROOT / "services/platform"):
            continue
        for node in calls(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node.func, ast.Attribute) and node.func.attr == "commit"), f"{named(path)}:{node.lineno} commits"


def test_only_deciding_and_opening_set_a_ticket_status():
    """Ticket columns are set by dicts of values: no other file of the room may write the key."""
    for path in sorted((ROOT / "services/tickets").glob("*.py")):
        if path.name in {"deciding.py", "opening.py", "queries.py", "views.py", "filters.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            keys = node.keys if isinstance(node, ast.Dict) else [node.slice] if isinstance(node, ast.Subscript) else []
            for key in keys:
                assert not (isinstance(key, ast.Constant) and key.value == "status"), f"{named(path)}:{key.lineno} writes a status"


def test_nothing_above_tickets_updates_the_tickets_table():
    for path in SOURCES:
        if path.is_relative_to(ROOT / "services/tickets"):
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"update\(Ticket\b|UPDATE tickets\b", text), f"{named(path)} updates tickets itself"


def test_no_tracked_file_names_a_machine_path_or_a_registry():
    machine = re.compile(r"(^|[^A-Za-z0-9_.])/(wo" + r"rk|fa" + r"rm)/", re.MULTILINE)
    registry = re.compile(r"py" + r"pi\.org|pythonho" + r"sted|npm" + r"js\.(org|com)|deb\.deb" + r"ian\.org")
    for path in tracked():
        if path.is_file() and path.stat().st_size < 2_000_000:
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not machine.search(text), f"{named(path)} names a path of one machine"
            assert not registry.search(text), f"{named(path)} names a package registry"


def test_nothing_is_left_unfinished():
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|raise NotImplemented" + r"Error")
    for path in tracked():
        if path.suffix == ".py":
            assert not marks.search(path.read_text(encoding="utf-8")), f"{named(path)} is unfinished"


@pytest.mark.parametrize("name", PRINTED)
def test_printed_documents_are_fresh(name):
    path = ROOT / name
    assert path.exists(), f"{name} is missing; run `make docs`"
    assert path.read_text(encoding="utf-8") == PRINTED[name](), f"{name} is stale; run `make docs`"


@pytest.mark.parametrize("name", [one for one in PRINTED if one.endswith(".json")])
def test_every_shape_has_a_name_of_its_own(name):
    import json

    shapes = json.loads(PRINTED[name]())["components"]["schemas"]
    doubled = [shape for shape in shapes if "__" in shape]
    assert not doubled, "two classes of one name, which clients would get as paths of modules: rename one"


def test_every_operation_has_examples():
    import json

    for name in ("docs/openapi/intake.json", "docs/openapi/reporting.json"):
        schema = json.loads((ROOT / name).read_text(encoding="utf-8"))
        for path, operations in schema["paths"].items():
            for method, operation in operations.items():
                bodies = [operation.get("requestBody", {})]
                bodies += [answer for status, answer in operation["responses"].items() if status.startswith("2")]
                for body in bodies:
                    for kind, media in body.get("content", {}).items():
                        assert "example" in media or "examples" in media, f"{name}: {method} {path} ({kind}) has no example"
