"""Which effects are owed for which event: the whole list, in one place.

``route`` finds the unit that must act · ``follow`` brings tickets to units that were renumbered or moved ·
``notify`` writes the messages to complainants and units · ``count`` keeps the figures · ``inspect`` looks at pictures that were shown ·
``publish`` writes the deliveries to whoever subscribed to events of tickets.
"""

ROUTE = "route"
FOLLOW = "follow"
NOTIFY = "notify"
COUNT = "count"
INSPECT = "inspect"
PUBLISH = "publish"
HANDLERS = (ROUTE, FOLLOW, NOTIFY, COUNT, INSPECT, PUBLISH)

WANTED = f"(handler <> '{PUBLISH}' OR EXISTS (SELECT FROM webhook_subscriptions WHERE active))"
"""Condition under which a row of `deliveries` is written at all: nothing is owed to nobody.

The statement that writes it asks, in the transaction of the event. So where nobody subscribed it costs nothing, and once a subscription
is committed (which is before its maker is answered) no event that is written after that is missed.
"""

_OWED: dict[str, tuple[str, ...]] = {
    "ticket.received": (ROUTE, NOTIFY, COUNT),
    "ticket.triaged": (ROUTE, COUNT),
    "ticket.reopened": (ROUTE, NOTIFY, COUNT),
    "ticket.returned": (NOTIFY, COUNT),
    "ticket.dispatched": (NOTIFY, COUNT),
    "ticket.adjudicated": (NOTIFY, COUNT),
    "ticket.transferred": (NOTIFY, COUNT),
    "ticket.handed_up": (NOTIFY, COUNT),
    "ticket.joined": (NOTIFY, COUNT),
    "ticket.accepted": (COUNT,),
    "ticket.extension_requested": (NOTIFY,),
    "ticket.extension_decided": (NOTIFY, COUNT),
    "ticket.suspension_requested": (NOTIFY,),
    "ticket.suspension_decided": (NOTIFY,),
    "ticket.suspended": (NOTIFY,),
    "ticket.resumed": (NOTIFY, COUNT),
    "ticket.work_logged": (INSPECT,),
    "ticket.task_finished": (NOTIFY, INSPECT),
    "ticket.resolved": (NOTIFY, COUNT, INSPECT),
    "ticket.answered": (NOTIFY, COUNT),
    "ticket.closed": (NOTIFY, COUNT),
    "ticket.rejected": (NOTIFY, COUNT),
    "ticket.cancelled": (NOTIFY, COUNT),
    "ticket.merged": (NOTIFY, COUNT, INSPECT),
    "ticket.unmerged": (NOTIFY, COUNT, INSPECT),
    "ticket.informed": (NOTIFY,),
    "ticket.called_back": (COUNT,),
    "ticket.exclusion_proposed": (NOTIFY,),
    "ticket.exclusion_decided": (NOTIFY, COUNT),
    "ticket.exclusion_appealed": (NOTIFY, COUNT),
    "ticket.exclusion_closed": (NOTIFY, COUNT),
    "ticket.sealed": (NOTIFY, COUNT),
    "ticket.urged": (NOTIFY,),
    "ticket.supervised": (NOTIFY,),
    "ticket.instructed": (NOTIFY, COUNT),
    "ticket.instruction_acknowledged": (NOTIFY,),
    "ticket.instruction_followed": (NOTIFY,),
    "ticket.whistled": (NOTIFY, COUNT),
    "ticket.whistle_answered": (NOTIFY,),
    "ticket.whistle_concluded": (NOTIFY, COUNT),
    "ticket.supplemented": (ROUTE, NOTIFY, COUNT),
    "ticket.escalated": (NOTIFY, COUNT),
    "ticket.followed": (COUNT,),
    "ticket.recalculated": (NOTIFY, COUNT),
    "ticket.restated": (COUNT,),
    "organization.renumbered": (FOLLOW,),
    "unit.moved": (FOLLOW,),
    "work_log.file_arrived": (INSPECT,),
    "complaint.file_arrived": (INSPECT,),
    "history.anchored": (PUBLISH,),
}


def owed(event_type: str, *, counts: bool = False) -> tuple[str, ...]:
    """Return the handlers that are owed a delivery of an event of this type. `counts`: figures are made of what it says."""
    listed = _OWED.get(event_type, ())
    more = ((COUNT,) if counts and COUNT not in listed else ()) + ((PUBLISH,) if event_type.startswith("ticket.") else ())
    return listed + more
