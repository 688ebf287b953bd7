"""Evidence at the door: what a category demands, what is there, and what somebody should look at before they close."""

from typing import Annotated

from fastapi import Depends

from services.platform.actor import Actor
from services.platform.unit_of_work import unit_of_work
from services.tickets.case import TicketState
from services.tickets.evidence_views import Evidence, evidence_of
from services.tickets.queries import find_visible
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/tickets", tags=["tickets"])


@router.get("/{number}/evidence")
async def read_evidence(number: str, actor: Annotated[Actor, Depends(requires("ticket.read"))]) -> Evidence:
    """Read what evidence the category demands, what is missing, and which pictures are flagged: 佐证.

    Another ticket is named only to who may know of it.
    """
    async with unit_of_work(actor) as work:
        row = await find_visible(work.session, actor, number)
        return await evidence_of(work.session, actor, TicketState.of(row))
