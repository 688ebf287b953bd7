"""The one door to every decision, and the only place that sets a ticket's status. Pure."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from services.catalogue.policy import CategoryPolicy
from services.platform.actor import Actor, Seat
from services.platform.errors import Conflict, Forbidden
from services.tickets import ending, moving, steering, working
from services.tickets.case import Case, Deed
from services.tickets.changes import Change, EventDraft, Outcome
from services.tickets.lifecycle import ACTION_NAMES, RELATION_NAMES, SAME, STATUS_NAMES, TOLD, Relation, Step, step, steps_from
from services.tickets.relations import relations
from services.tickets.verifying import refuse_executor

EVENT_TYPES = {
    "triage": "ticket.triaged",
    "dispatch": "ticket.dispatched",
    "accept": "ticket.accepted",
    "return": "ticket.returned",
    "hand_up": "ticket.handed_up",
    "transfer": "ticket.transferred",
    "join": "ticket.joined",
    "finish_task": "ticket.task_finished",
    "log_work": "ticket.work_logged",
    "request_extension": "ticket.extension_requested",
    "decide_extension": "ticket.extension_decided",
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
    "supplement": "ticket.supplemented",
}

_DECISIONS: dict[str, Callable[[Case, Any, Deed], Outcome]] = {
    "dispatch": moving.dispatch,
    "accept": moving.accept,
    "return": moving.send_back,
    "hand_up": moving.hand_up,
    "transfer": moving.transfer,
    "join": moving.join,
    "finish_task": working.finish_task,
    "log_work": working.log_work,
    "request_extension": working.request_extension,
    "decide_extension": working.decide_extension,
    "suspend": working.suspend,
    "resume": working.resume,
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
    "instruct": steering.instruct,
    "supplement": working.supplement,
}
_APPROVING = ("decide_extension", "suspend")
_VERIFYING = ("call_back", "close")


def decide(case: Case, command: Any, actor: Actor, now: datetime, *, category: CategoryPolicy | None = None) -> Change:
    """Return what `command` of `actor` at `now` does to the ticket.

    Raises Conflict where the table has no such step, Forbidden where the actor stands in no relation it asks for, and whatever the
    action's own decision raises. `category` is the policy of the code a triage names.
    """
    row = allowed_step(case, command.action)
    seat = acting_seat(case, actor, row)
    deed = Deed(actor, now, seat.unit_id if seat else None)
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
    """Return the seat from which `actor` may take this step (None for the system); raise where there is none."""
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


def allowed_actions(case: Case, actor: Actor) -> list[str]:
    """Return the actions `actor` could try now, in table order: what a client shows as buttons."""
    found = relations(case, actor).keys()
    return [row.action for row in steps_from(case.ticket.status) if row.by & found and row.action not in TOLD]
