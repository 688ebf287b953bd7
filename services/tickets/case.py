"""A ticket as a decision sees it: frozen values, and what it must know besides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.catalogue.policy import CategoryPolicy
from services.deadlines.calendar import WorkCalendar
from services.deadlines.clocks import ClockRules, ClockState, Setting
from services.deadlines.clocks import Deed as ClockDeed
from services.organization.tree import UnitTree
from services.platform.actor import Actor
from services.platform.frozen_rows import FromRow


@dataclass(frozen=True, slots=True)
class TicketState(FromRow):
    """The ticket's own columns; see :class:`services.tickets.models.Ticket`."""

    id: UUID
    number: str
    status: str
    version: int
    chain_head: bytes
    round: int
    source: str
    channel: str
    category_code: str | None
    category_version: int | None
    urgency: str
    privacy: str
    terms: str
    place_unit_id: UUID | None
    area_path: str
    lat: float | None
    lon: float | None
    tier: str | None
    lead_unit_id: UUID | None
    lead_member_id: UUID | None
    desk_unit_id: UUID | None
    surface_to_id: UUID | None
    received_at: datetime
    dispatched_at: datetime | None
    accepted_at: datetime | None
    first_contact_at: datetime | None
    resolved_at: datetime | None
    resolved_by_unit_id: UUID | None
    resolved_by_account_id: UUID | None
    answered_at: datetime | None
    closed_at: datetime | None
    suspended_at: datetime | None
    suspension: str | None
    suspended_until: datetime | None
    helped_by: list[str]
    hand_offs: int
    returns: int
    adjudication: bool
    designated: bool
    merged_into_id: UUID | None
    status_before_merge: str | None
    accused: list[str] | None


@dataclass(frozen=True, slots=True)
class AssignmentState(FromRow):
    """A dispatch order that has not ended; see :class:`services.tickets.models.Assignment`."""

    id: UUID
    ticket_id: UUID
    round: int
    sequence: int
    part: str
    unit_id: UUID
    task: str | None
    assigned_at: datetime
    accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class ExtensionState(FromRow):
    """A request for more time that waits for a decision."""

    id: UUID
    stage: str
    working_days: int | None
    natural_days: int | None
    reason_code: str
    requested_by_account_id: UUID


@dataclass(frozen=True, slots=True)
class SuspensionState(FromRow):
    """A pause that was asked for or made, in any round; see :class:`services.tickets.models.Suspension`."""

    id: UUID
    round: int
    working_days: int
    reason_code: str
    requested_by_account_id: UUID | None
    decided_at: datetime | None
    began_at: datetime | None
    until_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class WhistleState(FromRow):
    """The whistle that was blown and has not ended."""

    id: UUID
    kind: str
    meet_at: datetime
    called_at: datetime
    called_by_unit_id: UUID | None


@dataclass(frozen=True, slots=True)
class CallState(FromRow):
    """A unit that the open whistle calls; `unit_id` must come."""

    id: UUID
    asked_unit_id: UUID
    unit_id: UUID
    answer: str | None
    arrived_at: datetime | None


@dataclass(frozen=True, slots=True)
class DirectiveState(FromRow):
    """An instruction that has not been followed yet."""

    id: UUID
    from_unit_id: UUID | None
    to_unit_id: UUID | None
    given_at: datetime
    report_in_working_days: int | None
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class FlagState(FromRow):
    """A flag on evidence of the present round that nobody has reviewed."""

    id: UUID
    kind: str
    attachment_id: UUID


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is true around every case: the tree, the calendars and ladders, and how long a closed ticket may be reopened."""

    tree: UnitTree
    rules: ClockRules
    reopen_days: int = 30


@dataclass(frozen=True, slots=True)
class Case:
    """One ticket with all a decision may look at.

    `last_solved` is the newest verdict of a call-back in this round, whatever was said of other things since. `owed_answers` are the
    complaints whose complainants want one, those of tickets merged into this one too. `evidence` are the roles of files shown in
    this round, `next_sequence` numbers the next assignment, `lead_before` held the ticket last, `extensions` counts those granted in
    this round, `other` is the ticket a merge names, `absorbed` counts the tickets merged into this one, `returned` says whether a unit
    gave it back in this round, `tries` counts its call-backs that nobody answered. `row_unit_id` is the unit that a row of the catalogue
    names for the matter where it is. `suspensions` are those of all rounds, `whistle` and `calls` the open one, `instructions` those not
    followed yet. `pictures` are those among the files of the command, `flags` those on evidence of this round that nobody has reviewed.
    `look_owed` says that pictures of this round were shown which the worker has not compared yet.
    `deeds` are what the journal tells of the clocks that run and were paused before.
    `workers` are the accounts that wrote a work record in this round, once its work is done, but from the jurisdiction's own desk;
    `lenders` says of those accounts that are keys', and of keys that asked for something, which person answers for them.
    """

    ticket: TicketState
    around: Surroundings
    category: CategoryPolicy | None = None
    clocks: tuple[ClockState, ...] = ()
    assignments: tuple[AssignmentState, ...] = ()
    extension: ExtensionState | None = None
    extensions: int = 0
    owed_answers: tuple[UUID, ...] = ()
    evidence: frozenset[str] = field(default=frozenset())
    next_sequence: int = 1
    last_solved: bool | None = None
    other: TicketState | None = None
    absorbed: int = 0
    lead_before: UUID | None = None
    returned: bool = False
    round_id: UUID | None = None
    tries: int = 0
    row_unit_id: UUID | None = None
    suspensions: tuple[SuspensionState, ...] = ()
    whistle: WhistleState | None = None
    calls: tuple[CallState, ...] = ()
    instructions: tuple[DirectiveState, ...] = ()
    pictures: frozenset[UUID] = field(default=frozenset())
    flags: tuple[FlagState, ...] = ()
    workers: frozenset[UUID] = field(default=frozenset())
    look_owed: bool = False
    deeds: Mapping[UUID, Sequence[ClockDeed]] = field(default_factory=dict)
    lenders: Mapping[UUID, UUID] = field(default_factory=dict)

    def is_person(self, account_id: UUID | None, doer: UUID | None) -> bool:
        """Tell whether the person of `account_id` answers for what the account `doer` did; the system is nobody."""
        return account_id is not None and doer is not None and self.lenders.get(doer, doer) == account_id

    def clock(self, stage: str, unit_id: UUID | None = None) -> ClockState | None:
        """Return the newest clock of `stage` in the present round; of those of a unit's own, where one is given."""
        here = (clock for clock in self.clocks if clock.stage == stage and clock.round == self.ticket.round)
        return max((clock for clock in here if unit_id in (None, clock.unit_id)), key=lambda clock: clock.turn, default=None)

    def calendar(self, instant: datetime) -> WorkCalendar:
        """Return the calendar in force at `instant` where the matter is."""
        calendars = self.around.rules.calendars.at(instant)
        return calendars.calendar(calendars.code_for(self.ticket.area_path))

    @property
    def setting(self) -> Setting:
        """What decides by which calendar and which ladder the ticket's next clock goes."""
        return Setting(self.ticket.area_path, self.ticket.category_code, self.ticket.urgency)

    @property
    def lead(self) -> AssignmentState | None:
        """The running assignment of the lead."""
        return next((row for row in self.assignments if row.part == "lead"), None)

    @property
    def co_handlers(self) -> tuple[AssignmentState, ...]:
        """The running assignments of co-handlers."""
        return tuple(row for row in self.assignments if row.part == "co")


@dataclass(frozen=True, slots=True)
class Deed:
    """Who decides, from which seat, and when."""

    actor: Actor
    now: datetime
    unit_id: UUID | None = None
