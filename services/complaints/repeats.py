"""The same matter told again without new facts: answered at once, not ticketed, and counted.

A repeat is a further complaint of the ticket there is, with the words as they were told and the person sealed like any other; whoever
had not told it before is one more household, is answered with the others, and follows it under a code of their own.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.complaints.commands import FileComplaint, Telling
from services.complaints.danger import danger_in
from services.complaints.filing import Bearings, Filing, prepare
from services.complaints.households import Keys, keys_of_call, known_to, tellings_of
from services.complaints.models import Complainant, Complaint, Repeat
from services.complaints.phone_tasks import open_phone_tasks
from services.complaints.repeat_views import RecordRepeat, RepeatView
from services.complaints.repeating import ANSWER, Again, Matter, in_confidence, is_counted, told
from services.complaints.supplements import goes_on_in
from services.complaints.telling_how_it_stands import how_it_stands
from services.journal.models import Event
from services.platform.errors import Conflict, NotFound
from services.platform.ids import new_id
from services.platform.secrets import tracking_code
from services.platform.settings import settings
from services.platform.unit_of_work import Work
from services.tickets.case import TicketState
from services.tickets.changes import Change, EventDraft
from services.tickets.loading import lock
from services.tickets.models import Answer, Ticket, WorkLog
from services.tickets.queries import find_visible
from services.tickets.recording import write

Row = dict[str, Any]


async def record_repeat(work: Work, number: str, command: RecordRepeat) -> tuple[RepeatView, bool]:
    """Write down that the matter of a ticket was told again; return what to tell the person, and whether it was written before.

    Raises what `find_visible` and `repeating.told` raise, Conflict ``repeat.message_known`` where the message stands for another
    matter, ``ticket.changed_meanwhile`` where the ticket was merged or parted at this moment.
    """
    ticket_id = (await find_visible(work.session, work.actor, number)).id
    ticket, current = await _locked(work, ticket_id)
    known = await _known(work, command)
    if known is not None:
        if known.ticket_id != ticket_id:
            raise Conflict("repeat.message_known", "This message stands for another matter already. Give each message an id of its own.")
        return await read_repeat(work, known.complaint_id), True
    tellings = (await tellings_of(work.session, [current.id]))[current.id]
    filing = _filing(work, command, ticket)
    keys = await _keys(work, filing, command)
    known_people = known_to(work.actor, current.desk_unit_id, tellings)
    if command.confidential and len(known_people) < len(tellings):  # else the count of households would say whether it is the same person
        raise in_confidence()
    theirs = [telling for telling in known_people if telling.keys & keys]
    answer = await _answer_there_is(work, current)
    said = told(_matter(ticket, current, answer), Again(command.new_facts, danger_in(command.words), bool(theirs)), work.now)
    counted = is_counted(work.now, [telling.told_at for telling in theirs if telling.counted])
    complaint = filing.complaint | {"ticket_id": ticket_id}
    complaint["wants_answer"] &= not any(telling.wants_answer for telling in theirs)
    complaint["confidential"] |= any(telling.in_confidence for telling in theirs)
    await _write_complaint(work, complaint, filing.complainant)
    repeat: Row = {"complaint_id": complaint["id"], "ticket_id": ticket_id, "status": current.status, "round": current.round}
    repeat |= {"same_person": bool(theirs), "counted": counted, "told": said}
    repeat |= {"by_account_id": work.actor.account_id, "recorded_at": work.now}
    await work.session.execute(insert(Repeat).values(repeat))
    if said == ANSWER and complaint["wants_answer"] and answer is not None:
        await _give_the_answer_there_was(work, current, complaint["id"], answer)
    data: Row = {"complaint_id": str(complaint["id"]), "channel": command.channel, "told": said, "counted": counted}
    if not complaint["confidential"]:  # else the event would say who it was, where one person alone told it openly before
        data["same_person"] = bool(theirs)
    await write(work, [Change(ticket, (EventDraft("ticket.repeated", data),))])
    view = await read_repeat(work, complaint["id"])
    await _call_whoever_wrote(work, command, ticket_id, view)
    return view, False


async def read_repeat(work: Work, complaint_id: UUID) -> RepeatView:
    """Return a repeat that was written down, and what its person is to be told now."""
    query = (
        select(Repeat, Complaint.channel, Complaint.filed_by_account_id, Ticket.__table__)
        .join(Complaint, Complaint.id == Repeat.complaint_id)
        .join(Ticket, Ticket.id == Repeat.ticket_id)
        .where(Repeat.complaint_id == complaint_id)
    )
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("repeat.unknown", "There is no such repeat.")
    repeat: Repeat = row.Repeat
    stands = await how_it_stands(work.session, repeat.ticket_id)
    mine = row.filed_by_account_id == work.actor.account_id
    return RepeatView(
        id=complaint_id,
        number=row.number,
        tracking_code=tracking_code(complaint_id) if mine else None,
        channel=row.channel,
        told=repeat.told,
        words=stands.words,
        progress=stands.progress,
        same_person=repeat.same_person,
        counted=repeat.counted,
        recorded_at=repeat.recorded_at,
        told_by=stands.told_by,
    )


async def _locked(work: Work, ticket_id: UUID) -> tuple[TicketState, TicketState]:
    """Lock the ticket and the one it goes on in; both are the same where it was not merged."""
    current_id, _ = await goes_on_in(work.session, ticket_id)
    locked = {ticket.id: ticket for ticket in await lock(work.session, {ticket_id, current_id})}
    if (locked[ticket_id].merged_into_id or ticket_id) != current_id:
        raise Conflict("ticket.changed_meanwhile", "The ticket was changed at the same moment; read it again and decide anew.")
    return locked[ticket_id], locked[current_id]


async def _known(work: Work, command: RecordRepeat) -> Any:
    """The complaint this message became before: of which ticket, if it is a repeat."""
    query = (
        select(Complaint.id.label("complaint_id"), Repeat.ticket_id)
        .outerjoin(Repeat, Repeat.complaint_id == Complaint.id)
        .where(Complaint.channel == command.channel, Complaint.channel_message_id == command.channel_message_id)
    )
    return (await work.session.execute(query)).one_or_none()


def _filing(work: Work, command: RecordRepeat, ticket: TicketState) -> Filing:
    telling = Telling(
        words=command.words, contact=command.contact, happened_at=command.happened_at, confidential=command.confidential,
        wants_answer=command.wants_answer,
    )  # fmt: skip
    told_so = FileComplaint(command.channel, command.channel_message_id, telling, call_id=command.call_id)
    return prepare(told_so, work.actor, work.now, Bearings(ticket.area_path))


async def _keys(work: Work, filing: Filing, command: RecordRepeat) -> Keys:
    """The indexes of whoever tells it: those of their contact, else that of the call."""
    row = filing.complainant or {}
    keys = frozenset(key for key in (row.get("phone_index"), row.get("openid_index")) if key is not None)
    if row.get("phone_index") is None and command.call_id is not None:
        keys |= await keys_of_call(work.session, command.call_id)
    return keys


def _matter(ticket: TicketState, current: TicketState, answer: str | None) -> Matter:
    secret = {ticket.privacy, current.privacy} != {"normal"}
    return Matter(current.status, current.urgency, current.closed_at, settings().reopen_days, answer is not None, secret)


async def _answer_there_is(work: Work, current: TicketState) -> str | None:
    """Return what was said of the result in this round: to those who wanted to know, else to nobody, else by who did the work.

    So whoever tells it only now is answered too, although nobody was owed an answer until then.
    """
    here, session = (Answer.ticket_id == current.id, Answer.round == current.round), work.session
    found: str | None = await session.scalar(select(Answer.words).where(*here).order_by(Answer.answered_at, Answer.id).limit(1))
    if found is None and current.answered_at is not None:
        said = select(Event.data["words"].astext).where(Event.subject_id == current.id, Event.type == "ticket.answered")
        found = await session.scalar(said.order_by(Event.seq.desc()).limit(1))
    if found is None:
        done = (WorkLog.ticket_id == current.id, WorkLog.round == current.round, WorkLog.kind == "result")
        found = await session.scalar(select(WorkLog.words).where(*done).order_by(WorkLog.recorded_at.desc()).limit(1))
    return found


async def _write_complaint(work: Work, complaint: Row, complainant: Row | None) -> None:
    once = upsert(Complaint).values(complaint).on_conflict_do_nothing(index_elements=["channel", "channel_message_id"])
    if await work.session.scalar(once.returning(Complaint.id)) is None:  # told of another ticket at this very moment
        raise Conflict("repeat.message_known", "This message stands for another matter already. Give each message an id of its own.")
    if complainant is not None:
        await work.session.execute(insert(Complainant).values(complainant))


async def _give_the_answer_there_was(work: Work, current: TicketState, complaint_id: UUID, words: str) -> None:
    row: Row = {"id": new_id(), "ticket_id": current.id, "complaint_id": complaint_id, "round": current.round, "words": words}
    row |= {"answered_at": work.now, "answered_by_account_id": work.actor.account_id}
    await work.session.execute(insert(Answer).values(row))


async def _call_whoever_wrote(work: Work, command: RecordRepeat, ticket_id: UUID, view: RepeatView) -> None:
    """Whoever wrote a letter is not there to be told: the hotline calls, where they left a number."""
    if command.channel == "letter" and command.wants_answer and command.contact is not None and command.contact.phone:
        task = {"ticket_id": ticket_id, "complaint_id": view.id, "purpose": "tell", "words": view.words}
        await open_phone_tasks(work, [task])
