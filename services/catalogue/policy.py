"""The catalogue 派单目录 as one immutable value: what a category is, and who handles it where. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

AT_ONCE = "at_once"


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a stage may take: `amount` of `unit` (those of `deadlines.due.TimeUnit`), counted from where `start` says."""

    amount: int
    unit: str
    start: str = AT_ONCE


@dataclass(frozen=True, slots=True)
class CategoryPolicy:
    """What the catalogue says of one category. `handler`: lowest, township, county or ``department:<function>``; `limits` by stage."""

    code: str
    parent_code: str | None
    name: str
    leaf: bool
    urgency: str
    privacy: str
    place_needed: bool
    evidence: tuple[str, ...]
    limits: Mapping[str, Limit]
    handler: str
    co_handler: str | None
    surfaces_directly: bool
    urgent_ring: bool
    keywords: tuple[str, ...]
    active: bool
    version: int
    position: int = field(default=0)


@dataclass(frozen=True, slots=True)
class AreaRow:
    """A row of the catalogue: who handles a category in an area."""

    category_code: str
    area_path: str
    handler_unit_id: UUID


def _nothing_past(code: str, version: int) -> None:  # noqa: ARG001  a catalogue made of nothing but the present
    return None


class Catalogue:
    """All categories and area rows. `past` gives a category as it was in a version of before; None where there was none."""

    def __init__(
        self,
        categories: Iterable[CategoryPolicy],
        rows: Iterable[AreaRow] = (),
        past: Callable[[str, int], CategoryPolicy | None] = _nothing_past,
    ) -> None:
        self._past = past
        self._categories = {category.code: category for category in sorted(categories, key=lambda found: (found.position, found.code))}
        self._rows: dict[str, list[AreaRow]] = {}
        for row in sorted(rows, key=lambda row: -len(row.area_path)):
            self._rows.setdefault(row.category_code, []).append(row)

    def category(self, code: str, version: int | None = None) -> CategoryPolicy | None:
        """Return a category, in force or not; None where there is none of that code.

        With a `version`, as it was then: a ticket keeps the promise it was given. None where there never was such a version.
        """
        present = self._categories.get(code)
        if version is None or (present is not None and present.version == version):
            return present
        return self._past(code, version)

    def all(self) -> Sequence[CategoryPolicy]:
        """Return every category in the catalogue's own order."""
        return tuple(self._categories.values())

    @cached_property
    def _leaves(self) -> tuple[CategoryPolicy, ...]:
        return tuple(found for found in self._categories.values() if found.leaf and found.active)

    def leaves(self) -> Sequence[CategoryPolicy]:
        """Return the categories a complaint can be filed under: active leaves, in the catalogue's own order."""
        return self._leaves

    def row_for(self, code: str, path: str) -> UUID | None:
        """Return the unit that handles a category at `path`, where a row says so: the deepest area wins.

        A row for the category itself goes before one for the branch above it.
        """
        row = self.row_at(code, path)
        return row.handler_unit_id if row else None

    def row_at(self, code: str, path: str) -> AreaRow | None:
        """Return the row that :meth:`row_for` goes by."""
        for branch in self.branches(code):
            for row in self._rows.get(branch, ()):
                if path.startswith(row.area_path):
                    return row
        return None

    def branches(self, code: str) -> Iterator[str]:
        """Yield a category and the branches it hangs on, from the category up; nothing for one that is not there."""
        here = self._categories.get(code)
        while here is not None:
            yield here.code
            here = self._categories.get(here.parent_code) if here.parent_code else None

    def rows_of(self, code: str) -> Sequence[AreaRow]:
        """Return the area rows of one category, deepest area first."""
        return tuple(self._rows.get(code, ()))
