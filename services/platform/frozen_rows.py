"""Frozen values that are read off database rows: decisions see these, never the rows."""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, Self


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind))


@cache
def _reader(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads the fields of a dataclass off a row, in their order."""
    return attrgetter(*_names(kind))


class FromRow:
    """A dataclass whose fields are named like the columns they come from."""

    __slots__ = ()

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return the frozen value of a row object or mapping."""
        kind: Any = cls
        return cls(*_reader(kind)(row))

    def row(self) -> dict[str, Any]:
        """Return the fields as a row is written. The values are the same objects: ``asdict`` copies each, which takes far longer."""
        kind: Any = type(self)
        return dict(zip(_names(kind), _reader(kind)(self), strict=True))
