"""The commands that fill a database: what they do, what they say, and how they fail."""

import asyncio
from dataclasses import dataclass

import asyncpg
import pytest
from typer.testing import CliRunner

from daguanjia.command import build
from services.identity import passwords
from services.platform.settings import settings
from tests.county import CHEAP, DATA, PASSWORD

UNITS, DEPARTMENTS = str(DATA / "divisions-heping-441624.csv"), str(DATA / "heping-departments.csv")


@dataclass
class Terminal:
    """Runs commands on a database of the test's own."""

    url: str

    def run(self, *words: str, given: str | None = None) -> tuple[int, str]:
        """Run a command; return its exit code and everything it said, in one line of text."""
        done = CliRunner().invoke(build(), list(words), input=given)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, " ".join(done.output.split())

    def value(self, query: str, *values: object) -> object:
        """Return the first value of a query."""

        async def ask() -> object:
            connection = await asyncpg.connect(self.url)
            try:
                return await connection.fetchval(query, *values)
            finally:
                await connection.close()

        return asyncio.run(ask())


def _on_server(servers, statement):
    async def run() -> None:
        connection = await asyncpg.connect(servers.database_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def _terminal(servers, monkeypatch, template):
    _on_server(servers, f"CREATE DATABASE test_commands TEMPLATE {template}")
    monkeypatch.setenv("DATABASE_URL", servers.named("test_commands"))
    monkeypatch.setattr(passwords, "HASHER", CHEAP)
    settings.cache_clear()
    yield Terminal(servers.named("test_commands"))
    settings.cache_clear()
    _on_server(servers, "DROP DATABASE test_commands WITH (FORCE)")


@pytest.fixture
def bare(servers, monkeypatch):
    yield from _terminal(servers, monkeypatch, "template0")


@pytest.fixture
def migrated(servers, monkeypatch, empty_template):
    yield from _terminal(servers, monkeypatch, empty_template)


@pytest.fixture
def filled(servers, monkeypatch, county_template):
    yield from _terminal(servers, monkeypatch, county_template)


def test_migrate_says_in_one_line_what_it_did(bare):
    code, said = bare.run("migrate")
    assert code == 0
    assert "(was empty)" in said
    assert "already" in bare.run("migrate")[1]
    assert bare.value("SELECT count(*) FROM units") == 0


def test_nothing_is_loaded_into_a_schema_of_another_release(bare):
    code, said = bare.run("load-units", UNITS)
    assert (code, "schema.outdated" in said, "daguanjia migrate" in said) == (2, True, True)


def test_a_county_is_loaded_and_loaded_again(migrated):
    code, said = migrated.run("load-units", UNITS, "--grids", "3")
    assert code == 0
    added = migrated.value("SELECT count(*) FROM units")
    assert f"{added} units added, 0 changed, 0 renumbered, 0 as they were" in said
    assert f"0 units added, 0 changed, 0 renumbered, {added} as they were" in migrated.run("load-units", UNITS, "--grids", "3")[1]
    assert "24 units added" in migrated.run("load-units", DEPARTMENTS)[1]
    categories = migrated.run("load-categories")[1]
    assert f"{migrated.value('SELECT count(*) FROM categories')} categories added, 0 changed" in categories


def test_every_mistake_of_a_file_is_told_with_its_line(filled, tmp_path):
    file = tmp_path / "wrong.csv"
    file.write_text("code,parent_code,name,tier\n441624900,441624,新镇,township\n441624901,999999,孤镇,towship\n", encoding="utf-8")
    code, said = filled.run("load-units", str(file))
    assert code == 2
    assert "line 3, column parent_code" in said
    assert "line 3, column tier" in said
    assert "nothing was loaded" in said
    assert filled.value("SELECT count(*) FROM units WHERE code = '441624900'") == 0


def test_files_that_cannot_be_read_are_one_line(migrated, tmp_path):
    gbk = tmp_path / "gbk.csv"
    gbk.write_bytes("code,parent_code,name,tier\n441624,,和平县,county\n".encode("gbk"))
    for file, told in ((tmp_path / "none.csv", "file.unreadable"), (gbk, "see line 2"), (tmp_path, "file.unreadable")):
        code, said = migrated.run("load-units", str(file))
        assert (code, told in said) == (2, True), said


def _create(terminal, *more, login="first", role="administrator", unit="441624", given=f"{PASSWORD}\n"):
    words = ("create-account", "--login", login, "--name", "甲", "--role", role, "--unit", unit, "--password-file", "-", *more)
    return terminal.run(*words, given=given)


def test_an_account_is_created_with_member_and_post(filled):
    code, said = _create(filled)
    assert (code, said) == (0, "first can sign in as administrator of 441624.")
    assert filled.value("SELECT password_hash FROM accounts WHERE login = 'first'").startswith("$argon2id$")
    taken = _create(filled)
    assert (taken[0], "account.login_taken" in taken[1]) == (2, True)
    assert filled.value("SELECT count(*) FROM members WHERE name = '甲'") == 1, "of a refused account nothing is left"


def test_a_party_member_becomes_guide(filled):
    assert "as guide of" in _create(filled, "--party-member", role="grid_instructor", unit="441624108213002")[1]
    code, said = _create(filled, login="second", role="guide", unit="441624108213002")
    assert (code, "post.role_follows_party_membership" in said) == (2, True)


def test_what_is_wrong_with_an_account_is_named(filled):
    cases = (
        ({"login": "a b"}, "--login"),
        ({"role": "king"}, "--role"),
        ({"unit": "nowhere"}, "unit.unknown"),
        ({"given": "short\n"}, "account.password_too_short"),
        ({"role": "grid_worker"}, "post.role_does_not_fit_unit"),
    )
    for changed, told in cases:
        code, said = _create(filled, **changed)
        assert (code, told in said) == (2, True), said
    assert filled.value("SELECT count(*) FROM accounts WHERE login = 'first'") == 0


def test_the_password_is_asked_for_twice(filled):
    words = ("create-account", "--login", "asked", "--name", "甲", "--role", "administrator", "--unit", "441624")
    code, said = filled.run(*words, given=f"{PASSWORD}\n{PASSWORD}\n")
    assert code == 0, said
    assert PASSWORD not in said


def _first(terminal, login="boss", given=f"{PASSWORD}\n", password_file="-"):
    return terminal.run("first-administrator", "--login", login, "--name", "乙", "--password-file", password_file, given=given)


def _disable(terminal, login):
    assert terminal.value("UPDATE accounts SET disabled_at = now() WHERE login = $1 RETURNING login", login) == login


def test_the_first_administrator_is_made_by_the_command_and_only_the_first(filled, tmp_path):
    assert "--password " not in filled.run("first-administrator", "--help")[1], "a password is no argument"
    code, said = _first(filled)
    assert (code, "account.administrator_there" in said) == (2, True), "the county has one"
    _disable(filled, "admin")
    wrong = _first(filled, given="short\n")
    assert (wrong[0], "account.password_too_short" in wrong[1]) == (2, True), wrong
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    code, said = _first(filled, given="", password_file=str(file))
    assert (code, said) == (0, "boss can sign in as administrator of 441624, and add everybody else.")
    code, said = _first(filled, login="second")
    assert (code, "account.administrator_there" in said) == (2, True)
    assert filled.value("SELECT count(*) FROM accounts WHERE login = 'second'") == 0


def test_an_administrator_who_cannot_sign_in_is_none(filled):
    _disable(filled, "admin")
    assert _first(filled)[0] == 0
    _disable(filled, "boss")
    assert _first(filled, login="second")[0] == 0
    ended = "UPDATE posts SET valid_to = valid_from WHERE valid_to IS NULL AND role = 'administrator' RETURNING role"
    assert filled.value(ended) == "administrator"
    assert _first(filled, login="third")[0] == 0
