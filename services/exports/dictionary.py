"""The data dictionary as a page, printed from the sources themselves."""

from services.exports.columns import KIND_WORDS
from services.exports.source import Source
from services.exports.sources import SOURCES

_HEAD = """# Data dictionary

Printed from `services/exports/` (`sources.py`, `further_sources.py`, `judged_sources.py`, `known_columns.py`) by `make docs`; do not edit.

What can be exported, saved and delivered ([exports](exports.md)), and what each column means. CSV and XLSX print the heading, Parquet and
JSON use the code. A code means the same in every table. Instants are Asia/Shanghai in CSV and XLSX, UTC in Parquet and JSON. An empty cell
is "not known" or "does not apply", never 0.
"""


def printed() -> str:
    """Return docs/data-dictionary.md."""
    return "\n".join([_HEAD, *(line for source in SOURCES.values() for line in _section(source))])


def _section(source: Source) -> list[str]:
    asked = ", ".join(f"`{name}`" for name in source.parameters) or "nothing"
    rows = [
        f"| `{column.code}` | {column.heading} | {column.english} | {KIND_WORDS[column.kind]} | {column.unit} | {_cell(column.meaning)} |"
        for column in source.columns
    ]
    return [
        f"## `{source.code}`: {source.title}",
        "",
        f"{source.english}. May be asked: {asked}.",
        "",
        "| code | 列名 | English | 类型 | 单位 | 含义 |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
