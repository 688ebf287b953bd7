"""Nobody is late unnoticed: due clocks are taken in due order, and every level they reached is written down at its true time.

The index (next_level_at, id) gives the most overdue first, however many newer tickets there are. A level is recorded once for each clock
(unique key). What a level comes to is decided in `lateness.py`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from services.deadlines.models import Clock
from services.platform.actor import SYSTEM
from services.platform.bulk import update_many
from services.platform.unit_of_work import Work
from services.tickets.case import Case, Deed
from services.tickets.changes import Change
from services.tickets.lateness import escalated, owed_before, owes, put_right
from services.tickets.loading import lock, plain_cases
from services.tickets.recording import write

log = structlog.get_logger()

PUT_OFF = timedelta(minutes=10)
"""When a ticket that could not be escalated is looked at again."""


async def escalate_due(work: Work, limit: int) -> int:
    """Record the levels reached of up to `limit` clocks, the longest overdue first; return how many tickets were taken."""
    tickets = await lock(work.session, await _most_overdue(work, limit), skip_locked=True)
    cases = await plain_cases(work.session, tickets)
    if not await _recorded(work, cases):
        for case in cases:
            if not await _recorded(work, [case]):
                await _put_off(work, case)
    return len(tickets)


async def record_owed(work: Work, case: Case, change: Change) -> bool:
    """Record what clocks had reached that `change` pauses, moves or ends; tell whether there was anything.

    Then the ticket has changed: whoever decided reads it again and decides anew. It is the system that records, whoever acts.
    """
    owed = owed_before(case, change.updates, work.now)
    if owed is None:
        return False
    as_system = replace(work, actor=SYSTEM)
    await write(as_system, [owed])
    work.rings = work.rings or as_system.rings
    return True


async def _recorded(work: Work, cases: Sequence[Case]) -> bool:
    """Write down what the due clocks of `cases` reached; on any failure write nothing and tell so, so that no ticket holds up another."""
    try:
        async with work.session.begin_nested():
            changes = [change for case in cases if (change := escalated(case, Deed(work.actor, work.now))) is not None]
            await write(work, changes)
            await update_many(work.session, Clock, [row for case in cases for row in put_right(case, work.now)])
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        log.warning("clocks.apart", tickets=len(cases), error=type(error).__name__, exc_info=True)
    except Exception as error:
        log.warning("clocks.apart", tickets=len(cases), error=type(error).__name__, exc_info=True)
    else:
        return True
    return False


async def _put_off(work: Work, case: Case) -> None:
    """Look at this ticket's clocks again later. What they reached keeps its true time: levels follow from due instants alone."""
    log.error("clocks.put_off", ticket=str(case.ticket.id))
    due = [clock for clock in case.clocks if owes(clock, work.now)]
    later = work.now + PUT_OFF
    await update_many(work.session, Clock, [{"id": clock.id, "next_level_at": later} for clock in due])


async def _most_overdue(work: Work, limit: int) -> list[UUID]:
    """Return the tickets of the clocks that reached a level longest ago.

    Nothing is locked yet: tickets are always locked before their clocks, so that nobody waits in a ring. What another worker locks
    meanwhile is skipped, and the clocks are read again under the lock. The instant is the one levels are decided by: by the
    database's own clock a level could be due that is not due here, and would be taken again and again.
    """
    table = Clock.__table__
    due = (
        select(table.c.ticket_id)
        .where(table.c.state.in_(("running", "stopped")), table.c.next_level_at <= work.now)
        .order_by(table.c.next_level_at, table.c.id)
        .limit(limit)
    )
    return list(dict.fromkeys(await work.session.scalars(due)))
