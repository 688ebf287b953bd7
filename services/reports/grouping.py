"""What rows of a report are made for: how a ticket finds its row, which rows there are, and in which order they are read.

One declaration for each grouping; sums, figures and drill-down all go by it, so that a row's tickets are those its figure counted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args
from uuid import UUID

from services.organization.tree import UnitNode, UnitTree
from services.platform.errors import Invalid, NotFound
from services.reports.facts import PLACES, TIERS, Places
from services.reports.planning import Period, SpanKind, span_name, span_of, spans
from services.tickets.filters import LAST_ROUND

Grouping = Literal[
    "unit:county", "unit:township", "unit:village", "unit:grid", "department", "department:top", "channel", "category", "category:top",
    "category:2", "urgency", "tier", "settled_tier", "round", "day", "week", "month", "quarter", "year",
]  # fmt: skip
GROUPINGS: tuple[str, ...] = get_args(Grouping)
SPAN_KINDS: tuple[str, ...] = get_args(SpanKind)
FACT_COLUMNS: Mapping[str, str] = {
    "department": "lead_unit_id", "department:top": "lead_unit_id", "channel": "channel", "category": "category_code",
    "category:top": "category_code", "category:2": "category_code", "urgency": "urgency", "tier": "tier", "settled_tier": "settled_tier",
    "round": "round",
}  # fmt: skip
"""The column of a fact that decides its row; for units that is the area's path, for days and longer the instant that is counted by."""
CELL_DIMENSIONS: Mapping[str, str] = {
    "department": "holder", "department:top": "holder", "channel": "channel", "category": "category", "category:top": "category",
    "category:2": "category", "tier": "tier", "urgency": "urgency", "settled_tier": "settled_tier", "round": "round",
}  # fmt: skip
"""The dimension of cells that decides the row."""
NONE_KEY = "-"
"""Key of the row for what has no value in a dimension: no category, no place as deep as asked. Codes never look like it."""
URGENCIES = {"normal": "普通", "urgent": "紧急", "emergency": "特急"}
TIER_NAMES = {"grid": "网格", "village": "村(社区)", "township": "镇(街道)", "county": "县", "city": "市"}
ROUNDS = {"1": "第一轮", "2": "第二轮", "3": "第三轮及以上"}
_FIXED: Mapping[str, Mapping[str, str]] = {"urgency": URGENCIES, "tier": TIER_NAMES, "settled_tier": TIER_NAMES, "round": ROUNDS}
_NOTHING = {"unit": "未定位到该层级", "department": "未派单", "category": "未分类", "tier": "无承办层级", "settled_tier": "未办结"}
_CATEGORY_LEVELS = {"category:top": 1, "category:2": 2}
_ABOVE = "city"
"""A tier that is above the jurisdiction: it has a row only where it has tickets."""


@dataclass(frozen=True)
class Shown:
    """What rows may be named from: the units, the channels and the categories in their order; and where rows without tickets are shown.

    `areas` are paths of which every unit of the tier has a row; `channels_shown` the channels that have one.
    """

    tree: UnitTree
    categories: Mapping[str, str]
    channels: Mapping[str, str]
    channels_shown: tuple[str, ...]
    areas: tuple[str, ...]


def tier_of(by: str | None) -> str | None:
    """Return the tier of ``unit:…``; None of other groupings."""
    return by.removeprefix("unit:") if by and by.startswith("unit:") else None


def top_unit(tree: UnitTree, unit: UnitNode) -> UnitNode:
    """Return the unit right below the jurisdiction that `unit` belongs to: a department of the county, or a township."""
    codes = unit.path.strip("/").split("/")
    root = tree.root
    depth = len(root.path.strip("/").split("/")) if root and unit.path.startswith(root.path) else 0
    return tree.by_code.get(codes[min(depth, len(codes) - 1)], unit)


class Folding:
    """From what cells and facts are grouped by to the key of the row."""

    def __init__(self, by: str | None, tree: UnitTree) -> None:
        self._by, self._tree, self._tier = by, tree, tier_of(by)
        self._places = Places.of_tree(tree) if self._tier else Places({})
        self._folded: dict[Any, str] = {}

    def __call__(self, key: Any) -> str:
        """Return the row of a path, holder, code or day as a cell or a fact has it."""
        row = self._folded.get(key)
        if row is None:
            row = self._folded[key] = self._fold(key)
        return row

    def _fold(self, key: Any) -> str:
        by = self._by
        if by is None:
            return ""
        if self._tier:
            path = self._places.at(key, self._tier)
            return path.strip("/").rpartition("/")[2] if path else NONE_KEY
        if by in SPAN_KINDS:
            return str(span_of(by, key)[0])  # type: ignore[arg-type]
        if by in ("department", "department:top"):
            return self._holder(key)
        if by in _CATEGORY_LEVELS:
            key = ".".join(key.split(".")[: _CATEGORY_LEVELS[by]])
        if by == "round":
            key = min(int(key), LAST_ROUND)
        return str(key or "") or NONE_KEY

    def _holder(self, key: Any) -> str:
        unit = self._tree.by_id.get(key if isinstance(key, UUID) else UUID(key)) if key else None
        if unit is None:
            return NONE_KEY
        return (top_unit(self._tree, unit) if self._by == "department:top" else unit).code


def rows_of(by: str | None, period: Period, found: Iterable[str], shown: Shown) -> list[tuple[str, str, Period]]:
    """Return (key, name, period) of each row, in reading order; `found` are keys with tickets. Known sets have rows without tickets too."""
    if by is None:
        return []
    if by in SPAN_KINDS:
        return [(str(first), name, part) for first, name, part in time_rows(by, period)]  # type: ignore[arg-type]
    keys = set(found)
    names = _names(by, keys, shown)
    names |= {key: key for key in sorted(keys) if key not in names and key != NONE_KEY}
    if NONE_KEY in keys:
        names[NONE_KEY] = _NOTHING[by if by in _NOTHING else by.partition(":")[0]]
    return [(key, name, period) for key, name in names.items()]


def time_rows(by: SpanKind, period: Period) -> list[tuple[date, str, Period]]:
    """Return first day, name and part of the period of each span it touches. The first day may lie before the period."""
    return [(first, span_name(by, first), period.part(*span_of(by, first))) for first in spans(period, by)]


def _names(by: str, keys: set[str], shown: Shown) -> dict[str, str]:
    tier = tier_of(by)
    if tier:
        return _unit_names(tier, keys, shown)
    if by in ("department", "department:top"):
        units = [unit for code in keys if (unit := shown.tree.by_code.get(code))]
        return {unit.code: unit.name for unit in sorted(units, key=lambda unit: unit.path)}
    if by == "channel":
        return {code: shown.channels.get(code, code) for code in dict.fromkeys((*shown.channels_shown, *sorted(keys - {NONE_KEY})))}
    if by in _FIXED:
        return {key: name for key, name in _FIXED[by].items() if key in keys or key != _ABOVE}
    return {code: name for code, name in shown.categories.items() if code in keys}


def _unit_names(tier: str, keys: set[str], shown: Shown) -> dict[str, str]:
    names = {}
    for code, unit in sorted(shown.tree.by_code.items()):
        here = unit.active and unit.tier == tier and unit.kind in PLACES
        if code in keys or (here and any(unit.path.startswith(area) for area in shown.areas)):
            names[code] = unit.name
    return names


def require_key(by: str | None, key: str, period: Period, shown: Shown) -> None:
    """Raise unless the report may have a row of this key."""
    if by is None:
        raise Invalid("key.without_rows", "`key` picks a row; say with `by` which rows are meant.")
    if not _known(by, key, period, shown):
        raise NotFound("key.unknown", "The report has no row with this key.")


def _known(by: str, key: str, period: Period, shown: Shown) -> bool:
    if by in SPAN_KINDS:
        return key in {str(first) for first in spans(period, by)}  # type: ignore[arg-type]
    if key == NONE_KEY:
        return by not in ("channel", "urgency", "round")
    tier = tier_of(by)
    if tier or by.startswith("department"):
        unit = shown.tree.by_code.get(key)
        return unit is not None and tier in (None, unit.tier)
    sets: Mapping[str, Mapping[str, str]] = {**_FIXED, "channel": shown.channels}
    return key in sets.get(by, shown.categories)


assert set(TIER_NAMES) == set(TIERS)
