"""Decisions while the work goes on: work log, tasks, extensions, suspension. Pure."""

from datetime import datetime
from uuid import UUID

from services.deadlines.due import StageLimit, TimeUnit
from services.platform.errors import Conflict, Forbidden, Invalid
from services.platform.ids import new_id
from services.tickets import timing
from services.tickets.case import Case, Deed
from services.tickets.changes import FileLink, Insert, Outcome, Row, Update
from services.tickets.commands import DecideExtension, File, FinishTask, LogWork, RequestExtension, Resume, Supplement, Suspend, happened
from services.tickets.models import Assignment, Extension, WorkLog
from services.tickets.terms import EXTENSION_DAYS_AT_MOST, EXTENSIONS_AT_MOST, PETITION

PAUSED_STAGES = timing.WORK_STAGES


def work_log(case: Case, deed: Deed, kind: str, words: str, files: list[File], at: datetime) -> tuple[UUID, Insert, tuple[FileLink, ...]]:
    """Return the row of a work log and the links of its files."""
    log_id = new_id()
    row: Row = {
        "id": log_id,
        "ticket_id": case.ticket.id,
        "round": case.ticket.round,
        "kind": kind,
        "unit_id": deed.unit_id,
        "account_id": deed.actor.account_id,
        "words": words,
        "happened_at": at,
        "recorded_at": deed.now,
    }
    return log_id, Insert(WorkLog, row), tuple(FileLink(file.id, log_id, file.role) for file in files)


def log_work(case: Case, command: LogWork, deed: Deed) -> Outcome:
    """Write down what was done; the first contact with the complainant stops its clock."""
    at, counted = checked_instant(case, happened(command, deed.now), deed)
    log_id, insert, links = work_log(case, deed, "contact" if command.contacted else "work", command.words, command.files, at)
    first = command.contacted and case.ticket.first_contact_at is None
    return Outcome(
        {"work_log_id": str(log_id), "contacted": command.contacted, "files": [str(file.id) for file in command.files]},
        {"first_contact_at": counted} if first else {},
        inserts=(insert,),
        updates=timing.stop(case, ["first_contact"], counted) if command.contacted else (),
        links=links,
        happened_at=at,
    )


def finish_task(case: Case, command: FinishTask, deed: Deed) -> Outcome:
    """A co-handler is done with its task."""
    row = next(row for row in case.co_handlers if row.unit_id == deed.unit_id)
    at, counted = checked_instant(case, happened(command, deed.now), deed)
    log_id, insert, links = work_log(case, deed, "task", command.words, command.files, at)
    return Outcome(
        {"unit_id": str(row.unit_id), "assignment_id": str(row.id), "work_log_id": str(log_id)},
        inserts=(insert,),
        updates=(Update(Assignment, row.id, {"ended_at": counted, "end": "done"}),),
        links=links,
        happened_at=at,
    )


def request_extension(case: Case, command: RequestExtension, deed: Deed) -> Outcome:
    """Ask for more time: before the limit is over, one request at a time, at most two grants a round."""
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
    return Outcome({"extension_id": str(row["id"]), **days, "reason": command.reason}, inserts=(Insert(Extension, row),))


def _require_days(case: Case, command: RequestExtension) -> None:
    """Refuse days of the wrong kind: working days, but natural ones where the petition rules set the limit, which count in them."""
    clock = case.clock("resolve")
    assert clock is not None
    natural = case.ticket.terms == PETITION and TimeUnit(clock.limit_unit) is TimeUnit.NATURAL_DAYS
    if (command.natural_days is not None) != natural or (command.working_days is not None) == natural:
        kind = f"natural_days, {EXTENSION_DAYS_AT_MOST} at most" if natural else "working_days"
        raise Invalid("extension.days", f"This limit is extended in {kind}; say exactly that.")


def decide_extension(case: Case, command: DecideExtension, deed: Deed) -> Outcome:
    """Grant or refuse the pending request; whoever asked cannot decide."""
    pending = case.extension
    if pending is None:
        raise Conflict("extension.none_pending", "No request for an extension waits for a decision.")
    if pending.requested_by_account_id == deed.actor.account_id:
        raise Forbidden("extension.own_request", "Somebody else must decide on your own request.")
    decided = {
        "decided_at": deed.now,
        "decided_by_account_id": deed.actor.account_id,
        "granted": command.granted,
        "decision": command.words,
    }
    unit = TimeUnit.WORKING_DAYS if pending.natural_days is None else TimeUnit.NATURAL_DAYS
    days_granted = pending.working_days or pending.natural_days or 0
    moved, why = timing.extend(case, pending.stage, days_granted, unit, deed, pending.reason_code) if command.granted else ((), ())
    days = {"working_days": pending.working_days, "natural_days": pending.natural_days}
    return Outcome(
        {"extension_id": str(pending.id), "granted": command.granted, **days, "words": command.words, "terms": case.ticket.terms},
        inserts=why,
        updates=(Update(Extension, pending.id, decided), *moved),
    )


def suspend(case: Case, command: Suspend, deed: Deed) -> Outcome:
    """Pause the clocks of the work; a clock of its own runs until the desk has looked at it again."""
    if case.ticket.suspended_at is not None:
        raise Conflict("ticket.suspended", "The ticket is suspended already.")
    clock = case.clock("resolve")
    if clock is not None and clock.state == "running" and clock.due_at <= deed.now:
        raise Conflict("ticket.overdue", "The limit is over already; a late ticket cannot be suspended.")
    return Outcome(
        {"reason": command.reason, "words": command.words, "review_in_working_days": command.review_in_working_days},
        {"suspended_at": deed.now, "suspension": command.reason},
        inserts=_review(case, command.review_in_working_days, deed),
        updates=timing.pause(case, deed.now, PAUSED_STAGES),
    )


def _review(case: Case, working_days: int, deed: Deed) -> tuple[Insert, ...]:
    return timing.start(case, "review", deed.now, limit=StageLimit("review", working_days, TimeUnit.WORKING_DAYS))


def resume(case: Case, command: Resume, deed: Deed) -> Outcome:
    """Let the clocks go on, due later by what the pause took."""
    if case.ticket.suspended_at is None:
        raise Conflict("ticket.not_suspended", "The ticket is not suspended.")
    updates, why = timing.resume(case, deed, case.ticket.suspension)
    stopped = timing.stop(case, ["review"], deed.now)
    return Outcome({"words": command.words}, {"suspended_at": None, "suspension": None}, inserts=why, updates=(*stopped, *updates))


def supplement(case: Case, command: Supplement, deed: Deed) -> Outcome:
    """A complainant told more. A point is taken over where the ticket has none, danger to life makes it an emergency."""
    values: Row = {}
    if case.ticket.lat is None and command.lat is not None:
        values |= {"lat": command.lat, "lon": command.lon}
    if command.danger and case.ticket.urgency != "emergency":
        values["urgency"] = "emergency"
    data: Row = {
        "supplement_id": str(command.supplement_id),
        "complaint_id": str(command.complaint_id),
        "has_words": command.words,
        "files": command.files,
        "has_place": command.placed,
        "quiet": command.quiet,
    }
    return Outcome(data | ({"danger": command.danger} if command.danger else {}), values)


def checked_instant(case: Case, at: datetime, deed: Deed) -> tuple[datetime, datetime]:
    """Return when a deed happened, and from when it counts for limits: it cannot have happened in the future.

    A worker without signal may log afterwards what was done; nobody can have been in time before it was theirs to do. What was reported
    from the field may have been worked on from when it was reported, long before anybody could hand it out: it is written down at its
    own time and counts from the instant the seat was given the ticket. Any other deed before that instant is refused.
    """
    since = min((row.assigned_at for row in case.assignments if row.unit_id == deed.unit_id), default=case.ticket.received_at)
    if at > deed.now:
        raise Invalid("happened_at.future", "A deed cannot have happened in the future; check the clock of the device.")
    if at >= since:
        return at, at
    if case.ticket.channel == "field" and at >= case.ticket.received_at:
        return at, since
    raise Invalid("happened_at.too_early", "A deed cannot have happened before your unit was given the ticket.")
