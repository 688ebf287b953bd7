"""What is wrong with rules before they come into force. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.platform.errors import Conflict, Fault

MALFORMED = "malformed"
SHADOWED = "shadowed"
NOBODY = "nobody_responsible"
UNKNOWN_UNIT = "unknown_unit"
UNIT_ENDED = "unit_ended"
UNKNOWN_CATEGORY = "unknown_category"
DUPLICATE = "duplicate"

_NAMED_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must be put right: its kind, the rule it is about, in words, and where they are known category, unit and `by` whom.

    `by` are the rules that a shadowed rule never gets past, or what is missing where nobody is responsible.
    """

    kind: str
    rule: str
    detail: str
    category: str | None = None
    unit: str | None = None
    by: tuple[str, ...] = field(default=())


def blocked(findings: Sequence[Finding]) -> Conflict:
    """Return the problem of rules that may not come into force: every finding (of very many the first ones, and how many there are)."""
    told = findings[:_NAMED_AT_MOST]
    return Conflict(
        "policy.blocked",
        f"These rules cannot come into force: {len(findings)} finding(s). Put them right in a new draft.",
        errors=[Fault(f"{finding.kind} {finding.rule}", finding.detail) for finding in told],
        extra={"findings": [shown(finding) for finding in told], "count": len(findings)},
    )


def shown(finding: Finding) -> dict[str, object]:
    """Return a finding as plain JSON."""
    return {
        "kind": finding.kind,
        "rule": finding.rule,
        "detail": finding.detail,
        "category": finding.category,
        "unit": finding.unit,
        "by": list(finding.by),
    }
