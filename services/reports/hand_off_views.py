"""What is told of hand-offs: 二传手."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.reports.views import PeriodView, UnitName


class HandOffCounts(BaseModel):
    """Tickets given, passed on, and passed on without a work record of one's own; shares are per cent of those given."""

    received: int = Field(description="Tickets given as lead in the period.", examples=[40])
    passed_on: int = Field(description="Of these: given back, handed up, or transferred at the unit's wish.", examples=[6])
    idle: int = Field(description="Of these: without any work record of its own meanwhile.", examples=[4])
    times: int = Field(description="How often they were passed on: a ticket may come by again.", examples=[7])
    passed_on_share: str | None = Field(examples=["15.00"])
    idle_share: str | None = Field(description="二传手: per cent, two places; null where nothing was given.", examples=["10.00"])


class UnitHandOffs(HandOffCounts):
    """The counts of one unit."""

    unit: UnitName | None = Field(examples=[{"code": "441624-D-SLJ", "name": "和平县水利局"}])


class HandOffs(BaseModel):
    """Who passes matters on: each unit that was given one, the one that did so most often idly first."""

    as_of: datetime = Field(examples=["2026-11-22T04:00:00Z"])
    period: PeriodView = Field(examples=[{"first": "2026-11-01", "last": "2026-11-22"}])
    total: HandOffCounts = Field(description="Of all units together, each ticket once.")
    units: list[UnitHandOffs]


class HandOffTicket(BaseModel):
    """A ticket that was given to a unit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": "20261122-000017-8",
                    "status": "received",
                    "category": "water.outage",
                    "place": {"code": "441624108213", "name": "水口村"},
                    "holder": None,
                    "received_at": "2026-11-22T01:00:00Z",
                    "given_at": "2026-11-22T01:00:01Z",
                    "times_passed_on": 2,
                    "times_idly": 2,
                    "returns": 3,
                }
            ]
        }
    )

    number: str
    status: str
    category: str | None
    place: UnitName
    holder: UnitName | None = Field(description="Who has it now.")
    received_at: datetime
    given_at: datetime = Field(description="When the unit was given it first in the period.")
    times_passed_on: int
    times_idly: int
    returns: int = Field(description="Returns of the ticket by whatever units.")


class HandOffTickets(BaseModel):
    """One page of the tickets behind a figure. `total` is the figure."""

    total: int = Field(examples=[4])
    items: list[HandOffTicket]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
