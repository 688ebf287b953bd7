"""What a phone sends of the handbook: opinions, wordings, confirmations and what became of them, as if they had been entered at the door.

When something happened is as the command says, with the phone's clock put right. What it builds on may come later: then it waits.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from services.channels.field.commands import ConfirmationCommand, HandbookCommand, OpinionCommand, OutcomeCommand, WordingCommand
from services.channels.field.rules import Verdict, waits_for_opinion
from services.platform.errors import NotFound
from services.platform.unit_of_work import Work
from services.tickets.models import Ticket
from services.visits.confirming import confirm
from services.visits.opinions import hear, reword
from services.visits.outcomes import became, file_ticket


async def keep_in_handbook(work: Work, command: HandbookCommand, counted_at: datetime) -> Verdict:
    """Do what `command` says happened at `counted_at`, as `work.actor`. What is there already under its own id is that."""
    if isinstance(command, OpinionCommand):
        await hear(work, command.opinion.model_copy(update={"heard_at": counted_at}))
        return Verdict("applied")
    try:
        return await _about(work, command, {"happened_at": counted_at})
    except NotFound as missing:
        if missing.code == "opinion.unknown":
            raise waits_for_opinion() from None
        raise


async def _about(work: Work, command: WordingCommand | ConfirmationCommand | OutcomeCommand, when: dict[str, datetime]) -> Verdict:
    if isinstance(command, WordingCommand):
        await reword(work, command.opinion_id, command.wording.model_copy(update=when))
    elif isinstance(command, ConfirmationCommand):
        await confirm(work, command.opinion_id, command.confirmation.model_copy(update=when))
    elif command.file is not None:
        ticket_id, _ = await file_ticket(work, command.opinion_id, command.file.model_copy(update=when))
        return Verdict("applied", None, await _ticket(work, ticket_id))
    elif command.outcome is not None:
        await became(work, command.opinion_id, command.outcome.model_copy(update=when))
    return Verdict("applied")


async def _ticket(work: Work, ticket_id: UUID) -> dict[str, str]:
    number = await work.session.scalar(select(Ticket.number).where(Ticket.id == ticket_id))
    return {"ticket_id": str(ticket_id), "number": str(number)}
