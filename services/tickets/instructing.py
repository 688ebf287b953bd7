"""批示, 下抓一级: a leader instructs a unit directly, past the tiers between; they are told. Pure.

The unit takes note of it within a working day, against a clock of its own, and reports how it was followed; where the leader set a day for
that, against a second one. For a unit where nobody holds a post the seat above answers. An instruction outlives nothing: when the ticket
ends its clocks end, and what was not followed by then is on record as such.
"""

from uuid import UUID

from services.deadlines.clocks import deed as clock_deed
from services.deadlines.due import StageLimit, TimeUnit
from services.organization.tree import UnitNode
from services.platform.errors import Conflict, Forbidden, Invalid
from services.tickets import timing
from services.tickets.calling_commands import Acknowledge, Instruct, ReportBack
from services.tickets.case import Case, Deed, DirectiveState
from services.tickets.changes import Insert, Outcome, Row, Update
from services.tickets.models import Directive
from services.tickets.moving import unit_by_code
from services.tickets.steering import directive_row
from services.tickets.whistling import answering

STAGE = "instruct"


def instruct(case: Case, command: Instruct, deed: Deed) -> Outcome:
    """Instruct a unit directly: the tiers between are told, as the event's `passed_over`."""
    unit = unit_by_code(case, command.unit)
    if not any(unit.path.startswith(seat.path) and unit.id != seat.unit_id for seat in deed.actor.seats):
        raise Forbidden("ticket.outside_scope", "That unit is not below yours.")
    seat = answering(case, unit, deed)
    if seat.id == deed.unit_id:
        detail = f"Nobody holds a post in {unit.code} ({unit.name}) now, and the seat above it is your own."
        raise Conflict("unit.blank", detail, extra={"instead": None})
    row = directive_row(case, "instruct", command.words, deed)
    row |= {"to_unit_id": seat.id, "asked_unit_id": unit.id, "report_in_working_days": command.report_in_working_days}
    data: Row = {"directive_id": str(row["id"]), "to_unit_id": str(seat.id), "words": command.words}
    data["passed_over"] = [str(over.id) for over in case.around.tree.ancestors(unit) if over.id != seat.id and _between(case, over, deed)]
    if seat.id != unit.id:
        data["instead_of"] = [str(unit.id)]
    return Outcome(data, inserts=(Insert(Directive, row), *timing.start(case, STAGE, deed.now, unit_id=seat.id)))


def _between(case: Case, unit: UnitNode, deed: Deed) -> bool:
    own = case.around.tree.by_id.get(deed.unit_id) if deed.unit_id else None
    return own is None or not own.path.startswith(unit.path)


def may_acknowledge(case: Case, deed: Deed) -> None:
    """Refuse where the unit took note of every instruction already."""
    if not _waiting(case, deed):
        raise Conflict("directive.acknowledged", "Your unit took note of it already; report back how it was followed.")


def acknowledge(case: Case, command: Acknowledge, deed: Deed) -> Outcome:
    """Take note of an instruction; where a report is due, its clock starts."""
    found = _named(_own(case, deed), _waiting(case, deed), command.directive)
    if found.acknowledged_at is not None:
        raise Conflict("directive.acknowledged", "Your unit took note of it already; report back how it was followed.")
    noted: Row = {"acknowledged_at": deed.now, "acknowledged_by_account_id": deed.actor.account_id}
    data = {"directive_id": str(found.id), "unit_id": str(deed.unit_id), "to_unit_id": _text(found.from_unit_id)}
    days = found.report_in_working_days
    report = StageLimit(STAGE, days, TimeUnit.WORKING_DAYS) if days is not None else None
    started = timing.start(case, STAGE, deed.now, limit=report, unit_id=deed.unit_id) if report else ()
    return Outcome(data, inserts=started, updates=(Update(Directive, found.id, noted), *_stopped(case, found, deed)))


def report_back(case: Case, command: ReportBack, deed: Deed) -> Outcome:
    """Say how an instruction was followed; whoever had not taken note of it has now."""
    own = _own(case, deed)
    found = _named(own, own, command.directive)
    done: Row = {"followed_at": deed.now, "followed_by_account_id": deed.actor.account_id, "report": command.words}
    if found.acknowledged_at is None:
        done |= {"acknowledged_at": deed.now, "acknowledged_by_account_id": deed.actor.account_id}
    data = {"directive_id": str(found.id), "unit_id": str(deed.unit_id), "to_unit_id": _text(found.from_unit_id), "words": command.words}
    return Outcome(data, updates=(Update(Directive, found.id, done), *_stopped(case, found, deed)))


def _stopped(case: Case, found: DirectiveState, deed: Deed) -> tuple[Update, ...]:
    """Stop the clock that watches `found`. Clocks and instructions of one unit pair up in the order of their time."""
    since = found.acknowledged_at or found.given_at
    own = (clock for clock in case.clocks if clock.stage == STAGE and clock.runs and clock.unit_id == found.to_unit_id)
    watching = next((clock for clock in own if clock.started_at == since), None)
    return (timing.done(case, watching, clock_deed(watching, "stop", deed.now)),) if watching else ()


def _own(case: Case, deed: Deed) -> list[DirectiveState]:
    return [directive for directive in case.instructions if directive.to_unit_id == deed.unit_id]


def _waiting(case: Case, deed: Deed) -> list[DirectiveState]:
    return [directive for directive in _own(case, deed) if directive.acknowledged_at is None]


def _named(own: list[DirectiveState], waiting: list[DirectiveState], directive_id: UUID | None) -> DirectiveState:
    """Return the instruction that is meant: the one named, else the oldest that waits."""
    if directive_id is None:
        return waiting[0]
    found = next((directive for directive in own if directive.id == directive_id), None)
    if found is None:
        raise Invalid("directive.unknown", "`directive` must be an instruction to your unit that was not followed yet.")
    return found


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
