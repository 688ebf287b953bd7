"""What of the tickets of an opinion somebody may know: of one about themselves (举报) nothing, of one in confidence no number.

The handbook says whose opinion it was. So who reads it and is none of those who may know the person behind a ticket in confidence sees
that there is a ticket, and not which; and whoever a ticket is about reads the opinion as if nothing had become of it.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select

from services.complaints.confidence import knows_in_confidence
from services.complaints.models import Complaint
from services.identity.permissions import scope_of
from services.platform.actor import Actor
from services.platform.bulk import one_of
from services.platform.unit_of_work import Work
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.models import Ticket


def in_confidence() -> ColumnElement[bool]:
    """Return the condition, over tickets, that it was told in confidence, or is about somebody."""
    return or_(
        Ticket.privacy == "confidential", exists(select(Complaint.id).where(Complaint.ticket_id == Ticket.id, Complaint.confidential))
    )


def not_about(actor: Actor) -> ColumnElement[bool]:
    """Return the condition, over tickets, that it is about nobody, or that `actor` may know of it."""
    return or_(Ticket.accused.is_(None), compile_scope(scope_of(actor), TICKETS))


async def without_what_is_about_them(work: Work, rows: Iterable[Any]) -> list[Any]:
    """Return outcomes without those in a ticket about the reader."""
    found = list(rows)
    secret = [row.ticket_id for row in found if row.in_confidence]
    if not secret:
        return found
    known = set(await work.session.scalars(select(Ticket.id).where(one_of(Ticket.id, secret), not_about(work.actor))))
    return [row for row in found if not row.in_confidence or row.ticket_id in known]


def knows_number(actor: Actor, row: Any) -> bool:
    """Tell whether the reader may know which ticket an outcome is: it is open, theirs to watch over, or they made it."""
    return not row.in_confidence or row.by_account_id == actor.account_id or knows_in_confidence(actor, row.desk_unit_id)


async def may_link(work: Work, ticket_id: UUID) -> bool:
    """Tell whether the reader may learn which opinions a ticket was made of."""
    query = select(Ticket.desk_unit_id, in_confidence().label("in_confidence")).where(Ticket.id == ticket_id)
    rows: Sequence[Any] = (await work.session.execute(query)).all()
    return all(not row.in_confidence or knows_in_confidence(work.actor, row.desk_unit_id) for row in rows)
