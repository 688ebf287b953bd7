"""From what is told to what is printed: figures with the words a page shows, and the content of one area's page. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from services.notices.matters import Listed
from services.notices.publishing import COUNTS, PUBLISHED, Basis, Told
from services.notices.suppression import Line
from services.platform.clock import local_day
from services.platform.rounding import percent_text

MERGED = "不单列"
REST = ":-"
"""Ends the key of what lies in an area but in none of its parts that are told."""
BRANCH = "~"
"""Begins the key of a branch of categories."""
_TENTHS = 1000  # of a whole: percent with one place
_WIDEST = 200
"""Tenths of a percent between bounds at most: what is wider says nothing, and reads as if it did."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """What cells are called and how they add up: lines from the top down, and the name of each unit and branch by its key."""

    root: str
    lines: tuple[Line, ...]
    names: Mapping[str, str]
    tiers: Mapping[str, str]

    def children(self, parent: str, *, branches: bool = False) -> list[str]:
        """Return the cells of a line below `parent`: places, or branches of categories."""
        found = (key for line in self.lines if line.parent == parent for key in line.children)
        return [key for key in found if key.startswith(BRANCH) is branches]

    @property
    def areas(self) -> list[str]:
        """Areas with a page of their own: the whole, and each place that has parts."""
        return list(dict.fromkeys(line.parent for line in self.lines))

    def stored(self) -> Json:
        """Return the shape as it is kept beside the numbers."""
        lines = [[line.parent, list(line.children)] for line in self.lines]
        return {"root": self.root, "lines": lines, "names": dict(self.names), "tiers": dict(self.tiers)}


def shape_from(stored: Iterable[Mapping[str, Any]]) -> Shape:
    """Return the shape of a period from those of its months, oldest first: every cell there was, by its latest name."""
    lines: dict[tuple[str, bool], dict[str, None]] = {}
    names: dict[str, str] = {}
    tiers: dict[str, str] = {}
    root = ""
    for shape in stored:
        root = shape["root"]
        names |= shape["names"]
        tiers |= shape["tiers"]
        for parent, children in shape["lines"]:
            branches = bool(children) and children[0].startswith(BRANCH)
            lines.setdefault((parent, branches), {}).update(dict.fromkeys(children))
    return Shape(root, tuple(Line(parent, tuple(children)) for (parent, _), children in lines.items()), names, tiers)


@dataclass(frozen=True)
class Correction:
    """A correction of a period: what was ordered, why, and when it was made."""

    act: str
    reason: str
    at: datetime
    changed: Sequence[Json] = field(default=())

    def stored(self) -> Json:
        """Return it as the page keeps it."""
        return {"act": self.act, "reason": self.reason, "on": local_day(self.at).isoformat(), "changed": list(self.changed)}


def figure(metric: str, told: Told) -> Json:
    """Return one figure: its state, its numbers and what is printed."""
    if told is None:
        return {"state": "merged", "shown": MERGED}
    low, high, whole = told
    assert low is not None
    if metric in COUNTS:
        state = "exact" if high is not None else "at_least"
        return {"state": state, "value": low, "shown": str(low) if high is not None else f"≥{low}"}
    assert high is not None
    if not whole:
        return {"state": "merged", "shown": MERGED}
    if low == high:
        exact = percent_text(low, whole, 2)
        return {"state": "exact", "low": exact, "high": exact, "shown": f"{exact}%"}
    least, most = _TENTHS * low // whole, -(-_TENTHS * high // whole)
    if most - least > _WIDEST:
        return {"state": "merged", "shown": MERGED}
    return _bound(_tenth(least), _tenth(most))


def _bound(least: str, most: str) -> Json:
    """Return a share of which only bounds are told, rounded away from each other."""
    if most == "100.0":
        shown = f"≥{least}%"
    elif least == "0.0":
        shown = f"≤{most}%"
    else:
        shown = f"{least}%–{most}%"
    return {"state": "bound", "low": least, "high": most, "shown": shown}


def _tenth(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}"


def content_of(period: str, area: str, shape: Shape, basis: Basis, *, months: Sequence[date], k: int, matters: Sequence[Json] = ()) -> Json:
    """Return the content of an area's page for a period."""
    branches = shape.children(area, branches=True)
    return {
        "period": period,
        "months": [f"{month:%Y-%m}" for month in months],
        "k": k,
        "area": {"code": area, "name": shape.names.get(area, area), "tier": shape.tiers.get(area, "")},
        "figures": _figures(basis, area),
        "places": _table(shape, basis, area, shape.children(area)),
        "categories": _table(shape, basis, area, branches) if branches else None,
        "matters": list(matters),
        "corrections": [],
        "withdrawn": None,
    }


def _figures(basis: Basis, key: str) -> Json:
    return {metric: figure(metric, basis.get(metric, {}).get(key)) for metric in PUBLISHED}


def _table(shape: Shape, basis: Basis, parent: str, children: Sequence[str]) -> Json:
    """Return the rows of which anything is told, the names of the others, and what is left for all that is not told."""
    rows, merged = [], []
    for key in children:
        name = shape.names.get(key, key)
        if any(basis.get(metric, {}).get(key) is not None for metric in PUBLISHED):
            rows.append({"code": key.removeprefix(BRANCH), "name": name, "figures": _figures(basis, key)})
        else:
            merged.append(name)
    return {"rows": rows, "merged": merged, "rest": {metric: _rest(basis, metric, parent, children) for metric in COUNTS}}


def _rest(basis: Basis, metric: str, parent: str, children: Sequence[str]) -> int | None:
    """Return what all cells of a line together have that are not told; None where nothing is left, or it cannot be said."""
    told = basis.get(metric, {})
    above, below = told.get(parent), [told.get(key) for key in children]
    if above is None or above[1] is None or all(cell is not None for cell in below):
        return None
    if any(cell is not None and cell[1] is None for cell in below):
        return None
    return (above[0] or 0) - sum(cell[0] or 0 for cell in below if cell is not None)


def matter_view(matter: Listed, names: Mapping[str, str], categories: Mapping[str, tuple[str, str]]) -> Json:
    """Return a finished matter as it is printed; `categories` are the name and the words for the result by code."""
    name, result = categories[matter.category]
    return {
        "place": names.get(matter.place, matter.place),
        "category": name,
        "received": matter.received.isoformat(),
        "finished": matter.finished.isoformat(),
        "days": matter.days,
        "result": result,
    }


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Json]:
    """Return what a correction changed of an area's own figures, as printed before and after."""
    old, new = before["figures"], after["figures"]
    return [
        {"metric": metric, "before": old[metric]["shown"], "after": new[metric]["shown"]}
        for metric in PUBLISHED
        if metric in old and metric in new and old[metric]["shown"] != new[metric]["shown"]
    ]


def withdrawn(content: Mapping[str, Any], correction: Correction) -> Json:
    """Return the content of a period that was taken back: that it was, why and when, and no figure."""
    nothing: Json = {"figures": {metric: figure(metric, None) for metric in PUBLISHED}, "places": None, "categories": None, "matters": []}
    entry = correction.stored()
    return {**content, **nothing, "withdrawn": entry, "corrections": [*content["corrections"], entry]}
