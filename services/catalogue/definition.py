"""The whole catalogue as one definition: the JSON a version of it is kept in, and what it means. Pure.

``{"categories": [{"code": "water.canal", …the columns of the category…}], "rows": [{"category", "area", "handler", "note"}]}``; areas and
handlers are codes of units. Whatever a category leaves out has its plain value.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from services.catalogue.models import PRIVACIES, URGENCIES
from services.catalogue.parsing import EVIDENCE, LARGEST, STAGES, CategoryDefinition
from services.catalogue.policy import AT_ONCE, AreaRow, Catalogue, CategoryPolicy, Limit
from services.organization.tree import UnitTree
from services.policies.findings import MALFORMED, Finding

LIMIT_UNITS = ("minutes", "working_minutes", "natural_days", "working_days")
STARTS = (AT_ONCE, "next_day", "next_working_time")
_LAST_POSITION = 999_999
_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_HANDLER = re.compile(r"lowest|township|county|department:[a-z][a-z_]*")
DEFINED_COLUMNS = tuple(found.name for found in dataclasses.fields(CategoryDefinition))
"""What a definition says of a category: columns of its row."""


@checked(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class RowDefinition:
    """An area row by codes: in this area, this unit handles the category."""

    category: str
    area: str
    handler: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class CatalogueDefinition:
    """A whole catalogue."""

    categories: tuple[CategoryDefinition, ...] = ()
    rows: tuple[RowDefinition, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the definition as it is kept: categories in their own order, rows by category and area."""
        categories = sorted(self.categories, key=lambda found: (found.position, found.code))
        rows = sorted(self.rows, key=lambda row: (row.category, row.area))
        return {
            "categories": [{"code": found.code, **content_of(found)} for found in categories],
            "rows": [asdict(row) for row in rows],
        }


def content_of(definition: CategoryDefinition) -> dict[str, Any]:
    """Return what a definition says, in the columns of the category's row. What is plain in a limit is left out of it."""
    content = asdict(definition)
    del content["code"]
    content["limits"] = {limit.stage: _limit_content(asdict(limit)) for limit in definition.limits}
    for column in ("evidence", "keywords"):
        content[column] = list(content[column])
    return content


def _limit_content(limit: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in limit.items() if name != "stage" and value != AT_ONCE}


def read_definition(kept: Mapping[str, Any]) -> tuple[CatalogueDefinition, list[Finding]]:
    """Return what a kept definition says, and every place of it that cannot be read or cannot be meant; those are left out of it."""
    findings = [_malformed(name, "is not a part of a catalogue; there are `categories` and `rows`") for name in set(kept) - _PARTS]
    categories, rows = list[CategoryDefinition](), list[RowDefinition]()
    for place, entry in enumerate(_entries(kept, "categories", findings)):
        try:
            found = read_category(entry)
        except (ValidationError, TypeError, ValueError) as wrong:
            findings += _faults(_name(entry, place, "categories"), wrong)
        else:
            findings += [_malformed(found.code, fault) for fault in faults_of(found)]
            categories.append(found)
    for place, entry in enumerate(_entries(kept, "rows", findings)):
        try:
            rows.append(_ROW.validate_python(entry))
        except ValidationError as wrong:
            findings += _faults(f"rows/{place}", wrong)
    findings += _tree_faults(categories)
    if not any(found.leaf for found in categories):
        findings.append(_malformed("categories", "there is no category that matters could be filed under"))
    return CatalogueDefinition(tuple(categories), tuple(rows)), findings


def read_category(entry: Any) -> CategoryDefinition:
    """Return a category as it is kept. Raises ``ValueError`` or ``TypeError`` for anything that is none."""
    if not isinstance(entry, Mapping):
        raise TypeError("is not an object")
    unknown = [name for name in entry if name not in DEFINED_COLUMNS]
    if unknown:
        raise ValueError(f"{', '.join(map(str, unknown))}: there is no such column")
    limits = entry.get("limits") or {}
    if not isinstance(limits, Mapping) or not all(isinstance(limit, Mapping) for limit in limits.values()):
        raise TypeError("limits: map each stage to its amount and unit")
    # lists are what JSON has for tuples
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    return _CATEGORY.validate_python({**plain, "limits": tuple({**limit, "stage": stage} for stage, limit in limits.items())})


def faults_of(definition: CategoryDefinition) -> list[str]:
    """Return what of a category cannot be meant: words that are none of ours, a limit that is over before it starts."""
    faults = []
    if not _CODE.fullmatch(definition.code) or definition.code.rpartition(".")[0] != (definition.parent_code or ""):
        faults.append("code: a code like water.pipe_burst, beginning with its parent's")
    if not definition.name.strip():
        faults.append("name: the name is missing")
    if not 0 <= definition.position <= _LAST_POSITION:
        faults.append(f"position: a number from 0 to {_LAST_POSITION}")
    for column, words in (("urgency", URGENCIES), ("privacy", PRIVACIES)):
        if getattr(definition, column) not in words:
            faults.append(f"{column}: one of {', '.join(words)}")
    faults += [f"evidence: {word!r} is not one of {', '.join(EVIDENCE)}" for word in definition.evidence if word not in EVIDENCE]
    for handler in (definition.handler, definition.co_handler or "lowest"):
        if not _HANDLER.fullmatch(handler):
            faults.append(f"handler: {handler!r} is not lowest, township, county or department:<function>")
    for limit in definition.limits:
        wrong = limit.stage not in STAGES or limit.unit not in LIMIT_UNITS or getattr(limit, "start", AT_ONCE) not in STARTS
        if wrong or not 1 <= limit.amount <= LARGEST[limit.unit]:
            what = f"an amount of at least 1 and at most ten years, in {', '.join(LIMIT_UNITS)}, for one of {', '.join(STAGES)}"
            faults.append(f"limits/{limit.stage}: {what}")
    return faults


def policy_from(code: str, version: int, content: Mapping[str, Any], *, active: bool = True) -> CategoryPolicy:
    """Return a category as a frozen value, from what its row or its revision says."""
    values = {name: content[name] for name in _POLICY_COLUMNS if name in content}
    values["limits"] = {stage: Limit(**limit) for stage, limit in content["limits"].items()}
    values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return CategoryPolicy(**{**values, "code": code, "version": version, "active": active})


def catalogue_of(definition: CatalogueDefinition, tree: UnitTree, versions: Mapping[str, int] | None = None) -> Catalogue:
    """Return the catalogue a definition makes over a tree; rows that name units it does not have are left out."""
    versions = versions or {}
    categories = [policy_from(found.code, versions.get(found.code, 0), content_of(found)) for found in definition.categories]
    return Catalogue(categories, area_rows(definition.rows, tree))


def area_rows(rows: Iterable[RowDefinition], tree: UnitTree) -> list[AreaRow]:
    """Return rows by paths and ids; those that name units the tree does not have are left out."""
    found = []
    for row in rows:
        area, handler = tree.by_code.get(row.area), tree.by_code.get(row.handler)
        if area is not None and handler is not None:
            found.append(AreaRow(row.category, area.path, handler.id))
    return found


def _entries(kept: Mapping[str, Any], name: str, findings: list[Finding]) -> list[Any]:
    value = kept.get(name, [])
    if isinstance(value, list):
        return value
    findings.append(_malformed(name, "is not a list"))
    return []


def _name(entry: Any, place: int, part: str) -> str:
    code = entry.get("code") if isinstance(entry, Mapping) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else f"{part}/{place}"


def _faults(rule: str, wrong: Exception) -> list[Finding]:
    if isinstance(wrong, ValidationError):
        return [_malformed(rule, f"{'/'.join(str(part) for part in fault['loc'])}: {fault['msg']}") for fault in wrong.errors()]
    return [_malformed(rule, str(wrong))]


def _malformed(rule: str, detail: str) -> Finding:
    return Finding(MALFORMED, rule, detail)


def _tree_faults(categories: list[CategoryDefinition]) -> list[Finding]:
    """Return what is wrong between categories: a code given twice, a parent that is missing or is a leaf itself."""
    by_code = {found.code: found for found in categories}
    findings = []
    for found in categories:
        parent = by_code.get(found.parent_code) if found.parent_code else None
        if by_code[found.code] is not found:
            findings.append(_malformed(found.code, "is given twice"))
        if found.parent_code and parent is None:
            findings.append(_malformed(found.code, f"its parent {found.parent_code} is no category of this catalogue"))
        elif parent is not None and parent.leaf:
            findings.append(_malformed(found.code, f"its parent {found.parent_code} is a leaf; a leaf has nothing below it"))
    return findings


_PARTS = {"categories", "rows"}
_CATEGORY = TypeAdapter(CategoryDefinition)
_ROW = TypeAdapter(RowDefinition)
_POLICY_COLUMNS = tuple(found.name for found in dataclasses.fields(CategoryPolicy))
