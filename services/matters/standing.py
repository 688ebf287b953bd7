"""How somebody stands to a matter, and which actions that lets them take: one table. Pure.

``county`` a supervisor of the county · ``desk`` a desk whose area holds the place · ``lead`` the lead unit · ``helper`` a unit with a
sub-task · ``supervisor`` named at a level · ``follower`` the paired member · ``village`` the village's secretary. Whoever acts for a
supervisor or follower on leave stands as they do.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.identity.permissions import DESKS, area_of, lends
from services.platform.actor import Actor
from services.platform.errors import Conflict, Forbidden

Relation = Literal["county", "desk", "lead", "helper", "supervisor", "follower", "village"]

WHO: dict[str, frozenset[Relation]] = {
    "register": frozenset({"county"}),
    "decline": frozenset({"county"}),
    "name_supervisor": frozenset({"county"}),
    "change_lead": frozenset({"county"}),
    "supervise": frozenset({"supervisor"}),
    "set_tension": frozenset({"desk"}),
    "join": frozenset({"desk"}),
    "set_task": frozenset({"lead", "desk"}),
    "report_task": frozenset({"lead", "helper"}),
    "decide_task": frozenset({"lead", "desk"}),
    "attach_follower": frozenset({"lead", "desk"}),
    "follow_up": frozenset({"follower"}),
    "block": frozenset({"lead", "desk", "supervisor", "follower", "village"}),
    "unblock": frozenset({"lead", "desk", "supervisor", "follower", "village"}),
    "set_milestone": frozenset({"lead", "desk"}),
    "move_milestone": frozenset({"lead", "desk"}),
    "finish_milestone": frozenset({"lead", "desk"}),
    "add_site": frozenset({"lead", "desk", "village"}),
    "show_site": frozenset({"lead", "helper", "desk", "village"}),
    "inspect_site": frozenset({"desk", "supervisor"}),
    "enter_money": frozenset({"lead", "desk"}),
    "enter_labour": frozenset({"lead", "desk", "village"}),
    "reverse_entry": frozenset({"lead", "desk"}),
    "report_complete": frozenset({"lead"}),
    "open_notice": frozenset({"desk"}),
    "object": frozenset({"desk", "supervisor", "follower", "village"}),
    "decide_objection": frozenset({"desk", "supervisor"}),
    "confirm_household": frozenset({"desk", "supervisor", "follower", "village"}),
    "answer_refusal": frozenset({"desk", "supervisor"}),
    "waive": frozenset({"desk", "supervisor"}),
    "strike_off": frozenset({"county"}),
    "register_again": frozenset({"county"}),
}
BEFORE_REGISTERING = frozenset({"register", "decline", "join", "set_tension"})
"""What can be done to a focus issue that is not registered yet; everything but deciding again, to one that is."""
_DECIDING = frozenset({"register", "decline"})
_STRUCK_OFF = frozenset({"register_again"})
APART = frozenset({"strike_off"})
"""What has an address of its own."""


@dataclass(frozen=True, slots=True)
class People:
    """Where a matter is and who has to do with it: paths of units, ids of members."""

    place: str
    lead: str | None
    helpers: tuple[str, ...] = ()
    supervisors: frozenset[UUID] = frozenset()
    followers: frozenset[UUID] = frozenset()
    supervise_from: frozenset[tuple[UUID, UUID]] = frozenset()
    """Who supervises, with the unit they do it from: whoever acts for them there (代班) does it meanwhile."""


def relations_of(actor: Actor, people: People) -> frozenset[Relation]:
    """Return how `actor` stands to a matter. Nothing for a key that was not lent ``matter.change``."""
    if not lends(actor, "matter.change"):
        return frozenset()
    found: set[Relation] = set()
    for seat in actor.seats:
        holds = people.place.startswith(area_of(seat))
        if seat.role in DESKS and holds:
            found.add("desk")
        if seat.role == "county_supervisor" and holds:
            found.add("county")
        if seat.role == "village_secretary" and people.place.startswith(seat.path):
            found.add("village")
        if people.lead is not None and seat.path == people.lead and seat.within is None:
            found.add("lead")
        if seat.path in people.helpers and seat.within is None:
            found.add("helper")
    acting = [(seat.acting.member_id, seat.unit_id) for seat in actor.seats if seat.acting is not None]
    if actor.member_id in people.supervisors or not people.supervise_from.isdisjoint(acting):
        found.add("supervisor")
    if actor.member_id in people.followers or any(member in people.followers for member, _unit in acting):
        found.add("follower")
    return frozenset(found)


def require_standing(action: str, state: str, relations: Collection[Relation]) -> None:
    """Raise Forbidden ``matter.not_yours`` or Conflict ``matter.not_in_state`` where `action` cannot be taken."""
    if WHO[action].isdisjoint(relations):
        who = " or ".join(sorted(WHO[action]))
        raise Forbidden(
            "matter.not_yours", f"Only {who} of this matter may do this.", extra={"action": action, "needs": sorted(WHO[action])}
        )
    if action not in allowed_in(state):
        raise Conflict("matter.not_in_state", "The matter does not stand so that this can be done; read it again.", extra={"state": state})


def allowed_in(state: str) -> frozenset[str]:
    """Return the actions that can be taken in a state."""
    if state == "determined":
        return BEFORE_REGISTERING
    if state == "struck_off":
        return _STRUCK_OFF
    return frozenset(WHO) - _DECIDING - _STRUCK_OFF if state == "registered" else frozenset()


def offered(state: str, relations: Collection[Relation]) -> list[str]:
    """Return the actions somebody who stands so may take now, by name."""
    return sorted(action for action in allowed_in(state) if not WHO[action].isdisjoint(relations))
