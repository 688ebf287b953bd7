"""Who may learn who said something in confidence: the hotline, the county's supervisors, and the desk that watches over the ticket."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.models import Complaint
from services.complaints.views import ComplaintView
from services.platform.actor import Actor
from services.platform.clock import day_start, local_day
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


async def told_in_confidence(session: AsyncSession, ticket: Any) -> bool:
    """Tell whether anybody told this ticket, or one merged into it, in confidence; or its matter is confidential."""
    belongs = or_(Ticket.id == ticket.id, Ticket.merged_into_id == ticket.id)
    secret = or_(Complaint.confidential, Ticket.privacy == "confidential")
    query = select(Complaint.id).join(Ticket, Ticket.id == Complaint.ticket_id).where(belongs, secret)
    return bool(await session.scalar(select(query.exists())))


def by_day(view: ComplaintView) -> ComplaintView:
    """Return what was told with its days in place of its minutes: who was seen telephoning at ten past two must not be told by that."""
    told: dict[str, Any] = {name: _day(getattr(view, name)) for name in ("happened_at", "received_at")}
    told["supplements"] = tuple(one.model_copy(update={"received_at": _day(one.received_at)}) for one in view.supplements)
    told["rewordings"] = tuple(one.model_copy(update={"recorded_at": _day(one.recorded_at)}) for one in view.rewordings)
    return view.model_copy(update=told)


def _day(instant: datetime) -> datetime:
    return day_start(local_day(instant))


def in_confidence(*privacies: str, confidential: bool) -> bool:
    """Tell whether a complaint is confidential: because the person asked for it, or because its matter is."""
    return confidential or "confidential" in privacies
