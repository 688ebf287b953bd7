"""`.env.example`, the settings and docker-compose.yml say the same."""

import re
from pathlib import Path

from services.platform.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
OF_THE_COMMAND = {"DAGUANJIA_PG_BIN", "DAGUANJIA_VALKEY_SERVER", "DAGUANJIA_INTAKE_PORT", "DAGUANJIA_REPORTING_PORT"}
COMPOSE = re.findall(r"\$\{(\w+)(?::?-([^}]*))?\}", (EXAMPLE.parent / "docker-compose.yml").read_text())


def test_example_names_every_setting_with_its_default(monkeypatch) -> None:
    for name in ("DATABASE_URL", "REPORTING_DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines)
    fields = Settings.model_fields
    expected = {str(field.validation_alias or f"DAGUANJIA_{name.upper()}") for name, field in fields.items()}
    assert set(given) == expected | OF_THE_COMMAND | {name for name, _ in COMPOSE}
    for name, default in COMPOSE:
        assert given[name] == default, name
    for name, field in fields.items():
        shown = given[str(field.validation_alias or f"DAGUANJIA_{name.upper()}")]
        default = field.default
        plain = default.get_secret_value() if hasattr(default, "get_secret_value") else default
        assert shown == ("" if plain in ("", ()) else str(plain)), name
