"""What documents say exists does exist."""

import re
import subprocess
from pathlib import Path

import pytest
import typer

from daguanjia.command import app
from dispatch_worker.duties import HEARTBEAT, SHARED
from migrations.rows import metadata
from services.complaints.models import CHANNELS
from services.deadlines.models import STAGES
from services.journal.subscriptions import HANDLERS
from services.organization.models import KINDS, ROLES
from services.platform.settings import Settings
from services.tickets.deciding import EVENT_TYPES
from services.tickets.lifecycle import ACTION_NAMES, RELATION_NAMES, STATUS_NAMES
from services.tickets.numbers import read_number
from tests.architecture.printing import ROOT

LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")
IMAGE_SOURCE = re.compile(r'(?:src|srcset|href)="([^"]+)"')
FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"(?:^    .*\n?)+", re.MULTILINE)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
COMMAND = re.compile(r"(?:^|[;&|(]|\s)\s*(?:[A-Z_]+=\S+\s+)*(make|(?:\.venv/bin/)?daguanjia)((?:\s+[^\s;&|()]+)*)", re.MULTILINE)
WORD = re.compile(r"[a-z][a-z0-9-]*")
PATH = re.compile(r"(?:services|intake_api|dispatch_worker|reporting_api|daguanjia|migrations|tests|deploy|docs)/[\w./-]*\.(?:py|md|csv)")


def files() -> list[Path]:
    """Return the files of the project: what git tracks, or what lies here where this is no checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in ROOT.rglob("*") if path.is_file() and path.relative_to(ROOT).parts[0] not in (".venv", ".local")]


FILES = files()
DOCUMENTS = [path for path in FILES if path.suffix == ".md" and path.exists()]
EACH = pytest.mark.parametrize("document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])


def without_code(text: str) -> str:
    return INLINE.sub("", FENCED.sub("", text))


def commands_in(text: str) -> list[tuple[str, list[str]]]:
    """Return every make and daguanjia command of the code in a document: the program, and the words after it."""
    code = [match.group(1) for match in FENCED.finditer(text)]
    rest = FENCED.sub("", text)
    code += [match.group() for match in INDENTED.finditer(rest)]
    found = [line for block in code for line in block.splitlines() if not line.lstrip().startswith("#")]
    found += [span for span in INLINE.findall(rest) if span.startswith(("make ", "daguanjia "))]
    return [(match.group(1).rsplit("/", 1)[-1], match.group(2).split()) for line in found for match in COMMAND.finditer(line)]


def options_of_commands() -> dict[str, set[str]]:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return {name: {option for parameter in command.params for option in parameter.opts} for name, command in commands.items()}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@EACH
def test_every_relative_link_leads_to_a_tracked_file(document):
    text = document.read_text(encoding="utf-8")
    known = {path for file in FILES for path in (file, *file.parents)}
    for target in LINK.findall(without_code(text)) + IMAGE_SOURCE.findall(text):
        place = target.partition("#")[0]
        if "://" in target or target.startswith("mailto:") or not place:
            continue
        assert (document.parent / place).resolve() in known, f"{document.relative_to(ROOT)} links to {target}"


@EACH
def test_every_anchor_is_a_heading(document):
    for target in LINK.findall(without_code(document.read_text(encoding="utf-8"))):
        place, _, anchor = target.partition("#")
        if "://" in target or not anchor:
            continue
        other = (document.parent / place).resolve() if place else document
        headings = re.findall(r"^#+ +(.+)$", other.read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor in anchors, f"{document.relative_to(ROOT)} links to {target}"


@EACH
def test_every_file_named_in_code_marks_exists(document):
    for span in INLINE.findall(FENCED.sub("", document.read_text(encoding="utf-8"))):
        if PATH.fullmatch(span):
            assert (ROOT / span).exists(), f"{document.relative_to(ROOT)} names {span}"


@EACH
def test_every_command_shown_exists(document):
    targets, options = make_targets(), options_of_commands()
    for program, words in commands_in(document.read_text(encoding="utf-8")):
        named = [word for word in words if WORD.fullmatch(word)]
        if program == "make":
            for word in words[:1]:
                assert word in targets or "=" in word, f"{document.relative_to(ROOT)}: make {word}"
            continue
        if not named or words[0] != named[0]:
            continue
        assert named[0] in options, f"{document.relative_to(ROOT)}: daguanjia {named[0]}"
        for word in words[1:]:
            if word.startswith("--"):
                assert word.partition("=")[0] in options[named[0]], f"{document.relative_to(ROOT)}: daguanjia {named[0]} {word}"


def test_the_documents_show_commands_at_all():
    readme = commands_in((ROOT / "README.md").read_text(encoding="utf-8"))
    assert ("make", ["run"]) in readme
    assert ("make", ["test"]) in readme
    assert "load-units" in {words[0] for _, words in commands_in((ROOT / "docs/operations.md").read_text(encoding="utf-8")) if words}


def test_every_setting_is_explained_once_with_its_default():
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", text, re.MULTILINE))
    for name, field in Settings.model_fields.items():
        setting = str(field.validation_alias or f"DAGUANJIA_{name.upper()}")
        value = field.default.get_secret_value() if hasattr(field.default, "get_secret_value") else field.default
        shown = "empty" if value in ("", ()) else f"`{value}`"
        assert rows.pop(setting, None) == shown, setting
    assert not rows, f"explained, but no setting: {sorted(rows)}"


def test_the_glossary_binds_the_words_of_the_code():
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    for code, name in STATUS_NAMES.items():
        assert f"`{code}` {name}" in text
    for action, name in ACTION_NAMES.items():
        assert f"| {action} | {name} | {EVENT_TYPES[action]} |" in text
    for relation, name in RELATION_NAMES.items():
        assert f"`{relation}` {name}" in text
    for role, name in ROLES.items():
        assert f"| {role} | {name} |" in text
    for word in (*CHANNELS, *CHANNELS.values(), *STAGES, *KINDS, *HANDLERS):
        assert word in text, word


def test_every_ticket_number_shown_is_one():
    """Whoever types an example in is told "not found", never "mistyped"."""
    ours = [path for path in FILES if path.suffix in (".md", ".py") and path.exists() and path.relative_to(ROOT).parts[0] != "tests"]
    shown = {number: path for path in ours for number in re.findall(r"\b20\d{6}-\d{6}-\d\b", path.read_text(encoding="utf-8"))}
    assert shown
    for number, path in shown.items():
        assert read_number(number), f"{path.relative_to(ROOT)} shows {number}"


def test_the_architecture_names_every_table():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text[text.index("## The data") : text.index("## The doors")], re.MULTILINE)
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(metadata.tables)


def test_every_decision_is_listed_once():
    listed = re.findall(r"^\| \[(\d{4})\]\((\S+)\)", (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for _, name in listed] == sorted(path.name for path in (ROOT / "docs/decisions").glob("0*.md"))
    assert all(name.startswith(f"{number}-") for number, name in listed)
    assert [int(number) for number, _ in listed] == list(range(1, len(listed) + 1))


def test_operations_explains_every_duty():
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text[text.index("## Duties") : text.index("## What to watch")], re.MULTILINE)
    assert {name: every.strip() for name, every in rows} == {duty.name: spoken(duty.every) for duty in (*SHARED, HEARTBEAT)}


def spoken(seconds: float) -> str:
    """Return how often a duty is done, as the table says it."""
    for size, unit in ((3600, "h"), (60, "min")):
        if not seconds % size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def test_every_channel_page_is_listed():
    pages = ROOT / "docs/channels"
    listed = LINK.findall((pages / "README.md").read_text(encoding="utf-8"))
    assert {path.name for path in pages.glob("*.md")} - {"README.md"} <= set(listed)
