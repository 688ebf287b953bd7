"""Call-backs (回访): whoever was answered and left a number, or called from one, is asked by the hotline whether the matter is solved.

Once for each answer.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from services.complaints.calling_back import reachable_by_call
from services.complaints.models import TOLD_BY_THEMSELVES, Complainant, Complaint
from services.complaints.phone_tasks import CALL_BACK_ASKS, open_phone_tasks
from services.journal.draining import Owed
from services.platform.bulk import one_of
from services.platform.unit_of_work import Work
from services.tickets.models import Answer, Ticket


async def open_call_backs(work: Work, owed: Sequence[Owed]) -> None:
    """Open the calls that the answers among `owed` ask for. An answer handled twice opens none twice."""
    answered = {UUID(complaint): one for one in owed if one.type == "ticket.answered" for complaint in one.data.get("answered") or ()}
    if not answered:
        return
    query = (
        select(Complaint.id)
        .join(Complainant, Complainant.complaint_id == Complaint.id)
        .where(
            one_of(Complaint.id, answered),
            Complaint.channel.not_in(TOLD_BY_THEMSELVES),
            Complainant.phone_index.is_not(None),
            Complainant.sealed.is_not(None),
        )
    )
    found = sorted({*await work.session.scalars(query), *await reachable_by_call(work.session, list(answered))})
    main = await _main_tickets(work, {answered[complaint_id].subject_id for complaint_id in found})
    rounds = await _rounds(work, found)
    rows = []
    for complaint_id in found:
        one = answered[complaint_id]
        number, present = main[one.subject_id]
        round_ = rounds.get((complaint_id, one.recorded_at), present)
        rows.append(
            {
                "ticket_id": one.subject_id,
                "complaint_id": complaint_id,
                "event_id": one.event_id,
                "round": round_,
                "purpose": "call_back",
                "words": f"工单{number}已答复：{one.data.get('words') or ''}\n{CALL_BACK_ASKS}",
            }
        )
    await open_phone_tasks(work, rows)


async def _main_tickets(work: Work, ticket_ids: set[UUID]) -> dict[UUID, tuple[str, int]]:
    """The tickets that were answered: a merged one's complainants are called back about the one that went on."""
    rows = await work.session.execute(select(Ticket.id, Ticket.number, Ticket.round).where(one_of(Ticket.id, ticket_ids)))
    return {row.id: (row.number, row.round) for row in rows}


async def _rounds(work: Work, complaint_ids: Sequence[UUID]) -> dict[tuple[UUID, datetime], int]:
    """The rounds answers were given in, by person and instant: the ticket may be in another one by now, and asks about another answer."""
    query = select(Answer.complaint_id, Answer.answered_at, Answer.round).where(one_of(Answer.complaint_id, complaint_ids))
    return {(row.complaint_id, row.answered_at): row.round for row in await work.session.execute(query)}
