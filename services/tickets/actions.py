"""Taking an action on a ticket: lock, decide, write. The shell around the pure decisions."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.catalogue.policy import CategoryPolicy
from services.catalogue.queries import catalogue
from services.identity.permissions import scope_of
from services.platform.errors import Conflict, NotFound, PreconditionFailed
from services.platform.unit_of_work import Work
from services.tickets.case import Case, TicketState
from services.tickets.changes import Change, EventDraft
from services.tickets.commands import Merge, Triage, Unmerge
from services.tickets.deciding import acting_seat, allowed_step, decide
from services.tickets.escalating import record_owed
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.loading import OwedAnswers, full_case, lock
from services.tickets.models import Ticket
from services.tickets.numbers import read_number
from services.tickets.recording import write
from services.tickets.shown import pictures_among


async def act(work: Work, number: str, command: Any, expected_version: int | None, owed_answers: OwedAnswers) -> UUID:
    """Take `command` (one of `TicketCommand`) on the ticket with `number`, as `work.actor`; return the ticket's id.

    Raises NotFound ``ticket.unknown`` for no ticket or none the actor may know of, PreconditionFailed where the ticket is no longer at
    `expected_version` (None: whatever it is), and what the decision raises. Nothing is written then.
    """
    ticket_id = await visible_id(work, number)
    other_id = await _other_id(work, command, ticket_id)
    locked = {ticket.id: ticket for ticket in await lock(work.session, [found for found in (ticket_id, other_id) if found])}
    ticket = locked[ticket_id]
    if expected_version is not None and ticket.version != expected_version:
        raise PreconditionFailed(
            "ticket.version_conflict",
            "The ticket was changed since you read it; read it again and decide anew.",
            extra={"version": ticket.version},
        )
    if isinstance(command, Unmerge) and ticket.merged_into_id != other_id:
        raise Conflict("ticket.changed_meanwhile", "The ticket was changed at the same moment; read it again and decide anew.")
    other = locked.get(other_id) if other_id else None
    case = await full_case(work.session, ticket, owed_answers)
    pictures = await pictures_among(work.session, [file.id for file in getattr(command, "files", ())], ticket)
    case = replace(case, other=other, pictures=pictures)
    category = None
    if isinstance(command, Triage) and command.category is not None:
        category = (await catalogue(work.session)).category(command.category)
    case, change = await _decided(work, case, command, owed_answers, category)
    seat = acting_seat(case, work.actor, allowed_step(case, command.action))
    changes = [change, *_on_the_other(case, command, other)]
    await write(work, changes, unit_id=seat.unit_id if seat else None)
    return ticket_id


async def act_on(work: Work, ticket_id: UUID, command: Any, owed_answers: OwedAnswers) -> None:
    """Take `command` on a ticket that the caller knows to be the complainant's own (or the system's to act on), at whatever version.

    Raises what the decision raises; nothing is written then.
    """
    (ticket,) = await lock(work.session, [ticket_id])
    case = await full_case(work.session, ticket, owed_answers)
    case, change = await _decided(work, case, command, owed_answers)
    seat = acting_seat(case, work.actor, allowed_step(case, command.action))
    await write(work, [change], unit_id=seat.unit_id if seat else None)


async def _decided(
    work: Work, case: Case, command: Any, owed_answers: OwedAnswers, category: CategoryPolicy | None = None
) -> tuple[Case, Change]:
    """Return the decision, and the case it was made on: read again where clocks had reached levels that had to be recorded first."""
    change = decide(case, command, work.actor, work.now, category=category)
    if await record_owed(work, case, change):
        (ticket,) = await lock(work.session, [case.ticket.id])
        case = replace(await full_case(work.session, ticket, owed_answers), other=case.other, pictures=case.pictures)
        change = decide(case, command, work.actor, work.now, category=category)
    return case, change


async def visible_id(work: Work, number: str) -> UUID:
    """Return the id of the ticket with `number`; raise the same NotFound for none and for one outside the actor's scope."""
    canonical = read_number(number)
    if canonical is not None:
        query = select(Ticket.id).where(Ticket.number == canonical, compile_scope(scope_of(work.actor), TICKETS))
        found = await work.session.scalar(query)
        if found is not None:
            return found
    raise NotFound("ticket.unknown", "There is no ticket with this number, or none that you may know of. Check the number.")


async def _other_id(work: Work, command: Any, ticket_id: UUID) -> UUID | None:
    if isinstance(command, Merge):
        return await visible_id(work, command.into)
    if isinstance(command, Unmerge):
        return await work.session.scalar(select(Ticket.merged_into_id).where(Ticket.id == ticket_id))
    return None


def _on_the_other(case: Case, command: Any, other: TicketState | None) -> list[Change]:
    """Return the event that a merge or its undoing leaves on the other ticket's own chain."""
    if other is None:
        return []
    kind = "ticket.absorbed" if isinstance(command, Merge) else "ticket.released"
    return [Change(other, (EventDraft(kind, {"ticket_id": str(case.ticket.id), "number": case.ticket.number}),))]
