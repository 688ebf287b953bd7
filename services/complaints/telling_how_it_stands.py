"""What whoever tells a matter again is told at once: the answer there was, or how far it is."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.households import told_by
from services.complaints.supplements import goes_on_in
from services.complaints.tracking import progress_of
from services.complaints.views import Progress
from services.platform.clock import local_day
from services.tickets.models import Ticket
from services.tickets.views import ToldBy

_ANSWERED = ("answered", "closed")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a matter stands, in words to be said and in numbers."""

    words: str
    progress: Progress
    told_by: ToldBy


async def how_it_stands(session: AsyncSession, ticket_id: UUID) -> Standing:
    """Return how the matter of a ticket stands; where it was merged, that of the ticket it goes on in."""
    row = (await session.execute(select(Ticket.__table__).where(Ticket.id == ticket_id))).one()
    progress = await progress_of(session, row)
    current, _ = await goes_on_in(session, ticket_id)
    return Standing(words_of(progress), progress, (await told_by(session, [current]))[current])


def words_of(progress: Progress) -> str:
    """Return what to say: the newest answer where the matter was answered, else how far it is."""
    if progress.status in _ANSWERED and progress.answers:
        newest = progress.answers[-1]
        day = local_day(newest.answered_at)
        return f"您反映的问题已于{day.year}年{day.month}月{day.day}日答复（工单{progress.number}）：{newest.words}"
    going_on = "已有处理结果" if progress.status in ("closed", "rejected", "cancelled") else "正在办理中"
    return f"您反映的问题{going_on}（工单{progress.number}）：{progress.status_words}。"
