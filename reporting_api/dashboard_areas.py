"""One figure for every area of a tier: as bars with intervals, and on the schematic map."""

from dataclasses import dataclass
from statistics import fmean
from typing import cast
from uuid import UUID
from weakref import WeakKeyDictionary

from reporting_api.dashboard_figures import definition
from reporting_api.dashboard_ground import TIERS, Ground, areas_under, tier_below, top_of, unit_name
from reporting_api.schematic import Scheme, Spot, scheme_of
from services.organization.tree import UnitNode, UnitTree
from services.platform.database import Json
from services.platform.errors import Invalid
from services.platform.intervals import wilson
from services.reports.facts import PLACES
from services.reports.grouping import NONE_KEY
from services.reports.metrics import Figure
from services.reports.questions import Grouping, Question

MOST_AREAS = 1500
MOST_INTERVALS = 100
"""Of more areas than one compares by eye, intervals are not told: they are dear, and the map shows none."""
_UNPLACED = "未定位到该层级"


@dataclass(frozen=True)
class Sheet:
    """What is told of the areas of one tier in a unit, whatever their figures are. `own` are those that have a row in any case."""

    own: tuple[str, ...]
    scheme: Scheme


_sheets: WeakKeyDictionary[UnitTree, dict[tuple[str, str], Sheet]] = WeakKeyDictionary()


async def areas(ground: Ground, by: str | None) -> Json:
    """Return the figure of each area, as `Areas` has them; raise Invalid where there are too many, or the tier is not below."""
    question = ground.question
    if not question.metric.counters:
        raise Invalid("dashboard.not_a_count", "Areas are told apart by counts and rates alone; ask /v1/reports for how long things took.")
    tier = (by or f"unit:{tier_below(question)}").removeprefix("unit:")
    if question.unit and TIERS.index(tier) < TIERS.index(question.unit.tier):
        raise Invalid("grouping.too_coarse", "`by` must be the tier of `unit` or one below it.")
    sheet = _sheet(question, tier)
    if len(sheet.own) > MOST_AREAS:
        raise Invalid("dashboard.too_many_areas", f"That would be {len(sheet.own)} areas; ask for one township, or for a wider tier.")
    grouping = cast("Grouping", f"unit:{tier}")
    sums = await ground.sums([question.metric], question.period, grouping)
    others = sorted(sums.keys() - set(sheet.own) - {NONE_KEY})
    told = ground.teller(question.metric, question.period)
    rows = [_row(key, told(sums.get(key, {})), question.tree, sheet.scheme) for key in (*sheet.own, *others)]
    if NONE_KEY in sums:
        rows.append(_row(NONE_KEY, told(sums[NONE_KEY]), question.tree, sheet.scheme))
    parents = dict.fromkeys(row["parent"] for row in rows if row["parent"])
    return {
        **ground.stand,
        **definition(question.metric),
        "by": grouping,
        "map": sheet.scheme.made_from,
        "parents": [unit_name(question.tree.by_code[code]) for code in parents],
        "rows": rows,
    }


def _sheet(question: Question, tier: str) -> Sheet:
    """Return the sheet for a question; made once for each tree and unit."""
    known = _sheets.setdefault(question.tree, {})
    top = top_of(question)
    key = (top.code if top else "", tier)
    if key not in known:
        units = areas_under(question, tier)
        spots = tuple(Spot(unit.code, *_centre(question.tree, unit)) for unit in units) if len(units) <= MOST_AREAS else ()
        known[key] = Sheet(tuple(unit.code for unit in units), scheme_of(spots))
    return known[key]


def _row(key: str, figure: Figure, tree: UnitTree, scheme: Scheme) -> Json:
    unit = tree.by_code.get(key)
    above = tree.by_id.get(unit.parent_id) if unit and unit.parent_id else None
    lower, upper = interval_of(figure) if len(scheme.places) <= MOST_INTERVALS else (None, None)
    x, y = scheme.places.get(key, (None, None))
    return {
        "key": key,
        "name": _UNPLACED if key == NONE_KEY else unit.name if unit else key,
        "parent": above.code if above else None,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "percent": figure.percent,
        "shown": figure.shown,
        "lower": lower,
        "upper": upper,
        "x": x,
        "y": y,
    }


_centres: WeakKeyDictionary[UnitTree, dict[UUID, tuple[float, float] | tuple[None, None]]] = WeakKeyDictionary()


def _centre(tree: UnitTree, unit: UnitNode) -> tuple[float, float] | tuple[None, None]:
    """Return the centre point of an area: its own, or the middle of those of the areas in it, where all have one."""
    known = _centres.setdefault(tree, {})
    if unit.id not in known:
        if unit.lat is not None and unit.lon is not None:
            known[unit.id] = (unit.lat, unit.lon)
        else:
            inside = [_centre(tree, child) for child in tree.children(unit) if child.kind in PLACES]
            points = [(lat, lon) for lat, lon in inside if lat is not None and lon is not None]
            whole = bool(points) and len(points) == len(inside)
            known[unit.id] = (fmean(lat for lat, _lon in points), fmean(lon for _lat, lon in points)) if whole else (None, None)
    return known[unit.id]


def interval_of(figure: Figure) -> tuple[float, float] | tuple[None, None]:
    """Return the Wilson interval of a rate in percent; none for counts, without data, and where the parts are not of one cohort."""
    if not figure.denominator or figure.numerator > figure.denominator:
        return None, None
    found = wilson(figure.numerator, figure.denominator)
    return round(100 * float(found.lower), 2), round(100 * float(found.upper), 2)
