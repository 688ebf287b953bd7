"""Rules of assessment and counts, for tests."""

from typing import Any

from services.assessment.rules import Scheme, schemes_of
from services.assessment.scoring import Count, Counts


def item(code: str = "satisfied", **values: Any) -> dict[str, Any]:
    """Return an item as a definition has it: the satisfaction rate, all points at 100 %, none at 80 %."""
    return {
        "code": code, "name": f"项目{code}", "metric": "satisfaction_rate@1", "weight": 40, "direction": "higher",
        "full_at": 100, "zero_at": 80, "minimum": 0, **values,
    }  # fmt: skip


def definition(*items: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Return a definition with one scheme for townships."""
    scheme = {
        "code": "townships", "name": "乡镇考核", "subjects": "units", "kinds": ["township"],
        "groups": [{"code": "all", "name": "全部乡镇"}],
        "items": list(items) or [item()], "objection_working_days": 5, **values,
    }  # fmt: skip
    return {"schemes": [scheme]}


def scheme(*items: dict[str, Any], **values: Any) -> Scheme:
    """Return that scheme."""
    (found,) = schemes_of(definition(*items, **values))
    return found


def satisfied(numerator: int, denominator: int) -> Counts:
    """Return counts of the usual item."""
    return {"satisfied": {"satisfaction_rate@1": Count(numerator, denominator)}}
