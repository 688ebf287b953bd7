"""From what was asked to a question that can be answered: everything named is looked up, nothing outside of the asker's scope answered."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from sqlalchemy import ColumnElement, not_

from services.catalogue.policy import Catalogue
from services.catalogue.queries import catalogue
from services.complaints.channel_names import channel_names
from services.identity.permissions import Scope, scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.clock import day_end, day_start, local_day
from services.platform.errors import Forbidden, Invalid, NotFound
from services.platform.unit_of_work import Work
from services.reports.facts import PLACES
from services.reports.grouping import CELL_DIMENSIONS, GROUPINGS, SPAN_KINDS, Grouping, Shown, tier_of, time_rows
from services.reports.made import EVERYTHING, Made, sums_made
from services.reports.metrics import Metric, metric_named, time_named
from services.reports.planning import Need, Period, between, require_known
from services.tickets.filters import Columns, TicketFilter, Tier, Urgency, compile_filter, compile_scope

__all__ = ["GROUPINGS", "Asked", "Grouping", "Question", "Removal", "Source", "find_holder", "find_place", "period_asked", "understand"]

Source = Literal["complaint", "discovered", "all"]
Comparing = Literal["previous", "year", "both"]
Removal = Literal["kept", "removed"]
"""Whether tickets with an unreasonable demand are counted (剔除前) or left out (剔除后)."""
_TIERS = ("city", "county", "township", "village", "grid")
_MOST_ROWS = 400
_LEVELS: dict[str, Literal["township", "village", "place"]] = {
    "county": "township",
    "township": "township",
    "village": "village",
    "grid": "place",
}


@dataclass(frozen=True)
class Asked:
    """A question as it came. `first` and `last` default to this month up to today; `source` to what the metric counts.

    `since` and `until` are instants, to be given instead of `first` and `last`; `until` does not belong to the period. `round` 3 stands for
    the third and every later one. `tier` is the one of the unit that holds the ticket.
    """

    metric: str
    first: date | None = None
    last: date | None = None
    unit: str | None = None
    holder: str | None = None
    by: Grouping | None = None
    channel: str | None = None
    category: str | None = None
    source: Source | None = None
    exclusions: Removal = "kept"
    urgency: Urgency | None = None
    round: int | None = None
    tier: Tier | None = None
    since: datetime | None = None
    until: datetime | None = None
    compare: Comparing | None = None
    as_of: datetime | None = None


@dataclass(frozen=True)
class Question:
    """A question with everything looked up. `whole`: the answer leaves nothing out that the filters select, so that sums may answer it.

    `made`: which sums are whole. `beside`: paths of areas whose tickets are left out, see :attr:`parts`.
    """

    metric: Metric
    period: Period
    by: Grouping | None
    wanted: TicketFilter
    unit: UnitNode | None
    holder: UnitNode | None
    scope: Scope
    whole: bool
    tree: UnitTree
    policies: Catalogue
    channels: dict[str, str]
    today: date
    exclusions: Removal = "kept"
    as_of: datetime | None = None
    made: Made = EVERYTHING
    beside: tuple[str, ...] = ()

    @property
    def tier(self) -> str | None:
        """The tier that rows are grouped by; None for other groupings."""
        return tier_of(self.by)

    @property
    def source(self) -> Source:
        """Whose tickets are counted."""
        return self.wanted.source or "all"

    @property
    def parts(self) -> tuple["Question", ...]:
        """The questions that this one is made up of, no ticket in two of them.

        One of each area that the asker's scope reaches wholly, which sums may answer, and one of what the asker's seats were given beside
        these areas.
        """
        if self.whole or self.as_of is not None:
            return (self,)
        inside, reached = [], []
        for prefix in self.scope.prefixes:
            unit = self.tree.by_code.get(prefix.strip("/").rpartition("/")[2])
            if unit is None or unit.path != prefix or unit.kind not in PLACES:
                continue
            reached.append(prefix)
            if self.unit is None or prefix.startswith(self.unit.path):
                inside.append(replace(self, unit=unit, whole=True))
        others = replace(self.scope, prefixes=tuple(prefix for prefix in self.scope.prefixes if prefix not in reached))
        return (*inside, replace(self, scope=others, beside=tuple(reached)))

    @property
    def by_sums(self) -> bool:
        """Tell whether kept sums may answer any of it."""
        return any(part.whole for part in self.parts)

    @property
    def need(self) -> Need:
        """What sums must tell apart to answer."""
        levels = [level for tier in (self._unit_tier, self.tier) if tier and (level := _LEVELS.get(tier))]
        level = max(levels, key=("township", "village", "place").index, default=None)
        apart = {name for name in ("channel", "category", "tier", "urgency", "round") if getattr(self.wanted, name)}
        if self.holder is not None:
            apart.add("holder")
        if self.by and self.by in CELL_DIMENSIONS:
            apart.add(CELL_DIMENSIONS[self.by])
        return Need(level or "whole", frozenset(apart), days=self.by in ("day", "week"))

    @property
    def shown(self) -> Shown:
        """What rows are named from, and where rows without tickets are shown."""
        if self.unit is not None:
            areas: tuple[str, ...] = (self.unit.path,)
        else:
            areas = ("/",) if self.scope.everything else (*self.scope.prefixes, *(area for _function, area in self.scope.functions))
        categories = {category.code: category.name for category in self.policies.all()}
        return Shown(self.tree, categories, self.channels, tuple(self.wanted.channel or self.channels), areas)

    @property
    def _unit_tier(self) -> str | None:
        if self.unit is None or self.unit == self.tree.root:
            return None
        return self.unit.tier

    def conditions(self, columns: Columns) -> list[ColumnElement[bool]]:
        """Return what selects the tickets over `columns`, period and part aside: the kernel's own conditions."""
        place = self.unit.path if self.unit and self.as_of is None else None
        found = compile_filter(self.wanted, columns, unit_path=place, holder_path=self.holder.path if self.holder else None)
        if self.unit is not None and self.as_of is not None:  # wherever in the tree it stood then
            found.append(columns["area_path"].contains(f"/{self.unit.code}/", autoescape=True))
        found += [not_(columns["area_path"].startswith(area, autoescape=True)) for area in self.beside]
        return found if self.whole else [*found, compile_scope(self.scope, columns, as_of=self.as_of)]


async def understand(work: Work, asked: Asked, *, times: bool = False) -> Question:
    """Return the question; raise NotFound, Forbidden or Invalid where something in it is unknown, not the asker's or impossible.

    `times`: the question is one of how long things took.
    """
    metric = time_named(asked.metric) if times else metric_named(asked.metric)
    if asked.as_of is not None and asked.as_of > work.now:
        raise Invalid("as_of.future", "`as_of` lies in the future: nobody knows what will be known then.")
    today = local_day(asked.as_of or work.now)
    period = period_asked(asked, today)
    tree, policies = await unit_tree(work.session), await catalogue(work.session)
    scope = scope_of(work.actor)
    unit, holder = find_place(tree, scope, asked.unit), find_holder(tree, scope, asked.holder)
    channels = await channel_names(work.session)
    if asked.channel and asked.channel not in channels:
        known = {"known": list(channels)}
        raise NotFound("channel.unknown", "There is no channel with this code; `known` lists those there are.", extra=known)
    if asked.category and policies.category(asked.category) is None:
        raise NotFound("category.unknown", "There is no category with this code; see GET /v1/categories.")
    _require_rows(asked.by, unit, period)
    source = asked.source or metric.source
    wanted = TicketFilter(
        channel=[asked.channel] if asked.channel else [],
        category=[asked.category] if asked.category else [],
        source=None if source == "all" else source,
        urgency=[asked.urgency] if asked.urgency else [],
        round=[asked.round] if asked.round else [],
        tier=[asked.tier] if asked.tier else [],
    )
    whole = scope.everything or (unit is not None and _inside(unit.path, scope.prefixes))
    made = await sums_made(work)
    return Question(
        metric, period, asked.by, wanted, unit, holder, scope, whole, tree, policies, channels, today, asked.exclusions, asked.as_of, made
    )


def period_asked(asked: Asked, today: date) -> Period:
    """Return the period in question: this month up to today where nothing is said. Raises Invalid where it would end before it begins."""
    last = asked.last or (max(today, asked.first) if asked.first else today)
    if asked.since is None and asked.until is None:
        return Period(asked.first or last.replace(day=1), last)
    for day in (last, asked.first, *(instant.date() for instant in (asked.since, asked.until) if instant)):
        require_known(day or last)
    until = asked.until or (max(day_end(last), asked.since or day_end(last)))
    since = asked.since or (day_start(asked.first) if asked.first else day_start(local_day(until).replace(day=1)))
    return between(since, until)


def _require_rows(by: Grouping | None, unit: UnitNode | None, period: Period) -> None:
    rows = len(time_rows(by, period)) if by in SPAN_KINDS else 0  # type: ignore[arg-type]
    if rows > _MOST_ROWS:
        raise Invalid("period.invalid", f"That would be {rows} rows; at most {_MOST_ROWS}. Ask for a shorter period or group by month.")
    if by and by.startswith("unit:") and unit and _TIERS.index(by.removeprefix("unit:")) < _TIERS.index(unit.tier):
        raise Invalid("grouping.too_coarse", "`by` must be the tier of `unit` or one below it.")


def find_place(tree: UnitTree, scope: Scope, code: str | None) -> UnitNode | None:
    """Return the unit whose area is asked for; raise unless it is an area and some of it lies in `scope`."""
    if code is None:
        return None
    unit = _find(tree, code)
    if unit.kind not in PLACES:
        raise Invalid("unit.not_an_area", "`unit` asks where a matter is, and this unit is an office. Use `holder` for who holds it.")
    areas = (*scope.prefixes, *(area for _function, area in scope.functions))
    if not (scope.everything or _inside(unit.path, areas) or unit.id in scope.unit_ids):
        raise Forbidden("unit.outside_scope", "Your posts do not reach this unit.")
    return unit


def find_holder(tree: UnitTree, scope: Scope, code: str | None) -> UnitNode | None:
    """Return the unit that is asked for as holder of tickets; raise unless it lies in `scope`, is of its line or one's own seat."""
    if code is None:
        return None
    unit = _find(tree, code)
    own_line = any(unit.function == function and _inside(unit.path, (area,)) for function, area in scope.functions)
    if not (scope.everything or own_line or _inside(unit.path, scope.prefixes) or unit.id in scope.unit_ids):
        raise Forbidden("unit.outside_scope", "Your posts do not reach this unit.")
    return unit


def _find(tree: UnitTree, code: str) -> UnitNode:
    unit = tree.by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    return unit


def _inside(path: str, areas: tuple[str, ...]) -> bool:
    return any(path.startswith(area) for area in areas)
