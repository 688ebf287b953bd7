"""What must be put right in a catalogue before it may come into force. Pure.

A **shadowed** row can never decide anything: every matter it could be about is caught by a more specific row, or goes past it because its
category surfaces directly. **Nobody is responsible** for a category in a unit where the category's department is missing there and no
row names another unit. Both follow from the order in which ``services/routing/rules.py`` decides.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from services.catalogue.definition import CatalogueDefinition, RowDefinition, catalogue_of
from services.catalogue.policy import AreaRow, Catalogue, CategoryPolicy
from services.organization.tree import UnitNode, UnitTree
from services.policies.findings import DUPLICATE, NOBODY, SHADOWED, UNIT_ENDED, UNKNOWN_CATEGORY, UNKNOWN_UNIT, Finding

PLACES = frozenset({"grid", "village", "community", "township", "county", "city"})
"""Kinds of units a matter can be in."""
_SERVED = ("township", "village", "community")
_DESKS = ("county", "city")
_DEPARTMENT = "department:"


def lint(definition: CatalogueDefinition, tree: UnitTree) -> list[Finding]:
    """Return every finding, rows first. Where no units are loaded yet there is nothing to hold a catalogue against but its own words."""
    codes = {category.code for category in definition.categories}
    findings = [_unknown_category(row) for row in definition.rows if row.category not in codes]
    findings += _twice(definition.rows)
    if tree.root is None:
        return findings
    findings += [finding for row in definition.rows for finding in _unit_faults(row, tree)]
    catalogue = catalogue_of(definition, tree)
    findings += _shadowed(definition.rows, catalogue, tree)
    findings += [finding for leaf in catalogue.leaves() for finding in _unserved(leaf, catalogue, tree)]
    return findings


def function_of(handler: str) -> str | None:
    """Return the functional line a handler names; None for a tier of the ladder."""
    return handler.removeprefix(_DEPARTMENT) if handler.startswith(_DEPARTMENT) else None


def shadows(row: AreaRow, catalogue: Catalogue) -> tuple[str, ...] | None:
    """Return what keeps a row from ever deciding, one reason for each leaf of its category; None where it decides something.

    A matter in the area itself decides: where that one reaches the row, the row is alive, and where a more specific row covers the whole
    area, that one catches every matter below too.
    """
    reasons = []
    for leaf in catalogue.leaves():
        branches = list(catalogue.branches(leaf.code))
        if row.category_code not in branches:
            continue
        if leaf.surfaces_directly and function_of(leaf.handler):
            reasons.append(f"{leaf.code} surfaces directly")
            continue
        caught = catalogue.row_at(leaf.code, row.area_path)
        if caught is None or caught == row:
            return None
        reasons.append(f"{caught.category_code} in {_code(caught.area_path)}")
    return tuple(dict.fromkeys(reasons)) or (f"{row.category_code} has no category that matters are filed under",)


def _shadowed(rows: Iterable[RowDefinition], catalogue: Catalogue, tree: UnitTree) -> list[Finding]:
    findings = []
    for row in rows:
        area, handler = tree.by_code.get(row.area), tree.by_code.get(row.handler)
        if area is None or handler is None or catalogue.category(row.category) is None:
            continue  # said already
        by = shadows(AreaRow(row.category, area.path, handler.id), catalogue)
        if by is not None:
            detail = f"This row can never decide: before it come {'; '.join(by)}."
            findings.append(Finding(SHADOWED, _rule(row), detail, row.category, row.area, by))
    return findings


def _unserved(leaf: CategoryPolicy, catalogue: Catalogue, tree: UnitTree) -> Iterator[Finding]:
    """Yield the units in which nobody is responsible for a leaf; where that is so in all that is below a unit, that unit alone."""
    function = function_of(leaf.handler)
    if function is None:
        return  # a tier of the ladder: up to the county there is always one
    reach = _Reach(tree, function)
    bare = {
        unit.id
        for unit in tree.by_id.values()
        if unit.active
        and unit.kind in _SERVED
        and not reach.served(unit)
        and not (not leaf.surfaces_directly and _named(leaf, unit, catalogue, tree))
    }
    assert tree.root is not None
    for unit in _widest(tree.root, bare, tree):
        detail = (
            f"Nobody is responsible for {leaf.code} in {unit.name}: there is no department of {function} and no row names another unit."
        )
        yield Finding(NOBODY, leaf.code, detail, leaf.code, unit.code, (leaf.handler,))


@dataclass(slots=True)
class _Reach:
    """Whether a functional line has a department over a place; asked once for each county."""

    tree: UnitTree
    function: str
    known: dict[UUID | None, bool] = field(default_factory=dict)

    def served(self, unit: UnitNode) -> bool:
        desk = next((above for above in self.tree.ancestors(unit) if above.kind in _DESKS and above.active), self.tree.root)
        key = desk.id if desk else None
        if key not in self.known:
            self.known[key] = desk is not None and self.tree.with_function(self.function, desk.path) is not None
        return self.known[key]


def _named(leaf: CategoryPolicy, unit: UnitNode, catalogue: Catalogue, tree: UnitTree) -> bool:
    """Tell whether a row names a unit that is still there for a leaf in a unit."""
    handler = tree.by_id.get(found) if (found := catalogue.row_for(leaf.code, unit.path)) else None
    return handler is not None and handler.active


def _widest(top: UnitNode, bare: set[UUID], tree: UnitTree) -> Iterator[UnitNode]:
    """Yield the units that cover exactly the bare ones, the widest first found from the top."""
    if not bare:
        return
    below = [unit for unit in tree.children(top) if unit.kind in _SERVED or unit.kind in _DESKS]
    inside = [unit for unit in (top, *tree.under(top)) if unit.kind in _SERVED]
    if inside and all(unit.id in bare for unit in inside):
        yield top
        return
    if top.id in bare:
        yield top
    for unit in below:
        yield from _widest(unit, bare, tree)


def _unit_faults(row: RowDefinition, tree: UnitTree) -> Iterator[Finding]:
    for part, code in (("area", row.area), ("handler", row.handler)):
        unit = tree.by_code.get(code)
        if unit is None:
            yield Finding(UNKNOWN_UNIT, _rule(row), f"{part}: there is no unit {code}.", row.category, code)
        elif not unit.active:
            yield Finding(UNIT_ENDED, _rule(row), f"{part}: {unit.name} ({code}) has ended.", row.category, code)
        elif part == "area" and unit.kind not in PLACES:
            yield Finding(UNKNOWN_UNIT, _rule(row), f"area: {unit.name} ({code}) is no place matters can be in.", row.category, code)


def _twice(rows: Iterable[RowDefinition]) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if (row.category, row.area) in seen:
            yield Finding(DUPLICATE, _rule(row), "There are two rows for this category in this area.", row.category, row.area)
        seen.add((row.category, row.area))


def _unknown_category(row: RowDefinition) -> Finding:
    return Finding(UNKNOWN_CATEGORY, _rule(row), f"There is no category {row.category} in this catalogue.", row.category, row.area)


def _rule(row: RowDefinition) -> str:
    return f"{row.category} in {row.area}"


def _code(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
