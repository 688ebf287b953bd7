"""What is shown of queues by size of place."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.reports.views import CountedTicket

_WAITS: dict[str, Any] = {
    "tickets": 6, "waiting": 1, "median_minutes": 2880, "p90_minutes": 20160, "longest_minutes": 31680, "longest": "20261122-000123-6",
    "per_100_households": "2.46",
}  # fmt: skip
_UNIT: dict[str, Any] = {"unit": "441624108213", "name": "水口村", "households": 244, "waits": _WAITS}
_CLASS: dict[str, Any] = {
    "size_class": 1, "places": 10, "smallest": 180, "largest": 260, "households": 2300, "waits": _WAITS, "units": [_UNIT],
}  # fmt: skip
_TICKET: dict[str, Any] = {
    "number": "20261122-000123-6", "status": "accepted", "channel": "hotline", "source": "complaint", "category": "water.canal",
    "place": {"code": "441624108213", "name": "水口村"}, "holder": {"code": "441624108", "name": "彭寨镇"}, "round": 1,
    "received_at": "2026-10-22T01:00:00Z", "due_at": "2026-12-21T16:00:00Z", "completed_at": None, "on_time": None, "wait_minutes": 31680,
}  # fmt: skip
_REPORT: dict[str, Any] = {
    "first": "2026-10-01", "last": "2026-10-31", "as_of": "2026-11-13T01:00:00Z", "unit": "441624108", "tier": "village",
    "size": "households", "total": 6, "classes": [_CLASS],
}  # fmt: skip


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [value]})


class Waits(BaseModel):
    """How long tickets waited, in minutes; null without any."""

    model_config = _example(_WAITS)

    tickets: int
    waiting: int = Field(
        description="Those whose work is not done yet; their wait lasts until now, or until the instant `as_of` asked for."
    )
    median_minutes: int | None
    p90_minutes: int | None
    longest_minutes: int | None
    longest: str | None = Field(description="Number of the ticket that waited longest.")
    per_100_households: str | None = Field(description="Tickets for each hundred households; null where their number is not known.")


class QueueUnit(BaseModel):
    """A place."""

    model_config = _example(_UNIT)

    unit: str
    name: str
    households: int | None
    waits: Waits


class QueueClass(BaseModel):
    """Places of a like size, whoever waits longest first."""

    model_config = _example(_CLASS)

    size_class: int = Field(description="1: the smallest. 0: places whose size nobody has entered.")
    places: int
    smallest: int | None = Field(description="Households of the smallest place in it.")
    largest: int | None
    households: int | None
    waits: Waits
    units: list[QueueUnit]


class QueueFairness(BaseModel):
    """Waits by size of place."""

    model_config = _example(_REPORT)

    first: date
    last: date
    as_of: datetime
    unit: str | None
    tier: Literal["township", "village"]
    size: Literal["households", "tickets"]
    total: int
    classes: list[QueueClass]


class QueueTicket(CountedTicket):
    """A ticket, and how long it waited."""

    model_config = _example(_TICKET)

    wait_minutes: int


class QueueTickets(BaseModel):
    """A page of the tickets of a class or place; `total` is what the report told."""

    model_config = _example({"total": 1, "items": [_TICKET], "next": None})

    total: int
    items: list[QueueTicket]
    next: str | None = None
