"""What a column of a table is: its code, how people call it, what its values are and what they mean. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

Kind = Literal["text", "integer", "number", "boolean", "instant", "day"]
KIND_WORDS: dict[Kind, str] = {
    "text": "文字",
    "integer": "整数",
    "number": "数值",
    "boolean": "是/否",
    "instant": "时刻（CSV、XLSX 为北京时间，Parquet 为 UTC）",
    "day": "日期（北京时间）",
}
"""How the dictionary calls the kinds."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `heading` is what CSV and XLSX print, `code` what Parquet and JSON call it; `unit` is empty where there is none."""

    code: str
    heading: str
    english: str
    kind: Kind
    meaning: str
    unit: str = ""


Row = Sequence[Any]


def columns_like(header: Sequence[str], rows: Iterable[Row]) -> tuple[Column, ...]:
    """Return columns for a table of which only the headings are known; what a column holds is told by its first value."""
    found: dict[int, Kind] = {}
    for row in rows:
        for nth, value in enumerate(row):
            if value is not None and nth not in found:
                found[nth] = kind_of(value)
        if len(found) == len(header):
            break
    return tuple(Column(name, name, name, found.get(nth, "text"), "") for nth, name in enumerate(header))


def kind_of(value: Any) -> Kind:
    """Return what kind a value is; whatever is nothing else is text."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float | Decimal):
        return "number"
    if isinstance(value, datetime):
        return "instant"
    return "day" if isinstance(value, date) else "text"
