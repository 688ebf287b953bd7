"""Decisions while the work goes on: the work log, and what complainants add. Pure."""

from datetime import datetime
from uuid import UUID

from services.platform.errors import Invalid
from services.platform.ids import new_id
from services.tickets import timing
from services.tickets.case import Case, Deed
from services.tickets.changes import FileLink, Insert, Outcome, Row
from services.tickets.command_parts import File
from services.tickets.commands import LogWork, Supplement, happened
from services.tickets.models import WorkLog

PAUSED_STAGES = (*timing.WORK_STAGES, "task")
"""What stands still while a ticket is suspended: the work, of the lead and of co-handlers."""


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
    """Write down what was done; the first contact with the complainant stops its clock, so does a stage of the work that is finished."""
    at, counted = checked_instant(case, happened(command, deed.now), deed)
    log_id, insert, links = work_log(case, deed, "contact" if command.contacted else "work", command.words, command.files, at)
    first = command.contacted and case.ticket.first_contact_at is None
    stages = [*(["first_contact"] if command.contacted else []), *([command.finished] if command.finished else [])]
    return Outcome(
        {
            "work_log_id": str(log_id),
            "contacted": command.contacted,
            **({"finished": command.finished} if command.finished else {}),
            "files": [str(file.id) for file in command.files],
        },
        {**helped(case, deed), **({"first_contact_at": counted} if first else {})},
        inserts=(insert,),
        updates=timing.stop(case, stages, counted),
        links=links,
        happened_at=at,
    )


def helped(case: Case, deed: Deed) -> Row:
    """Return the ticket's `helped_by` with the unit of a deed that is work: whoever worked on it in this round verifies nothing.

    The jurisdiction's own desk is left out: there is no other above it that could.
    """
    root = case.around.tree.root
    if deed.unit_id is None or (root is not None and deed.unit_id == root.id) or str(deed.unit_id) in case.ticket.helped_by:
        return {}
    return {"helped_by": sorted({*case.ticket.helped_by, str(deed.unit_id)})}


def supplement(case: Case, command: Supplement, deed: Deed) -> Outcome:
    """A complainant told more. A point is taken over where the ticket has none, danger to life makes it an emergency."""
    values: Row = {}
    if case.ticket.lat is None and command.lat is not None and case.ticket.accused is None:
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
    tightened, why = timing.tighten(case, deed, case.category, "emergency") if "urgency" in values else ((), ())
    return Outcome(data | ({"danger": command.danger} if command.danger else {}), values, inserts=why, updates=tightened)


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
