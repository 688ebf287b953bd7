"""A suspension ends by itself when its last day is over, whenever a worker comes to write it down: the clocks go on from that instant."""

from sqlalchemy import select

from services.platform.unit_of_work import Work
from services.tickets.deciding import decide
from services.tickets.lifecycle import OPEN
from services.tickets.loading import asked_case, lock
from services.tickets.models import Ticket
from services.tickets.pausing_commands import Resume
from services.tickets.recording import write

WORDS = "挂起期限已到,自动恢复"


async def end_some_suspensions(work: Work, limit: int) -> int:
    """End up to `limit` suspensions that are over, the longest over first; return how many. What another worker holds is skipped."""
    table = Ticket.__table__
    over = select(table.c.id).where(table.c.suspended_until <= work.now, table.c.status.in_(OPEN[:3]))
    ids = await work.session.scalars(over.order_by(table.c.suspended_until, table.c.id).limit(limit))
    changes = []
    for ticket in await lock(work.session, ids, skip_locked=True):
        until = ticket.suspended_until
        if until is not None and until <= work.now and ticket.status in OPEN[:3]:
            case = await asked_case(work.session, ticket)
            changes.append(decide(case, Resume(action="resume", words=WORDS), work.actor, work.now))
    await write(work, changes)
    return len(changes)
