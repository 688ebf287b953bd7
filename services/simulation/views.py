"""What is told of a trial."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.organization.tree import UnitTree
from services.policies.findings import Finding
from services.policies.views import FindingView, finding_views
from services.reports.views import UnitName
from services.simulation.matters import Period
from services.simulation.trial import Outcome, counted

_STAGES: dict[str, int] = {"resolve": 12}


class MovedMatterView(BaseModel):
    """A matter that another unit would have got first."""

    id: UUID = Field(examples=["019ab2f0-1c3e-7c4a-9a51-0d2f3b8e6a10"])
    number: str = Field(examples=["20261122-000123-6"])
    category: str | None = Field(examples=["water.canal"])
    before: UnitName
    after: UnitName
    rule_before: str = Field(examples=["category"])
    rule_after: str = Field(examples=["catalogue_row"])


class PairView(BaseModel):
    """How many matters go from one unit to another."""

    before: UnitName
    after: UnitName
    matters: int = Field(examples=[37])


class MovedDeadlineView(BaseModel):
    """A deadline that would have been another one."""

    id: UUID = Field(examples=["019ab2f0-1c3e-7c4a-9a51-0d2f3b8e6a10"])
    number: str = Field(examples=["20261122-000123-6"])
    stage: str = Field(examples=["resolve"])
    before: datetime = Field(examples=["2026-09-20T16:00:00Z"])
    after: datetime = Field(examples=["2026-09-18T16:00:00Z"])


class Deadlines(BaseModel):
    """Which deadlines would have been others, counted by stage; `examples` are those that move farthest."""

    moved: int = Field(examples=[12])
    earlier: dict[str, int] = Field(examples=[_STAGES])
    later: dict[str, int] = Field(examples=[{}])
    without: dict[str, int] = Field(description="Clocks that would not have run at all.", examples=[{}])
    more: dict[str, int] = Field(description="Matters with a limit they did not have.", examples=[{}])
    now_late: int = Field(description="Clocks met in time that would have been late.", examples=[2])
    now_in_time: int = Field(description="Clocks that were late and would have been in time.", examples=[0])
    examples: list[MovedDeadlineView]


class Levels(BaseModel):
    """How often each level is reached by the rules in force and by the changed ones, and on which clocks that differs."""

    before: dict[str, int] = Field(examples=[{"urge": 40, "supervise": 9}])
    after: dict[str, int] = Field(examples=[{"urge": 38, "supervise": 11}])
    gained: dict[str, int] = Field(examples=[{"supervise": 2}])
    lost: dict[str, int] = Field(examples=[{"urge": 2}])


class Simulation(BaseModel):
    """What changed rules would have done with the matters of a period. Nothing was written."""

    model_config = ConfigDict(frozen=True)

    kind: str = Field(examples=["catalogue"])
    first_day: date = Field(examples=["2026-07-01"])
    last_day: date = Field(examples=["2026-09-30"])
    matters: int = Field(examples=[1200])
    clocks: int = Field(examples=[4100])
    moved: list[MovedMatterView] = Field(description="Every matter that another unit would have got first.")
    pairs: list[PairView] = Field(description="The same, counted from whom to whom; the most first.")
    deadlines: Deadlines
    levels: Levels
    findings: list[FindingView] = Field(
        description="What keeps these rules from coming into force: rules that can never match, and the like."
    )


def simulation_view(kind: str, period: Period, outcome: Outcome, findings: Sequence[Finding], tree: UnitTree) -> Simulation:
    """Return the report of a trial."""
    named = _Names(tree)
    return Simulation(
        kind=kind,
        first_day=period.first,
        last_day=period.last,
        matters=outcome.matters,
        clocks=outcome.clocks,
        moved=[
            MovedMatterView(
                id=one.id,
                number=one.number,
                category=one.category,
                before=named.of(one.before),
                after=named.of(one.after),
                rule_before=one.rule_before,
                rule_after=one.rule_after,
            )
            for one in outcome.moved
        ],
        pairs=_pairs(outcome.pairs, named),
        deadlines=_deadlines(outcome),
        levels=Levels(
            before=counted(outcome.levels_before),
            after=counted(outcome.levels_after),
            gained=counted(outcome.levels_gained),
            lost=counted(outcome.levels_lost),
        ),
        findings=finding_views(findings),
    )


def _pairs(pairs: Mapping[tuple[UUID, UUID], int], named: "_Names") -> list[PairView]:
    views = [PairView(before=named.of(before), after=named.of(after), matters=matters) for (before, after), matters in pairs.items()]
    return sorted(views, key=lambda pair: (-pair.matters, pair.before.code, pair.after.code))


def _deadlines(outcome: Outcome) -> Deadlines:
    earlier, later = counted(outcome.earlier), counted(outcome.later)
    return Deadlines(
        moved=sum(earlier.values()) + sum(later.values()),
        earlier=earlier,
        later=later,
        without=counted(outcome.ended),
        more=counted(outcome.begun),
        now_late=outcome.now_late,
        now_in_time=outcome.now_in_time,
        examples=[
            MovedDeadlineView(id=one.id, number=one.number, stage=one.stage, before=one.before, after=one.after) for one in outcome.examples
        ],
    )


class _Names:
    """Units by code and name, each made once."""

    def __init__(self, tree: UnitTree) -> None:
        self._tree = tree
        self._made: dict[UUID, UnitName] = {}

    def of(self, unit_id: UUID) -> UnitName:
        if unit_id not in self._made:
            unit = self._tree.by_id[unit_id]
            self._made[unit_id] = UnitName(code=unit.code, name=unit.name)
        return self._made[unit_id]
