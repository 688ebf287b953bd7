"""What of the tickets of an opinion somebody may know: of one about themselves (举报) nothing, of one in confidence no number.

The handbook says whose opinion it was. So who reads it and is none of those who may know the person behind a ticket in confidence sees
that there is a ticket, and not which; and whoever a ticket is about reads the opinion as if nothing had become of it.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, not_, or_, select

from services.complaints.confidence import knows_in_confidence
from services.complaints.models import Complaint
from services.identity.permissions import scope_of
from services.platform.actor import Actor
from services.platform.unit_of_work import Work
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.models import Ticket
from services.visits.opinions_models import OpinionOutcome


def in_confidence() -> ColumnElement[bool]:
    """Return the condition, over tickets, that it was told in confidence, or is about somebody."""
    return or_(
        Ticket.privacy == "confidential", exists(select(Complaint.id).where(Complaint.ticket_id == Ticket.id, Complaint.confidential))
    )


def not_about(actor: Actor) -> ColumnElement[bool]:
    """Return the condition, over tickets, that it is about nobody, or that `actor` may know of it."""
    return or_(Ticket.accused.is_(None), compile_scope(scope_of(actor), TICKETS))


async def without_what_is_about_them(work: Work, rows: Iterable[Any]) -> list[Any]:
    """Return outcomes without those in a ticket about somebody that the reader may not know of."""
    found = list(rows)
    if not any(row.in_confidence for row in found):
        return found
    hidden = set(await hidden_tickets(work))
    return [row for row in found if row.ticket_id not in hidden]


async def hidden_tickets(work: Work) -> list[UUID]:
    """Return the tickets that opinions ended in and the reader may not know of, for they are about somebody. They count as no outcome."""
    of_opinions = exists(select(OpinionOutcome.id).where(OpinionOutcome.ticket_id == Ticket.id))
    unknown = not_(compile_scope(scope_of(work.actor), TICKETS))
    return list(await work.session.scalars(select(Ticket.id).where(Ticket.accused.is_not(None), of_opinions, unknown)))


def knows_number(actor: Actor, row: Any) -> bool:
    """Tell whether the reader may know which ticket an outcome is: it is open, theirs to watch over, or they made it."""
    return not row.in_confidence or row.by_account_id == actor.account_id or knows_in_confidence(actor, row.desk_unit_id)


async def may_link(work: Work, ticket_id: UUID) -> bool:
    """Tell whether the reader may learn which opinions a ticket was made of."""
    query = select(Ticket.desk_unit_id, in_confidence().label("in_confidence")).where(Ticket.id == ticket_id)
    rows: Sequence[Any] = (await work.session.execute(query)).all()
    return all(not row.in_confidence or knows_in_confidence(work.actor, row.desk_unit_id) for row in rows)
