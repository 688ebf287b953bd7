"""Showing what became of commands; and what is kept of those that were not applied, until their sender dismisses them."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.channels.field.models import FieldCommand
from services.channels.field.rules import Verdict
from services.channels.field.sync import Settled
from services.channels.field.views import CommandResult, KeptCommand, Status
from services.identity.permissions import scope_of
from services.platform.bulk import one_of
from services.platform.errors import Conflict, NotFound
from services.platform.papers import SealedPaper, erase_papers, read_paper
from services.platform.secrets import tracking_code
from services.platform.unit_of_work import Work
from services.tickets.filters import TICKETS, compile_scope
from services.tickets.models import Ticket
from services.tickets.queries import ticket_view
from services.tickets.views import TicketView

KeptState = Literal["waiting", "conflict", "refused"]
_ERASED_AT_ONCE = 500


async def shown(work: Work, settled: Sequence[Settled]) -> list[CommandResult]:
    """Return what a phone is told; with the ticket as it stands now wherever a command was not applied to it."""
    left = [one.verdict.result["ticket_id"] for one in settled if one.verdict.state != "applied" and "ticket_id" in one.verdict.result]
    tickets = await _tickets(work, {UUID(ticket_id) for ticket_id in left})
    return [CommandResult(**_members(one, tickets)) for one in settled]


def _members(one: Settled, tickets: dict[str, TicketView]) -> dict[str, Any]:
    verdict, row = one.verdict, one.row
    status: Status = "replayed" if one.again and verdict.state == "applied" else verdict.state
    result = verdict.result
    applied = verdict.state == "applied"
    code = tracking_code(UUID(result["ticket_id"])) if applied and "complaint_id" in result else None
    problem = {"type": f"urn:daguanjia:problem:{verdict.code}", "code": verdict.code, **result["problem"]} if "problem" in result else None
    ticket = None if applied else tickets.get(result.get("ticket_id", ""))
    return {
        "command_id": one.command_id,
        "status": status,
        "code": verdict.code,
        "problem": problem,
        "number": result.get("number") or (ticket.number if ticket else None),
        "version": result.get("version"),
        "tracking_code": code,
        "files_to_come": result.get("files_to_come", []),
        "happened_at": row.happened_at if row else None,
        "counted_at": row.counted_at if row else None,
        "received_at": row.received_at if row else None,
        "ticket": ticket,
    }


async def _tickets(work: Work, ticket_ids: Iterable[UUID]) -> dict[str, TicketView]:
    """The tickets among these that the reader may know of, by id as text."""
    wanted = list(ticket_ids)
    if not wanted:
        return {}
    query = select(Ticket.id).where(one_of(Ticket.id, wanted), compile_scope(scope_of(work.actor), TICKETS))
    visible = list(await work.session.scalars(query))
    return {str(ticket_id): await ticket_view(work.session, work.actor, ticket_id, work.now) for ticket_id in visible}


async def kept_commands(work: Work, states: Sequence[KeptState], *, limit: int, after: UUID | None) -> list[KeptCommand]:
    """Return up to `limit` of the actor's commands that were not applied, with what they said, oldest first, from behind `after`."""
    query = select(FieldCommand, SealedPaper).join(SealedPaper, SealedPaper.id == FieldCommand.paper_id)
    query = query.where(
        FieldCommand.account_id == work.actor.account_id, FieldCommand.state.in_(states), FieldCommand.dismissed_at.is_(None)
    )
    if after is not None:
        query = query.where(FieldCommand.command_id > after)
    rows = (await work.session.execute(query.order_by(FieldCommand.command_id).limit(limit))).all()
    settled = [_settled(row.FieldCommand) for row in rows]
    tickets = await _tickets(work, {UUID(one.verdict.result["ticket_id"]) for one in settled if "ticket_id" in one.verdict.result})
    said = [read_paper(row.SealedPaper.id, row.SealedPaper.row_key, row.SealedPaper.sealed) for row in rows]
    return [KeptCommand(**_members(one, tickets), command=clear) for one, clear in zip(settled, said, strict=True)]


async def read_command(work: Work, command_id: UUID) -> CommandResult:
    """Return what became of a command of the actor's own; raise NotFound ``command.unknown`` for every other."""
    row = await _own(work, command_id)
    (result,) = await shown(work, [_settled(row)])
    return result


async def dismiss(work: Work, command_id: UUID) -> None:
    """Take a command that was not applied off the list; twice is once.

    Raises NotFound ``command.unknown``, Conflict ``command.waiting`` for one that may still be applied.
    """
    row = await _own(work, command_id, lock=True)
    if row.state == "waiting":
        raise Conflict("command.waiting", "This command still waits and may be applied; it cannot be dismissed yet.")
    if row.dismissed_at is None:
        row.dismissed_at = work.now
        await work.session.flush()


async def erase_dismissed(session: AsyncSession) -> int:
    """Erase what was kept of commands that were applied after waiting, or dismissed; return how many. For the worker."""
    over = and_(FieldCommand.paper_id.is_not(None), or_(FieldCommand.state == "applied", FieldCommand.dismissed_at.is_not(None)))
    rows = (
        await session.execute(
            select(FieldCommand.command_id, FieldCommand.paper_id).where(over).limit(_ERASED_AT_ONCE).with_for_update(skip_locked=True)
        )
    ).all()
    if not rows:
        return 0
    await session.execute(
        update(FieldCommand).where(one_of(FieldCommand.command_id, [row.command_id for row in rows])).values(paper_id=None)
    )
    return await erase_papers(session, one_of(SealedPaper.id, [row.paper_id for row in rows]))


async def _own(work: Work, command_id: UUID, *, lock: bool = False) -> FieldCommand:
    row = await work.session.get(FieldCommand, command_id, with_for_update=lock or None)
    if row is None or row.account_id != work.actor.account_id:
        raise NotFound("command.unknown", "There is no command with this id, or none of yours.")
    return row


def _settled(row: FieldCommand) -> Settled:
    return Settled(row.command_id, Verdict(row.state, row.code, row.result), again=True, row=row)  # type: ignore[arg-type]  # by constraint
