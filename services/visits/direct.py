"""越级直达 of opinions: what went straight to a county department is not taken out of the ledger, answered away or worded anew below.

Whoever wrote the opinion down may correct their own mistake: the ticket stands all the same.
"""

from uuid import UUID

from sqlalchemy import select

from services.platform.unit_of_work import Work
from services.tickets.case import TicketState
from services.tickets.direct import passed_over, refusal
from services.tickets.direct_tries import OPINION_TRIES
from services.tickets.models import Ticket
from services.visits.opinions_models import Opinion, OpinionOutcome


async def refuse_below(work: Work, opinion_id: UUID, action: str) -> None:
    """Refuse `action` (one of `OPINION_TRIES`) on an opinion that went past the seats of `work.actor`: Forbidden ``ticket.direct``.

    Nothing for entries that are no opinions.
    """
    if await went_past(work, opinion_id) is not None:
        raise refusal(OPINION_TRIES[action])


async def ticket_past(work: Work, opinion_id: UUID) -> UUID:
    """Return the ticket of an opinion that was refused so."""
    found = await went_past(work, opinion_id)
    assert found is not None, "it was refused for this ticket a moment ago"
    return found


async def went_past(work: Work, opinion_id: UUID) -> UUID | None:
    """Return the ticket in which an opinion of somebody else went past the seats of `work.actor`; None where none did."""
    query = (
        select(Ticket.__table__)
        .join(OpinionOutcome, OpinionOutcome.ticket_id == Ticket.id)
        .join(Opinion, Opinion.id == OpinionOutcome.opinion_id)
        .where(OpinionOutcome.opinion_id == opinion_id, Ticket.surface_to_id.is_not(None))
        .where(Opinion.recorded_by_account_id != work.actor.account_id)
        .order_by(Ticket.id)
    )
    for row in await work.session.execute(query):
        if passed_over(TicketState.of(row), work.actor) is not None:
            found: UUID = row.id
            return found
    return None
