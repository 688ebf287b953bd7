"""Every definition there is: those of reports, and of the rooms that stand above them."""

from functools import cache

from services.petitions.figures import CHANNELS
from services.petitions.metrics import GROUP_AT_LEAST
from services.petitions.metrics import METRICS as PETITIONS
from services.reports.registry import Definition, registered, told_elsewhere

_RECEIVED = f"received_at in period and counted and channel in {CHANNELS!r}"
_GROUP = f"{_RECEIVED} and form = 'visit' and people >= {GROUP_AT_LEAST}"
_CODE = {
    "petitions": (f"count({_RECEIVED})", ""),
    "group_petitions": (f"count({_GROUP})", ""),
    "group_petition_people": (f"sum(people where {_GROUP})", ""),
    "repeat_petitions": (f"count({_RECEIVED} and repeated)", ""),
    "zero_petition_townships": (f"count(townships without count({_RECEIVED}))", ""),
    "zero_petition_rate": (f"count(townships without count({_RECEIVED}))", "count(townships)"),
}
"""The petition desk's figures as code; `services/petitions/figures.py` counts by the same conditions."""
_FIELDS = {"zero_petition_townships": "zero.count", "zero_petition_rate": "zero.rate"}


@cache
def every_definition() -> tuple[Definition, ...]:
    """Return every definition, family by family; no two have the same id."""
    petitions = [
        told_elsewhere(metric, "/v1/reports/petitions", code=_CODE[metric.id], field=_FIELDS.get(metric.id, ""))
        for metric in PETITIONS.values()
    ]
    return (*registered(), *petitions)
