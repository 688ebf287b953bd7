"""Forgetting where exactly a matter was, when whoever told it was erased with their words; the unit it lies in stays."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.platform.bulk import one_of
from services.tickets.models import Ticket


async def forget_point(session: AsyncSession, ticket_ids: Iterable[UUID]) -> None:
    """Take the exact point out of these tickets. No event tells it, no figure is made of it; so nothing else changes."""
    await session.execute(update(Ticket).where(one_of(Ticket.id, ticket_ids)).values(lat=None, lon=None))
