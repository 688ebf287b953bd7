"""The catalogue 派单目录 as one immutable value: what a category is, and who handles it where. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a stage may take: `amount` of `unit` (those of `deadlines.due.TimeUnit`), counted from where `start` says."""

    amount: int
    unit: str
    start: str = "at_once"


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


class Catalogue:
    """All categories and area rows."""

    def __init__(self, categories: Iterable[CategoryPolicy], rows: Iterable[AreaRow] = ()) -> None:
        self._categories = {category.code: category for category in sorted(categories, key=lambda found: (found.position, found.code))}
        self._rows: dict[str, list[AreaRow]] = {}
        for row in sorted(rows, key=lambda row: -len(row.area_path)):
            self._rows.setdefault(row.category_code, []).append(row)

    def category(self, code: str) -> CategoryPolicy | None:
        """Return a category, in force or not; None where there is none of that code."""
        return self._categories.get(code)

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
        here = self._categories.get(code)
        while here is not None:
            for row in self._rows.get(here.code, ()):
                if path.startswith(row.area_path):
                    return row.handler_unit_id
            here = self._categories.get(here.parent_code) if here.parent_code else None
        return None

    def rows_of(self, code: str) -> Sequence[AreaRow]:
        """Return the area rows of one category, deepest area first."""
        return tuple(self._rows.get(code, ()))
