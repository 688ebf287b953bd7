"""Rows of the register's reports: in which unit of a tier a place lies, and which rows there are. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.organization.tree import UnitNode, UnitTree
from services.platform.errors import Invalid, NotFound

By = Literal["unit:county", "unit:township", "unit:village"]
TOTAL, NONE_KEY = "", "-"
_UNPLACED = "未定位到该层级"


@dataclass(frozen=True)
class AskedFigures:
    """What is asked: days, both included (of this year so far where not given), a place with all below, rows, and as of when.

    `problem_villages`: only what lies in a village that was on a list of problem villages at that instant.
    """

    first: date | None = None
    last: date | None = None
    unit: str | None = None
    by: By | None = None
    as_of: datetime | None = None
    problem_villages: bool = False

    def days(self, today: date) -> tuple[date, date]:
        """Return the days asked for. Raises Invalid ``period.invalid`` where they end before they begin."""
        last = self.last or (max(today, self.first) if self.first else today)
        first = self.first or last.replace(month=1, day=1)
        if first > last:
            raise Invalid("period.invalid", "`from` lies after `to`; turn them round.")
        return first, last


def unit_asked(tree: UnitTree, code: str | None) -> UnitNode | None:
    """Return the place asked for; raise NotFound ``unit.unknown``."""
    if code is None:
        return None
    unit = tree.by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    return unit


def key_of(tree: UnitTree, unit_id: UUID, by: By | None) -> str:
    """Return the row a place falls into: the unit of the tier it lies in."""
    if by is None:
        return TOTAL
    tier = by.removeprefix("unit:")
    lineage = [tree.by_id[unit_id], *tree.ancestors(unit_id)]
    return next((one.code for one in lineage if one.tier == tier and one.kind not in ("station", "department")), NONE_KEY)


def rows_of(tree: UnitTree, by: By | None, areas: Collection[str], found: Collection[str]) -> list[tuple[str, str]]:
    """Return (key, name) of every row in reading order: all units of the tier in `areas`, and whatever was found elsewhere."""
    if by is None:
        return []
    tier = by.removeprefix("unit:")
    here = {
        unit.code for unit in tree.by_code.values()
        if unit.active and unit.tier == tier and unit.kind not in ("station", "department")
        and any(unit.path.startswith(area) for area in areas)
    }  # fmt: skip
    rows = [(code, tree.by_code[code].name) for code in sorted(here | (set(found) - {TOTAL, NONE_KEY}))]
    return [*rows, (NONE_KEY, _UNPLACED)] if NONE_KEY in found else rows


def require_row(key: str | None, by: By | None, tree: UnitTree) -> None:
    """Raise NotFound ``row.unknown`` for a key that no row of the question has."""
    if key is None:
        return
    unit = tree.by_code.get(key)
    if by is None or (key != NONE_KEY and (unit is None or unit.tier != by.removeprefix("unit:"))):
        raise NotFound("row.unknown", "The report of this question has no such row; take a `key` it answered with.")
