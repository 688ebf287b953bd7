"""Legal holds: while one stands nothing of its ticket is erased, whoever asks. Placed by one, lifted by another."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select

from services.complaints.models import Complaint
from services.complaints.restricting import restricted_among
from services.complaints.retention import KIND_NAMES
from services.identity.persons import is_same_person
from services.journal.noting import note
from services.platform.errors import Conflict, Forbidden, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.privacy.commands import PlaceHold
from services.privacy.models import BECAUSE, HOLD_REASONS, Erasure, LegalHold
from services.privacy.views import ErasureView, HoldView, PersonalDataState
from services.tickets.models import Ticket
from services.tickets.queries import find_visible

LONGEST = timedelta(days=3660)


async def place(work: Work, number: str, command: PlaceHold) -> HoldView:
    """Place a hold on a ticket. What is being erased at this moment ends first.

    Raises what `find_visible` raises, Invalid ``privacy.hold_until`` for an end that is past or more than ten years ahead.
    """
    if not work.now < command.until <= work.now + LONGEST:
        raise Invalid("privacy.hold_until", "Say until when it is to hold: a time ahead, ten years at most. It can be placed anew.")
    ticket = await find_visible(work.session, work.actor, number)
    await work.session.execute(select(Ticket.id).where(Ticket.id == ticket.id).with_for_update())
    hold = LegalHold(
        id=new_id(),
        ticket_id=ticket.id,
        reason=command.reason,
        words=command.words,
        until=command.until,
        placed_at=work.now,
        placed_by_account_id=work.actor.account_id,
    )
    work.session.add(hold)
    await work.session.flush()
    said = {"ticket_id": str(ticket.id), "reason": command.reason, "until": command.until.isoformat()}
    await note(work, "legal_hold", hold.id, "legal_hold.placed", said)
    return _view(work, hold, ticket.number)


async def lift(work: Work, hold_id: UUID) -> HoldView:
    """Lift a hold that somebody else placed; the same again changes nothing.

    Raises NotFound ``privacy.hold_unknown``, Forbidden ``privacy.own_hold`` for whoever placed it, Conflict ``privacy.hold_over``.
    """
    query = select(LegalHold, Ticket.number).join(Ticket, Ticket.id == LegalHold.ticket_id).where(LegalHold.id == hold_id)
    found = (await work.session.execute(query.with_for_update(of=LegalHold.__table__))).one_or_none()
    if found is None:
        raise NotFound("privacy.hold_unknown", "There is no such hold.")
    hold, number = found
    await find_visible(work.session, work.actor, number)
    if hold.lifted_at is not None:
        return _view(work, hold, number)
    if hold.until <= work.now:
        raise Conflict("privacy.hold_over", "This hold has ended already.")
    if await is_same_person(work.session, work.actor.account_id, hold.placed_by_account_id):
        raise Forbidden("privacy.own_hold", "Somebody else than who placed it lifts a hold.")
    hold.lifted_at, hold.lifted_by_account_id = work.now, work.actor.account_id
    await work.session.flush()
    await note(work, "legal_hold", hold.id, "legal_hold.lifted", {"ticket_id": str(hold.ticket_id)})
    return _view(work, hold, number)


async def state_of(work: Work, number: str) -> PersonalDataState:
    """Return the holds, restrictions and erasures of a ticket. Raises what `find_visible` raises."""
    ticket = await find_visible(work.session, work.actor, number)
    mine = or_(LegalHold.ticket_id == ticket.id, LegalHold.ticket_id == ticket.merged_into_id)
    holds = await work.session.scalars(select(LegalHold).where(mine).order_by(LegalHold.placed_at))
    told = list(await work.session.scalars(select(Complaint.id).where(Complaint.ticket_id == ticket.id)))
    erasures = await work.session.scalars(select(Erasure).where(Erasure.complaint_id.in_(told)).order_by(Erasure.planned_at, Erasure.id))
    return PersonalDataState(
        ticket=ticket.number,
        holds=tuple(_view(work, hold, ticket.number) for hold in holds),
        restricted=tuple(sorted(await restricted_among(work.session, told))),
        erasures=tuple(_erasure(one) for one in erasures),
    )


def _erasure(row: Erasure) -> ErasureView:
    return ErasureView(
        complaint_id=row.complaint_id,
        kind=row.kind,
        kind_name=KIND_NAMES[row.kind],
        because=row.because,
        because_name=BECAUSE[row.because],
        planned_at=row.planned_at,
        erased_at=row.erased_at,
        done_at=row.done_at,
    )


def _view(work: Work, hold: LegalHold, number: str) -> HoldView:
    return HoldView(
        id=hold.id,
        ticket=number,
        reason=hold.reason,
        reason_name=HOLD_REASONS[hold.reason],
        words=hold.words,
        placed_at=hold.placed_at,
        until=hold.until,
        lifted_at=hold.lifted_at,
        standing=hold.lifted_at is None and hold.until > work.now,
    )
