"""How somebody stands to a ticket, and from which of their seats. Pure."""

from services.platform.actor import Actor, Seat
from services.routing.rules import WORKING_ROLES
from services.tickets.case import Case
from services.tickets.lifecycle import Relation


def relations(case: Case, actor: Actor) -> dict[Relation, Seat | None]:
    """Return every relation `actor` has to the ticket, with the seat that gives it; the system and the complainant stand beside all seats.

    That a ticket is a complainant's own is for the caller to know: `act_on` says so.
    """
    if actor.kind == "system":
        return {Relation.SYSTEM: None}
    if actor.kind == "complainant":
        return {Relation.COMPLAINANT: None}
    found: dict[Relation, Seat | None] = {}
    for seat in actor.seats:
        for relation in _relations_of(case, seat):
            found.setdefault(relation, seat)
    return found


def _relations_of(case: Case, seat: Seat) -> list[Relation]:
    ticket, found = case.ticket, []
    if seat.role in WORKING_ROLES:
        if seat.unit_id == ticket.lead_unit_id:
            found.append(Relation.HOLDER)
        if any(seat.unit_id == row.unit_id for row in case.co_handlers):
            found.append(Relation.CO_HANDLER)
        if any(seat.unit_id == call.unit_id for call in case.calls):
            found.append(Relation.CALLED)
        if any(seat.unit_id == directive.to_unit_id for directive in case.instructions):
            found.append(Relation.INSTRUCTED)
        if _is_above(case, seat):
            found.append(Relation.ABOVE)
    if _is_desk(case, seat):
        found.append(Relation.DESK)
        if _adjudicates(case, seat):
            found.append(Relation.ADJUDICATOR)
    if seat.role == "hotline_operator":
        found.append(Relation.CALLER)
    return found


def _is_desk(case: Case, seat: Seat) -> bool:
    """Tell whether `seat` is a dispatching desk over the place.

    A matter that was surfaced to a county department is only for the county's desk: township and village see it and cannot stop it.
    """
    if not case.ticket.area_path.startswith(seat.path):
        return False
    if seat.role == "county_supervisor":
        return True
    return seat.role == "township_dispatcher" and case.ticket.surface_to_id is None


def _adjudicates(case: Case, seat: Seat) -> bool:
    """Tell whether `seat`, a desk's, is that of the desk which has the ticket, or of one above it."""
    desk = case.around.tree.by_id.get(case.ticket.desk_unit_id) if case.ticket.desk_unit_id else None
    return case.ticket.adjudication and (desk is None or desk.path.startswith(seat.path))


def _is_above(case: Case, seat: Seat) -> bool:
    """Tell whether `seat` is above the unit that holds the ticket (above the place, while nobody holds it)."""
    ticket = case.ticket
    lead = case.around.tree.by_id.get(ticket.lead_unit_id) if ticket.lead_unit_id else None
    if lead is None:
        desks = ("county_supervisor",) if ticket.surface_to_id is not None else ("township_dispatcher", "county_supervisor")
        return ticket.area_path.startswith(seat.path) and seat.role in desks
    if seat.unit_id == lead.id or not lead.path.startswith(seat.path):
        return False
    return ticket.surface_to_id is None or seat.role == "county_supervisor"
