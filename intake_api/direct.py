"""What went directly to a county department, at the door: how long each unit had it, and what was tried below and refused."""

from typing import Annotated

from fastapi import Depends

from services.complaints.journey_views import TicketHops
from services.complaints.telling_the_journey import hops_of
from services.platform.actor import Actor
from services.platform.unit_of_work import unit_of_work
from services.tickets.direct_tries import DirectTries, tries_of
from services.tickets.queries import find_visible
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/tickets", tags=["tickets"])

Reader = Annotated[Actor, Depends(requires("ticket.read"))]


@router.get("/{number}/hops", summary="How long each unit had the ticket")
async def read_hops(number: str, actor: Reader) -> TicketHops:
    """Read who had the ticket from when to when, how long in minutes and in office time, and what they did with it."""
    async with unit_of_work(actor) as work:
        row = await find_visible(work.session, actor, number)
        return await hops_of(work, row.id)


@router.get("/{number}/tries", summary="What was tried past a direct surfacing")
async def read_tries(number: str, actor: Reader) -> DirectTries:
    """Read what township, village and grid tried on a matter that went directly to a county department (越级直达), and were refused."""
    async with unit_of_work(actor) as work:
        row = await find_visible(work.session, actor, number)
        return await tries_of(work, row.id)
