"""Who calls back, and under which number: of an anonymous or confidential matter the hotline alone, never whoever handles it or is near it.

So it is ruled elsewhere too (蚌埠 2017: 匿名工单由热线回访). A caller who left no number is reached under the number of the call they
told it in; the hotline sees it when it takes the call on, nobody else does.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.calls.models import Call
from services.calls.writing import phone_of
from services.complaints.models import Complainant, Complaint
from services.identity.permissions import may
from services.platform.bulk import one_of
from services.platform.errors import Forbidden
from services.platform.papers import SealedPaper, read_paper
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket
from services.tickets.queries import find_visible


async def require_may_call_back(work: Work, number: str, command: Any) -> None:
    """Raise Forbidden ``call_back.hotline_only`` where `command` is a call-back that only the hotline may record; and what is hidden.

    Whoever asked for confidence in a ticket that was merged into this one counts as well.
    """
    if command.action != "call_back" or may(work.actor, "hotline.desk"):
        return
    await require_not_in_confidence(work, await find_visible(work.session, work.actor, number))


async def require_not_in_confidence(work: Work, ticket: Any) -> None:
    """Raise Forbidden ``call_back.hotline_only`` where anybody of `ticket` told it in confidence, or nobody is known."""
    told = select(func.bool_or(Complaint.confidential), func.count(Complainant.sealed)).select_from(Complaint)
    told = told.outerjoin(Complainant, Complainant.complaint_id == Complaint.id)
    told = told.where(Complaint.ticket_id.in_(select(Ticket.id).where(or_(Ticket.id == ticket.id, Ticket.merged_into_id == ticket.id))))
    confidential, known = (await work.session.execute(told)).one()
    if ticket.source == "complaint" and (confidential or ticket.privacy == "confidential" or not known):
        detail = "Whoever stays anonymous, or told it in confidence, is called back by the hotline only."
        raise Forbidden("call_back.hotline_only", detail)


async def offered(work: Work, ticket: Any, actions: Sequence[str]) -> list[str]:
    """Return of the `actions` offered on `ticket` those that are not refused for who complained: a call-back that is the hotline's."""
    if "call_back" in actions and not may(work.actor, "hotline.desk"):
        try:
            await require_not_in_confidence(work, ticket)
        except Forbidden:
            return [action for action in actions if action != "call_back"]
    return list(actions)


async def reachable_by_call(session: AsyncSession, complaint_ids: Sequence[UUID]) -> set[UUID]:
    """Return those complaints without a number of their own whose call came from a number that is known."""
    query = _of_calls(complaint_ids).group_by(Complaint.id).having(func.count(SealedPaper.phone_index.distinct()) == 1)
    return set(await session.scalars(query.with_only_columns(Complaint.id)))


async def number_of_call(session: AsyncSession, complaint_id: UUID) -> str | None:
    """Return the number the call of such a complaint came from; None where no exchange knows it, or two know different ones."""
    if not await reachable_by_call(session, [complaint_id]):
        return None
    papers = select(SealedPaper.id, SealedPaper.row_key, SealedPaper.sealed)
    query = _of_calls([complaint_id]).with_only_columns(*papers.selected_columns).limit(1)
    paper = (await session.execute(query)).one()
    clear = read_paper(paper.id, paper.row_key, paper.sealed) or {}
    return phone_of(clear.get("number"))


def _of_calls(complaint_ids: Sequence[UUID]) -> Any:
    nobody = Complainant.complaint_id.is_(None)
    without_number = Complainant.phone_index.is_(None) & Complainant.sealed.is_not(None)  # an erased person stays erased
    return (
        select(Complaint.id)
        .join(Call, Call.call_id == Complaint.call_id)
        .join(SealedPaper, SealedPaper.id == Call.paper_id)
        .outerjoin(Complainant, Complainant.complaint_id == Complaint.id)
        .where(one_of(Complaint.id, complaint_ids), nobody | without_number, SealedPaper.phone_index.is_not(None))
    )
