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


class FindingView(BaseModel):
    """One thing that keeps rules from coming into force."""

    kind: str = Field(
        description="malformed, shadowed, nobody_responsible, unknown_unit, unit_ended, unknown_category, duplicate", examples=["shadowed"]
    )
    rule: str = Field(description="The rule it is about, or the place in the definition.", examples=["water in 441624108213"])
    detail: str = Field(examples=["This row can never decide: before it come water.canal in 441624108."])
    category: str | None = Field(examples=["water"])
    unit: str | None = Field(examples=["441624108213"])
    by: list[str] = Field(description="The rules it never gets past, or what is missing.", examples=[["water.canal in 441624108"]])


class PolicyView(BaseModel):
    """A version of the rules of one kind. Version 0 is what the product comes with."""

    model_config = ConfigDict(frozen=True)

    kind: str = Field(examples=["ladder"])
    version: int = Field(examples=[3])
    state: State = Field(examples=["draft"])
    base: int | None = Field(description="The version that was in force when it was drafted.", examples=[2])
    reverts: int | None = Field(description="The version whose rules it repeats.", examples=[None])
    note: str | None = Field(examples=["水利局机构改革"])
    drafted_at: datetime | None = Field(examples=["2026-11-22T02:10:00Z"])
    activated_at: datetime | None = Field(examples=[None])
    effective_at: datetime | None = Field(description="From when on it counts.", examples=[None])
    withdrawn_at: datetime | None = Field(examples=[None])


class PolicyDraft(PolicyView):
    """A version, and what would keep it from coming into force now."""

    findings: list[FindingView]


class PolicyDetail(PolicyView):
    """A version with its rules, whole."""

    definition: dict[str, Any] = Field(examples=[{"rules": []}])


class Findings(BaseModel):
    """What would keep a version from coming into force now; an empty list: nothing."""

    items: list[FindingView]


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
