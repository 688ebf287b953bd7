"""What a trial looks at: matters of a period with their clocks, and rules as one value. Pure."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from services.catalogue.policy import Catalogue
from services.deadlines.calendars import Calendars
from services.deadlines.ladders import Ladders

_MONTHS = 3
"""A quarter."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules that were in force at one instant, or would be."""

    catalogue: Catalogue
    calendars: Calendars
    ladders: Ladders


@dataclass(frozen=True, slots=True)
class MatterClock:
    """A clock as it ran: its own limit, when it was stopped (None while it runs), what was granted besides, and for how long it stood.

    `unit_id` is whose it is, by whose calendar it then goes; `paused_at` since when it stands still now.
    """

    stage: str
    round: int
    started_at: datetime
    stopped_at: datetime | None
    amount: int
    unit: str
    start: str
    granted: timedelta
    paused_for: timedelta
    unit_id: UUID | None = field(default=None)
    paused_at: datetime | None = field(default=None)


@dataclass(frozen=True, slots=True)
class Matter:
    """A ticket as routing and its clocks see it."""

    id: UUID
    number: str
    category: str | None
    urgency: str
    terms: str
    place_unit_id: UUID | None
    area_path: str
    surface_to_id: UUID | None
    received_at: datetime
    clocks: tuple[MatterClock, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Period:
    """Days of Asia/Shanghai, both included. Raises ``ValueError`` where the last comes before the first."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse a period without days."""
        if self.last < self.first:
            raise ValueError("a period ends no sooner than it begins")

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def last_quarter(today: date) -> Period:
    """Return the last quarter that is over on `today`."""
    begins = date(today.year, (today.month - 1) // _MONTHS * _MONTHS + 1, 1)
    last = begins - timedelta(days=1)
    return Period(date(last.year, last.month - _MONTHS + 1, 1), last)
