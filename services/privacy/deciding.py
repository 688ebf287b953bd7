"""Deciding on what persons ask about their own data, and carrying out what was granted."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from services.complaints.commands import Contact
from services.complaints.contacts import seal_contact
from services.complaints.models import Complaint
from services.journal.noting import note
from services.platform.errors import Conflict, NotFound
from services.platform.key_turns import destroyed
from services.platform.papers import SealedPaper, read_paper
from services.platform.unit_of_work import Work
from services.privacy.asking import shown
from services.privacy.commands import DecideRequest
from services.privacy.handbook import correct_opinions, opinions_of, plan_opinions
from services.privacy.models import PersonRequest
from services.privacy.planning import EVERYTHING, held, plan
from services.privacy.restricting import end
from services.privacy.tracing import person_of
from services.privacy.views import PersonRequestView
from services.tickets.models import Ticket
from services.tickets.queries import find_visible

OPEN_FOR = timedelta(days=30)
"""So long what was granted can be fetched."""
LISTED_AT_MOST = 200
_SEALED = ("row_key", "sealed", "phone_index", "openid_index")
_CORRECT = text(
    "SELECT correct_contact(CAST(:request AS uuid), CAST(:old_key AS bytea), CAST(:row_key AS bytea), CAST(:sealed AS bytea),"
    " CAST(:phone_index AS bytea), CAST(:openid_index AS bytea))"
)
_FIELDS = {"name": "姓名", "phone": "电话", "openid": "微信", "email": "电子邮箱"}


async def waiting(work: Work) -> list[PersonRequestView]:
    """Return the open requests of tickets the actor may see, the first due first."""
    query = (
        select(PersonRequest, Ticket.number, Ticket.status, held(work.now).label("held"))
        .join(Ticket, Ticket.id == PersonRequest.ticket_id)
        .where(PersonRequest.state == "open")
        .order_by(PersonRequest.due_at, PersonRequest.id)
        .limit(LISTED_AT_MOST)
    )
    return [await _view(work, *row) for row in (await work.session.execute(query)).all()]


async def decide(work: Work, request_id: UUID, command: DecideRequest) -> PersonRequestView:
    """Grant or refuse a request, once; what was granted is carried out in the same transaction, or planned in it.

    Raises NotFound ``privacy.request_unknown``, Conflict ``privacy.decided`` and ``privacy.held``.
    """
    query = select(PersonRequest, Ticket.number).join(Ticket, Ticket.id == PersonRequest.ticket_id).where(PersonRequest.id == request_id)
    found = (await work.session.execute(query.with_for_update(of=PersonRequest.__table__))).one_or_none()
    if found is None:
        raise NotFound("privacy.request_unknown", "There is no such request.")
    request, number = found
    await find_visible(work.session, work.actor, number)
    if request.state != "open":
        raise Conflict("privacy.decided", "This request was decided already.", extra={"state": request.state})
    if command.outcome == "done":
        await _carry_out(work, request, command)
    request.state, request.reason, request.words = command.outcome, command.reason, command.words
    request.decided_at, request.decided_by_account_id = work.now, work.actor.account_id
    await work.session.flush()
    said = {"request_id": str(request.id), "kind": request.kind, "outcome": command.outcome, "reason": command.reason}
    await note(work, "complaint", request.complaint_id, "complaint.personal_data_decided", said)
    await end(work, request.complaint_id, request.id)
    return await _of(work, request)


async def _carry_out(work: Work, request: PersonRequest, command: DecideRequest) -> None:
    if request.kind == "deletion":
        whole, passages = command.whole_words, command.passages
        await plan(work, [request.complaint_id], EVERYTHING, "request", whole=whole, passages=passages, request_id=request.id)
        theirs = await opinions_of(work, request.complaint_id)
        await plan_opinions(work, theirs, "request", whole=whole, passages=passages, request_id=request.id)
    elif request.kind == "correction":
        await _correct(work, request)
    else:
        request.open_until = work.now + OPEN_FOR


async def _correct(work: Work, request: PersonRequest) -> None:
    """Put what the person says in the place of what was kept, under a new key. What they left out stays."""
    person = await person_of(work.session, request.complaint_id)
    if person.contact is None:
        raise _erased()
    wanted = (await _said(work, request)).get("contact") or {}
    await correct_opinions(work, request, wanted)
    kept = {name: getattr(person.contact, name) for name in _FIELDS}
    row = seal_contact(request.complaint_id, Contact(**{**kept, **wanted}), work.now)
    keys = {"request": request.id, "old_key": person.row_key, **{name: row[name] for name in _SEALED}}
    if not await work.session.scalar(_CORRECT, keys):  # erased meanwhile
        raise _erased()
    await destroyed(work.session, [person.row_key])
    await note(work, "complaint", request.complaint_id, "complaint.contact_corrected", {"fields": sorted(wanted)})


def _erased() -> Conflict:
    return Conflict("contact.erased", "There is no contact any more: refuse the correction.")


async def _of(work: Work, request: PersonRequest) -> PersonRequestView:
    query = (
        select(Ticket.number, Ticket.status, held(work.now))
        .join(Complaint, Complaint.ticket_id == Ticket.id)
        .where(Complaint.id == request.complaint_id)
    )
    return await _view(work, request, *(await work.session.execute(query)).one())


async def _said(work: Work, request: PersonRequest) -> dict[str, Any]:
    paper = await work.session.get(SealedPaper, request.paper_id) if request.paper_id else None
    return (read_paper(paper.id, paper.row_key, paper.sealed) or {}) if paper else {}


async def _view(work: Work, request: PersonRequest, number: str, status: str, is_held: bool) -> PersonRequestView:
    said = await _said(work, request)
    wanted, words = said.get("contact"), said.get("words")
    return PersonRequestView(
        **shown(request).model_dump(),
        ticket=number,
        ticket_status=status,
        complaint_id=request.complaint_id,
        overdue=request.state == "open" and request.due_at < work.now,
        held=is_held,
        said=words if isinstance(words, str) else None,
        wants=tuple(_FIELDS[name] for name in wanted) if isinstance(wanted, dict) else (),
    )
