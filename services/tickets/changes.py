"""What a decision comes to: new values of the ticket, events, and rows beside it. Pure values; `recording.py` stores them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.deadlines.clocks import Deed
from services.platform.database import Base
from services.tickets.case import TicketState

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event to be written: its type and data (ids and codes; never a villager's words or contact), and when it happened."""

    type: str
    data: Row
    happened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """A row to be added. `deeds` are what was done to a clock, for the event of the change; `clock` is what that tells (`telling.py`)."""

    model: type[Base]
    row: Row
    deeds: tuple[Deed, ...] = ()
    clock: tuple[str, list[Any]] | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """New values of a row that exists. `deeds` and `clock` as for :class:`Insert`."""

    model: type[Base]
    id: UUID
    values: Row
    deeds: tuple[Deed, ...] = ()
    clock: tuple[str, list[Any]] | None = None


@dataclass(frozen=True, slots=True)
class FileLink:
    """An uploaded file to be linked to a work log of this change, as what it shows."""

    attachment_id: UUID
    work_log_id: UUID
    role: str


@dataclass(frozen=True, slots=True)
class Change:
    """Everything one deed does to one ticket. `values` are ticket columns; version, chain and `updated_at` follow from the events."""

    ticket: TicketState
    events: tuple[EventDraft, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    inserts: tuple[Insert, ...] = ()
    updates: tuple[Update, ...] = ()
    links: tuple[FileLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A part of a change, as the decision of one action returns it: all but the status, which the lifecycle table decides.

    `to` is given only where the table leaves it open (SAME): a call-back that starts a new round, an undone merge.
    """

    data: Row
    values: Mapping[str, Any] = field(default_factory=dict)
    inserts: tuple[Insert, ...] = ()
    updates: tuple[Update, ...] = ()
    links: tuple[FileLink, ...] = ()
    further: tuple[EventDraft, ...] = ()
    happened_at: datetime | None = None
    to: str | None = None
