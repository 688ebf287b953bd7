"""Playing a block of tickets: each lives its own life, but for those that tell a matter again and are merged."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from types import MappingProxyType

from daguanjia.county import population as p
from daguanjia.county.drawing import Plan
from daguanjia.county.living import Copied, Living
from daguanjia.county.world import World
from services.platform.errors import Problem
from services.platform.ids import ids_made_by
from services.tickets import commands as c
from services.tickets.changes import Change, EventDraft
from services.tickets.lifecycle import OPEN

_MERGEABLE = OPEN[:3]


def play(
    world: World, plans: Sequence[Plan], seed: int, first: int = 0, copied: Mapping[int, Copied] = MappingProxyType({})
) -> list[Living]:
    """Return the lives of a block of plans, in their order; their tickets are numbered from the one after `first`.

    `copied` says of tickets, by their number, where they are lived once more.
    """
    lives = {plan.nth: Living(world, plan, seed, first + plan.nth + 1, copied.get(plan.nth)) for plan in plans}
    told_again: dict[int, list[Living]] = {}
    for plan in plans:
        if plan.duplicate_of is not None:
            told_again.setdefault(plan.duplicate_of, []).append(lives[plan.nth])
    for plan in plans:
        living = lives[plan.nth]
        if plan.duplicate_of is None:
            again = told_again.get(plan.nth, [])
            for one in (living, *again):
                with ids_made_by(one.life.ids):
                    one.begin()
            for one in again:
                at = one.plan.received_at + timedelta(seconds=int(p.MERGED_AFTER * one.dice.lognormvariate(0.0, 0.7) * 3600))
                living.visits.append((max(at, one.life.now, living.life.now), partial(_merge, one, living)))
            living.visits.sort(key=lambda visit: visit[0])
        with ids_made_by(living.life.ids):
            living.live()
    return [lives[plan.nth] for plan in plans]


def _merge(one: Living, into: Living) -> None:
    """Have the desk join a ticket to the one it tells again, where both are still being worked on."""
    if one.life.status not in _MERGEABLE or into.life.status not in _MERGEABLE:
        return
    with ids_made_by(one.life.ids):
        if not one.go_to(into.life.now) or one.life.status not in _MERGEABLE:
            return
        actor = one.desk()
        command = c.Merge(action="merge", into=into.life.ticket["number"], words="同一事项")
        try:
            one.life.act(actor, command, other=into.life.state())
        except Problem:
            return
    told = EventDraft("ticket.absorbed", {"ticket_id": str(one.ticket_id), "number": one.life.ticket["number"]})
    seat = actor.main_seat
    into.life.apply(Change(into.life.state(), (told,)), actor, seat.unit_id if seat else None)
    into.life.absorbed += 1
    into.life.owed_answers += one.life.owed_answers
