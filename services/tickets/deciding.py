"""The one door to every decision, and the only place that sets a ticket's status. Pure."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from services.catalogue.policy import CategoryPolicy
from services.identity.permissions import lends
from services.platform.actor import Actor, Seat
from services.platform.errors import Conflict, Forbidden, Problem
from services.tickets import adjudicating, ending, instructing, moving, pausing, steering, tasks, whistling, working
from services.tickets.case import Case, Deed
from services.tickets.changes import Change, EventDraft, Outcome
from services.tickets.direct import refuse_passed_over
from services.tickets.lifecycle import ACTION_NAMES, RELATION_NAMES, SAME, STATUS_NAMES, TOLD, Relation, Step, step, steps_from
from services.tickets.relations import relations
from services.tickets.verifying import refuse_executor

EVENT_TYPES = {
    "triage": "ticket.triaged",
    "dispatch": "ticket.dispatched",
    "adjudicate": "ticket.adjudicated",
    "accept": "ticket.accepted",
    "return": "ticket.returned",
    "hand_up": "ticket.handed_up",
    "transfer": "ticket.transferred",
    "join": "ticket.joined",
    "finish_task": "ticket.task_finished",
    "log_work": "ticket.work_logged",
    "request_extension": "ticket.extension_requested",
    "decide_extension": "ticket.extension_decided",
    "request_suspension": "ticket.suspension_requested",
    "decide_suspension": "ticket.suspension_decided",
    "suspend": "ticket.suspended",
    "resume": "ticket.resumed",
    "resolve": "ticket.resolved",
    "answer": "ticket.answered",
    "call_back": "ticket.called_back",
    "close": "ticket.closed",
    "reopen": "ticket.reopened",
    "reject": "ticket.rejected",
    "cancel": "ticket.cancelled",
    "merge": "ticket.merged",
    "unmerge": "ticket.unmerged",
    "inform": "ticket.informed",
    "seal": "ticket.sealed",
    "urge": "ticket.urged",
    "supervise": "ticket.supervised",
    "instruct": "ticket.instructed",
    "acknowledge": "ticket.instruction_acknowledged",
    "report_back": "ticket.instruction_followed",
    "whistle": "ticket.whistled",
    "respond": "ticket.whistle_answered",
    "conclude_whistle": "ticket.whistle_concluded",
    "supplement": "ticket.supplemented",
}

_DECISIONS: dict[str, Callable[[Case, Any, Deed], Outcome]] = {
    "dispatch": moving.dispatch,
    "adjudicate": adjudicating.adjudicate,
    "accept": moving.accept,
    "return": moving.send_back,
    "hand_up": moving.hand_up,
    "transfer": moving.transfer,
    "join": moving.join,
    "finish_task": tasks.finish_task,
    "log_work": working.log_work,
    "request_extension": pausing.request_extension,
    "decide_extension": pausing.decide_extension,
    "request_suspension": pausing.request_suspension,
    "decide_suspension": pausing.decide_suspension,
    "suspend": pausing.suspend,
    "resume": pausing.resume,
    "resolve": ending.resolve,
    "answer": ending.answer,
    "call_back": ending.call_back,
    "close": ending.close,
    "reopen": ending.reopen,
    "reject": ending.reject,
    "cancel": ending.cancel,
    "merge": ending.merge,
    "unmerge": ending.unmerge,
    "inform": steering.inform,
    "seal": steering.seal,
    "urge": steering.urge,
    "supervise": steering.supervise,
    "instruct": instructing.instruct,
    "acknowledge": instructing.acknowledge,
    "report_back": instructing.report_back,
    "whistle": whistling.whistle,
    "respond": whistling.respond,
    "conclude_whistle": whistling.conclude,
    "supplement": working.supplement,
}
_POSSIBLE: dict[str, Callable[[Case, Deed], None]] = {
    "dispatch": moving.may_dispatch,
    "adjudicate": adjudicating.may_adjudicate,
    "return": moving.may_send_back,
    "hand_up": moving.may_hand_up,
    "request_extension": pausing.may_request_extension,
    "decide_extension": pausing.may_decide_extension,
    "request_suspension": pausing.may_request_suspension,
    "decide_suspension": pausing.may_decide_suspension,
    "suspend": pausing.may_suspend,
    "resume": pausing.may_resume,
    "resolve": ending.may_resolve,
    "reopen": ending.may_reopen,
    "reject": ending.may_end,
    "cancel": ending.may_end,
    "merge": ending.may_merge,
    "inform": steering.may_inform,
    "seal": steering.may_seal,
    "acknowledge": instructing.may_acknowledge,
    "whistle": whistling.may_whistle,
    "respond": whistling.may_respond,
    "conclude_whistle": whistling.may_conclude,
}
"""What refuses an action whatever its command says. It comes before the decision, and a button that it refuses is not offered."""
_APPROVING = ("decide_extension", "decide_suspension", "suspend")
_VERIFYING = ("call_back", "close")
LENDABLE = frozenset(f"ticket.{action}" for action in ACTION_NAMES if action not in {*_APPROVING, *_VERIFYING, "adjudicate", *TOLD})
"""Actions that can be lent to a program's key. Who approves, verifies or adjudicates is a person."""


def decide(case: Case, command: Any, actor: Actor, now: datetime, *, category: CategoryPolicy | None = None) -> Change:
    """Return what `command` of `actor` at `now` does to the ticket.

    Raises Forbidden ``ticket.direct`` where the matter went past the actor's seats, Conflict where the table has no such step, Forbidden
    where the actor stands in no relation it asks for, and whatever the action's own decision raises. `category` is the policy of the code
    a triage names.
    """
    refuse_passed_over(case, actor, command.action)
    row = allowed_step(case, command.action)
    seat = acting_seat(case, actor, row)
    deed = Deed(actor, now, seat.unit_id if seat else None)
    if command.action in _POSSIBLE:
        _POSSIBLE[command.action](case, deed)
    if command.action == "triage":
        outcome = moving.triage(case, command, deed, category)
    else:
        outcome = _DECISIONS[command.action](case, command, deed)
    return to_change(case, row, outcome)


def to_change(case: Case, row: Step, outcome: Outcome) -> Change:
    """Return the change of `outcome` under `row`: here, and nowhere else, a ticket gets its status."""
    status = outcome.to or (row.to if row.to != SAME else case.ticket.status)
    values = dict(outcome.values)
    data = dict(outcome.data)
    if status != case.ticket.status:
        values["status"] = status
        data |= {"from_status": case.ticket.status, "to_status": status}
    first = EventDraft(EVENT_TYPES[row.action], data, outcome.happened_at)
    return Change(case.ticket, (first, *outcome.further), values, outcome.inserts, outcome.updates, outcome.links)


def allowed_step(case: Case, action: str) -> Step:
    """Return the table's row for `action` now; raise where there is none."""
    row = step(case.ticket.status, action)
    if row is None:
        raise Conflict(
            "ticket.action_not_allowed",
            f"A ticket in status {case.ticket.status} ({STATUS_NAMES[case.ticket.status]}) cannot take the action {action} "
            f"({ACTION_NAMES[action]}).",
            extra={"status": case.ticket.status, "allowed": [allowed.action for allowed in steps_from(case.ticket.status)]},
        )
    return row


def acting_seat(case: Case, actor: Actor, row: Step) -> Seat | None:
    """Return the seat from which `actor` may take this step (None for the system); raise where there is none, or a key was not lent it."""
    if row.action not in TOLD and not lends(actor, f"ticket.{row.action}"):
        raise Forbidden("permission.denied", "This key was not lent this action.", extra={"action": f"ticket.{row.action}"})
    if row.action in _VERIFYING and actor.kind == "member":
        refuse_executor(case, actor)
    if row.action in _APPROVING and actor.kind == "member":
        _refuse_holder(case, actor)
    found = relations(case, actor)
    for relation in Relation:
        if relation in row.by and relation in found:
            return found[relation]
    wanted = [RELATION_NAMES[relation] for relation in Relation if relation in row.by]
    raise Forbidden(
        "ticket.not_yours", f"Only {'、'.join(wanted)} may take the action {row.action} on this ticket.", extra={"by": sorted(row.by)}
    )


def _refuse_holder(case: Case, actor: Actor) -> None:
    """Refuse whoever sits in the unit that holds the ticket: more time is granted by another unit. Above the jurisdiction there is none."""
    lead = case.ticket.lead_unit_id
    tree = case.around.tree
    if lead is None or (tree.root is not None and lead == tree.root.id):
        return
    if any(seat.unit_id == lead for seat in actor.seats):
        raise Forbidden("ticket.holder_approves", "Whoever holds the ticket cannot grant it more time; the desk above must.")


def allowed_actions(case: Case, actor: Actor, now: datetime) -> list[str]:
    """Return the actions `actor` could take now, in table order: what a client shows as buttons.

    What only the command itself can be refused for (evidence, a unit, words) is not known here.
    """
    return [row.action for row in steps_from(case.ticket.status) if row.action not in TOLD and _offered(case, actor, row, now)]


def _offered(case: Case, actor: Actor, row: Step, now: datetime) -> bool:
    if row.action == "close" and case.ticket.status == "resolved" and (owed := case.clock("answer")) is not None and owed.runs:
        return False  # somebody waits for the answer
    try:
        seat = acting_seat(case, actor, row)
        if row.action in _POSSIBLE:
            _POSSIBLE[row.action](case, Deed(actor, now, seat.unit_id if seat else None))
    except Problem:
        return False
    return True
