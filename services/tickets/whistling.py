"""吹哨报到: a township calls county departments to the site at a set time, and being there is a clock of theirs. Pure.

Whoever is called has until the meeting to be there. To say that one comes, or why one does not, is on record and stops nothing: only being
there does, and the outcome. For a department where nobody holds a post the seat above is called. Late answers count as late as they are.
One whistle is open at a time. It is called off when the work is done or the ticket ends; what was late by then stays on record.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from services.deadlines.clocks import deed as clock_deed
from services.deadlines.due import StageLimit, TimeUnit
from services.organization.tree import UnitNode
from services.platform.clock import local_day
from services.platform.errors import Conflict, Forbidden, Invalid
from services.platform.ids import new_id
from services.routing.accused import is_accused
from services.routing.rules import WORKING_ROLES
from services.tickets import tasks, timing
from services.tickets.calling_commands import BlowWhistle, ConcludeWhistle, Respond
from services.tickets.case import CallState, Case, Deed, WhistleState
from services.tickets.changes import Insert, Outcome, Row, Update
from services.tickets.commands import happened
from services.tickets.lifecycle import Relation
from services.tickets.models import Assignment, Whistle, WhistleCall
from services.tickets.moving import assign_lead, joined, staffed_unit, unit_by_code
from services.tickets.relations import relations
from services.tickets.responsibility import refuse_push_down, refuse_while_adjudicated

STAGE = "respond"
_MINUTE = timedelta(minutes=1)
_FURTHEST = timedelta(days=30)
_COUNTY_TIERS = ("county", "city")


def may_whistle(case: Case, deed: Deed) -> None:
    """Refuse a second whistle, and one by a holder that is no township."""
    _require_caller(case, deed)
    if case.whistle is not None:
        raise Conflict("whistle.open", "A whistle is open already; conclude it first.")


def whistle(case: Case, command: BlowWhistle, deed: Deed) -> Outcome:
    """Call units of the county to the site."""
    if not deed.now + _MINUTE <= command.meet_at <= deed.now + _FURTHEST:
        raise Invalid("whistle.meet_at", f"`meet_at` must lie ahead, by a minute at least and {_FURTHEST.days} days at most.")
    asked = [_callable(case, code, deed) for code in dict.fromkeys(command.units)]
    whistle_id = new_id()
    row: Row = {
        "id": whistle_id,
        "ticket_id": case.ticket.id,
        "round": case.ticket.round,
        "kind": command.kind,
        "place_words": command.place,
        "words": command.words,
        "meet_at": command.meet_at,
        "called_at": deed.now,
        "called_by_account_id": deed.actor.account_id,
        "called_by_unit_id": deed.unit_id,
    }
    seats = [(unit, answering(case, unit, deed)) for unit in asked]
    calls = [
        {"id": new_id(), "whistle_id": whistle_id, "ticket_id": case.ticket.id, "asked_unit_id": unit.id, "unit_id": seat.id}
        for unit, seat in seats
    ]
    data: Row = {
        "whistle_id": str(whistle_id),
        "kind": command.kind,
        "meet_at": command.meet_at.isoformat(),
        "place": command.place,
        "words": command.words,
        "called_unit_ids": [str(unit_id) for unit_id in dict.fromkeys(seat.id for _unit, seat in seats)],
        "instead_of": [str(unit.id) for unit, seat in seats if unit.id != seat.id],
    }
    clocks = _clocks(case, [seat.id for _unit, seat in seats], command.meet_at, deed)
    return Outcome(data, inserts=(Insert(Whistle, row), *(Insert(WhistleCall, call) for call in calls), *clocks))


def _callable(case: Case, code: str, deed: Deed) -> UnitNode:
    unit = unit_by_code(case, code)
    if unit.tier not in _COUNTY_TIERS or unit.id == deed.unit_id:
        detail = f"{unit.code} ({unit.name}) is no county department; a whistle calls those. Join units of the township instead."
        raise Invalid("whistle.not_a_department", detail)
    return unit


def answering(case: Case, unit: UnitNode, deed: Deed) -> UnitNode:
    """Return the seat that answers for `unit`: itself, or the next above where somebody holds a post; raise where nobody does."""
    tree, today = case.around.tree, local_day(deed.now)
    for seat in (unit, *tree.ancestors(unit)):
        if tree.staffed(seat.id, WORKING_ROLES, today) and not is_accused(seat, case.ticket.accused, tree):
            return seat
    raise Conflict("unit.blank", f"Nobody holds a post in {unit.code} ({unit.name}) or above it now.", extra={"instead": None})


def _clocks(case: Case, seats: list[UUID], meet_at: datetime, deed: Deed) -> tuple[Insert, ...]:
    """Return a clock of each seat that must come, due at the very instant of the meeting; it counts from the minute of the call."""
    minutes = -(-(meet_at - deed.now) // _MINUTE)
    limit = StageLimit(STAGE, minutes, TimeUnit.MINUTES)
    before = case.clock(STAGE)
    clocks: tuple[Insert, ...] = ()
    for turn, seat in enumerate(dict.fromkeys(seats), before.turn + 1 if before else 1):
        clocks += timing.start(case, STAGE, meet_at - minutes * _MINUTE, turn=turn, limit=limit, unit_id=seat)
    return clocks


def may_respond(case: Case, deed: Deed) -> None:
    """Refuse where nobody is called, or the unit is there already."""
    if all(call.arrived_at is not None for call in _own(case, deed)):
        raise Conflict("whistle.arrived_already", "Your unit is there already.")


def respond(case: Case, command: Respond, deed: Deed) -> Outcome:
    """A called unit answers, or is there. It may think better of its answer until then."""
    assert case.whistle is not None
    own = [call for call in _own(case, deed) if call.arrived_at is None]
    data: Row = {"whistle_id": str(case.whistle.id), "unit_id": str(deed.unit_id), "answer": command.answer, "words": command.words}
    if command.answer == "arrived":
        at = _arrived(case.whistle, command, deed)
        there: Row = {"arrived_at": at, "arrived_by_account_id": deed.actor.account_id}
        stopped = timing.stop(case, [STAGE], at, deed.unit_id)
        return Outcome(data, updates=(*_each(own, there), *stopped), happened_at=at)
    if command.answer == "not_coming" and command.words is None:
        raise Invalid("whistle.why_not", "Say in `words` why you do not come; the limit runs on all the same.")
    if all(call.answer == command.answer for call in own):
        raise Conflict("whistle.answered_already", "Your unit said so already.")
    said: Row = {
        "answer": command.answer,
        "answer_words": command.words,
        "answered_at": deed.now,
        "answered_by_account_id": deed.actor.account_id,
    }
    return Outcome(data, updates=_each(own, said))


def _arrived(whistle: WhistleState, command: Respond, deed: Deed) -> datetime:
    at = happened(command, deed.now)
    if at > deed.now:
        raise Invalid("happened_at.future", "A deed cannot have happened in the future; check the clock of the device.")
    if at < whistle.called_at:
        raise Invalid("happened_at.too_early", "A deed cannot have happened before your unit was called.")
    return at


def may_conclude(case: Case, deed: Deed) -> None:
    """Refuse where no whistle is open, and whoever could not have blown it."""
    _require_caller(case, deed)
    if case.whistle is None:
        raise Conflict("whistle.none_open", "No whistle is open on this ticket.")


def conclude(case: Case, command: ConcludeWhistle, deed: Deed) -> Outcome:
    """End the whistle with what was agreed: who leads, who helps with what."""
    assert case.whistle is not None
    ending = ended(case, deed, "concluded", command.words)
    data: Row = {"whistle_id": str(case.whistle.id), "words": command.words, "absent_unit_ids": _absent(case), **expected(case)}
    led = _led(case, command, deed)
    helpers = [(staffed_unit(case, told.unit, deed), told) for told in command.co_handlers]
    lead_id: UUID | None = led.values.get("lead_unit_id", case.ticket.lead_unit_id)
    if len({unit.id for unit, _told in helpers} | {lead_id}) <= len(helpers):
        raise Conflict("ticket.already_there", "Name each unit once: as the lead, or as a co-handler.")
    led_so = replace(case, ticket=replace(case.ticket, lead_unit_id=lead_id))  # who led until now may help
    rows = [joined(led_so, unit, told, deed, offset=nth) for nth, (unit, told) in enumerate(helpers, 1)]
    clocks = tasks.started(case, [(unit.id, tasks.limit_of(told)) for unit, told in helpers], deed.now)
    co = [str(unit.id) for unit, _told in helpers]
    return Outcome(
        {**led.data, **data, "co_unit_ids": co},
        led.values,
        inserts=(*led.inserts, *(Insert(Assignment, row) for row in rows), *clocks),
        updates=(*led.updates, *ending),
        to=led.to,
    )


def _led(case: Case, command: ConcludeWhistle, deed: Deed) -> Outcome:
    """Return what naming the lead does: nothing where none is named; only a designation where it is who has the ticket already."""
    if command.lead is None:
        return Outcome({})
    if Relation.DESK not in relations(case, deed.actor):
        raise Forbidden("whistle.desk_designates", "Only a desk names the lead; leave `lead` out and ask yours.")
    refuse_while_adjudicated(case)
    unit = staffed_unit(case, command.lead, deed)
    refuse_push_down(case, unit)
    if unit.id == case.ticket.lead_unit_id:
        return Outcome({"unit_id": str(unit.id), "designated": True}, {"designated": True})
    why = {"rule": "whistle", "words": command.words, "chosen": {"code": unit.code, "name": unit.name}}
    outcome = assign_lead(case, unit, why, deed, designate=True, hand_off=case.lead is not None)
    return Outcome(outcome.data, outcome.values, outcome.inserts, outcome.updates, to="dispatched")


def ended(case: Case, deed: Deed, kind: str, outcome: str | None = None) -> tuple[Update, ...]:
    """Return the end of the open whistle, if any: whoever was late by now stays so, whoever was still expected is expected no more."""
    if case.whistle is None:
        return ()
    waiting = [clock for clock in case.clocks if clock.stage == STAGE and clock.runs]
    over = (
        timing.done(case, clock, clock_deed(clock, "stop", deed.now) if clock.due_at <= deed.now else clock_deed(clock, "cancel"))
        for clock in waiting
    )
    return (*row_ended(case, deed, kind, outcome), *over)


def row_ended(case: Case, deed: Deed, kind: str, outcome: str | None = None) -> tuple[Update, ...]:
    """Return the end of the open whistle without that of its clocks, where they end with all others."""
    if case.whistle is None:
        return ()
    row: Row = {"ended_at": deed.now, "end_kind": kind, "ended_by_account_id": deed.actor.account_id, "outcome": outcome}
    return (Update(Whistle, case.whistle.id, row),)


def expected(case: Case) -> Row:
    """Return what an event that ends the whistle says of the seats that need not come any more; nothing where all are there."""
    seats = list(dict.fromkeys(str(call.unit_id) for call in case.calls if call.arrived_at is None))
    return {"expected_unit_ids": seats} if seats else {}


def _absent(case: Case) -> list[str]:
    return [str(call.asked_unit_id) for call in case.calls if call.arrived_at is None]


def _own(case: Case, deed: Deed) -> list[CallState]:
    return [call for call in case.calls if call.unit_id == deed.unit_id]


def _each(calls: list[CallState], values: Row) -> tuple[Update, ...]:
    return tuple(Update(WhistleCall, call.id, dict(values)) for call in calls)


def _require_caller(case: Case, deed: Deed) -> None:
    """Refuse a holder that is neither a township nor a desk: whom it needs it asks its desk to call."""
    holder = case.around.tree.by_id.get(deed.unit_id) if deed.unit_id else None
    if Relation.DESK not in relations(case, deed.actor) and (holder is None or holder.tier != "township"):
        raise Forbidden("whistle.township_only", "A township or a desk blows the whistle; ask yours.")
