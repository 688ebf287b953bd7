"""`.env.example`, the settings and docker-compose.yml say the same."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from services.platform.settings import _FROM_FILE, Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
OF_THE_COMMAND = {"DAGUANJIA_PG_BIN", "DAGUANJIA_VALKEY_SERVER", "DAGUANJIA_INTAKE_PORT", "DAGUANJIA_REPORTING_PORT"}
COMPOSE_FILE = (EXAMPLE.parent / "docker-compose.yml").read_text()
COMPOSE = re.findall(r"\$\{(\w+)(?::?-([^}]*))?\}", COMPOSE_FILE)
SERVICES = yaml.safe_load(COMPOSE_FILE)["services"]
OPERATIONS = (EXAMPLE.parent / "docs" / "operations.md").read_text()
READERS = {
    "all": {"intake", "reporting", "worker"},
    "HTTP doors": {"intake", "reporting"},
    "intake_api": {"intake"},
    "reporting_api": {"reporting"},
    "worker": {"worker"},
}
VOLUMES = {"DAGUANJIA_EXCHANGE_FILES": "exchange"}
"""Directories of the host which, where none is named, are an empty volume instead."""
PUBLISHED = {"DAGUANJIA_INTAKE_URL", "DAGUANJIA_PAGE_ORIGINS"}
"""Where compose publishes the doors: it says so itself; by themselves the settings are empty."""


def name_of(setting: str) -> str:
    """Return the name of a setting of ours in the environment."""
    return f"DAGUANJIA_{setting.upper()}"


def test_example_names_every_setting_with_its_default(monkeypatch) -> None:
    for name in ("DATABASE_URL", "REPORTING_DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines)
    fields = Settings.model_fields
    expected = {str(field.validation_alias or f"DAGUANJIA_{name.upper()}") for name, field in fields.items()}
    assert set(given) == expected | OF_THE_COMMAND | {name for name, _ in COMPOSE}
    for name, default in COMPOSE:
        assert given[name] == ("" if VOLUMES.get(name) == default else default), name
    for name, field in fields.items():
        shown = given[str(field.validation_alias or f"DAGUANJIA_{name.upper()}")]
        default = field.default
        plain = default.get_secret_value() if hasattr(default, "get_secret_value") else default
        expected_here = dict(COMPOSE)[name_of(name)] if name_of(name) in PUBLISHED else "" if plain in ("", ()) else str(plain)
        assert shown == expected_here, name


def read_by() -> dict[str, set[str]]:
    """Return which services read each setting, as docs/operations.md says."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| [^|]+ \| ([^|]+) \|", OPERATIONS, re.MULTILINE)
    return {name: set().union(*(READERS[reader] for reader in readers.strip().split(", "))) for name, readers in rows}


@pytest.mark.parametrize("service", ["intake", "reporting", "worker"])
def test_compose_gives_each_service_what_it_reads(service: str) -> None:
    environment = set(SERVICES[service]["environment"])
    for name, readers in read_by().items():
        if service in readers and name != "DAGUANJIA_HOME":  # the image says where that is
            expected = f"{name}_FILE" if name in _FROM_FILE else name
            assert expected in environment, f"{service} lacks {expected}"


@pytest.mark.parametrize("service", ["intake", "reporting", "worker"])
def test_compose_gives_secrets_as_files_and_to_those_alone_who_need_them(service: str) -> None:
    readers = read_by()
    environment, files = SERVICES[service]["environment"], set(SERVICES[service]["secrets"])
    assert not set(_FROM_FILE) & set(environment)
    named = {name.removesuffix("_FILE"): path for name, path in environment.items() if str(path).startswith("/run/secrets/")}
    assert set(named) == {name for name in _FROM_FILE if service in readers[name]}
    assert {path.removeprefix("/run/secrets/") for path in named.values()} == files


def test_make_secrets_makes_every_file_compose_names(tmp_path: Path) -> None:
    maker = EXAMPLE.parent / "deploy" / "make-secrets"
    subprocess.run([str(maker), str(tmp_path)], check=True, capture_output=True)
    assert {path.name for path in tmp_path.iterdir()} == set(yaml.safe_load(COMPOSE_FILE)["secrets"])
    own = {"postgres_password", "daguanjia_secret", "anchor_key", "valkey.conf", "database_url", "redis_url"}
    assert {path.name for path in tmp_path.iterdir() if path.stat().st_size} == own, "what others give us is theirs to give"
    (tmp_path / "wechat_token").write_text("as-given")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert subprocess.run([str(maker), str(tmp_path)], check=True, capture_output=True, text=True).stdout == ""
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_empty_file_is_a_setting_that_is_not_set(tmp_path: Path, monkeypatch) -> None:
    for text, expected in (("", ""), ("token580\n", "token580")):
        (tmp_path / "token").write_text(text)
        monkeypatch.delenv("DAGUANJIA_WECHAT_TOKEN", raising=False)
        monkeypatch.setenv("DAGUANJIA_WECHAT_TOKEN_FILE", str(tmp_path / "token"))
        assert Settings().wechat_token.get_secret_value() == expected
