"""Who told each ticket as it was known at an instant, for the counts of households; or that nobody can say any more.

What was told and merged by then is in the journal and in rows that never change. Who told it is read from the contacts as they are: what
one was before it was corrected, forgotten or erased is destroyed on purpose, and so is whom a call came from and how a household was
reached before the register was corrected. Where that happened to one of those counted after the instant nothing is told: 422
``as_of.not_kept``. Whether it was told in confidence is read as it is today: it is never taken back, and whoever counts matters of before
it was given must refuse (``services/reports/households.py``).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.calls.models import Call
from services.complaints.households import Telling, of_its_call, of_its_home, single
from services.complaints.models import Complainant, Complaint, Repeat
from services.households.models import Household
from services.journal.models import Event
from services.platform.bulk import one_of
from services.platform.errors import Invalid
from services.platform.papers import SealedPaper
from services.tickets.models import CallBack, Ticket

NOT_KEPT = "as_of.not_kept"


async def tellings_then(session: AsyncSession, ticket_ids: Sequence[UUID], as_of: datetime) -> Mapping[UUID, list[Telling]]:
    """Return who had told each ticket, and those merged into it then, oldest first; all of them known at `as_of`.

    Raises Invalid ``as_of.not_kept`` where who told one of them was changed since, or may have been.
    """
    into = await _merged(session, ticket_ids, as_of)
    families: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for own, other in [*((one, one) for one in ticket_ids), *into.items()]:
        families[own].append(other)
    query = (
        select(Complaint.id, Ticket.id.label("own"), Complaint.received_at, Complaint.wants_answer)
        .add_columns((Complaint.confidential | (Ticket.privacy == "confidential")).label("in_confidence"))
        .add_columns(Complainant.phone_index, Complainant.openid_index, of_its_call().label("called"), _changed(as_of).label("changed"))
        .add_columns(of_its_home().label("home"))
        .add_columns(Repeat.complaint_id.is_not(None).label("repeat"), func.coalesce(Repeat.counted, False).label("counted"))
        .select_from(Complaint)
        .join(Ticket, Ticket.id == Complaint.ticket_id)
        .outerjoin(Complainant, Complainant.complaint_id == Complaint.id)
        .outerjoin(Repeat, Repeat.complaint_id == Complaint.id)
        .where(one_of(Ticket.id, list(families)), or_(Repeat.recorded_at <= as_of, and_(Repeat.complaint_id.is_(None), _TOLD)))
        .order_by(Complaint.received_at, Complaint.id)
    )
    found: defaultdict[UUID, list[Telling]] = defaultdict(list)
    for row in await session.execute(query):
        if row.changed:
            raise Invalid(NOT_KEPT, _WHO)
        keys = frozenset(key for key in (row.phone_index, row.openid_index, *single(row.called)) if key is not None)
        said = (row.repeat, row.counted, row.in_confidence, row.wants_answer)
        telling = Telling(row.id, row.own, keys, row.received_at, *said, frozenset(row.home or ()))
        for ticket_id in families[row.own]:
            found[ticket_id].append(telling)
    return {ticket_id: found[ticket_id] for ticket_id in ticket_ids}


async def speakers_then(session: AsyncSession, ticket_ids: Sequence[UUID], as_of: datetime) -> Mapping[UUID, UUID | None]:
    """Return which complaint's person had said the newest word on satisfaction of each ticket, of the words known at `as_of`."""
    said = Event.data["call_back_id"].astext
    heard = select(said).where(one_of(Event.subject_id, ticket_ids), Event.recorded_at <= as_of, said.is_not(None))
    known = [UUID(one) for one in await session.scalars(heard)]
    query = (
        select(CallBack.ticket_id, CallBack.complaint_id)
        .where(one_of(CallBack.id, known), CallBack.satisfied.is_not(None))
        .order_by(CallBack.ticket_id, CallBack.round, CallBack.called_at, CallBack.id)
    )
    return {row.ticket_id: row.complaint_id for row in await session.execute(query)}


_TOLD = Ticket.source == "complaint"
_WHO = (
    "Who told some of these matters was corrected or erased since, or a call or household was, and what it was is not kept. Ask for a "
    "later instant, or for fewer days."
)


async def _merged(session: AsyncSession, ticket_ids: Sequence[UUID], as_of: datetime) -> dict[UUID, UUID]:
    """Return into which of these each ticket was merged then, from the journals of those it was merged into."""
    query = (
        select(Event.subject_id, Event.type, Event.data["ticket_id"].astext.label("other"))
        .where(one_of(Event.subject_id, ticket_ids), Event.type.in_(("ticket.absorbed", "ticket.released")), Event.recorded_at <= as_of)
        .order_by(Event.recorded_at, Event.subject_id, Event.seq)
    )
    into: dict[UUID, UUID] = {}
    for row in await session.execute(query):
        other = UUID(row.other)
        if row.type == "ticket.absorbed":
            into[other] = row.subject_id
        elif into.get(other) == row.subject_id:
            del into[other]
    return into


def _changed(as_of: datetime) -> ColumnElement[bool]:
    """Whether who told a complaint is something else now than then, or may be: of a contact, a household, and where it counts, a call."""
    contact = func.coalesce(func.greatest(Complainant.recorded_at, Complainant.changed_at) > as_of, False)
    counts = Complainant.complaint_id.is_(None) | Complainant.phone_index.is_(None)
    erased = exists().where(SealedPaper.id == Call.paper_id, SealedPaper.row_key.is_(None))
    call = exists().where(Call.call_id == Complaint.call_id, or_(func.greatest(Call.first_heard_at, Call.updated_at) > as_of, erased))
    home = exists().where(Household.id == Complaint.household_id, Household.changed_at > as_of)
    return contact | home | and_(counts, Complaint.call_id.is_not(None), call)
