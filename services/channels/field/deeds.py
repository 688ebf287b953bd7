"""Doing what one command of a phone says, in the transaction of its own. Raises what stands against it; the caller judges."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.assistance.helping import record_step as record_step_of_help
from services.assistance.mediating import record_session
from services.attachments.expecting import arrived_ones, expect
from services.attachments.linking import require_uploaded
from services.channels.field.commands import (
    ActionCommand,
    AssistanceCommand,
    CallCommand,
    CompletionCommand,
    FieldCommand,
    HandbookCommand,
    HelpStepCommand,
    ReportCommand,
    RewordCommand,
    ServiceStepCommand,
    ShiftCommand,
    SupplementCommand,
    VisitCommand,
)
from services.channels.field.handbook import keep_in_handbook
from services.channels.field.rules import HARMLESS, NEEDS_FILES, SeenEvent, Verdict, Waits, decided_on, report_meant, waits_for_case
from services.channels.field.times import after
from services.complaints.calling_back import require_may_call_back
from services.complaints.field_reports import attach_uploads, file_within
from services.complaints.models import Complaint
from services.complaints.reading import owed_answers
from services.complaints.rewording import reword
from services.complaints.supplements import MoreTold, open_ticket_of, supplement
from services.identity.permissions import require
from services.journal.models import Event
from services.platform.errors import Conflict, NotFound, PreconditionFailed
from services.platform.unit_of_work import Work
from services.routing.rules import WORKING_ROLES
from services.shifts.keeping import keep_shift
from services.tickets.actions import act
from services.tickets.command_parts import File
from services.tickets.models import Assignment, Ticket, WorkLog
from services.tickets.queries import find_visible
from services.visits.recording import complete_visit, record_visit
from services.visits.stepping import record_step

_TRIES = 3


async def perform(work: Work, command: FieldCommand, counted_at: datetime, device_id: UUID) -> Verdict:
    """Do what `command` says happened at `counted_at`, as `work.actor`; return what to remember of it."""
    if isinstance(command, CallCommand | HandbookCommand | AssistanceCommand):
        return await _beside_tickets(work, command, counted_at)
    require(work.actor, "field.report")
    if isinstance(command, ReportCommand):
        return await _report(work, command, counted_at)
    if isinstance(command, SupplementCommand):
        return await _supplement(work, command)
    if isinstance(command, RewordCommand):
        return await _reword(work, command)
    if isinstance(command, ShiftCommand):
        await keep_shift(work, command.state, counted_at, device_id)
        return Verdict("applied")
    return await _act(work, command, counted_at)


async def ticket_meant(work: Work, command: FieldCommand) -> UUID | None:
    """Return the id of the ticket `command` is about, where its sender may know of it; for showing how it stands."""
    if isinstance(command, ReportCommand):
        return await _ticket_of_report(work, command.report.report_id)
    report_id = report_meant(command)
    if report_id is not None:
        return await _ticket_of_report(work, report_id)
    if not isinstance(command, ActionCommand):
        return None
    found: UUID = (await find_visible(work.session, work.actor, command.ticket)).id
    return found


async def _ticket_of_report(work: Work, report_id: UUID) -> UUID | None:
    found = await _own_report(work, report_id)
    return found[1] if found else None


async def _call(work: Work, command: ServiceStepCommand | VisitCommand | CompletionCommand, counted_at: datetime) -> Verdict:
    """Record a step or a visit, or complete one. What was recorded before under its own id is that, if it says the same."""
    if isinstance(command, ServiceStepCommand):
        await record_step(work, command.service_step, counted_at)
    elif isinstance(command, VisitCommand):
        await record_visit(work, command.visit, counted_at)
    else:
        await complete_visit(work, command.visit_id, command.completion)
    return Verdict("applied")


async def _beside_tickets(work: Work, command: CallCommand | HandbookCommand | AssistanceCommand, counted_at: datetime) -> Verdict:
    if isinstance(command, CallCommand):
        return await _call(work, command, counted_at)
    if isinstance(command, AssistanceCommand):
        return await _assist(work, command)
    return await keep_in_handbook(work, command, counted_at)


async def _assist(work: Work, command: AssistanceCommand) -> Verdict:
    """Record a deed of help, or a session of a mediation; of one that is not here yet it waits."""
    try:
        if isinstance(command, HelpStepCommand):
            await record_step_of_help(work, command.item_id, command.step)
        else:
            await record_session(work, command.mediation_id, command.session)
    except NotFound as missing:
        if missing.code in {"help.unknown", "mediation.unknown"}:
            raise waits_for_case() from None
        raise
    return Verdict("applied")


async def _own_report(work: Work, report_id: UUID) -> tuple[UUID, UUID] | None:
    """(complaint, ticket) of a report of the actor's own. Somebody else's is none: nothing is told of it."""
    query = select(Complaint.id, Complaint.ticket_id).where(
        Complaint.channel == "field",
        Complaint.channel_message_id == str(report_id),
        Complaint.filed_by_account_id == work.actor.account_id,
    )
    row = (await work.session.execute(query)).one_or_none()
    return (row.id, row.ticket_id) if row else None


async def _need_report(work: Work, report_id: UUID) -> tuple[UUID, UUID]:
    found = await _own_report(work, report_id)
    if found is None:
        raise Waits("command.waits_for_report", "The report this is about is not here yet; send it too.")
    return found


async def _report(work: Work, command: ReportCommand, counted_at: datetime) -> Verdict:
    """File the report. One that was filed before under its `report_id` is that report, if it says the same; else nothing is mixed up."""
    report = command.report.model_copy(update={"happened_at": counted_at})
    outcome = await file_within(work, report)
    if outcome.foreign or outcome.mixed_up:
        raise Conflict("field_report.id_taken", "Another report has this report_id; make a new one, or supplement the one there is.")
    result = {"ticket_id": str(outcome.ticket_id), "complaint_id": str(outcome.complaint_id), "number": outcome.number}
    return Verdict("applied", None, result | await _version(work, outcome.ticket_id) | await _to_come(work, report.upload_ids))


async def _supplement(work: Work, command: SupplementCommand) -> Verdict:
    """Lay more beside an own report. Whoever reported a matter stands to it as its complainant does."""
    complaint_id, ticket_id = await _need_report(work, command.report_id)
    going_on = await open_ticket_of(work.session, ticket_id)
    if going_on is None:
        raise Conflict("ticket.ended", "The ticket of this report has ended; report again what is still the matter.")
    await require_uploaded(work.session, work.actor, command.attachment_ids)
    teller = replace(work, actor=replace(work.actor, kind="complainant"))
    files = len(command.attachment_ids) + len(command.upload_ids)
    more = MoreTold("field", str(command.command_id), command.words, files=files, attachment_ids=command.attachment_ids)
    await supplement(teller, complaint_id, going_on, more)
    work.rings = work.rings or teller.rings
    to_come = await attach_uploads(work, complaint_id, command.upload_ids)
    return Verdict("applied", None, await _shown(work, going_on) | {"files_to_come": [str(upload_id) for upload_id in to_come]})


async def _reword(work: Work, command: RewordCommand) -> Verdict:
    require(work.actor, "complaint.reword")
    complaint_id, ticket_id = await _need_report(work, command.report_id)
    await reword(work, complaint_id, command.words)
    return Verdict("applied", None, await _shown(work, ticket_id))


async def _act(work: Work, command: ActionCommand, counted_at: datetime) -> Verdict:
    """Take the action, at its own time, with the files of its uploads that are here."""
    ticket = await _ticket(work, command)
    if _nothing_left_to_accept(work, command, ticket):
        return Verdict("applied", "ticket.accepted_already", await _shown(work, ticket.id))
    here = await arrived_ones(work, [file.upload_id for file in command.uploads])
    missing = {file.upload_id: file.role for file in command.uploads if file.upload_id not in here}
    if missing and command.action.action in NEEDS_FILES:
        raise Waits("command.waits_for_uploads", "The uploads that show the work are not complete yet.")
    action = await _timed(work, command, ticket.id, counted_at)
    if here:
        further = [File(id=here[file.upload_id], role=file.role) for file in command.uploads if file.upload_id in here]
        action = action.model_copy(update={"files": [*action.files, *further]})
    await _take(work, command, ticket, action)
    if missing:
        await expect(work, missing, "work_log", await _newest_log(work, ticket.id))
    return Verdict("applied", None, await _shown(work, ticket.id) | {"files_to_come": [str(upload_id) for upload_id in missing]})


async def _ticket(work: Work, command: ActionCommand) -> Any:
    """The ticket's row; one of an own report that nobody has been given yet makes the command wait, as the phone cannot know."""
    report_id = report_meant(command)
    if report_id is None:
        return await find_visible(work.session, work.actor, command.ticket)
    _, ticket_id = await _need_report(work, report_id)
    ticket = (await work.session.execute(select(Ticket.__table__).where(Ticket.id == ticket_id))).one()
    if ticket.status == "received" and ticket.dispatched_at is None:
        raise Waits("command.waits_for_dispatch", "The report was filed a moment ago, and its ticket has no holder yet.")
    return ticket


def _nothing_left_to_accept(work: Work, command: ActionCommand, ticket: Any) -> bool:
    """Tell whether a colleague, or the same person elsewhere, took the ticket on for the same seat already."""
    held = any(seat.unit_id == ticket.lead_unit_id and seat.role in WORKING_ROLES for seat in work.actor.seats)
    return command.action.action == "accept" and ticket.status == "accepted" and held


async def _timed(work: Work, command: ActionCommand, ticket_id: UUID, counted_at: datetime) -> Any:
    """The action with the time it counts as, where it is one that has a time of its own."""
    if "happened_at" not in type(command.action).model_fields:
        return command.action
    since = await work.session.scalar(
        select(func.min(Assignment.assigned_at)).where(
            Assignment.ticket_id == ticket_id,
            Assignment.ended_at.is_(None),
            Assignment.unit_id.in_([seat.unit_id for seat in work.actor.seats]),
        )
    )
    return command.action.model_copy(update={"happened_at": after(since, counted_at)})


async def _take(work: Work, command: ActionCommand, ticket: Any, action: Any) -> None:
    """Take `action` at the version there is, if what happened since the one seen leaves the decision standing."""
    await require_may_call_back(work, ticket.number, action)
    if command.if_version is None or action.action in HARMLESS:
        await act(work, ticket.number, action, None, owed_answers)
        return
    for turn in range(1, _TRIES + 1):
        version = await work.session.scalar(select(Ticket.version).where(Ticket.id == ticket.id))
        assert version is not None
        if not decided_on(await _since(work, ticket.id, command.if_version)) or command.if_version > version:
            raise PreconditionFailed("ticket.version_conflict", "The ticket was changed since it was seen; decide anew.")
        try:
            await act(work, ticket.number, action, version, owed_answers)
        except PreconditionFailed:  # somebody changed it between the look and the lock; nothing is written yet
            if turn == _TRIES:
                raise
        else:
            return


async def _since(work: Work, ticket_id: UUID, version: int) -> list[SeenEvent]:
    moved = func.coalesce(Event.data["moved"].as_boolean(), False)
    own = func.coalesce(Event.actor_account_id == work.actor.account_id, False)
    rows = await work.session.execute(select(Event.type, own, moved).where(Event.subject_id == ticket_id, Event.seq > version))
    return [SeenEvent(*row) for row in rows]


async def _newest_log(work: Work, ticket_id: UUID) -> UUID:
    """The work log this very transaction wrote."""
    query = select(WorkLog.id).where(WorkLog.ticket_id == ticket_id, WorkLog.account_id == work.actor.account_id)
    found = await work.session.scalar(query.where(WorkLog.recorded_at == work.now).order_by(WorkLog.id.desc()).limit(1))
    assert found is not None, "only actions that write a work log take files"
    return found


async def _shown(work: Work, ticket_id: UUID) -> dict[str, Any]:
    row = (await work.session.execute(select(Ticket.number, Ticket.version).where(Ticket.id == ticket_id))).one()
    return {"ticket_id": str(ticket_id), "number": row.number, "version": row.version}


async def _version(work: Work, ticket_id: UUID) -> dict[str, Any]:
    return {"version": await work.session.scalar(select(Ticket.version).where(Ticket.id == ticket_id))}


async def _to_come(work: Work, upload_ids: Sequence[UUID]) -> dict[str, Any]:
    here = await arrived_ones(work, upload_ids)
    return {"files_to_come": [str(upload_id) for upload_id in upload_ids if upload_id not in here]}
