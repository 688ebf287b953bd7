"""What changed rules would have done with the matters of a period, beside what the rules in force would. Pure.

Both sides are worked out by the functions that decide in earnest: ``routing/rules.route``, ``deadlines/due.due_at``,
``deadlines/escalation.reached_levels``. Routes are asked for the day a matter was received: who held a seat then counts, among the units
there are now. Nothing here is remembered of what people decided: a trial compares rules with rules.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.catalogue.parsing import STAGES as CATEGORY_STAGES
from services.deadlines.due import StageLimit, StartRule, TimeUnit, due_at, is_met
from services.deadlines.escalation import RunningClock, reached_levels
from services.organization.tree import UnitTree
from services.platform.clock import local_day
from services.routing.rules import Route, RouteQuestion, route
from services.simulation.matters import Matter, MatterClock, RuleSet
from services.tickets.terms import own_limit
from services.tickets.timing import limit_for

EXAMPLES = 20
"""How many deadlines that move are told one by one: those that move farthest."""


@dataclass(frozen=True, slots=True)
class MovedMatter:
    """A matter that somebody else would have got first."""

    id: UUID
    number: str
    category: str | None
    before: UUID
    after: UUID
    rule_before: str
    rule_after: str


@dataclass(frozen=True, slots=True)
class MovedDeadline:
    """A deadline that would have been another one."""

    id: UUID
    number: str
    stage: str
    before: datetime
    after: datetime


@dataclass(slots=True)
class Outcome:
    """What a trial found so far. Clocks are counted by stage, levels by their name."""

    matters: int = 0
    clocks: int = 0
    moved: list[MovedMatter] = field(default_factory=list)
    pairs: Counter[tuple[UUID, UUID]] = field(default_factory=Counter)
    earlier: Counter[str] = field(default_factory=Counter)
    later: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    begun: Counter[str] = field(default_factory=Counter)
    now_late: int = 0
    now_in_time: int = 0
    levels_before: Counter[str] = field(default_factory=Counter)
    levels_after: Counter[str] = field(default_factory=Counter)
    levels_gained: Counter[str] = field(default_factory=Counter)
    levels_lost: Counter[str] = field(default_factory=Counter)
    examples: list[MovedDeadline] = field(default_factory=list)


class Trial:
    """Rules beside changed ones, on matters that come in batches; `now` is until when clocks that still run have run."""

    def __init__(self, before: RuleSet, after: RuleSet, tree: UnitTree, now: datetime) -> None:
        self.outcome = Outcome()
        self._before, self._after = before, after
        self._tree, self._now = tree, now
        self._tries_catalogue = before.catalogue is not after.catalogue
        self._same_time = before.calendars is after.calendars and before.ladders is after.ladders
        self._routed: dict[tuple[bool, RouteQuestion], Route] = {}

    def take(self, matters: Iterable[Matter]) -> None:
        """Try the rules on some matters."""
        for matter in matters:
            self.outcome.matters += 1
            self._route(matter)
            for clock in matter.clocks:
                self.outcome.clocks += 1
                self._run(matter, clock)
            self._begin(matter)
        self._routed.clear()
        self.outcome.examples = _farthest(self.outcome.examples)

    def _route(self, matter: Matter) -> None:
        if not self._tries_catalogue:
            return
        before, after = self._asked(matter, changed=False), self._asked(matter, changed=True)
        if before.lead_unit_id == after.lead_unit_id:
            return
        rules = str(before.why["rule"]), str(after.why["rule"])
        self.outcome.moved.append(MovedMatter(matter.id, matter.number, matter.category, before.lead_unit_id, after.lead_unit_id, *rules))
        self.outcome.pairs[before.lead_unit_id, after.lead_unit_id] += 1

    def _asked(self, matter: Matter, *, changed: bool) -> Route:
        question = RouteQuestion(
            category_code=matter.category,
            place_unit_id=matter.place_unit_id,
            area_path=matter.area_path,
            urgency=matter.urgency,
            surface_to_id=matter.surface_to_id,
            today=local_day(matter.received_at),
        )
        found = self._routed.get((changed, question))
        if found is None:
            rules = self._after if changed else self._before
            found = self._routed[changed, question] = route(question, self._tree, rules.catalogue)
        return found

    def _run(self, matter: Matter, clock: MatterClock) -> None:
        """Let one clock run by both rules."""
        limit, changed = self._limit(matter, clock, self._before), self._limit(matter, clock, self._after)
        before = self._ran(matter, clock, limit, self._before)
        same = self._same_time and limit == changed
        after = before if same else self._ran(matter, clock, changed, self._after)
        if before is None or after is None:
            if before is not None:
                self.outcome.ended[clock.stage] += 1
                self._count_levels(before.levels, Counter())
            return
        if before.due != after.due:
            (self.outcome.earlier if after.due < before.due else self.outcome.later)[clock.stage] += 1
            self.outcome.examples.append(MovedDeadline(matter.id, matter.number, clock.stage, before.due, after.due))
        self.outcome.now_late += before.met and not after.met
        self.outcome.now_in_time += after.met and not before.met
        self._count_levels(before.levels, after.levels)

    def _limit(self, matter: Matter, clock: MatterClock, rules: RuleSet) -> StageLimit | None:
        """Return the limit of a clock: the category's where that is what is tried and where the clock had it from there, else its own."""
        category = clock.stage in CATEGORY_STAGES and own_limit(matter.terms, clock.stage, clock.round, matter.urgency) is None
        if self._tries_catalogue and category:
            return limit_for(clock.stage, rules.catalogue.category(matter.category) if matter.category else None)
        return StageLimit(clock.stage, clock.amount, TimeUnit(clock.unit), StartRule(clock.start))

    def _ran(self, matter: Matter, clock: MatterClock, limit: StageLimit | None, rules: RuleSet) -> "_Run | None":
        if limit is None:
            return None
        own = self._tree.by_id.get(clock.unit_id) if clock.unit_id else None
        calendar = rules.calendars.calendar(rules.calendars.code_for(own.path if own else matter.area_path))
        until = clock.stopped_at or clock.paused_at or self._now
        due = due_at(clock.started_at, limit, calendar).at
        granted = due + clock.granted
        rule = rules.ladders.rule_for(clock.stage, matter.category, matter.urgency, limit.unit)
        running = RunningClock(
            clock.started_at, granted, stopped_at=clock.stopped_at, unit=limit.unit, amount=limit.amount, paused=clock.paused_for
        )
        levels = reached_levels(running, rules.ladders.ladder(rule, limit.unit), until, calendar)
        return _Run(due, is_met(granted, until), Counter(reached.level.name for reached in levels))

    def _count_levels(self, before: Counter[str], after: Counter[str]) -> None:
        self.outcome.levels_before.update(before)
        self.outcome.levels_after.update(after)
        self.outcome.levels_gained.update(after - before)
        self.outcome.levels_lost.update(before - after)

    def _begin(self, matter: Matter) -> None:
        """Count the limits that the changed category gives and the present one does not."""
        if matter.category is None or not self._tries_catalogue:
            return
        before, after = self._before.catalogue.category(matter.category), self._after.catalogue.category(matter.category)
        for stage in CATEGORY_STAGES:
            if limit_for(stage, before) is None and limit_for(stage, after) is not None:
                self.outcome.begun[stage] += 1


@dataclass(frozen=True, slots=True)
class _Run:
    """How a clock went by some rules."""

    due: datetime
    met: bool
    levels: Counter[str]


def _farthest(moved: list[MovedDeadline]) -> list[MovedDeadline]:
    return sorted(moved, key=lambda one: (-abs(one.after - one.before), one.before, one.id))[:EXAMPLES]


def counted(found: Mapping[str, int]) -> dict[str, int]:
    """Return counts without those of nothing, in the order of their names."""
    return {name: number for name, number in sorted(found.items()) if number}
