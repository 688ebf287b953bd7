"""One person on several channels: recognised, shown to whoever works on the matter, and never merged silently.

Two complaints are of one person where they share a telephone number or a WeChat account; a complaint that has both ties the two together.
Everything goes over keyed indexes: no contact is opened for it. Merging stays a decision of people (the action ``merge``).
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.catalogue.queries import catalogue
from services.complaints.confidence import open_to
from services.complaints.models import Complainant, Complaint
from services.identity.permissions import scope_of
from services.platform.actor import Actor
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.lifecycle import STATUS_NAMES
from services.tickets.models import Ticket
from services.tickets.queries import find_visible

AT_MOST = 50


class EarlierTicket(BaseModel):
    """A ticket of the same person, without a word of who that is."""

    model_config = ConfigDict(frozen=True)

    number: str = Field(examples=["20261122-000123-6"])
    channel: str = Field(examples=["wechat"])
    status: str = Field(examples=["accepted"])
    status_name: str = Field(examples=["签收"])
    category: str | None = Field(examples=["water.pipe_burst"])
    category_name: str | None = Field(examples=["自来水管破裂"])
    received_at: datetime = Field(examples=["2026-11-22T02:10:00Z"])
    closed_at: datetime | None = Field(default=None, examples=[None])


async def same_person(session: AsyncSession, actor: Actor, number: str) -> list[EarlierTicket]:
    """Return the other tickets that `actor` may see of whoever complained in this one, newest first. Raises what `find_visible` raises."""
    ticket = await find_visible(session, actor, number)
    indexes = select(Complainant.phone_index, Complainant.openid_index).join(Complaint, Complaint.id == Complainant.complaint_id)
    told = indexes.join(Ticket, Ticket.id == Complaint.ticket_id).where(Ticket.id == ticket.id, open_to(actor))
    rows = (await session.execute(told)).all()
    phones, openids = {row[0] for row in rows if row[0]}, {row[1] for row in rows if row[1]}
    return await earlier_tickets(session, actor, phones, openids, but=ticket.id)


async def earlier_tickets(
    session: AsyncSession, actor: Actor, phones: Iterable[bytes], openids: Iterable[bytes], *, but: UUID | None = None
) -> list[EarlierTicket]:
    """Return the tickets `actor` may see of the persons with these keyed indexes, newest first, 50 at most; without the ticket `but`."""
    known_phones, known_openids = set(phones), set(openids)
    if not known_phones and not known_openids:
        return []
    tied = (await session.execute(_tied(known_phones, known_openids))).all()
    known_phones |= {row[0] for row in tied if row[0]}
    known_openids |= {row[1] for row in tied if row[1]}
    query = (
        select(Ticket)
        .join(Complaint, Complaint.ticket_id == Ticket.id)
        .join(Complainant, Complainant.complaint_id == Complaint.id)
        .where(
            or_(Complainant.phone_index.in_(known_phones), Complainant.openid_index.in_(known_openids)),
            compile_scope(scope_of(actor), TICKETS),
            open_to(actor),
        )
        .distinct()
        .order_by(Ticket.received_at.desc(), Ticket.id)
        .limit(AT_MOST)
    )
    policies = await catalogue(session)
    found = await session.scalars(query if but is None else query.where(Ticket.id != but))
    return [
        EarlierTicket(
            number=row.number,
            channel=row.channel,
            status=row.status,
            status_name=STATUS_NAMES[row.status],
            category=row.category_code,
            category_name=policy.name if (policy := policies.category(row.category_code or "")) else None,
            received_at=row.received_at,
            closed_at=row.closed_at,
        )
        for row in found
    ]


def _tied(phones: set[bytes], openids: set[bytes]) -> Select[bytes | None, bytes | None]:
    """The indexes of complaints that tie a telephone number and a WeChat account together."""
    return (
        select(Complainant.phone_index, Complainant.openid_index)
        .where(
            or_(Complainant.phone_index.in_(phones), Complainant.openid_index.in_(openids)),
            Complainant.phone_index.is_not(None),
            Complainant.openid_index.is_not(None),
        )
        .distinct()
        .limit(AT_MOST)
    )
