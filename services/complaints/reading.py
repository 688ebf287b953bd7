"""What other rooms need to know of complaints; handed to those below as functions, since complaints stand above tickets."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.models import Complaint, Supplement
from services.platform.bulk import one_of
from services.platform.unit_of_work import Work
from services.tickets.dispatching import PlaceHint


async def owed_answers(session: AsyncSession, ticket_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Return the complaints of the tickets whose complainants want an answer, oldest first."""
    query = select(Complaint.id).where(one_of(Complaint.ticket_id, ticket_ids), Complaint.wants_answer.is_(True))
    return list(await session.scalars(query.order_by(Complaint.received_at, Complaint.id)))


async def place_hints(work: Work, ticket_ids: Sequence[UUID]) -> Mapping[UUID, PlaceHint]:
    """Return what the first complaint of each ticket says about its place, and what was told of it later."""
    if not ticket_ids:
        return {}
    query = (
        select(Complaint.ticket_id, Complaint.said)
        .where(one_of(Complaint.ticket_id, ticket_ids))
        .order_by(Complaint.ticket_id, Complaint.received_at.desc())
    )
    first = {ticket_id: PlaceHint(said.place, said.words) for ticket_id, said in await work.session.execute(query)}
    later = (
        select(Complaint.ticket_id, Supplement.said)
        .join(Complaint, Complaint.id == Supplement.complaint_id)
        .where(one_of(Complaint.ticket_id, ticket_ids))
        .order_by(Supplement.received_at, Supplement.id)
    )
    for ticket_id, more in await work.session.execute(later):
        so_far = first[ticket_id]
        said = "\n".join(part for part in (so_far.words, more.told) if part)
        first[ticket_id] = PlaceHint(so_far.place_words or more.place, said)
    return first
