"""Messages about a ticket at the door: whether the complainant and the units were told, by which way, and why not."""

from typing import Annotated

from fastapi import Depends

from services.notifications.queries import messages_of
from services.notifications.views import MessagesView
from services.platform.actor import Actor
from services.platform.unit_of_work import unit_of_work
from services.tickets.queries import find_visible
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/tickets", tags=["tickets"])


@router.get("/{number}/messages")
async def read_messages(number: str, actor: Annotated[Actor, Depends(requires("message.read"))]) -> MessagesView:
    """Read how the messages about the ticket stand: 通知情况. Neither words nor addresses are shown."""
    async with unit_of_work(actor) as work:
        row = await find_visible(work.session, actor, number)
        return await messages_of(work.session, row.id)
