"""Which tickets the pictures of complainants belong to: what tickets are not told of complaints by themselves."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.models import Complaint
from services.platform.bulk import one_of


async def tickets_of_complaints(session: AsyncSession, complaint_ids: Collection[UUID], ticket_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the ticket of each of these complaints, and of each complaint of these tickets."""
    if not complaint_ids and not ticket_ids:
        return {}
    wanted = or_(one_of(Complaint.id, complaint_ids), one_of(Complaint.ticket_id, ticket_ids))
    rows = await session.execute(select(Complaint.id, Complaint.ticket_id).where(wanted))
    return {row.id: row.ticket_id for row in rows}
