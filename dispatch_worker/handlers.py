"""Who has which effect: the handlers of `services/journal/subscriptions.py`, in the order they have their turns.

`route` comes first: somebody waits for a unit. Each turn is a transaction of its own, as `count` needs it.
"""

from uuid import UUID

from services.assistance.following import follow_assistance
from services.complaints.reading import place_hints
from services.complaints.shown import tickets_of_complaints
from services.journal.draining import Gathering, Handler, Owed
from services.journal.subscriptions import COUNT, FOLLOW, INSPECT, NOTIFY, PUBLISH, ROUTE
from services.matters.following import follow_matters
from services.notifications import composing
from services.notifications.webhooks import publishing
from services.platform.unit_of_work import Work
from services.reports import counting
from services.tickets import dispatching, following, inspecting
from services.visits.following import follow_service


async def route(work: Work, owed: list[Owed]) -> None:
    """Find the unit that must act; where the place was told later, anew."""
    await dispatching.route_received(work, subjects(owed), place_hints)
    told_more = [one for one in owed if one.type == "ticket.supplemented"]
    if told_more:
        await dispatching.relocate(work, subjects(told_more), place_hints)


async def follow(work: Work, _owed: list[Owed]) -> None:
    """Bring tickets to units that were renumbered or moved, and households, matters and what belongs to them along."""
    await following.follow_units(work)
    await follow_service(work)
    await follow_matters(work)
    await follow_assistance(work)


async def notify(work: Work, owed: list[Owed]) -> None:
    """Write the messages to complainants and units."""
    await composing.notify(work, owed)


async def inspect(work: Work, owed: list[Owed]) -> None:
    """Look at pictures that were shown, and flag what somebody should see before a ticket is closed."""
    await inspecting.inspect(work, owed, tickets_of_complaints)


async def publish(work: Work, owed: list[Owed]) -> None:
    """Write the deliveries to whoever subscribed."""
    await publishing.publish(work, owed)


def subjects(owed: list[Owed]) -> list[UUID]:
    """Return the tickets of the events, each once, in order."""
    return list(dict.fromkeys(one.subject_id for one in owed))


HANDLERS: dict[str, Handler] = {
    ROUTE: route,
    FOLLOW: follow,
    NOTIFY: notify,
    COUNT: Gathering(counting.count),
    INSPECT: inspect,
    PUBLISH: publish,
}
