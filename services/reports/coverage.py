"""Coverage as it stands: blank units, placed cadres, silent grids, units that are late; each figure with exactly what it counts.

A figure is the size of a set, its list the same set: so they cannot differ. The sets are made in one reading of the database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, literal, null, or_, select, true

from services.activities.models import Activity
from services.identity.permissions import Scope, scope_of
from services.organization.models import Member, Post, Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import one_of
from services.platform.clock import local_day
from services.platform.errors import Invalid, NotFound, Problem
from services.platform.unit_of_work import Work
from services.reports.backlog import late_of_units
from services.reports.coverage_metrics import DEFAULT_WEEKS, DEFINITIONS, CoverageMetric, figure_of, metric_named
from services.reports.coverage_views import CoverageFigureView, CoverageReport, CoverageRow, CoveredItem, CoveredItems
from services.reports.facts import PLACES, Places
from services.reports.figures import named, one_snapshot
from services.reports.grouping import NONE_KEY
from services.reports.known import known_when, require_known
from services.reports.questions import find_place
from services.reports.views import UnitName
from services.tickets.models import Ticket

By = Literal["unit:county", "unit:township", "unit:village"]
Part = Literal["numerator", "denominator"]
_INSTRUCTORS = ("guide", "assistant")
_COUNTED = {name for metric in DEFINITIONS for name in (metric.above, metric.below)}
_LATE = {"late", "holding"}
_UNPLACED = "其他"
Sets = dict[str, dict[str, tuple[str, ...]]]
"""For each set its items by key, each with the tree paths it lies in."""


@dataclass(frozen=True)
class AskedCoverage:
    """What is asked: a place with all below, how many weeks make a grid silent, rows, and as of when."""

    unit: str | None = None
    weeks: int = DEFAULT_WEEKS
    by: By | None = None
    as_of: datetime | None = None


@dataclass(frozen=True)
class _Question:
    asked: AskedCoverage
    unit: UnitNode | None
    tree: UnitTree
    scope: Scope
    now: datetime
    late: dict[str, int] = field(default_factory=dict)
    """Of each unit that holds open tickets how many are late, once that was looked up."""
    after: str | None = None
    """Where a page begins of which the sizes are known: what comes before need not be found again."""
    most: int | None = None
    """How many of a set are wanted from there on."""

    @property
    def since(self) -> datetime:
        return self.now - timedelta(weeks=self.asked.weeks)

    def inside(self, path: str) -> bool:
        """Tell whether a unit's path is asked for and lies in the reader's area."""
        asked = self.unit is None or path.startswith(self.unit.path)
        return asked and (self.scope.everything or path.startswith(self.scope.prefixes))

    def condition(self) -> ColumnElement[bool]:
        """Return :meth:`inside` as SQL over `units`."""
        areas = [Unit.path.startswith(prefix, autoescape=True) for prefix in self.scope.prefixes]
        mine = true() if self.scope.everything else or_(false(), *areas)
        return and_(mine, Unit.path.startswith(self.unit.path, autoescape=True)) if self.unit else mine


async def coverage_report(work: Work, asked: AskedCoverage) -> CoverageReport:
    """Return the figures of coverage; raise what `find_place` raises.

    As of an earlier instant it is told who held which post then, and what was known of tickets then. Where more of them were open than
    their clocks can be made again (`standing.MOST`), what was overdue is no data.
    """
    await one_snapshot(work.session)
    question = await _understood(work, asked)
    sets = await _sets(work, question, _COUNTED - _LATE)
    try:
        sets |= await _lateness(work, question)
    except Invalid as refused:
        if refused.code != "as_of.too_much":
            raise
    return CoverageReport(
        as_of=question.now,
        weeks=asked.weeks,
        silent_since=local_day(question.since),
        unit=named(question.unit),
        by=asked.by,
        total=_figures({name: len(items) for name, items in sets.items()}),
        rows=_rows(question, sets),
    )


async def covered_items(
    work: Work,
    asked: AskedCoverage,
    metric: str,
    part: Part,
    *,
    key: str | None,
    after: str | None,
    limit: int,
    total: int | None = None,
) -> CoveredItems:
    """Return exactly what `part` of a figure (of its row `key`, where given) counted, in order of their keys.

    `total`: the figure's part, where a page before told it. Raises as :func:`services.reports.standing.standing` does.
    """
    await one_snapshot(work.session)
    definition = metric_named(metric)
    name = definition.above if part == "numerator" else definition.below
    if not name:
        raise Invalid("part.unknown", "This figure has a numerator only.")
    question = await _understood(work, asked)
    if after is not None and not _may_be_a_key(question, after):
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.")
    if total is not None:
        question = replace(question, after=after, most=limit + 1 if key is None else None)
    items = (await _sets(work, question, {name})).get(name, {})
    if key is not None:
        items = _in_row(question, items, key)
    ordered = sorted(found for found in items if after is None or found > after)
    page = ordered[:limit]
    more = page[-1] if len(ordered) > limit else None
    shown = await _shown(work, question, name, {found: items[found] for found in page})
    told = len(items) if total is None else total
    return CoveredItems(metric=definition.key, part=part, total=told, items=shown, next=more)


def _may_be_a_key(question: _Question, text: str) -> bool:
    """Tell whether a list may have an item of this key: a unit by its code, a person by id."""
    try:
        return text in question.tree.by_code or bool(UUID(text))
    except ValueError:
        return False


async def _understood(work: Work, asked: AskedCoverage) -> _Question:
    tree, scope = await unit_tree(work.session), scope_of(work.actor)
    require_known(asked.as_of, work.now)
    return _Question(asked, find_place(tree, scope, asked.unit), tree, scope, asked.as_of or work.now)


async def _sets(work: Work, question: _Question, wanted: set[str]) -> Sets:
    """Return the sets named in `wanted`, as far as they are known at the instant that is asked for."""
    sets: Sets = {}
    if wanted & {"units", "blank", "staffed", "grids", "blank_grids", "staffed_grids"}:
        sets |= await _staffing(work, question)
    if wanted & {"cadres", "placed", "unplaced"}:
        sets |= await _placement(work, question)
    if wanted & {"old_grids", "silent"}:
        sets |= await _silence(work, question, wanted)
    if wanted & _LATE:
        sets |= await _lateness(work, question)
    return {name: items for name, items in sets.items() if name in wanted}


async def _staffing(work: Work, question: _Question) -> Sets:
    day, tree = local_day(question.now), question.tree
    if question.asked.as_of is None and day == tree.day:
        units = [unit for unit in tree.by_id.values() if unit.active and question.inside(unit.path)]
        held = {unit.id for unit in units if unit.staffed_roles}
    else:
        there = (Unit.valid_from <= day, or_(Unit.valid_to.is_(None), Unit.valid_to > day), question.condition())
        units = [tree.by_id[unit_id] for unit_id in await work.session.scalars(select(Unit.id).where(*there)) if unit_id in tree.by_id]
        held = {unit.id for unit in units if tree.active_posts(unit.id, day)}
    grids = [unit for unit in units if unit.kind == "grid"]
    return {
        "units": _keyed(units),
        "blank": _keyed(unit for unit in units if unit.id not in held),
        "staffed": _keyed(unit for unit in units if unit.id in held),
        "grids": _keyed(grids),
        "blank_grids": _keyed(unit for unit in grids if unit.id not in held),
        "staffed_grids": _keyed(unit for unit in grids if unit.id in held),
    }


async def _placement(work: Work, question: _Question) -> Sets:
    """Cadres are those with a post in a township or village, or an office of one; placed are those who guide or assist in some grid."""
    day = local_day(question.now)
    held = and_(
        Post.valid_from <= day,
        or_(Post.valid_to.is_(None), Post.valid_to > day),
        or_(Member.left_on.is_(None), Member.left_on > day),
    )
    posts = select(Post.member_id, Unit.path).join(Member, Member.id == Post.member_id).join(Unit, Unit.id == Post.unit_id)
    cadres: dict[str, tuple[str, ...]] = {}
    for member_id, path in await work.session.execute(posts.where(held, Unit.tier.in_(("township", "village")), question.condition())):
        cadres[str(member_id)] = tuple(sorted({*cadres.get(str(member_id), ()), path}))
    instructors = select(Post.member_id).join(Member, Member.id == Post.member_id).where(Post.role.in_(_INSTRUCTORS), held)
    placed = {str(member_id) for member_id in await work.session.scalars(instructors)}
    return {
        "cadres": cadres,
        "placed": {key: paths for key, paths in cadres.items() if key in placed},
        "unplaced": {key: paths for key, paths in cadres.items() if key not in placed},
    }


async def _silence(work: Work, question: _Question, wanted: set[str]) -> Sets:
    """One look by index for each grid, whether anything came since; never over the tickets.

    The first ticket found ends the look. A scalar query on purpose: EXISTS would be made a hash of all that came in these weeks. As of an
    instant in the past the places are those that were known then.
    """
    first, day = local_day(question.since), local_day(question.now)
    ticket = select(literal(1)).where(Ticket.place_unit_id == Unit.id, Ticket.received_at >= question.since)
    done = select(literal(1)).where(Activity.unit_id == Unit.id, Activity.happened_on >= first, *_entered(question))
    past, code = question.asked.as_of is not None, Unit.code.collate("C")
    looks = [query.limit(1).correlate(Unit).scalar_subquery() for query in ((done,) if past else (ticket, done))]
    grids = [Unit.kind == "grid", Unit.valid_from <= first, or_(Unit.valid_to.is_(None), Unit.valid_to > day), question.condition()]
    if question.after is not None:
        grids.append(code > question.after)
    looked = select(code.label("code"), func.coalesce(*looks, null()).label("heard")).where(*grids).order_by(code).offset(0).subquery()
    if wanted == {"silent"} and question.most is not None and not past:  # looks no further than the page needs
        page = select(looked.c.code).where(looked.c.heard.is_(None)).order_by(looked.c.code.collate("C")).limit(question.most)
        return {"silent": _of_codes(question.tree, list(await work.session.scalars(page)))}
    codes = func.array_agg(looked.c.code)  # as two arrays: thousands of rows would cost more to read than to find
    old, silent = (await work.session.execute(select(codes, codes.filter(looked.c.heard.is_(None))))).one()
    heard = await _told_of(work, question) if past else frozenset[str]()
    unheard = [found for found in silent or () if found not in heard]
    return {"old_grids": _of_codes(question.tree, old), "silent": _of_codes(question.tree, unheard)}


async def _told_of(work: Work, question: _Question) -> frozenset[str]:
    """Return the codes of the units that tickets of these weeks were known to lie in at the instant asked for, wherever they lie by now."""
    facts = (await known_when(work, question.asked.as_of)).facts.c
    here = select(facts.area_path).where(facts.received_at >= question.since, facts.received_at <= question.now)
    return frozenset(path.strip("/").rpartition("/")[2] for path in await work.session.scalars(here.distinct()))


def _entered(question: _Question) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that an entry of the ledger was known and not withdrawn at the instant asked for."""
    if question.asked.as_of is None:
        return (Activity.withdrawn_at.is_(None),)
    return Activity.recorded_at <= question.now, or_(Activity.withdrawn_at.is_(None), Activity.withdrawn_at > question.now)


async def _lateness(work: Work, question: _Question) -> Sets:
    held = await late_of_units(work, question.unit, question.asked.as_of)
    question.late.update(held)
    paths = {code: question.tree.by_code[code].path for code in held if code in question.tree.by_code}
    holding: dict[str, tuple[str, ...]] = {code: (path,) for code, path in paths.items() if question.inside(path)}
    return {"holding": holding, "late": {code: path for code, path in holding.items() if held[code]}}


def _of_codes(tree: UnitTree, codes: Iterable[str] | None) -> dict[str, tuple[str, ...]]:
    return {code: (tree.by_code[code].path,) for code in codes or () if code in tree.by_code}


def _keyed(units: Iterable[UnitNode]) -> dict[str, tuple[str, ...]]:
    return {unit.code: (unit.path,) for unit in units}


def _figures(sizes: Mapping[str, int]) -> list[CoverageFigureView]:
    return [_figure(metric, sizes) for metric in DEFINITIONS]


def _figure(metric: CoverageMetric, sizes: Mapping[str, int]) -> CoverageFigureView:
    return CoverageFigureView(metric=metric.key, name=metric.name, unit=metric.unit, **vars(figure_of(metric, sizes)))


def _rows(question: _Question, sets: Sets) -> list[CoverageRow]:
    """Return a row for each unit of the tier inside what is asked, and one for what lies in none of them."""
    if question.asked.by is None:
        return []
    tier, keys = question.asked.by.removeprefix("unit:"), _KeyOf(question)
    sizes: dict[str, dict[str, int]] = {}
    for name, items in sets.items():
        for paths in items.values():
            for key in keys.of(paths):
                row = sizes.setdefault(key, {})
                row[name] = row.get(name, 0) + 1
    shown = {
        code: unit.name
        for code, unit in sorted(question.tree.by_code.items())
        if code in sizes or (unit.active and unit.tier == tier and unit.kind in PLACES and question.inside(unit.path))
    }
    if NONE_KEY in sizes:
        shown[NONE_KEY] = _UNPLACED
    nothing = dict.fromkeys(sets, 0)
    return [CoverageRow(key=key, name=name, figures=_figures(nothing | sizes.get(key, {}))) for key, name in shown.items()]


class _KeyOf:
    """From the paths of an item to the keys of the rows it is in; a cadre of two townships is in both."""

    def __init__(self, question: _Question) -> None:
        self._places = Places.of_tree(question.tree)
        self._tier = (question.asked.by or "").removeprefix("unit:")
        self._kept: dict[str, str] = {}

    def of(self, paths: Iterable[str]) -> set[str]:
        """Return the keys of the rows."""
        return {self._kept.get(path) or self._look(path) for path in paths}

    def _look(self, path: str) -> str:
        area = self._places.at(path, self._tier)
        key = self._kept[path] = area.strip("/").rpartition("/")[2] if area else NONE_KEY
        return key


def _in_row(question: _Question, items: dict[str, tuple[str, ...]], key: str) -> dict[str, tuple[str, ...]]:
    if question.asked.by is None:
        raise Invalid("key.without_rows", "`key` picks a row; say with `by` which rows are meant.")
    unit = question.tree.by_code.get(key)
    if key != NONE_KEY and (unit is None or unit.tier != question.asked.by.removeprefix("unit:")):
        raise NotFound("key.unknown", "The report has no row with this key.")
    keys = _KeyOf(question)
    return {found: paths for found, paths in items.items() if key in keys.of(paths)}


async def _shown(work: Work, question: _Question, name: str, items: dict[str, tuple[str, ...]]) -> list[CoveredItem]:
    grids = await _last_heard(work, question, items) if name in ("silent", "old_grids") else {}
    late = question.late if name in _LATE else {}
    cadres = name in ("cadres", "placed", "unplaced")
    found = []
    for key, paths in items.items():
        ticket, activity = grids.get(key, (None, None))
        units = [_unit_name(question.tree, path) for path in paths]
        member_id = UUID(key) if cadres else None
        found.append(
            CoveredItem(
                key=key, units=units, member_id=member_id, last_ticket_at=ticket, last_activity_on=activity, overdue=late.get(key),
            )
        )  # fmt: skip
    return found


def _unit_name(tree: UnitTree, path: str) -> UnitName:
    code = path.strip("/").rpartition("/")[2]
    unit = tree.by_code.get(code)
    return UnitName(code=code, name=unit.name if unit else code)


async def _last_heard(work: Work, question: _Question, codes: Iterable[str]) -> dict[str, tuple[Any, Any]]:
    """Return for each grid when the last ticket came and the last entry of the ledger happened, as of the instant asked for."""
    units = [question.tree.by_code[code] for code in codes if code in question.tree.by_code]
    done = select(func.max(Activity.happened_on)).where(Activity.unit_id == Unit.id, *_entered(question))
    tickets: ColumnElement[Any] = null()
    if question.asked.as_of is None:
        tickets = select(func.max(Ticket.received_at)).where(Ticket.place_unit_id == Unit.id).correlate(Unit).scalar_subquery()
    query = select(Unit.code, tickets.label("ticket"), done.correlate(Unit).scalar_subquery())
    query = query.where(one_of(Unit.id, [unit.id for unit in units]))
    found = {code: (ticket, day) for code, ticket, day in await work.session.execute(query)}
    if question.asked.as_of is None:
        return found
    facts = (await known_when(work, question.asked.as_of)).facts.c
    last = select(facts.area_path, func.max(facts.received_at).label("last")).where(
        facts.area_path.in_([unit.path for unit in units]), facts.received_at <= question.now
    )
    came = {row.area_path: row.last for row in await work.session.execute(last.group_by(facts.area_path))}
    return {unit.code: (came.get(unit.path), found[unit.code][1]) for unit in units if unit.code in found}
