"""Frozen values that are read off database rows: decisions see these, never the rows."""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, Self


@cache
def _reader(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads the fields of a dataclass off a row, in their order."""
    return attrgetter(*(item.name for item in fields(kind)))


class FromRow:
    """A dataclass whose fields are named like the columns they come from."""

    __slots__ = ()

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return the frozen value of a row object or mapping."""
        kind: Any = cls
        return cls(*_reader(kind)(row))
