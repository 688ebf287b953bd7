"""A ticket begins: the rows of a matter that was just received. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.deadlines.clocks import ClockRules, Deed, Setting, start_deed, started
from services.deadlines.due import StageLimit, TimeUnit
from services.journal.recording import deliveries_for, new_event
from services.platform.actor import Actor
from services.platform.clock import local_day
from services.platform.ids import new_id
from services.tickets.numbers import format_number

Row = dict[str, Any]

DISPATCH_MINUTES = {"emergency": 60, "urgent": 120, "normal": 24 * 60}
"""How soon a unit must have been found, by urgency: 1 h, 2 h, 24 h (Beijing DB11 limits in force 2023-01-01)."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known of a matter when it is received.

    `received_at` is when it was said, which clocks run from; `danger` is the word that speaks of danger to life and makes it an emergency;
    `terms` are those of `terms.py`, `rules` the calendars and ladders clocks go by.
    """

    channel: str
    source: str
    received_at: datetime
    area_path: str
    rules: ClockRules
    category_code: str | None = None
    category_version: int | None = None
    urgency: str = "normal"
    privacy: str = "normal"
    place_unit_id: UUID | None = None
    lat: float | None = None
    lon: float | None = None
    surface_to_id: UUID | None = None
    complaint_id: UUID | None = None
    danger: str | None = None
    told: bool = False
    terms: str = "usual"
    accused: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class OpenedRows:
    """The rows of a fresh ticket, to be inserted in this order in one transaction."""

    ticket: Row
    clock: Row
    event: Row
    deliveries: list[Row]


def open_ticket(actor: Actor, now: datetime, opening: Opening, *, ticket_id: UUID, sequence: int) -> OpenedRows:
    """Return the rows of a ticket received as `opening` says, recorded at `now` by `actor`, with the `sequence`-th number."""
    number = format_number(local_day(opening.received_at), sequence)
    began = _dispatch_start(opening)
    event = new_event(
        actor,
        now,
        subject_kind="ticket",
        subject_id=ticket_id,
        seq=1,
        type="ticket.received",
        happened_at=opening.received_at,
        data={
            "number": number,
            "channel": opening.channel,
            "source": opening.source,
            "category": opening.category_code,
            "category_version": opening.category_version,
            "urgency": opening.urgency,
            "privacy": opening.privacy,
            "terms": opening.terms,
            "area_path": opening.area_path,
            "place_unit_id": _text(opening.place_unit_id),
            "surface_to_id": _text(opening.surface_to_id),
            "complaint_id": _text(opening.complaint_id),
            **({"danger": opening.danger} if opening.danger else {}),
            **({"told": True} if opening.told else {}),
            **({"accused": list(opening.accused)} if opening.accused is not None else {}),
            "clocks": [began],
        },
    )
    clock = started(ticket_id, began, opening.rules).row()
    return OpenedRows(_ticket_row(opening, ticket_id, number, event), clock, event, deliveries_for(event))


def _ticket_row(opening: Opening, ticket_id: UUID, number: str, event: Row) -> Row:
    return {
        "id": ticket_id,
        "number": number,
        "status": "received",
        "version": 1,
        "chain_head": event["hash"],
        "round": 1,
        "source": opening.source,
        "channel": opening.channel,
        "category_code": opening.category_code,
        "category_version": opening.category_version,
        "urgency": opening.urgency,
        "privacy": opening.privacy,
        "terms": opening.terms,
        "place_unit_id": opening.place_unit_id,
        "area_path": opening.area_path,
        "lat": opening.lat,
        "lon": opening.lon,
        "surface_to_id": opening.surface_to_id,
        "accused": None if opening.accused is None else list(opening.accused),
        "received_at": opening.received_at,
        "recorded_at": event["recorded_at"],
        "updated_at": event["recorded_at"],
    }


def _dispatch_start(opening: Opening) -> Deed:
    limit = StageLimit("dispatch", DISPATCH_MINUTES[opening.urgency], TimeUnit.MINUTES)
    setting = Setting(opening.area_path, opening.category_code, opening.urgency)
    return start_deed(new_id(), limit, opening.received_at, opening.rules, setting, number=1, turn=1, unit_id=None)


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
