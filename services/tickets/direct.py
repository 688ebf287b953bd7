"""越级直达: a matter that was surfaced to a county department. Township, village and grid see it; they stop, edit and delay nothing. Pure.

What the department or the county asks of them (a task, an instruction, a whistle) is theirs to do. Everything else is refused with
``ticket.direct``, whatever the status; who tried what stays in the journal (`direct_tries.py`).
"""

from services.identity.permissions import area_of
from services.platform.actor import Actor, Seat
from services.platform.errors import Forbidden
from services.tickets.case import Case, TicketState
from services.tickets.lifecycle import ACTION_NAMES, step
from services.tickets.relations import relations

CODE = "ticket.direct"
_BELOW_THE_COUNTY = ("grid", "village", "township")


def passed_over(ticket: TicketState, actor: Actor) -> Seat | None:
    """Return the seat of `actor` that the matter went past: below the county, around its place or inside of it; None for none."""
    if ticket.surface_to_id is None:
        return None
    return next((seat for seat in actor.seats if seat.tier in _BELOW_THE_COUNTY and _meet(ticket.area_path, area_of(seat))), None)


def refuse_passed_over(case: Case, actor: Actor, action: str) -> None:
    """Refuse `action` of whoever the matter went past, unless it was given to them to do, or another seat of theirs may."""
    if passed_over(case.ticket, actor) is None:
        return
    row = step(case.ticket.status, action)
    if row is None or not row.by & relations(case, actor).keys():
        raise refusal(ACTION_NAMES[action])


def refusal(name: str) -> Forbidden:
    """Return the refusal of what is called `name`."""
    detail = (
        f"This matter went directly to a county department: township and village read it, and cannot stop, change or delay it ({name})."
    )
    return Forbidden(CODE, detail)


def _meet(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
