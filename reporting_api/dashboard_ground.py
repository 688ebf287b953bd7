"""What every answer of the dashboard stands on: whose area, which days, what was counted when, and sums of many figures at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from services.identity.permissions import scope_of
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.platform.database import Json
from services.platform.unit_of_work import Work
from services.reports.facts import PLACES
from services.reports.figures import first_day, known_of, one_snapshot, several_sums
from services.reports.known import Known
from services.reports.measures import COUNTERS
from services.reports.metrics import Figure, Metric, figure_of
from services.reports.planning import Period, next_month
from services.reports.questions import Asked, Grouping, Question, understand

Sums = Mapping[str, int]
TIERS = ("city", "county", "township", "village", "grid")


@dataclass(frozen=True)
class Ground:
    """The question with everything looked up, and how far figures reach. All that is read with it is of one instant."""

    work: Work
    question: Question
    known: Known
    began: date | None
    stand: Mapping[str, Any]

    async def sums(self, metrics: Iterable[Metric], period: Period, by: Grouping | None = None) -> dict[str, dict[str, int]]:
        """Return what all `metrics` are made of, by row, in one statement. They must count the same source."""
        (found,) = await self.several(metrics, [period], by)
        return found

    async def several(
        self, metrics: Iterable[Metric], periods: Iterable[Period], by: Grouping | None = None
    ) -> list[dict[str, dict[str, int]]]:
        """Return the same for each of several periods, still in one statement."""
        several = list(metrics)
        counters = tuple(dict.fromkeys(counter for metric in several for counter in metric.counters))
        together = replace(several[0], id="together", numerator=counters, denominator=(), less=())
        asked = [replace(self.question, metric=together, period=self._open_ended(counters, period), by=by) for period in periods]
        return await several_sums(self.work.session, asked, known=self.known)

    def _open_ended(self, counters: Iterable[str], period: Period) -> Period:
        """Return a period that ends today to the end of its month, so that sums of months answer it: only what is due lies ahead."""
        ahead = period.last < self.question.today or any(COUNTERS[counter].basis == "due_at" for counter in counters)
        return period if ahead else replace(period, last=max(period.last, next_month(self.question.today) - timedelta(days=1)))

    def figure(self, metric: Metric, sums: Sums, period: Period | None) -> Figure:
        """Return the figure of `metric` that these sums make; no data outside of the time figures are kept for, and of no period."""
        return self.teller(metric, period)(sums)

    def teller(self, metric: Metric, period: Period | None) -> Callable[[Sums], Figure]:
        """Return :meth:`figure` for many sums of the same period."""
        recorded = period is not None and self.began is not None and period.touches(self.began, self.question.today)
        return lambda sums: figure_of(metric, sums, recorded=recorded)


async def stand_on(work: Work, asked: Asked) -> Ground:
    """Return the ground for `asked`; without a unit, that of the asker's own widest area. Raises as reports do."""
    await one_snapshot(work.session)
    if asked.unit is None:
        asked = replace(asked, unit=await own_area(work))
    question = await understand(work, asked)
    known = await known_of(work, question)
    return Ground(
        work,
        question,
        known,
        await first_day(work, known),
        {
            "as_of": known.as_of,
            "stale_seconds": known.stale_seconds,
            "period": told_period(question.period),
            "unit": unit_name(question.unit) if question.unit else None,
            "whole": question.whole,
        },
    )


async def own_area(work: Work) -> str | None:
    """Return the widest area of the asker's own; None of somebody who sees a functional line or single tickets alone."""
    tree, scope = await unit_tree(work.session), scope_of(work.actor)
    if scope.everything:
        return tree.root.code if tree.root else None
    found = (tree.by_code.get(path.strip("/").rpartition("/")[2]) for path in scope.prefixes)
    areas = [unit for unit in found if unit is not None and unit.kind in PLACES]
    return min(areas, key=lambda unit: (TIERS.index(unit.tier), unit.code)).code if areas else None


def top_of(question: Question) -> UnitNode | None:
    """Return the unit asked for; the root where none was asked for and all may be seen."""
    return question.unit or (question.tree.root if question.scope.everything else None)


def areas_under(question: Question, tier: str) -> list[UnitNode]:
    """Return the areas of `tier` in :func:`top_of` the question, by code."""
    top = top_of(question)
    waiting, found = [top] if top else [], []
    while waiting:
        unit = waiting.pop()
        if unit.tier == tier:
            found.append(unit)
        else:
            waiting += [child for child in question.tree.children(unit) if child.kind in PLACES]
    return sorted(found, key=lambda unit: unit.code)


def tier_below(question: Question) -> str:
    """Return the tier that figures of the unit asked for are told apart by: the next one, for a grid itself."""
    unit = question.unit or question.tree.root
    return TIERS[min(TIERS.index(unit.tier if unit else "county") + 1, len(TIERS) - 1)]


def unit_name(unit: UnitNode) -> Json:
    """Return code and name of a unit, as `UnitName` has them."""
    return {"code": unit.code, "name": unit.name}


def told_period(period: Period) -> Json:
    """Return a period, as `PeriodView` has it."""
    return {"first": period.first, "last": period.last, "since": period.since, "until": period.until}
