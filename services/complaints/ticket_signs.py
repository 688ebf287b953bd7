"""The signs of one ticket, read when somebody asks: of the matter itself, and of what was told around it. A handful of bounded queries."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.catalogue.queries import catalogue
from services.complaints.confidence import knows_in_confidence
from services.complaints.sign_views import AroundSigns, MatterSigns, TicketSigns, sign_views, weight_view
from services.complaints.signs import ALWAYS, signs_of, weigh
from services.complaints.voices import ground_of, in_township, matters_of, on_ground, told_before, voices_between, voices_of, with_names
from services.identity.permissions import scope_of
from services.organization.queries import unit_tree
from services.platform.bulk import one_of
from services.platform.unit_of_work import Work
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.models import Ticket
from services.tickets.queries import find_visible
from services.tickets.views import CategoryName, TierUnitName

AROUND = timedelta(days=3)
"""So long before and after a ticket is looked at around it."""
COMPARED_AT_MOST = 500
"""So many tellings of one place are compared, the newest; more than that in six days is a flood whoever looks."""


async def ticket_signs(work: Work, number: str) -> TicketSigns:
    """Return the signs of a ticket `work.actor` may see. Raises what `find_visible` raises.

    What was told in confidence counts for those alone who may know of it, and never around a ticket.
    """
    ticket = await find_visible(work.session, work.actor, number)
    knows = knows_in_confidence(work.actor, ticket.desk_unit_id)
    told = [one for one in await voices_of(work.session, ticket.id) if knows or not one.in_confidence]
    matter = await with_names(work.session, [one.voice for one in told])
    found = signs_of(matter)
    numbers = await _numbers(work, {ticket for sign in found for ticket in sign.tickets})
    return TicketSigns(
        number=ticket.number,
        rule=ALWAYS,
        matter=MatterSigns(weight=weight_view(weigh(matter)), signs=sign_views(found, numbers)),
        around=None if ticket.privacy == "confidential" else await _around(work, ticket),
    )


async def _around(work: Work, ticket: Row[Any]) -> AroundSigns | None:
    tree = await unit_tree(work.session)
    ground = ground_of(tree, ticket.place_unit_id, ticket.category_code)
    if ground is None:
        return None
    here, unit = on_ground(tree, ground), tree.by_id[ground[0]]
    begin, end = ticket.received_at - AROUND, ticket.received_at + AROUND
    told = (await voices_between(work.session, begin, end, here))[:COMPARED_AT_MOST]
    voices = await with_names(work.session, [one.voice for one in told])
    usual = (await told_before(work.session, tree, begin, here))[ground]
    matters = in_township(await matters_of(work.session, voices, work.now), unit)
    found = signs_of(voices, before=usual, matters=matters)
    numbers = await _numbers(work, {ticket for sign in found for ticket in sign.tickets})
    branch = (await catalogue(work.session)).category(ground[1])
    return AroundSigns(
        place=TierUnitName(code=unit.code, name=unit.name, tier=unit.tier),
        branch=CategoryName(code=branch.code, name=branch.name) if branch else None,
        begin=begin,
        end=end,
        usual=usual,
        weight=weight_view(weigh(voices)),
        signs=sign_views(found, numbers),
    )


async def _numbers(work: Work, ticket_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the numbers of those tickets that the reader may see."""
    seen = compile_scope(scope_of(work.actor), TICKETS)
    query = select(Ticket.id, Ticket.number).where(one_of(Ticket.id, ticket_ids), seen)
    return {row.id: row.number for row in await work.session.execute(query)}
