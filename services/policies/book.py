"""Every version of the rules of one kind as one immutable value, and which of them is in force when. Pure."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Book(Generic[T]):
    """`versions` by number; version 0 comes with the product and is in force until the first of `timetable` is.

    `timetable` are pairs of an instant and the version in force from then on, earliest first.
    """

    versions: Mapping[int, T]
    timetable: Sequence[tuple[datetime, int]] = ()

    def at(self, instant: datetime) -> T:
        """Return the rules in force at `instant`."""
        return self.versions[self.version_at(instant)]

    def version_at(self, instant: datetime) -> int:
        """Return the number of the version in force at `instant`."""
        place = bisect_right(self._instants, instant)
        return self.timetable[place - 1][1] if place else 0

    def version(self, number: int) -> T:
        """Return one version. Raises ``KeyError`` where there is none."""
        return self.versions[number]

    @cached_property
    def _instants(self) -> list[datetime]:
        return [instant for instant, _version in self.timetable]
