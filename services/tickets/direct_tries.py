"""What was tried on matters that went past township and village: each refused try is an event, in a chain of its own beside the ticket's.

Not in the ticket's own chain: that would move its version, and whoever tries would delay whoever works.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from sqlalchemy import select

from services.identity.models import Account
from services.journal.models import Event
from services.journal.noting import note
from services.organization.models import Member
from services.organization.naming import short_name
from services.organization.queries import unit_tree
from services.platform.actor import Actor
from services.platform.errors import Forbidden
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.direct import CODE
from services.tickets.lifecycle import ACTION_NAMES

SUBJECT, REFUSED = "direct_tries", "direct.refused"
REWORD = "reword"
"""Laying another wording over what was told: no action of the lifecycle, and refused like them."""
OPINION_TRIES = {"withdraw_opinion": "撤回意见", "correct_opinion": "更正意见", "end_opinion": "了结意见"}
"""What is tried on the opinion such a ticket was made of."""
_NAMES = {**ACTION_NAMES, **OPINION_TRIES, REWORD: "改写诉求"}
_EXAMPLE: JsonDict = {"action": "cancel", "name": "撤销", "at": "2026-11-22T02:10:00Z", "unit": "彭寨镇", "by": "黄调度"}


class DirectTry(BaseModel):
    """What somebody of a unit that was passed over tried, and was refused."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [_EXAMPLE]})

    action: str = Field(examples=["cancel"])
    name: str = Field(examples=["撤销"])
    at: datetime
    unit: str | None = Field(description="The unit they mostly act from.", examples=["彭寨镇"])
    by: str | None = Field(examples=["黄调度"])


class DirectTries(BaseModel):
    """Every refused try, oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXAMPLE]}]})

    items: list[DirectTry]


@asynccontextmanager
async def tries_kept(actor: Actor, action: str, find: Callable[[Work], Awaitable[UUID]]) -> AsyncIterator[None]:
    """Keep what is refused inside with ``ticket.direct``, and let the refusal go on.

    The block has a transaction of its own, which is over by then: the try is kept in another one. `find` says which ticket was meant.
    """
    try:
        yield
    except Forbidden as refused:
        if refused.code == CODE:
            async with unit_of_work(actor) as work:
                await keep_try(work, await find(work), action)
        raise


async def keep_try(work: Work, ticket_id: UUID, action: str) -> None:
    """Write down that `work.actor` tried `action` and was refused."""
    await note(work, SUBJECT, _chain(ticket_id), REFUSED, {"ticket_id": str(ticket_id), "action": action})


async def tries_of(work: Work, ticket_id: UUID) -> DirectTries:
    """Return what was tried on a ticket; the caller has checked that it may be seen."""
    query = (
        select(Event.happened_at, Event.data, Event.actor_unit_id, Member.name)
        .outerjoin(Account, Account.id == Event.actor_account_id)
        .outerjoin(Member, Member.id == Account.member_id)
        .where(Event.subject_id == _chain(ticket_id))
        .order_by(Event.seq)
    )
    tree = await unit_tree(work.session)
    items = []
    for row in await work.session.execute(query):
        unit = tree.by_id.get(row.actor_unit_id) if row.actor_unit_id else None
        action = str(row.data["action"])
        name = short_name(unit.name, unit.kind) if unit else None
        items.append(DirectTry(action=action, name=_NAMES[action], at=row.happened_at, unit=name, by=row.name))
    return DirectTries(items=items)


def _chain(ticket_id: UUID) -> UUID:
    """Return what the tries of a ticket are the journal of: found again from the ticket's id alone."""
    return uuid5(ticket_id, SUBJECT)
