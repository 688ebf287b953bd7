"""More time, or time that stands still: what the holder asks for and another person grants. Pure.

Both are asked for before the limit is over, for a coded reason, and both have a cap: two extensions a round (one under the petition rules);
two suspensions a round, and 60 working days of them in all the rounds of a ticket. The caps on suspensions are our own: no rule we know of
names a number, and a ticket that could stand still for ever would be no promise. A suspension ends by itself when its last day is over,
whenever anybody notices: the clocks go on from that instant.
"""

from datetime import datetime

from services.deadlines.due import StageLimit, TimeUnit, working_days_between
from services.platform.clock import local_day
from services.platform.errors import Conflict, Forbidden, Invalid
from services.platform.ids import new_id
from services.tickets import timing
from services.tickets.case import Case, Deed, SuspensionState
from services.tickets.changes import Insert, Outcome, Row, Update
from services.tickets.models import Extension, Suspension
from services.tickets.moving import desk_over
from services.tickets.pausing_commands import DecideExtension, DecideSuspension, RequestExtension, RequestSuspension, Resume, Suspend
from services.tickets.responsibility import desk_above
from services.tickets.terms import EXTENSION_DAYS_AT_MOST, EXTENSIONS_AT_MOST, PETITION
from services.tickets.working import PAUSED_STAGES

SUSPENSIONS_AT_MOST = 2
"""In one round."""
SUSPENDED_DAYS_AT_MOST = 60
"""Working days, in all rounds together."""


def may_request_extension(case: Case, deed: Deed) -> None:
    """Refuse a request that comes too late, beside another, or after the last that is granted."""
    clock = case.clock("resolve")
    if clock is None or clock.state != "running":
        raise Conflict("extension.no_clock", "No limit is running that could be extended.")
    if deed.now >= clock.due_at:
        raise Conflict("extension.too_late", "The limit is over; an extension must be requested before.")
    if case.extension is not None:
        raise Conflict("extension.pending", "A request waits for its decision already.")
    most = EXTENSIONS_AT_MOST[case.ticket.terms]
    if case.extensions >= most:
        raise Conflict("extension.used_up", f"No more than {most} extensions are granted in a round; hand the ticket up instead.")


def request_extension(case: Case, command: RequestExtension, deed: Deed) -> Outcome:
    """Ask for more time: before the limit is over, one request at a time, at most two grants a round."""
    _require_days(case, command)
    row: Row = {
        "id": new_id(),
        "ticket_id": case.ticket.id,
        "round": case.ticket.round,
        "stage": "resolve",
        "working_days": command.working_days,
        "natural_days": command.natural_days,
        "reason_code": command.reason,
        "words": command.words,
        "requested_at": deed.now,
        "requested_by_account_id": deed.actor.account_id,
    }
    days = {"working_days": command.working_days, "natural_days": command.natural_days}
    data = {"extension_id": str(row["id"]), **days, "reason": command.reason, "to_unit_id": _asked(case)}
    return Outcome(data, inserts=(Insert(Extension, row),))


def _require_days(case: Case, command: RequestExtension) -> None:
    """Refuse days of the wrong kind: working days, but natural ones where the petition rules set the limit, which count in them."""
    clock = case.clock("resolve")
    assert clock is not None
    natural = case.ticket.terms == PETITION and clock.time_unit is TimeUnit.NATURAL_DAYS
    if (command.natural_days is not None) != natural or (command.working_days is not None) == natural:
        kind = f"natural_days, {EXTENSION_DAYS_AT_MOST} at most" if natural else "working_days"
        raise Invalid("extension.days", f"This limit is extended in {kind}; say exactly that.")


def may_decide_extension(case: Case, deed: Deed) -> None:
    """Refuse a decision where nothing was asked, or by whoever asked."""
    if case.extension is None:
        raise Conflict("extension.none_pending", "No request for an extension waits for a decision.")
    if case.is_person(deed.actor.account_id, case.extension.requested_by_account_id):
        raise Forbidden("extension.own_request", "Somebody else must decide on your own request.")


def decide_extension(case: Case, command: DecideExtension, deed: Deed) -> Outcome:
    """Grant or refuse the pending request; whoever asked cannot decide."""
    pending = case.extension
    assert pending is not None
    decided = {**_decided(deed, granted=command.granted), "decision": command.words}
    unit = TimeUnit.WORKING_DAYS if pending.natural_days is None else TimeUnit.NATURAL_DAYS
    days_granted = pending.working_days or pending.natural_days or 0
    moved, why = timing.extend(case, pending.stage, days_granted, unit, deed, pending.reason_code) if command.granted else ((), ())
    days = {"working_days": pending.working_days, "natural_days": pending.natural_days}
    return Outcome(
        {"extension_id": str(pending.id), "granted": command.granted, **days, "words": command.words, "terms": case.ticket.terms},
        inserts=why,
        updates=(Update(Extension, pending.id, decided), *moved),
    )


def may_request_suspension(case: Case, deed: Deed) -> None:
    """Refuse a pause beside another, of a late ticket, or after the last that is granted."""
    if requested(case) is not None:
        raise Conflict("suspension.pending", "A request to suspend the ticket waits for its decision; decide on that.")
    _may_begin(case, deed)


def may_suspend(case: Case, deed: Deed) -> None:
    """Refuse what could not be asked for either."""
    may_request_suspension(case, deed)


def _may_begin(case: Case, deed: Deed) -> None:
    if case.ticket.suspended_at is not None:
        raise Conflict("ticket.suspended", "The ticket is suspended already.")
    clock = case.clock("resolve")
    if clock is not None and clock.state == "running" and clock.due_at <= deed.now:
        raise Conflict("ticket.overdue", "The limit is over already; a late ticket cannot be suspended.")
    if sum(made.began_at is not None and made.round == case.ticket.round for made in case.suspensions) >= SUSPENSIONS_AT_MOST:
        detail = f"A ticket is suspended no more than {SUSPENSIONS_AT_MOST} times in a round; hand it up or ask for an extension."
        raise Conflict("suspension.used_up", detail)
    if days_left(case, deed.now) < 1:
        raise Conflict("suspension.days_used_up", f"The {SUSPENDED_DAYS_AT_MOST} working days are used up.", extra={"left": 0})


def days_left(case: Case, now: datetime) -> int:
    """Return how many working days the ticket may still be suspended: a suspension uses the days it really took."""
    return SUSPENDED_DAYS_AT_MOST - sum(_used(case, made, now) for made in case.suspensions)


def _used(case: Case, made: SuspensionState, now: datetime) -> int:
    if made.began_at is None:
        return 0
    first, last = local_day(made.began_at), local_day(made.ended_at or now)
    return min(made.working_days, max(0, working_days_between(first, last, case.calendar(made.began_at))))


def _require_days_left(case: Case, days: int, now: datetime) -> None:
    left = days_left(case, now)
    if days > left:
        detail = f"A ticket is suspended for {SUSPENDED_DAYS_AT_MOST} working days in all at most; {left} are left."
        raise Conflict("suspension.days_used_up", detail, extra={"left": left})


def requested(case: Case) -> SuspensionState | None:
    """Return the request for a suspension that waits for a decision."""
    return next((made for made in case.suspensions if made.decided_at is None), None)


def request_suspension(case: Case, command: RequestSuspension, deed: Deed) -> Outcome:
    """The holder asks for the clocks to stand still. Nothing stands still yet."""
    _require_days_left(case, command.review_in_working_days, deed.now)
    row = _row(case, command) | {"requested_at": deed.now, "requested_by_account_id": deed.actor.account_id}
    data = {"suspension_id": str(row["id"]), "reason": command.reason, "words": command.words, "working_days": row["working_days"]}
    return Outcome({**data, "to_unit_id": _asked(case)}, inserts=(Insert(Suspension, row),))


def _asked(case: Case) -> str:
    """Return who is to decide: the desk, or the one above where the desk itself holds the ticket."""
    desk = desk_over(case)
    return str((desk_above(case, desk) if desk.id == case.ticket.lead_unit_id else desk).id)


def may_decide_suspension(case: Case, deed: Deed) -> None:
    """Refuse a decision where nothing was asked, or by whoever asked."""
    pending = requested(case)
    if pending is None:
        raise Conflict("suspension.none_pending", "No request for a suspension waits for a decision.")
    if case.is_person(deed.actor.account_id, pending.requested_by_account_id):
        raise Forbidden("suspension.own_request", "Somebody else must decide on your own request.")


def decide_suspension(case: Case, command: DecideSuspension, deed: Deed) -> Outcome:
    """Grant or refuse the pending request. Granted, the clocks stand still from now: what became late meanwhile stays late."""
    pending = requested(case)
    assert pending is not None
    data: Row = {"suspension_id": str(pending.id), "granted": command.granted, "words": command.words, "working_days": pending.working_days}
    decided = {**_decided(deed, granted=command.granted), "decision": command.words}
    if not command.granted:
        return Outcome(data, updates=(Update(Suspension, pending.id, decided),))
    _may_begin(case, deed)
    _require_days_left(case, pending.working_days, deed.now)
    review, until = _review(case, pending.working_days, deed)
    row = Update(Suspension, pending.id, {**decided, "began_at": deed.now, "until_at": until})
    values = {"suspended_at": deed.now, "suspension": pending.reason_code, "suspended_until": until}
    data |= {"reason": pending.reason_code, "until": until.isoformat()}
    return Outcome(data, values, inserts=review, updates=(row, *timing.pause(case, deed.now, PAUSED_STAGES)))


def suspend(case: Case, command: Suspend, deed: Deed) -> Outcome:
    """The desk lets the clocks of the work stand still; a clock of its own runs until the desk has looked at it again."""
    _require_days_left(case, command.review_in_working_days, deed.now)
    review, until = _review(case, command.review_in_working_days, deed)
    row = _row(case, command) | _decided(deed, granted=True) | {"began_at": deed.now, "until_at": until}
    days = command.review_in_working_days
    return Outcome(
        {"reason": command.reason, "words": command.words, "review_in_working_days": days, "until": until.isoformat()},
        {"suspended_at": deed.now, "suspension": command.reason, "suspended_until": until},
        inserts=(Insert(Suspension, row), *review),
        updates=timing.pause(case, deed.now, PAUSED_STAGES),
    )


def may_resume(case: Case, deed: Deed) -> None:
    """Refuse to end a suspension there is none of; the system ends it on its last day, not before."""
    if case.ticket.suspended_at is None:
        raise Conflict("ticket.not_suspended", "The ticket is not suspended.")
    until = case.ticket.suspended_until
    if deed.actor.kind == "system" and (until is None or deed.now < until):
        raise Conflict("ticket.suspended", "The suspension is not over yet.")


def resume(case: Case, command: Resume, deed: Deed) -> Outcome:
    """Let the clocks go on, due later by what the pause took: until now, and no longer than until the suspension was over by itself."""
    until = case.ticket.suspended_until
    at = min(deed.now, until) if until is not None else deed.now
    updates, why = timing.resume(case, deed, case.ticket.suspension, at=at)
    stopped = timing.stop(case, ["review"], at)
    data = {"words": command.words, "by_itself": deed.actor.kind == "system"}
    return Outcome(data, NOT_SUSPENDED, inserts=why, updates=(*stopped, *updates, *_ended(case, at)), happened_at=at)


NOT_SUSPENDED: Row = {"suspended_at": None, "suspension": None, "suspended_until": None}


def requests_over(case: Case, deed: Deed, words: str) -> tuple[Update, ...]:
    """Return the end of what was asked for and not decided, and of a suspension that runs: it is about no clock that goes on."""
    void = {"decided_at": deed.now, "granted": False, "decision": words}
    extension = (Update(Extension, case.extension.id, dict(void)),) if case.extension else ()
    pending = requested(case)
    suspension = (Update(Suspension, pending.id, dict(void)),) if pending else ()
    return (*extension, *suspension, *_ended(case, deed.now))


def _ended(case: Case, at: datetime) -> tuple[Update, ...]:
    running = (made for made in case.suspensions if made.began_at is not None and made.ended_at is None)
    return tuple(Update(Suspension, made.id, {"ended_at": at}) for made in running)


def _review(case: Case, working_days: int, deed: Deed) -> tuple[tuple[Insert, ...], datetime]:
    clock = timing.start(case, "review", deed.now, limit=StageLimit("review", working_days, TimeUnit.WORKING_DAYS))
    return clock, clock[0].row["due_at"]


def _row(case: Case, command: Suspend | RequestSuspension) -> Row:
    return {
        "id": new_id(),
        "ticket_id": case.ticket.id,
        "round": case.ticket.round,
        "working_days": command.review_in_working_days,
        "reason_code": command.reason,
        "words": command.words,
    }


def _decided(deed: Deed, *, granted: bool) -> Row:
    return {"decided_at": deed.now, "decided_by_account_id": deed.actor.account_id, "granted": granted}
