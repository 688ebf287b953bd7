"""Who saw a complainant's contact in clear: when, from which office, what for."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.journey_views import LookedAt
from services.complaints.offices import offices_of
from services.hotline.models import ContactReveal


async def who_looked(session: AsyncSession, complaint_id: UUID) -> list[LookedAt]:
    """Return every time the contact of a complaint was shown in clear, the first one first; offices, no names."""
    query = select(ContactReveal).where(ContactReveal.complaint_id == complaint_id).order_by(ContactReveal.revealed_at, ContactReveal.id)
    rows = (await session.scalars(query)).all()
    offices = await offices_of(session, (row.account_id for row in rows))
    return [LookedAt(at=row.revealed_at, office=offices.of(row.account_id, row.revealed_at), purpose=row.purpose) for row in rows]
