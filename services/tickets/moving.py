"""Decisions that move a ticket between units: triage, dispatch, accept, return, hand up, transfer, join. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.catalogue.policy import CategoryPolicy
from services.organization.tree import UnitNode
from services.platform.clock import local_day
from services.platform.errors import Conflict, Invalid
from services.platform.ids import new_id
from services.routing.accused import is_accused
from services.routing.rules import WORKING_ROLES
from services.tickets import tasks, timing
from services.tickets.calling_commands import CoTask
from services.tickets.case import Case, Deed
from services.tickets.changes import Insert, Outcome, Row, Update
from services.tickets.commands import Accept, Dispatch, HandUp, Return, Transfer, Triage, happened
from services.tickets.models import Assignment, Round
from services.tickets.responsibility import RETURNS_AT_MOST, desk_above, may_return, refuse_push_down, refuse_while_adjudicated
from services.tickets.working import checked_instant


def unit_by_code(case: Case, code: str) -> UnitNode:
    """Return the active unit with `code`; raise where there is none."""
    unit = case.around.tree.by_code.get(code)
    if unit is None or not unit.active:
        raise Invalid("unit.unknown", f"There is no active unit with the code {code}.")
    refuse_accused(case, unit)
    return unit


def refuse_accused(case: Case, unit: UnitNode) -> None:
    """Refuse to give `unit` any part in a matter that is about it, about who sits there, or about what it belongs to."""
    if is_accused(unit, case.ticket.accused, case.around.tree):
        detail = f"The matter is about {unit.code} ({unit.name}), or about somebody there: it can have no part in it. Choose another unit."
        raise Conflict("ticket.about_the_unit", detail)


def staffed_unit(case: Case, code: str, deed: Deed) -> UnitNode:
    """Return the active unit with `code` where somebody holds a working post; raise, naming the tier above that has people, otherwise."""
    unit, tree, today = unit_by_code(case, code), case.around.tree, local_day(deed.now)
    if tree.staffed(unit.id, WORKING_ROLES, today):
        return unit
    above = next((found for found in tree.ancestors(unit) if tree.staffed(found.id, WORKING_ROLES, today)), None)
    instead = f" Give it to {above.code} ({above.name})." if above else ""
    detail = f"Nobody holds a post in {unit.code} ({unit.name}) now.{instead}"
    raise Conflict("unit.blank", detail, extra={"instead": above.code if above else None})


def triage(case: Case, command: Triage, deed: Deed, category: CategoryPolicy | None) -> Outcome:
    """Set category, place or urgency. `category` is the policy of the command's code.

    Limits that are shorter under the right category or urgency are brought forward; a longer one gives nobody more time by itself.
    """
    values: Row = {}
    if command.category is not None:
        if category is None or not category.leaf or not category.active:
            raise Invalid("category.unknown", f"There is no category {command.category} that a ticket can have.")
        values |= {
            "category_code": category.code,
            "category_version": category.version,
            "privacy": case.ticket.privacy if case.ticket.privacy == "confidential" else category.privacy,  # never taken back
            "urgency": category.urgency,
        }
    if command.place is not None:
        if case.ticket.accused:
            raise Conflict(
                "ticket.place_would_tell", "The place of a matter about somebody stays with its desk: it would tell whom it is about."
            )
        place = unit_by_code(case, command.place)
        values |= {"place_unit_id": place.id, "area_path": place.path}
        if case.ticket.accused is not None:
            values["accused"] = None  # nobody was named, and whoever decides says by this that it is about nobody
    if command.urgency is not None:
        values["urgency"] = command.urgency
    if not values:
        raise Invalid("triage.nothing", "Say a category, a place or an urgency.")
    data = {key: _json(value) for key, value in values.items()} | {"words": command.words}
    right = replace(case, category=category or case.category, ticket=replace(case.ticket, **values))
    tightened, why = timing.tighten(case, deed, right.category, right.ticket.urgency)
    return Outcome(data, values, inserts=(*why, *_missing_clocks(right, deed)), updates=tightened)


def _missing_clocks(case: Case, deed: Deed) -> tuple[Insert, ...]:
    """Start what a corrected category limits and the one before did not: a site to be secured, a pipe to be repaired."""
    if case.ticket.status == "received":
        return ()
    return tuple(row for stage in timing.ROUND_STAGES if case.clock(stage) is None for row in timing.start(case, stage, deed.now))


def may_dispatch(case: Case, _deed: Deed) -> None:
    """Refuse to hand out what is being adjudicated."""
    refuse_while_adjudicated(case)


def dispatch(case: Case, command: Dispatch, deed: Deed) -> Outcome:
    """A dispatcher gives the ticket to a unit."""
    unit = staffed_unit(case, command.unit, deed)
    refuse_push_down(case, unit)
    why = {"rule": "dispatcher", "words": command.words, "chosen": {"code": unit.code, "name": unit.name}}
    return assign_lead(case, unit, why, deed, designate=command.designate)


def transfer(case: Case, command: Transfer, deed: Deed) -> Outcome:
    """A desk moves the ticket to another unit.

    Where the unit that has it asked for that, or moves it itself, it passes the ticket on at its own wish. The jurisdiction's own desk does
    not: handing out is its work.
    """
    unit = staffed_unit(case, command.unit, deed)
    refuse_push_down(case, unit)
    if unit.id == case.ticket.lead_unit_id:
        raise Conflict("ticket.already_there", "The ticket is with that unit already.")
    why = {"rule": "dispatcher", "words": command.words, "chosen": {"code": unit.code, "name": unit.name}}
    own = deed.unit_id == case.ticket.lead_unit_id and deed.unit_id != root(case).id
    ended = "transferred_at_wish" if command.wished or own else "transferred"
    return assign_lead(case, unit, why, deed, designate=command.designate, hand_off=True, ended=ended)


def may_hand_up(case: Case, deed: Deed) -> None:
    """Refuse where nobody sits in any tier above."""
    if _above(case, deed)[0] is None:
        raise Conflict("ticket.no_tier_above", "There is no staffed tier above; ask the county desk to transfer the ticket.")


def hand_up(case: Case, command: HandUp, deed: Deed) -> Outcome:
    """The holder passes the ticket to the next tier up that has people; blank seats on the way are named.

    Whenever it was said to have happened, the next seat's clock starts now: nobody loses time by another's lack of signal.
    """
    at, _ = checked_instant(case, happened(command, deed.now), deed)
    here = case.around.tree.by_id[_lead_unit(case)]
    unit, skipped = _above(case, deed)
    assert unit is not None
    why = {
        "rule": "hand_up",
        "reason": command.reason,
        "words": command.words,
        "from": {"code": here.code, "name": here.name},
        "chosen": {"code": unit.code, "name": unit.name},
        "skipped": skipped,
    }
    return replace(assign_lead(case, unit, why, deed, hand_off=True, ended="handed_up"), happened_at=at)


def _above(case: Case, deed: Deed) -> tuple[UnitNode | None, list[dict[str, str]]]:
    """Return the next unit above the holder that has people, and the blank ones on the way."""
    tree, skipped = case.around.tree, list[dict[str, str]]()
    for unit in tree.ancestors(_lead_unit(case)):
        if tree.staffed(unit.id, WORKING_ROLES, local_day(deed.now)) and not is_accused(unit, case.ticket.accused, tree):
            return unit, skipped
        skipped.append({"code": unit.code, "name": unit.name, "because": "blank"})
    return None, skipped


def may_send_back(case: Case, _deed: Deed) -> None:
    """Refuse a return after a designation, or after the third one."""
    may_return(case)


def send_back(case: Case, command: Return, deed: Deed) -> Outcome:
    """The holder gives the ticket back to the desk. Clocks go on; the third time the desk above decides whose it is, against a clock."""
    right = unit_by_code(case, command.right_unit) if command.right_unit else None
    returns = case.ticket.returns + 1
    adjudication = returns >= RETURNS_AT_MOST
    values: Row = {
        "lead_unit_id": None,
        "lead_member_id": None,
        "tier": None,
        "returns": returns,
        "hand_offs": case.ticket.hand_offs + 1,
        "adjudication": adjudication,
    }
    data = {
        "reason": command.reason,
        "words": command.words,
        "right_unit_id": str(right.id) if right else None,
        "from_unit_id": str(case.ticket.lead_unit_id),
        "returns": returns,
        "adjudication": adjudication,
    }
    if adjudication:
        desk = desk_above(case, desk_over(case))
        values["desk_unit_id"] = desk.id
        data["desk_unit_id"] = str(desk.id)
    at, _ = checked_instant(case, happened(command, deed.now), deed)
    clocks = timing.start(case, "adjudicate", deed.now) if adjudication else _dispatch_clock_again(case, deed.now)
    return Outcome(data, values, inserts=clocks, updates=_ending(case, "returned", deed.now), happened_at=at)


def _dispatch_clock_again(case: Case, at: datetime) -> tuple[Insert, ...]:
    """Start another dispatch clock: a returned ticket must not wait for its next unit unwatched. No running clock is touched."""
    before = case.clock("dispatch")
    if before is None or before.state == "running":
        return ()
    limit = timing.dispatch_limit(case.ticket.urgency)
    return timing.start(case, "dispatch", at, limit=limit)


def accept(case: Case, command: Accept, deed: Deed) -> Outcome:
    """Somebody of the holding seat takes the ticket on, by name."""
    at, counted = checked_instant(case, happened(command, deed.now), deed)
    lead = case.lead
    assert lead is not None
    member = deed.actor.member_id
    return Outcome(
        {"unit_id": str(lead.unit_id), "member_id": str(member) if member else None, "assignment_id": str(lead.id)},
        {"accepted_at": counted, "lead_member_id": member},
        updates=(Update(Assignment, lead.id, {"accepted_at": counted, "member_id": member}), *timing.stop(case, ["accept"], counted)),
        happened_at=at,
    )


def join(case: Case, command: CoTask, deed: Deed) -> Outcome:
    """Bring in a co-handler, with a task and a clock of its own."""
    unit = staffed_unit(case, command.unit, deed)
    row = joined(case, unit, command, deed)
    clocks = tasks.started(case, [(unit.id, tasks.limit_of(command))], deed.now)
    data = {"unit_id": str(unit.id), "task": command.task, "assignment_id": str(row["id"]), **tasks.told(clocks)}
    return Outcome(data, inserts=(Insert(Assignment, row), *clocks))


def joined(case: Case, unit: UnitNode, command: CoTask, deed: Deed, *, offset: int = 0) -> Row:
    """Return the order of a new co-handler; raise where the unit handles the ticket already."""
    if unit.id == case.ticket.lead_unit_id or any(row.unit_id == unit.id for row in case.co_handlers):
        raise Conflict("ticket.already_there", f"{unit.code} ({unit.name}) handles the ticket already.")
    return assignment_row(case, unit, "co", {"rule": "joined", "words": command.task}, deed.now, task=command.task, offset=offset)


def assign_lead(  # noqa: PLR0913  what a change of lead depends on
    case: Case,
    unit: UnitNode,
    why: dict[str, Any],
    deed: Deed,
    *,
    desk: UnitNode | None = None,
    co_handlers: tuple[UnitNode, ...] = (),
    designate: bool = False,
    hand_off: bool = False,
    ended: str = "transferred",
) -> Outcome:
    """Make `unit` the lead: end the assignment before, start the acceptance clock, and the round's clocks where it is the first time.

    Each of `co_handlers` that does not help yet gets a task and its clock; a task that `unit` itself had ends, it has the whole now.
    """
    for given in (unit, *co_handlers):
        refuse_accused(case, given)
    desk = desk or desk_over(case)
    row = assignment_row(case, unit, "lead", why, deed.now)
    there = {unit.id, *(row.unit_id for row in case.co_handlers)}
    fresh = [helper for helper in co_handlers if helper.id not in there]
    helpers = [
        assignment_row(case, helper, "co", {**why, "part": "co"}, deed.now, task="协办", offset=place)
        for place, helper in enumerate(fresh, 1)
    ]
    values: Row = {
        "lead_unit_id": unit.id,
        "lead_member_id": None,
        "tier": unit.tier,
        "desk_unit_id": desk.id,
        "dispatched_at": case.ticket.dispatched_at or deed.now,
        "hand_offs": case.ticket.hand_offs + int(hand_off),
        "designated": case.ticket.designated or designate,
        "adjudication": case.ticket.adjudication and not designate,
    }
    data = {
        "unit_id": str(unit.id),
        "from_unit_id": str(case.ticket.lead_unit_id) if case.ticket.lead_unit_id else None,
        "assignment_id": str(row["id"]),
        "rule": why["rule"],
        "co_unit_ids": [str(helper["unit_id"]) for helper in helpers],
        "designated": designate,
    }
    helping = tasks.started(case, [(helper.id, None) for helper in fresh], deed.now)
    data |= tasks.told(helping)
    inserts = (*(Insert(Assignment, item) for item in (row, *helpers)), *_clocks(case, deed), *helping, *_round(case, deed))
    over = tasks.ended(case, [unit.id], deed.now, "became_lead")
    stopped = timing.stop(case, ["dispatch", "adjudicate"], deed.now)
    return Outcome(data, values, inserts=inserts, updates=(*_ending(case, ended, deed.now), *over, *stopped))


def desk_over(case: Case) -> UnitNode:
    """Return the desk that watches over the ticket: the township of its place, else the county; the present one where raised."""
    tree = case.around.tree
    present = tree.by_id.get(case.ticket.desk_unit_id) if case.ticket.desk_unit_id else None
    if present is not None:
        return present
    place = tree.by_id.get(case.ticket.place_unit_id) if case.ticket.place_unit_id else None
    if place is not None and case.ticket.surface_to_id is None:
        for unit in (place, *tree.ancestors(place)):
            if unit.kind == "township" and unit.active:
                return unit
    return root(case)


def root(case: Case) -> UnitNode:
    """Return the jurisdiction itself; raise where none is loaded yet."""
    found = case.around.tree.root
    if found is None:
        raise Conflict("unit.no_jurisdiction", "No units are loaded yet; run `daguanjia load-units`.")
    return found


def assignment_row(
    case: Case, unit: UnitNode, part: str, why: dict[str, Any], at: datetime, *, task: str | None = None, offset: int = 0
) -> Row:
    """Return a new assignment."""
    return {
        "id": new_id(),
        "ticket_id": case.ticket.id,
        "round": case.ticket.round,
        "sequence": case.next_sequence + offset,
        "part": part,
        "unit_id": unit.id,
        "member_id": None,
        "task": task,
        "assigned_at": at,
        "accepted_at": None,
        "ended_at": None,
        "end": None,
        "why": why,
    }


def _clocks(case: Case, deed: Deed) -> tuple[Insert, ...]:
    accepting = case.clock("accept")
    started: tuple[Insert, ...] = ()
    if accepting is None or accepting.state != "running":
        started = timing.start(case, "accept", deed.now)
    for stage in timing.ROUND_STAGES:
        if case.clock(stage) is None:
            started += timing.start(case, stage, timing.round_start(case, stage, deed.now))
    return started


def _round(case: Case, deed: Deed) -> tuple[Insert, ...]:
    if case.ticket.round != 1 or case.ticket.dispatched_at is not None:
        return ()  # a further round was written when it was opened
    row = {"id": new_id(), "ticket_id": case.ticket.id, "number": 1, "opened_at": case.ticket.received_at, "reason": None}
    return (Insert(Round, row),)


def _ending(case: Case, end: str, at: datetime) -> tuple[Update, ...]:
    return (Update(Assignment, case.lead.id, {"ended_at": at, "end": end}),) if case.lead else ()


def _lead_unit(case: Case) -> UUID:
    assert case.ticket.lead_unit_id is not None
    return case.ticket.lead_unit_id


def _json(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value
