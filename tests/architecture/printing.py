"""The documents that are printed from code. `make docs` writes them; a test fails where they are stale."""

import json
from collections.abc import Callable
from pathlib import Path

from services.exports.dictionary import printed as data_dictionary
from services.tickets.lifecycle import ACTION_NAMES, RELATION_NAMES, SAME, STATUS_NAMES, TABLE
from tests.architecture.permissions import printed as permissions

ROOT = Path(__file__).parents[2]


def lifecycle() -> str:
    """Return docs/lifecycle.md."""
    lines = [
        "# The life of a ticket",
        "",
        "Printed from `services/tickets/lifecycle.py` by `make docs`; do not edit.",
        "",
        "| status | 中文 |",
        "|---|---|",
        *(f"| `{status}` | {name} |" for status, name in STATUS_NAMES.items()),
        "",
        "Who: " + "; ".join(f"`{relation}` {name}" for relation, name in RELATION_NAMES.items()) + ".",
        "",
        "| in status | action | 中文 | leads to | by | needs | clocks |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in TABLE:
        to = "as it was" if row.to == SAME else f"`{row.to}`"
        by = ", ".join(sorted(row.by))
        lines.append(f"| `{row.status}` | `{row.action}` | {ACTION_NAMES[row.action]} | {to} | {by} | {row.needs} | {row.clocks} |")
    return "\n".join(lines) + "\n"


def metrics() -> str:
    """Return docs/metrics.md."""
    from services.exports.definitions import every_definition

    lines = [
        "# Figures and what they say 指标定义",
        "",
        "Printed from `services/reports/registry.py` and its families by `make docs`; do not edit. The same is at `GET /v1/metrics`.",
        "",
        "Each answer names the definition it follows as `id@version` and the instant it was true at. A definition never changes; another",
        "one gets the next version or another id. Rates are rounded half up from the exact fraction; without anything to divide by: —.",
        "",
        "**Periods**: days in Asia/Shanghai, both included, or instants with their offset (`from` ≤ t < `to`).",
        "**Comparison** (`compare`): the period before (环比): as many whole months before whole months, as much of",
        "the month, quarter or year before one that has begun, as long a time before anything else; and the same",
        "dates a year before (同比), 28 February for 29 February. A rate changes by percentage points (百分点) of the",
        "printed digits, a count by a number and per cent of what it was. **Shares** (占比) of rows add up to",
        "exactly 100 by the largest remainder; rounded by itself each stands beside. **as_of**: the same question,",
        "answered as it was known then.",
    ]
    definitions = every_definition()
    for family in dict.fromkeys(definition.family for definition in definitions):
        lines += ["", f"## {family}", "", "| metric | 中文 | unit | counted | of | by | note |", "|---|---|---|---|---|---|---|"]
        for found in (definition for definition in definitions if definition.family == family):
            parts = [
                f"{words}<br>`{code}`" if words else ""
                for words, code in ((found.numerator, found.numerator_code), (found.denominator, found.denominator_code))
            ]
            cells = (f"`{found.key}`<br>{found.english}", found.name, found.unit, *parts, found.period, found.note)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _openapi(module: str) -> Callable[[], str]:
    def written() -> str:
        import importlib

        app = importlib.import_module(module).app
        return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    return written


PRINTED: dict[str, Callable[[], str]] = {
    "docs/lifecycle.md": lifecycle,
    "docs/metrics.md": metrics,
    "docs/permissions.md": permissions,
    "docs/data-dictionary.md": data_dictionary,
    "docs/openapi/intake.json": _openapi("intake_api.app"),
    "docs/openapi/reporting.json": _openapi("reporting_api.app"),
}


def write_all() -> None:
    """Write every printed document."""
    for name, content in PRINTED.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content(), encoding="utf-8")


if __name__ == "__main__":
    write_all()
