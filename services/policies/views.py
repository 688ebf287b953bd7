"""What is shown of versions of rules."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.policies.book import Book
from services.policies.findings import Finding
from services.policies.models import Policy
from services.policies.queries import state_of

State = Literal["draft", "waiting", "in_force", "superseded", "withdrawn"]

UNITS_KNOWN: Any = Field(description="False while no units are loaded: then nobody could check who is responsible where.")
_FINDING: dict[str, Any] = {
    "kind": "shadowed",
    "rule": "water in 441624108213",
    "detail": "This row can never decide: before it come water.canal in 441624108.",
    "category": "water",
    "unit": "441624108213",
    "by": ["water.canal in 441624108"],
}
_POLICY: dict[str, Any] = {
    "kind": "ladder",
    "version": 3,
    "state": "waiting",
    "base": 2,
    "reverts": None,
    "note": "年底前试行",
    "drafted_at": "2026-11-22T02:10:00Z",
    "activated_at": "2026-11-23T01:00:00Z",
    "effective_at": "2026-12-31T16:00:00Z",
    "withdrawn_at": None,
}
_DRAFT = {**_POLICY, "state": "draft", "activated_at": None, "effective_at": None, "findings": [_FINDING], "units_known": True}


class FindingView(BaseModel):
    """One thing that keeps rules from coming into force."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FINDING]})

    kind: str = Field(description="malformed, shadowed, nobody_responsible, unknown_unit, unit_ended, unknown_category, duplicate")
    rule: str = Field(description="The rule it is about, or the place in the definition.")
    detail: str
    category: str | None
    unit: str | None
    by: list[str] = Field(description="The rules it never gets past, or what is missing.")


class PolicyView(BaseModel):
    """A version of the rules of one kind. Version 0 is what the product comes with."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_POLICY]})

    kind: str
    version: int
    state: State
    base: int | None = Field(description="The version that was in force when it was drafted.")
    reverts: int | None = Field(description="The version whose rules it repeats.")
    note: str | None
    drafted_at: datetime | None
    activated_at: datetime | None
    effective_at: datetime | None = Field(description="From when on it counts.")
    withdrawn_at: datetime | None


class PolicyDraft(PolicyView):
    """A version, and what would keep it from coming into force now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DRAFT]})

    findings: list[FindingView]
    units_known: bool = UNITS_KNOWN


class PolicyDetail(PolicyView):
    """A version with its rules, whole."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_POLICY, "definition": {"rules": []}}]})

    definition: dict[str, Any]


class PolicyFindings(BaseModel):
    """What would keep a version from coming into force now; an empty list: nothing."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_FINDING], "units_known": True}]})

    items: list[FindingView]
    units_known: bool = UNITS_KNOWN


def policy_columns(policy: Policy, timetable: Book[int], now: datetime) -> dict[str, Any]:
    """Return what is shown of a version."""
    columns = {name: getattr(policy, name) for name in PolicyView.model_fields if name != "state"}
    return {**columns, "state": state_of(policy, timetable, now)}


def policy_view(policy: Policy, timetable: Book[int], now: datetime) -> PolicyView:
    """Return the view of a version."""
    return PolicyView(**policy_columns(policy, timetable, now))


def built_in_view(kind: str, definition: dict[str, Any], timetable: Book[int], now: datetime) -> PolicyDetail:
    """Return the view of version 0."""
    nothing = dict.fromkeys(PolicyView.model_fields)
    state: State = "superseded" if timetable.version_at(now) else "in_force"
    return PolicyDetail.model_validate({**nothing, "kind": kind, "version": 0, "state": state, "definition": definition})


def finding_views(findings: Sequence[Finding]) -> list[FindingView]:
    """Return findings as they are shown."""
    return [
        FindingView(kind=found.kind, rule=found.rule, detail=found.detail, category=found.category, unit=found.unit, by=list(found.by))
        for found in findings
    ]
