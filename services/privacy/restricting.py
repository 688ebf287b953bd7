"""Placing and lifting the restricted state, and the one way to see a restricted contact: for a named purpose, written down."""

from uuid import UUID

from sqlalchemy import Select, insert, select, update

from services.complaints.models import Complaint
from services.complaints.restricting import Restriction
from services.hotline.models import ContactReveal
from services.journal.noting import note
from services.platform.errors import Conflict, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.privacy.commands import Restrict, RevealRestricted
from services.privacy.tracing import person_of
from services.privacy.views import ContactInClear, RestrictionView
from services.tickets.models import Ticket
from services.tickets.queries import find_visible

PURPOSES = {"request": "处理当事人请求", "dispute": "处理争议", "danger_to_life": "生命安全紧急情况", "court_order": "依法协助调查"}


async def restrict(work: Work, complaint_id: UUID, command: Restrict) -> RestrictionView:
    """Have nobody see the contact and the files of a complaint; the same again changes nothing. Raises NotFound ``complaint.unknown``."""
    await _visible(work, complaint_id)
    standing = await work.session.scalar(_standing(complaint_id).where(Restriction.request_id.is_(None)))
    if standing is None:
        await put(work, complaint_id, command.because)
    return RestrictionView(complaint_id=complaint_id, restricted=True, because=standing.because if standing else command.because)


async def put(work: Work, complaint_id: UUID, because: str, request_id: UUID | None = None) -> None:
    """Restrict a complaint, for a request until that is decided."""
    row = {
        "id": new_id(),
        "complaint_id": complaint_id,
        "because": because,
        "request_id": request_id,
        "placed_at": work.now,
        "placed_by_account_id": work.actor.account_id,
    }
    await work.session.execute(insert(Restriction), [row])
    await note(work, "complaint", complaint_id, "complaint.restricted", {"because": because})


async def lift(work: Work, complaint_id: UUID) -> RestrictionView:
    """End what a colleague restricted. What is restricted because of a request stays so until the request is decided."""
    await _visible(work, complaint_id)
    await end(work, complaint_id)
    left = await work.session.scalar(_standing(complaint_id).limit(1))
    return RestrictionView(complaint_id=complaint_id, restricted=left is not None, because=left.because if left else None)


async def end(work: Work, complaint_id: UUID, request_id: UUID | None = None) -> None:
    """End the restrictions of a request, or those without one."""
    over = update(Restriction).where(
        Restriction.complaint_id == complaint_id, Restriction.lifted_at.is_(None), Restriction.request_id.is_not_distinct_from(request_id)
    )
    values = {"lifted_at": work.now, "lifted_by_account_id": work.actor.account_id}
    if (await work.session.execute(over.values(values).returning(Restriction.id))).all():
        await note(work, "complaint", complaint_id, "complaint.unrestricted", {"request": request_id is not None})


async def reveal(work: Work, complaint_id: UUID, command: RevealRestricted) -> ContactInClear:
    """Return a restricted contact in clear; who, when and what for is written down first, and the person sees it.

    Raises NotFound ``complaint.unknown``, Conflict ``contact.not_restricted`` where there are other ways, and ``contact.erased``.
    """
    await _visible(work, complaint_id)
    if await work.session.scalar(_standing(complaint_id).limit(1)) is None:
        raise Conflict("contact.not_restricted", "This contact is not restricted: whoever may call sees the number at the call to make.")
    person = await person_of(work.session, complaint_id)
    if person.contact is None:
        raise Conflict("contact.erased", "There is no contact any more; the person was erased or never left one.")
    row = {"id": new_id(), "complaint_id": complaint_id, "account_id": work.actor.account_id, "revealed_at": work.now}
    await work.session.execute(insert(ContactReveal), [{**row, "purpose": PURPOSES[command.purpose]}])
    found = person.contact
    return ContactInClear(name=found.name, phone=found.phone, email=found.email, wechat=found.openid is not None)


def _standing(complaint_id: UUID) -> Select[Restriction]:
    return select(Restriction).where(Restriction.complaint_id == complaint_id, Restriction.lifted_at.is_(None))


async def _visible(work: Work, complaint_id: UUID) -> None:
    number = await work.session.scalar(
        select(Ticket.number).join(Complaint, Complaint.ticket_id == Ticket.id).where(Complaint.id == complaint_id)
    )
    if number is None:
        raise NotFound("complaint.unknown", "There is no complaint with this id, or none that you may know of.")
    try:
        await find_visible(work.session, work.actor, number)
    except NotFound:
        raise NotFound("complaint.unknown", "There is no complaint with this id, or none that you may know of.") from None
