"""The commands about rules: what they do, what they say, and how they fail."""

import json

import pytest

from tests.command.test_loading import Terminal, filled, migrated

__all__ = ["filled", "migrated"]

EARLY = {"code": "early", "levels": [{"name": "urge", "before": {"percent": 20}}, {"name": "list", "after": {"percent": 0}}]}


@pytest.fixture
def rules(filled: Terminal, tmp_path):
    """A terminal, and a way to write a definition into a file."""

    def write(definition, name="rules.json"):
        path = tmp_path / name
        path.write_text(definition if isinstance(definition, str) else json.dumps(definition), encoding="utf-8")
        return str(path)

    return filled, write


def test_a_ladder_from_the_first_draft_to_the_way_back(rules):
    terminal, write = rules
    assert json.loads(terminal.run("policies", "ladder:0")[1]) == {"rules": []}
    dead = write({"rules": [EARLY, {**EARLY, "code": "never"}]})
    code, said = terminal.run("draft-policy", dead, "--note", "试行")
    assert (code, "Drafted as ladder:1." in said, "shadowed: never:" in said) == (0, True, True), said
    code, said = terminal.run("activate-policy", "ladder:1")
    assert (code, "policy.blocked" in said, "shadowed never" in said) == (2, True, True), said
    assert terminal.run("draft-policy", write({"rules": [EARLY]}))[0] == 0
    assert "in force from" in terminal.run("activate-policy", "ladder:2")[1]
    code, said = terminal.run("revert-policy", "ladder:0", "--at", "2027-01-01", "--note", "明年再说")
    assert (code, "ladder:3 repeats ladder:0 and is in force from 2027年1月1日 00:00." in said) == (0, True), said
    assert "ladder:3 is withdrawn." in terminal.run("withdraw-policy", "ladder:3")[1]
    assert terminal.run("withdraw-policy", "ladder:2")[0] == 2
    listed = terminal.run("policies", "ladder")[1]
    assert all(state in listed for state in ("withdrawn", "in_force", "draft", "试行"))
    assert (
        terminal.value("SELECT count(*) FROM events WHERE subject_kind = 'policy' AND actor_kind = 'system' AND data->>'kind' = 'ladder'")
        == 6
    )


def test_what_cannot_be_is_one_clear_line(rules):
    terminal, write = rules
    cases = (
        (("activate-policy", "ladder"), "policy.version_wrong"),
        (("activate-policy", "laws:1"), "policy.kind_unknown"),
        (("activate-policy", "ladder:7"), "policy.unknown"),
        (("activate-policy", "calendar:1", "--at", "soon"), "policy.instant_wrong"),
        (("draft-policy", write({"colour": 1}, "colour.json")), "policy.kind_unclear"),
        (("draft-policy", write("[1,", "broken.json")), "file.not_json"),
        (("simulate",), "simulation.nothing_named"),
        (("simulate", "--policy", "ladder:0", "--to", "2026-01-01"), "simulation.period_wrong"),
        (("simulate", "--policy", "ladder:0", "--from", "2026-02-01", "--to", "2026-01-01"), "simulation.period_wrong"),
        (("simulate", "--policy", "ladder:0", "--from", "0001-01-01"), "simulation.period_wrong"),
        (("simulate", "--policy", "ladder:0", "--from", "2026-02-01", "--to", "9999-12-31"), "simulation.period_wrong"),
        (("draft-policy", write({"rules": [], "note": "\x00"}, "nul.json")), "file.nul"),
        (("simulate", write({"rules": 7}, "seven.json")), "policy.blocked"),
        (("load-calendar", "--file", write({"2027": {}}, "empty.json")), "calendar.faulty"),
        (("load-calendar", "2028", "--file", write({"2027": {}}, "other.json")), "calendar.year_missing"),
    )
    for words, told in cases:
        code, said = terminal.run(*words)
        assert (code, told in said) == (2, True), (words, said)
    assert terminal.value("SELECT count(*) FROM policies WHERE kind <> 'catalogue'") == 1


def test_an_announced_year_is_loaded_from_a_file_once(rules):
    terminal, write = rules
    listed = write(
        {
            "years": {
                "2027": {"official": True, "source": "国务院办公厅通知", "off": {"2027-01-01": "元旦"}, "on": {"2027-01-03": "元旦调休"}}
            }
        }
    )
    first, again = terminal.run("load-calendar", "2027", "--file", listed), terminal.run("load-calendar", "--file", listed)
    assert "2025, 2026, 2027" in first[1], first
    assert again[1].startswith("0 days changed.")
    assert terminal.run("load-calendar", "2027")[1].startswith("0 days changed."), "an estimate never replaces it"
    assert terminal.value("SELECT max(version) FROM policies WHERE kind = 'calendar'") == 2


def test_a_catalogue_file_is_tried_without_being_loaded(rules):
    terminal, write = rules
    from tests.county import DATA

    text = (DATA / "categories.csv").read_text(encoding="utf-8").replace("60nd", "30nd")
    code, said = terminal.run("simulate", write(text, "categories.csv"), "--from", "2026-01-01", "--to", "2026-03-31")
    assert (code, "catalogue, 2026-01-01 to 2026-03-31: 0 matters" in said) == (0, True), said
    found = json.loads(terminal.run("simulate", write(text, "categories.csv"), "--json")[1])
    assert (found["moved"], found["deadlines"]["moved"], found["findings"]) == ([], 0, [])
    assert terminal.value("SELECT count(*) FROM policies WHERE kind = 'catalogue'") == 1


def test_without_units_a_catalogue_is_loaded_and_what_could_not_be_checked_is_said(migrated: Terminal, tmp_path):
    from tests.county import DATA

    code, said = migrated.run("load-categories")
    assert (code, "No units are loaded yet" in said) == (0, True), said
    lines = (DATA / "categories.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("".join(line for line in lines if not line.startswith("water.pond,")), encoding="utf-8")
    assert "it stays as it is" in migrated.run("load-categories", str(fewer), "--unless-loaded")[1]
    assert "1 left out: inactive from now on." in migrated.run("load-categories", str(fewer))[1]
    assert migrated.value("SELECT active FROM categories WHERE code = 'water.pond'") is False
    assert migrated.run("load-units", str(DATA / "divisions-heping-441624.csv"))[0] == 0
    code, said = migrated.run("load-categories")
    assert (code, "policy.blocked" in said, "nobody_responsible" in said) == (2, True, True), "no department is there yet"
    assert migrated.run("load-units", str(DATA / "heping-departments.csv"))[0] == 0
    assert "1 categories added" in migrated.run("load-categories")[1]
    assert migrated.value("SELECT active AND version = 1 FROM categories WHERE code = 'water.pond'") is True
