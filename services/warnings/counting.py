"""The days that looks are made of: read from the kept sums, for departments from the facts they hold."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Date, cast, func, literal_column, select

from services.catalogue.queries import catalogue
from services.organization.queries import unit_tree
from services.organization.tree import UnitTree
from services.platform.clock import SHANGHAI, day_end, day_start
from services.platform.unit_of_work import Work
from services.reports.facts import PLACES
from services.reports.made import sums_made
from services.reports.models import ReportFact, RollupCell
from services.reports.planning import Need, Period, plan
from services.reports.selecting import FACTS
from services.warnings.episodes import DAYS, Counts

_CELLS = RollupCell.__table__.c
_SOURCE = "complaint"
Subject = tuple[str, str]
"""What is counted: ``unit``, ``department`` or ``category``, and its code."""
Counted = tuple[Any, date, str, int]
"""What it was counted for, the day, the counter, how many."""
Days = defaultdict[str, dict[date, int]]


class _Gathered:
    """Sums by subject, counter and day."""

    def __init__(self) -> None:
        self._sums: defaultdict[Subject, Days] = defaultdict(lambda: defaultdict(dict))

    def add(self, subject: Subject, counter: str, day: date, count: int) -> None:
        days = self._sums[subject][counter]
        days[day] = days.get(day, 0) + count

    def counts(self) -> dict[Subject, Counts]:
        return {subject: Counts(found["received"], found["due"], found["due_on_time"]) for subject, found in self._sums.items()}


async def counts_until(work: Work, day: date) -> dict[Subject, Counts]:
    """Return what happened on the days a look of `day` needs, for every township, village, department and category with anything."""
    period, tree = Period(day - timedelta(days=DAYS - 1), day), await unit_tree(work.session)
    gathered = _Gathered()
    for tier in ("township", "village"):
        await _units(work, tree, tier, period, gathered)
    await _categories(work, period, gathered)
    await _departments(work, tree, period, gathered)
    return gathered.counts()


async def _units(work: Work, tree: UnitTree, tier: str, period: Period, gathered: _Gathered) -> None:
    need = Need(level="township" if tier == "township" else "village", days=True)
    paths = {unit.path: unit.code for unit in tree.by_code.values() if unit.tier == tier and unit.kind in PLACES and unit.active}
    for key, day, name, count in await _daily(work, _CELLS.area, FACTS.area_path, need, period):
        code = paths.get(_at(key, paths))
        if code is not None:
            gathered.add(("unit", code), name, day, count)


async def _categories(work: Work, period: Period, gathered: _Gathered) -> None:
    policies = await catalogue(work.session)
    need = Need(dimensions=frozenset({"category"}), days=True)
    for key, day, name, count in await _daily(work, _CELLS.category, func.coalesce(FACTS.category_code, ""), need, period):
        for code in _with_branches(key):
            if policies.category(code) is not None:
                gathered.add(("category", code), name, day, count)


async def _departments(work: Work, tree: UnitTree, period: Period, gathered: _Gathered) -> None:
    offices = {unit.id: unit.code for unit in tree.by_code.values() if unit.kind not in PLACES and unit.active}
    for key, day, name, count in await _over_facts(work, FACTS.lead_unit_id, period, FACTS.lead_unit_id.in_(offices)):
        gathered.add(("department", offices[key]), name, day, count)


async def _daily(work: Work, of_cells: Any, of_facts: Any, need: Need, period: Period) -> list[Counted]:
    """Return what was counted, from the sums of days that tell `need` apart; over the facts where these have not been made."""
    (stretch,) = plan(period, need, grains=(await sums_made(work)).grains)
    if stretch.grain is None:
        return await _over_facts(work, of_facts, period)
    names = ("received", "due", "due_on_time")
    query = select(of_cells.label("key"), _CELLS.day.label("day"), *(func.sum(_CELLS[name]).label(name) for name in names))
    query = query.where(_CELLS.grain == stretch.grain.code, _CELLS.day.between(period.first, period.last), _CELLS.source == _SOURCE)
    found = await work.session.execute(query.group_by(of_cells, _CELLS.day))
    return [(row.key, row.day, name, int(count)) for row in found for name in names if (count := getattr(row, name))]


async def _over_facts(work: Work, key: Any, period: Period, *conditions: Any) -> list[Counted]:
    """Return what was counted, over the facts."""
    counted: list[Counted] = []
    for basis, counters in (("received_at", ("received",)), ("due_at", ("due", "due_on_time"))):
        column = FACTS[basis]
        local = cast(func.timezone(literal_column(f"'{SHANGHAI.key}'"), column), Date).label("day")
        sums = {"received": func.count(), "due": func.count(), "due_on_time": func.count().filter(FACTS.on_time.is_(True))}
        told = key.label("key")
        query = select(told, local, *(sums[name].label(name) for name in counters)).select_from(ReportFact)
        query = query.where(FACTS.counted, FACTS.source == _SOURCE, *conditions)
        query = query.where(column >= day_start(period.first), column < day_end(period.last)).group_by(told, local)
        for row in await work.session.execute(query):
            counted += [(row.key, row.day, name, count) for name in counters if (count := getattr(row, name))]
    return counted


def _at(path: str, paths: Mapping[str, str]) -> str:
    """Return the longest prefix of a path that is one of `paths`; '' where none is."""
    here = path
    while here and here not in paths:
        here = here.rstrip("/").rpartition("/")[0]
        here = f"{here}/" if here else ""
    return here


def _with_branches(code: str) -> Iterable[str]:
    """Return a category and those above it, as far as codes tell."""
    parts = code.split(".") if code else []
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))
