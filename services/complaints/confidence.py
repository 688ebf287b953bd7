"""Who may learn who said something in confidence: the hotline, the county's supervisors, and the desk that watches over the ticket."""

from uuid import UUID

from sqlalchemy import ColumnElement, not_, or_, true

from services.complaints.models import Complaint
from services.platform.actor import Actor
from services.tickets.models import Ticket

_MAY_KNOW = ("hotline_operator", "county_supervisor")


def knows_in_confidence(actor: Actor, desk_unit_id: UUID | None) -> bool:
    """Tell whether `actor` may know the person behind a confidential matter with this desk. No program does, whatever it was lent."""
    if actor.lent is not None:
        return False
    return actor.has_role(*_MAY_KNOW) or any(seat.unit_id == desk_unit_id for seat in actor.seats)


def open_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition, over complaints and their tickets, that `actor` may know who complained."""
    in_confidence = or_(Complaint.confidential, Ticket.privacy == "confidential")
    if actor.lent is not None:
        return not_(in_confidence)
    if actor.has_role(*_MAY_KNOW):
        return true()
    return or_(not_(in_confidence), Ticket.desk_unit_id.in_([seat.unit_id for seat in actor.seats]))


def in_confidence(*privacies: str, confidential: bool) -> bool:
    """Tell whether a complaint is confidential: because the person asked for it, or because its matter is."""
    return confidential or "confidential" in privacies
