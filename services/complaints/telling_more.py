"""What a desk writes down for somebody who tells more of an open matter: a supplement, as if they had sent it themselves."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from services.complaints.commands import Place
from services.complaints.households import known_to, tellings_of
from services.complaints.models import Complaint, Supplement
from services.complaints.repeat_views import TellMore
from services.complaints.supplements import MoreTold, open_ticket_of, supplement, supplements_of
from services.complaints.views import SupplementView
from services.platform.errors import Conflict, NotFound
from services.platform.papers import PHONE
from services.platform.secrets import blind_index
from services.platform.unit_of_work import Work
from services.tickets.queries import find_visible


async def tell_more(work: Work, number: str, command: TellMore) -> SupplementView:
    """Lay what was told beside a complaint of the ticket; again is harmless.

    Raises what `find_visible` raises, Conflict ``supplement.ended`` where the matter is over, ``supplement.another_person`` where the
    number belongs to nobody of it: who has not told it yet complains for themselves, and the desk may merge.
    """
    ticket = await find_visible(work.session, work.actor, number)
    going_on = await open_ticket_of(work.session, ticket.id)
    if going_on is None:
        detail = "The matter has ended. Reopen it, or file what is new as a complaint that names this number."
        raise Conflict("supplement.ended", detail, extra={"use": "reopen"})
    complaint_id = await _whose(work, ticket.id, going_on, ticket.desk_unit_id, command.phone)
    teller = replace(work, actor=replace(work.actor, kind="complainant"))
    more = MoreTold(command.channel, command.channel_message_id, command.words, command.place or Place())
    written = await supplement(teller, complaint_id, going_on, more)
    work.rings = work.rings or teller.rings
    if written is None:
        query = select(Supplement.id).where(Supplement.complaint_id == complaint_id, Supplement.channel == command.channel)
        written = (await work.session.execute(query.where(Supplement.channel_message_id == command.channel_message_id))).scalar_one()
    return await read_supplement(work, written)


async def read_supplement(work: Work, supplement_id: UUID) -> SupplementView:
    """Return a supplement that was written down; raise NotFound ``supplement.unknown``."""
    complaint_id = await work.session.scalar(select(Supplement.complaint_id).where(Supplement.id == supplement_id))
    if complaint_id is None:
        raise NotFound("supplement.unknown", "There is no such supplement.")
    found = await supplements_of(work.session, [complaint_id])
    return next(view for view in found[complaint_id] if view.id == supplement_id)


async def _whose(work: Work, ticket_id: UUID, going_on: UUID, desk: UUID | None, phone: str | None) -> UUID:
    """The complaint it belongs to: the first of whoever has this number, else the one the ticket began with."""
    if phone is None:
        query = select(Complaint.id).where(Complaint.ticket_id == ticket_id).order_by(Complaint.received_at, Complaint.id).limit(1)
        return (await work.session.execute(query)).scalar_one()
    key = blind_index(PHONE, phone)
    tellings = known_to(work.actor, desk, (await tellings_of(work.session, [going_on]))[going_on])
    theirs = [telling for telling in tellings if key in telling.keys]
    if not theirs:
        detail = "Nobody of this matter has that number. File what they tell as a complaint of their own; the desk may merge the two."
        raise Conflict("supplement.another_person", detail, extra={"use": "file"})
    return min(theirs, key=lambda telling: telling.ticket_id != ticket_id).complaint_id
