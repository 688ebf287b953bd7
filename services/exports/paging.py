"""From the answers of rooms to rows of a table: page after page, members by the codes of columns."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.exports.columns import Column, Kind, Row
from services.platform.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows; and, with the first of them, how many there will be."""

    rows: Sequence[Row]
    total: int | None = None


Fetched = tuple[int | None, Sequence[BaseModel], Any]
Line = dict[str, Any]


async def paged(
    _work: Work,
    fetch: Callable[[Any], Awaitable[Fetched]],
    columns: Sequence[Column],
    more: Callable[[Line], Line] | None = None,
) -> AsyncIterator[Page]:
    """Yield pages until the list ends. `fetch` gets the place to go on from, None at first; `more` adds members to a line."""
    after: Any = None
    while True:
        total, items, following = await fetch(after)
        lines = (item.model_dump() for item in items)
        yield Page([row_of(more(line) if more else line, columns) for line in lines], total)
        if following is None:
            return
        after = following


def row_of(line: Mapping[str, Any], columns: Sequence[Column]) -> Row:
    """Return the values of `columns` in a line of an answer.

    A member that is a thing by code and name gives its code under its own name and the name under ``…_name``; other nested members
    lie under ``outer_inner``. What is missing is None.
    """
    flat = flattened(line)
    return tuple(as_kind(column.kind, flat.get(column.code)) for column in columns)


def flattened(line: Mapping[str, Any]) -> Line:
    """Return a line with its nested members beside the others."""
    found: Line = {}
    for name, value in line.items():
        if not isinstance(value, Mapping):
            found[name] = value
            continue
        for inner, content in value.items():
            found[name if inner == "code" else f"{name}_{inner}"] = content
    return found


def as_kind(kind: Kind, value: Any) -> Any:
    """Return a value as its column has it: numbers that answers spell as texts become numbers, days that do become days."""
    if value is None:
        return None
    if kind == "number":
        return float(value)
    if kind == "day" and not isinstance(value, date):
        return date.fromisoformat(str(value))
    if kind == "integer":
        return int(value)
    if kind == "text":
        return value if isinstance(value, str) else str(value)
    return value


def as_json(value: Any) -> Any:
    """Return a value of a row as JSON has it: instants in UTC, days as they are written."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, date | UUID) else value
