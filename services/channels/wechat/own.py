"""The tickets somebody wrote from their own WeChat account: what they may ask about and judge without a code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.complaints.models import Complainant, Complaint
from services.complaints.tracking import progress_of
from services.complaints.views import Progress
from services.platform.bulk import table_of
from services.tickets.models import Ticket
from services.tickets.numbers import read_number

SHOWN_AT_MOST = 3
_LISTED_AT_MOST = 9
_T = table_of(Ticket)


@dataclass(frozen=True, slots=True)
class OwnTicket:
    """A ticket of theirs: its own number, and the ticket it goes on in (itself, unless it was merged)."""

    number: str
    going_on_id: UUID
    status: str
    closed_at: datetime | None


async def own_progress(session: AsyncSession, openid_index: bytes, asked: str | None) -> list[Progress]:
    """Return the progress of the ticket with the number `asked`, or of the newest three; nothing for a number that is not theirs."""
    query = (
        select(_T)
        .where(_T.c.id.in_(select(Complaint.ticket_id).where(Complaint.id.in_(_complaints(openid_index)))))
        .order_by(_T.c.received_at.desc(), _T.c.id.desc())
        .limit(SHOWN_AT_MOST)
    )
    if asked is not None:
        query = query.where(_T.c.number == (read_number(asked) or ""))
    return [await progress_of(session, row) for row in (await session.execute(query)).all()]


async def waiting_for_a_word(session: AsyncSession, openid_index: bytes) -> list[OwnTicket]:
    """Return those of their tickets whose result was answered and not closed yet, newest first."""
    return await _own(session, openid_index, "answered", None)


async def closed_lately(session: AsyncSession, openid_index: bytes, now: datetime, days: int) -> list[OwnTicket]:
    """Return those of their tickets that were closed within `days`, newest first."""
    return await _own(session, openid_index, "closed", now - timedelta(days=days))


def named(tickets: Sequence[OwnTicket], number: str | None, choice: int | None) -> OwnTicket | None:
    """Return the one of `tickets` that a number or a position in the list names; None where neither does."""
    if number is not None:
        canonical = read_number(number)
        return next((ticket for ticket in tickets if ticket.number == canonical), None)
    if choice is not None and choice <= len(tickets):
        return tickets[choice - 1]
    return None


async def _own(session: AsyncSession, openid_index: bytes, status: str, closed_since: datetime | None) -> list[OwnTicket]:
    into = aliased(Ticket)
    going_on = func.coalesce(into.id, Ticket.id)
    query = (
        select(Ticket.number, going_on, func.coalesce(into.status, Ticket.status), func.coalesce(into.closed_at, Ticket.closed_at))
        .outerjoin(into, into.id == Ticket.merged_into_id)
        .where(
            Ticket.id.in_(select(Complaint.ticket_id).where(Complaint.id.in_(_complaints(openid_index)))),
            func.coalesce(into.status, Ticket.status) == status,
        )
        .order_by(Ticket.received_at.desc(), Ticket.id.desc())
        .limit(_LISTED_AT_MOST)
    )
    if closed_since is not None:
        query = query.where(func.coalesce(into.closed_at, Ticket.closed_at) >= closed_since)
    return [OwnTicket(*row) for row in await session.execute(query)]


def _complaints(openid_index: bytes) -> Select[UUID]:
    return select(Complainant.complaint_id).where(Complainant.openid_index == openid_index)
