"""All ladders of one version of the rules, and which of them a clock climbs. Pure."""

from dataclasses import dataclass

from services.deadlines.due import TimeUnit
from services.deadlines.escalation import Ladder, default_ladder


@dataclass(frozen=True)
class Ladders:
    """The ladders of one version; version 0 comes with the product."""

    version: int

    def rule_for(self, stage: str, category: str | None, urgency: str, unit: TimeUnit) -> str:  # noqa: ARG002  the built-in ones look at the unit alone
        """Return the code of the rule a clock follows for good: the first that matches."""
        return "minutes" if unit is TimeUnit.MINUTES else "days"

    def ladder(self, rule: str, unit: TimeUnit) -> Ladder:  # noqa: ARG002  the built-in ones look at the unit alone
        """Return the levels of a rule, for a limit in this unit."""
        return default_ladder(unit)


BUILT_IN = Ladders(0)
