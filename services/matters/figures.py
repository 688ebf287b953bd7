"""The register in figures, in rows and in total, and exactly the matters behind each; as known when.

What a figure counts of a matter is said once (`_counts`), so that the list behind it is what it counted.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, select, true

from services.identity.permissions import scope_of
from services.matters.dossiers_rules import Fate, Turn, fate_between
from services.matters.flagged import in_problem_village
from services.matters.holding import visible
from services.matters.metrics import METRICS, NOTHING, REGISTER, MatterMetric, metric_named
from services.matters.models import Matter
from services.matters.queries import instant_of
from services.matters.rows import TOTAL, AskedFigures, key_of, require_row, rows_of, unit_asked
from services.matters.showing import line_of
from services.matters.story import state_then, story_of
from services.matters.turning import turns_of
from services.matters.views import MatterLine, PlaceName
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.platform.bulk import one_of
from services.platform.clock import day_end, day_start, local_day
from services.platform.errors import Invalid
from services.platform.rounding import percent_text
from services.platform.unit_of_work import Work

_FIGURE: dict[str, Any] = {
    "metric": "strike_off_rate@1", "name": "销号率", "unit": "%", "value": None, "numerator": 9, "denominator": 12, "shown": "75.00%",
}  # fmt: skip


class MatterFigure(BaseModel):
    """A figure; of a rate the absolute numbers stand beside it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FIGURE]})

    metric: str
    name: str
    unit: str
    value: int | None = Field(description="Of a count, or a number of days; null of a rate, and of nothing.")
    numerator: int
    denominator: int | None
    shown: str


class MatterFigureRow(BaseModel):
    """One row; key `-`: what lies in no unit of the tier."""

    key: str = Field(examples=["441624108"])
    name: str = Field(examples=["彭寨镇"])
    figures: list[MatterFigure]


class MatterReport(BaseModel):
    """The register of a period. Open at the beginning and registered, less struck off, is open at the end."""

    as_of: datetime
    first: date = Field(examples=["2026-01-01"])
    last: date = Field(examples=["2026-12-31"])
    unit: PlaceName | None
    by: str | None = Field(examples=["unit:township"])
    total: list[MatterFigure]
    rows: list[MatterFigureRow]


class CountedMatter(BaseModel):
    """A matter that a figure counted, and how often: one that was registered again in the period counts again."""

    matter: MatterLine
    times: int = Field(examples=[1])


class CountedMatters(BaseModel):
    """Exactly the matters behind a figure, by number. `total` is the figure, `count` how many matters are behind it."""

    metric: str = Field(examples=["matters_open@1"])
    part: str = Field(examples=["numerator"])
    total: int = Field(examples=[1])
    count: int = Field(examples=[1])
    as_of: datetime
    items: list[CountedMatter]
    next: str | None = None


@dataclass
class _Known:
    """The matters in question: what became of each in the period, and how each that is asked about stands."""

    at: datetime
    first: date
    last: date
    unit: UnitNode | None
    tree: UnitTree
    fates: dict[UUID, Fate]
    lines: dict[UUID, MatterLine]
    keys: dict[UUID, str]


async def matter_report(work: Work, asked: AskedFigures) -> MatterReport:
    """Return the figures. Raises 404 ``unit.unknown``, 422 ``as_of.future`` and ``period.invalid``."""
    known = await _known(work, asked)
    by_row: defaultdict[str, list[UUID]] = defaultdict(list)
    for matter_id, key in known.keys.items():
        by_row[key].append(matter_id)
    scope = scope_of(work.actor)
    areas = [known.unit.path] if known.unit else ["/"] if scope.everything else list(scope.prefixes)
    rows = [
        MatterFigureRow(key=key, name=name, figures=_figures(known, by_row.get(key, [])))
        for key, name in rows_of(known.tree, asked.by, areas, by_row)
    ]
    unit = PlaceName(code=known.unit.code, name=known.unit.name) if known.unit else None
    return MatterReport(
        as_of=known.at, first=known.first, last=known.last, unit=unit, by=asked.by, total=_figures(known, list(known.fates)), rows=rows
    )


async def counted_matters(
    work: Work, asked: AskedFigures, metric: str, part: str, *, key: str | None, after: str | None, limit: int
) -> tuple[CountedMatters, str | None]:
    """Return a page of the matters that `part` of a figure (of its row `key`) counted, by number, and where the next goes on.

    Raises what the report raises, 404 ``metric.unknown`` and ``row.unknown``, 422 ``part.unknown``.
    """
    definition = metric_named(metric, "matters")
    if part == "denominator" and not definition.denominator:
        raise Invalid("part.unknown", "This figure has a numerator only.")
    known = await _known(work, asked)
    require_row(key, asked.by, known.tree)
    within = [one for one in known.fates if key is None or known.keys[one] == key]
    found = {one: times for one in within if (times := _counts(known, definition, part, one))}
    ordered = sorted(found, key=lambda one: known.lines[one].number or "")
    page = [one for one in ordered if after is None or (known.lines[one].number or "") > after]
    items = [CountedMatter(matter=known.lines[one], times=found[one]) for one in page[:limit]]
    body = CountedMatters(
        metric=definition.key, part=part, total=sum(found.values()), count=len(found), as_of=known.at, items=items
    )  # fmt: skip
    return body, items[-1].matter.number if len(page) > limit else None


async def _known(work: Work, asked: AskedFigures) -> _Known:
    at, tree = instant_of(work, asked.as_of), await unit_tree(work.session)
    first, last = asked.days(local_day(at))
    unit = unit_asked(tree, asked.unit)
    where: list[ColumnElement[bool]] = [visible(work.actor)]
    if unit is not None:
        where.append(Unit.path.startswith(unit.path, autoescape=True))
    if asked.problem_villages:
        where.append(in_problem_village(at))
    turns = await turns_of(work, where, at)
    start, end = day_start(first), day_end(last)
    fates = {
        one: fate_between([Turn(row.known_at, row.state) for row in rows], start, end)
        for one, rows in turns.items() if any(row.number is not None for row in rows)
    }  # fmt: skip
    lines, keys = await _lines(work, tree, list(fates), at, asked)
    return _Known(at, first, last, unit, tree, fates, lines, keys)


async def _lines(
    work: Work, tree: UnitTree, ids: Sequence[UUID], at: datetime, asked: AskedFigures
) -> tuple[dict[UUID, MatterLine], dict[UUID, str]]:
    if not ids:
        return {}, {}
    state = state_then(at)
    rows = (await work.session.execute(select(Matter, state).join(state, true()).where(one_of(Matter.id, ids)))).all()
    story = await story_of(work, [row[0] for row in rows], at)
    lines = {row[0].id: line_of(tree, story, row[0], row[1]) for row in rows}
    return lines, {row[0].id: key_of(tree, row[0].unit_id, asked.by) for row in rows}


def _counts(known: _Known, metric: MatterMetric, part: str, matter_id: UUID) -> int:
    """Return how often a part of a figure counts a matter."""
    fate, line = known.fates[matter_id], known.lines[matter_id]
    stands = line.state == "registered"
    if part == "denominator":
        return fate.carried_in + fate.registered
    counted: Mapping[str, int] = {
        "matters_registered": fate.registered,
        "matters_struck_off": fate.struck_off,
        "strike_off_rate": fate.struck_off,
        "matters_open": int(fate.open),
        "matters_stale": int(stands and line.stale),
        "matters_late": int(stands and line.late_milestones > 0),
        "matters_blocked": int(stands and bool(line.blockers)),
        "matter_age": int(stands),
    }
    return counted[metric.id]


def _figures(known: _Known, ids: Sequence[UUID]) -> list[MatterFigure]:
    return [_figure(known, METRICS[metric.id], ids) for metric in REGISTER]


def _figure(known: _Known, metric: MatterMetric, ids: Sequence[UUID]) -> MatterFigure:
    above = sum(_counts(known, metric, "numerator", one) for one in ids)
    below = sum(_counts(known, metric, "denominator", one) for one in ids) if metric.denominator else None
    value: int | None = above
    shown = str(above)
    if below is not None:
        value, percent = None, percent_text(above, below)
        shown = NOTHING if percent is None else f"{percent}%"
    elif metric.kind == "duration":
        ages = sorted(known.lines[one].age_days for one in ids if _counts(known, metric, "numerator", one))
        value = ages[(len(ages) - 1) // 2] if ages else None
        shown = NOTHING if value is None else f"{value}天"
    return MatterFigure(
        metric=metric.key, name=metric.name, unit=metric.unit, value=value, numerator=above, denominator=below, shown=shown
    )  # fmt: skip


__all__ = ["TOTAL", "CountedMatters", "MatterReport", "counted_matters", "matter_report"]
