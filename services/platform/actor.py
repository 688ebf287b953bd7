"""Who acts: a member in their seats, a complainant, or the system itself."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ActingFor:
    """For whom a seat is held meanwhile (代班): the post, its holder on leave, and the first day it is over."""

    post_id: UUID
    member_id: UUID
    name: str
    until: date


@dataclass(frozen=True, slots=True)
class Seat:
    """A post somebody holds now: a role in a unit. `path` is the unit's place in the tree, `function` its functional line.

    `within` is there in the seat of a key that was narrowed to an area: the seat reaches no further, whatever its unit does. `acting` is
    there where the post is somebody else's, who is on leave.
    """

    role: str
    unit_id: UUID
    unit_code: str
    path: str
    tier: str
    kind: str
    function: str | None = None
    within: str | None = None
    acting: ActingFor | None = None


@dataclass(frozen=True, slots=True)
class Lent:
    """Which actions of its owner's a key was lent: of those of the table, and ``ticket.…`` for those of a ticket."""

    key_id: UUID
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, as actions and the journal know them. With `lent` it is a program that acts under a key."""

    kind: Literal["member", "complainant", "system"]
    account_id: UUID | None = None
    member_id: UUID | None = None
    name: str = ""
    seats: tuple[Seat, ...] = field(default=())
    lent: Lent | None = None

    @property
    def main_seat(self) -> Seat | None:
        """The seat the person mostly acts from: the first one."""
        return self.seats[0] if self.seats else None

    def has_role(self, *roles: str) -> bool:
        """Tell whether the person holds one of `roles` anywhere."""
        return any(seat.role in roles for seat in self.seats)

    def acting_from(self, unit_id: UUID | None) -> list[ActingFor]:
        """Return for whom a deed from a seat in `unit_id` is done: nobody where an own seat is of the same role there.

        Without a unit, everybody for whom the person acts now: the deed may have needed any of their seats.
        """
        if all(seat.acting is None for seat in self.seats):
            return []
        own = {(seat.unit_id, seat.role) for seat in self.seats if seat.acting is None}
        return [
            seat.acting
            for seat in self.seats
            if seat.acting is not None and unit_id in (None, seat.unit_id) and (seat.unit_id, seat.role) not in own
        ]


SYSTEM = Actor(kind="system", name="系统")
COMPLAINANT = Actor(kind="complainant", name="诉求人")
