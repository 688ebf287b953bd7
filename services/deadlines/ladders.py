"""All ladders of one version of the rules, and which of them a clock climbs. Pure.

A rule says for which clocks it is (stages, categories, urgencies, units of the limit; none named: all) and which levels these climb:
`urge` 催办, `supervise` 督办, `raise` 上报, `list` 通报, any number of them, before the due instant and after it. The first that matches
counts. Behind a county's own rules stand those the product comes with, so that no clock is without a ladder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

from services.deadlines.due import TimeUnit
from services.deadlines.escalation import Ladder, Level
from services.deadlines.ladder_definitions import rules_of
from services.deadlines.models import STAGES

URGENCIES = ("normal", "urgent", "emergency")
_Kind = tuple[str, str | None, str, TimeUnit]
"""Stage, category, urgency and unit: all by which clocks are told apart."""


@dataclass(frozen=True, slots=True)
class LadderRule:
    """Which clocks climb which levels. An empty set names all. Categories are prefixes: ``water`` has ``water.pipe_burst`` in it."""

    code: str
    levels: Ladder
    stages: frozenset[str] = field(default=frozenset())
    categories: frozenset[str] = field(default=frozenset())
    urgencies: frozenset[str] = field(default=frozenset())
    units: frozenset[TimeUnit] = field(default=frozenset())

    def matches(self, stage: str, category: str | None, urgency: str, unit: TimeUnit) -> bool:
        """Tell whether a clock climbs this ladder where no rule before does. A matter without a category is in none."""
        return (
            (not self.stages or stage in self.stages)
            and (not self.urgencies or urgency in self.urgencies)
            and (not self.units or unit in self.units)
            and (not self.categories or any(prefix in self.categories for prefix in _prefixes(category)))
        )


@dataclass(frozen=True)
class Ladders:
    """The ladders of one version; version 0 comes with the product. `own` are the county's, in their order."""

    version: int
    own: tuple[LadderRule, ...] = ()

    def rule_for(self, stage: str, category: str | None, urgency: str, unit: TimeUnit) -> str:
        """Return the code of the rule a clock follows for good: the first that matches."""
        return next(rule.code for rule in (*self.own, *_BUILT_IN) if rule.matches(stage, category, urgency, unit))

    def ladder(self, rule: str, unit: TimeUnit) -> Ladder:
        """Return the levels of a rule; of a clock from before rules had names (``""``) those it began with, by its unit alone.

        Raises ``KeyError`` where this version has no such rule.
        """
        if not rule:
            return (_MINUTES_BEFORE if unit is TimeUnit.MINUTES else _DAYS_BEFORE).levels
        return self._by_code[rule].levels

    @cached_property
    def _by_code(self) -> Mapping[str, LadderRule]:
        return {rule.code: rule for rule in (*_BUILT_IN, *self.own)}


@dataclass(frozen=True, slots=True)
class NeverMatches:
    """A rule that no clock can climb: `covered_by` are the rules before it that take all it would; none where it is for nothing at all."""

    code: str
    covered_by: tuple[str, ...]


def ladders_from(version: int, definition: object) -> Ladders:
    """Return the ladders of a definition (policy kind `ladder`).

    Raises Invalid ``ladder.faulty`` with every fault and where it is; such a definition comes into force at no time.
    """
    return Ladders(version, _rules(rules_of(definition, reserved=frozenset(rule.code for rule in _BUILT_IN))))


def never_matching(ladders: Ladders, categories: Collection[str] | None = None) -> tuple[NeverMatches, ...]:
    """Return the county's rules that can never match: whatever they would take, rules before them take, together or one alone.

    With `categories` (every code there is) only those count: a rule for categories that do not exist matches nothing either.
    """
    if categories is None:
        categories = {prefix for rule in ladders.own for prefix in rule.categories}
    found, taken = [], dict[_Kind, str]()
    for rule in ladders.own:
        takers, alive = set[str](), False
        for clock in _clocks_of(rule, categories):
            taker = taken.setdefault(clock, rule.code)  # the first that matches
            if taker == rule.code:
                alive = True
            else:
                takers.add(taker)
        if not alive:
            found.append(NeverMatches(rule.code, tuple(other.code for other in ladders.own if other.code in takers)))
    return tuple(found)


def _clocks_of(rule: LadderRule, categories: Collection[str]) -> Iterable[_Kind]:
    """Return every kind of clock that a rule matches by itself. A category that is not named goes with its longest prefix that is."""
    of_rule = [code for code in sorted(categories) if not rule.categories or any(prefix in rule.categories for prefix in _prefixes(code))]
    named: list[str | None] = [*of_rule, *([] if rule.categories else [None])]
    return product(sorted(rule.stages) or STAGES, named, sorted(rule.urgencies) or URGENCIES, sorted(rule.units) or tuple(TimeUnit))


def _prefixes(category: str | None) -> list[str]:
    parts = category.split(".") if category else []
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def _rules(described: Sequence[Mapping[str, Any]]) -> tuple[LadderRule, ...]:
    return tuple(
        LadderRule(
            rule["code"],
            tuple(Level(index, name, when) for index, (name, when) in enumerate(rule["levels"], 1)),
            frozenset(rule["stages"]),
            frozenset(rule["categories"]),
            frozenset(rule["urgencies"]),
            frozenset(TimeUnit(unit) for unit in rule["units"]),
        )
        for rule in described
    )


_DAYS = ["natural_days", "working_days"]
_AFTER_DAYS = [
    {"name": "urge", "after": {"amount": 0, "unit": "working_days"}},
    {"name": "supervise", "after": {"amount": 1, "unit": "working_days"}},
    {"name": "raise", "after": {"amount": 2, "unit": "working_days"}},
    {"name": "list", "after": {"amount": 5, "unit": "working_days"}},
]
BUILT_IN_DEFINITION: Mapping[str, Any] = {
    "rules": [
        {
            "code": "days-resolve",
            "stages": ["resolve"],
            "units": _DAYS,
            "levels": [{"name": "urge", "before": {"percent": 20}}, *_AFTER_DAYS],
        },
        {"code": "days", "units": _DAYS, "levels": _AFTER_DAYS},
        {
            "code": "minutes",
            "levels": [
                {"name": "urge", "after": {"percent": 0}},
                {"name": "supervise", "after": {"percent": 50}},
                {"name": "raise", "after": {"percent": 100}},
                {"name": "list", "after": {"percent": 300}},
            ],
        },
    ]
}
"""Version 0. Urged when due, supervised a working day later, raised after two, on the public list after five (fsou.com 17273310:
written urging on the day after, 通报批评 after five working days); limits in minutes and in office hours count in shares of themselves."""

_BUILT_IN = _rules(rules_of(BUILT_IN_DEFINITION))
_BEFORE = ("urge", "raise", "supervise")
_DAYS_BEFORE, _MINUTES_BEFORE = _rules(
    rules_of(
        {
            "rules": [
                {
                    "code": "days-before",
                    "levels": [
                        {"name": name, "after": {"amount": days, "unit": "working_days"}}
                        for name, days in zip(_BEFORE, (0, 1, 3), strict=True)
                    ],
                },
                {
                    "code": "minutes-before",
                    "levels": [{"name": name, "after": {"percent": share}} for name, share in zip(_BEFORE, (0, 100, 300), strict=True)],
                },
            ]
        }
    )
)
"""What clocks climb that began before ladders were rules: with other levels, those they had reached would be missed or reached again."""
BUILT_IN = Ladders(0)
