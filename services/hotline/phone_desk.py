"""Calls to make: what could be told in no other way, and call-backs (回访). Taken by one operator at a time, tried again, never forgotten.

A call-back belongs to the round it was opened in: when the ticket moves on by itself, the task is void.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, insert, or_, select, update

from services.complaints.calling_back import number_of_call
from services.complaints.contacts import open_contact
from services.complaints.models import Complainant, Complaint
from services.complaints.phone_tasks import PhoneTask, tell_what_was_only_asked
from services.complaints.reading import owed_answers
from services.complaints.restricting import is_restricted, require_unrestricted
from services.hotline.commands import TakeTask, TaskOutcome
from services.hotline.models import PURPOSES, ContactReveal
from services.hotline.ticket_calls import add_link
from services.hotline.views import NumberToCall, PhoneTaskView
from services.identity.models import Account
from services.identity.permissions import scope_of
from services.organization.models import Member
from services.platform.errors import Conflict, Forbidden, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.phones import masked_name, masked_phone
from services.platform.text import numbers_of_people
from services.platform.unit_of_work import Work
from services.tickets.actions import act
from services.tickets.commands import Confirmation
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.models import Ticket
from services.tickets.verifying import try_again_at

TAKEN_FOR = timedelta(minutes=15)
_Found = Row[PhoneTask, str, bytes | None, bytes | None, str]


async def tasks_due(work: Work, limit: int) -> list[PhoneTaskView]:
    """Return the calls to make now, the longest due first, without those another operator has taken on."""
    free = or_(PhoneTask.taken_until.is_(None), PhoneTask.taken_until <= work.now, PhoneTask.taken_by_account_id == work.actor.account_id)
    wanted = (PhoneTask.state == "open", PhoneTask.not_before <= work.now, free, _still_wanted())
    query = _tasks().where(*wanted, compile_scope(scope_of(work.actor), TICKETS))
    rows = await work.session.execute(query.order_by(PhoneTask.not_before, PhoneTask.id).limit(limit))
    return [_view(row) for row in rows]


async def take_task(work: Work, task_id: UUID, command: TakeTask) -> NumberToCall:
    """Give the number in clear to the operator who takes the task on for a quarter of an hour; written down before it is shown.

    Of a matter about somebody (举报) the hotline's operators alone see it, who call; nobody above them, and nobody it is about.
    Raises NotFound ``phone_task.unknown``, Forbidden ``call_back.hotline_only``, Conflict ``phone_task.over``, ``phone_task.taken``,
    ``contact.restricted``, ``contact.erased``.
    """
    task = await _locked(work, task_id)
    about = await work.session.scalar(select(Ticket.accused).where(Ticket.id == task.ticket_id))
    if about is not None and not work.actor.has_role("hotline_operator"):
        raise Forbidden("call_back.hotline_only", "Whoever reported somebody is called by the hotline's operators only.")
    if task.taken_by_account_id != work.actor.account_id and task.taken_until is not None and task.taken_until > work.now:
        raise Conflict("phone_task.taken", "Somebody else is calling this person just now. Take another task.")
    await require_unrestricted(work.session, task.complaint_id)
    phone = await _phone_of(work, task)
    reveal = {"id": new_id(), "complaint_id": task.complaint_id, "account_id": work.actor.account_id}
    await work.session.execute(insert(ContactReveal).values({**reveal, "purpose": command.purpose, "revealed_at": work.now}))
    task.taken_by_account_id, task.taken_until = work.actor.account_id, work.now + TAKEN_FOR
    return NumberToCall(phone=phone, said=await _said(work, task), taken_until=task.taken_until)


async def end_task(work: Work, task_id: UUID, command: TaskOutcome) -> PhoneTaskView:
    """Write down how a call went. What a call-back brought goes to the ticket in the same transaction.

    Raises Invalid ``phone_task.outcome`` for an outcome that does not fit, what `take_task` raises, and what the call-back raises.
    """
    task = await _locked(work, task_id)
    fits = {"tell": ("told", "unreachable"), "call_back": ("reached", "unreachable")}[task.purpose]
    if command.outcome not in fits:
        raise Invalid("phone_task.outcome", f"A task of this kind ends with {' or '.join(fits)}.")
    task.tries += 1
    task.call_id = command.call_id or task.call_id
    if command.call_id:
        await add_link(work, task.ticket_id, command.source, command.call_id, task.purpose)
    task.taken_by_account_id = task.taken_until = None
    again = try_again_at(task.tries, work.now)
    if command.outcome == "unreachable" and again is not None:
        task.not_before = again
    else:
        task.state = "unreachable" if command.outcome == "unreachable" else "done"
        task.done_at, task.done_by_account_id = work.now, work.actor.account_id
    if task.purpose == "call_back":
        await _call_back(work, task, command)  # a call nobody answered is written down too, each of them
    await work.session.flush()
    return await read_task(work, task_id)


async def read_task(work: Work, task_id: UUID) -> PhoneTaskView:
    """Return a task; raise NotFound ``phone_task.unknown``."""
    row = (await work.session.execute(_tasks().where(PhoneTask.id == task_id))).one_or_none()
    if row is None:
        raise _unknown()
    return _view(row)


async def void_overtaken(work: Work) -> int:
    """End the call-backs whose ticket went on without them; one that alone would have told the answer tells it. Returns how many ended."""
    wanted = select(PhoneTask.id).join(Ticket, Ticket.id == PhoneTask.ticket_id).where(PhoneTask.state == "open", ~_still_wanted())
    await tell_what_was_only_asked(work, PhoneTask.id.in_(wanted))
    void = update(PhoneTask).where(PhoneTask.id.in_(wanted)).values(state="void", done_at=work.now).returning(PhoneTask.id)
    return len((await work.session.execute(void)).all())


def _still_wanted() -> Any:
    """A call-back asks about an answer: it is wanted while that answer is the newest word on the ticket; drawn, after closing too."""
    drawn = and_(Ticket.status == "closed", PhoneTask.draw_id.is_not(None))
    return or_(PhoneTask.purpose == "tell", and_(or_(Ticket.status == "answered", drawn), PhoneTask.round == Ticket.round))


def _tasks() -> Select[PhoneTask, str, bytes | None, bytes | None, str]:
    return (
        select(PhoneTask, Ticket.number, Complainant.row_key, Complainant.sealed, Member.name)
        .join(Ticket, Ticket.id == PhoneTask.ticket_id)
        .outerjoin(
            Complainant, and_(Complainant.complaint_id == PhoneTask.complaint_id, ~is_restricted(Complainant.__table__.c.complaint_id))
        )
        .outerjoin(Account, Account.id == PhoneTask.taken_by_account_id)
        .outerjoin(Member, Member.id == Account.member_id)
    )


async def _locked(work: Work, task_id: UUID) -> PhoneTask:
    known = select(Ticket.id).where(Ticket.id == PhoneTask.ticket_id, compile_scope(scope_of(work.actor), TICKETS)).exists()
    task = await work.session.scalar(select(PhoneTask).where(PhoneTask.id == task_id, known).with_for_update())
    if task is None:
        raise _unknown()
    if task.state != "open":
        raise Conflict("phone_task.over", "This call was made already, or is no longer wanted.", extra={"state": task.state})
    return task


async def _phone_of(work: Work, task: PhoneTask) -> str:
    query = (
        select(Complaint.id, Complainant.row_key, Complainant.sealed)
        .join(Complainant, Complainant.complaint_id == Complaint.id)
        .where(Complaint.id == task.complaint_id)
    )
    row = (await work.session.execute(query)).one_or_none()
    contact = open_contact(row.id, row.row_key, row.sealed) if row else None
    phone = contact.phone if contact else None
    if phone is None and task.complaint_id is not None:
        phone = await number_of_call(work.session, task.complaint_id)
    if phone is None:
        raise Conflict("contact.erased", "There is no number any more; the person was erased or never left one.")
    return phone


async def _said(work: Work, task: PhoneTask) -> list[str]:
    """Return the numbers that stand in what the person told, and that everybody else is shown hidden, each once."""
    told = await work.session.scalar(select(Complaint).where(Complaint.id == task.complaint_id))
    words = told.said.words if told is not None else ""
    return list(dict.fromkeys(words[begin:end] for begin, end in numbers_of_people(words)))


async def _call_back(work: Work, task: PhoneTask, command: TaskOutcome) -> None:
    number = await work.session.scalar(select(Ticket.number).where(Ticket.id == task.ticket_id))
    assert number is not None
    reached = command.outcome == "reached"
    said: dict[str, Any] = {"contacted": command.contacted, "solved": command.solved, "satisfied": command.satisfied} if reached else {}
    heard = Confirmation(action="call_back", way="phone", reached=reached, words=command.words, complaint_id=task.complaint_id, **said)
    await act(work, number, heard, None, owed_answers)


def _masked(row: _Found) -> tuple[str | None, str | None]:
    """The masked name and number of a task's person."""
    task, _, row_key, sealed, _ = row
    contact = open_contact(task.complaint_id, row_key, sealed) if task.complaint_id else None
    if contact is None:
        return None, None
    return masked_name(contact.name) if contact.name else None, masked_phone(contact.phone) if contact.phone else None


def _view(row: _Found) -> PhoneTaskView:
    task, number, _, _, taken_by = row
    name, phone = _masked(row)
    return PhoneTaskView(
        id=task.id,
        ticket=number,
        purpose=task.purpose,
        purpose_name=PURPOSES[task.purpose],
        words=task.words,
        name=name,
        phone=phone,
        state=task.state,
        tries=task.tries,
        not_before=task.not_before,
        taken_by=taken_by if task.taken_until else None,
        created_at=task.created_at,
    )


def _unknown() -> NotFound:
    return NotFound("phone_task.unknown", "There is no such call to make.")
