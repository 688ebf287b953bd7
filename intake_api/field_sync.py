"""What phones send from the field, at the door: batches of commands, and what is kept of those that were not applied."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.channels.field.commands import FieldBatch, Unreadable
from services.channels.field.showing import KeptState, dismiss, kept_commands, read_command, shown
from services.channels.field.sync import take_batch
from services.channels.field.times import DeviceTime
from services.channels.field.views import CommandResult, KeptCommand, SyncResult
from services.platform import clock
from services.platform.actor import Actor
from services.platform.errors import Problem
from services.platform.unit_of_work import unit_of_work
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.problems import faults_of, invalid, problem_body
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/field-reports/sync", tags=["intake"])

Worker = Annotated[Actor, Depends(requires("field.sync"))]


class KeptPage(Page[KeptCommand]):
    """A page of commands that were not applied, oldest first."""


@router.post("", summary="Send what was done in the field")
async def sync(body: FieldBatch, actor: Worker) -> SyncResult:
    """Take up to 100 commands that were made on the phone, each for itself, and say what became of each.

    Sending them again, in any batches and any order, changes nothing more: a command is taken once. The answer is 200 whatever became of
    them; only what stops everything (nobody signed in, a body that is none, the database away) is an error, and then all can be sent again.
    """
    times = DeviceTime(body.sent_at, clock.now())
    readable = [item for item in body.commands if not isinstance(item, Unreadable)]
    settled, caught_up = await take_batch(actor, body.device_id, times, readable)
    async with unit_of_work(actor) as work:
        told = iter(await shown(work, settled))
        later = await shown(work, caught_up)
    results = [_unreadable(item, place) if isinstance(item, Unreadable) else next(told) for place, item in enumerate(body.commands)]
    return SyncResult(received_at=times.received_at, clock_offset_ms=times.offset_ms, results=results, caught_up=later)


def _unreadable(item: Unreadable, place: int) -> CommandResult:
    """The answer about an item that is no command. Nothing is kept of it: corrected, it may come under the same id."""
    located = [{**fault, "loc": ("body", "commands", place, *fault["loc"])} for fault in item.faults]
    return CommandResult(
        command_id=item.command_id,
        status="refused",
        code="command.invalid",
        problem={**problem_body(invalid(faults_of(located, {"commands": {place: item.given}}))), **_INVALID},
        number=None,
        version=None,
        tracking_code=None,
        files_to_come=[],
        happened_at=None,
        counted_at=None,
        received_at=None,
        ticket=None,
    )


_INVALID: dict[str, Any] = {"type": "urn:daguanjia:problem:command.invalid", "code": "command.invalid"}


@router.get("/conflicts", summary="What was not applied")
async def conflicts(
    request: Request,
    response: Response,
    actor: Worker,
    state: Annotated[list[KeptState] | None, Query(description="Conflicts and refusals, where nothing is said.")] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> KeptPage:
    """List one's own commands that were not applied, with all they said and how the ticket stands now, until they are dismissed."""
    after = _after(cursor)
    async with unit_of_work(actor) as work:
        found = await kept_commands(work, state or ("conflict", "refused"), limit=limit + 1, after=after)
    more = write_cursor(str(found[limit - 1].command_id)) if len(found) > limit else None
    link_next(request, response, more)
    return KeptPage(items=found[:limit], next=more)


@router.delete("/conflicts/{command_id}", status_code=204, summary="Dismiss what was not applied")
async def dismissed(command_id: UUID, actor: Worker) -> Response:
    """Take a command off that list: its sender has seen it, and done what was to be done. Its content is erased."""
    async with unit_of_work(actor) as work:
        await dismiss(work, command_id)
    return Response(status_code=204)


@router.get("/{command_id}", summary="What became of a command")
async def one(command_id: UUID, actor: Worker) -> CommandResult:
    """Say what became of a command one sent; its ticket, as it stands now, where it was not applied."""
    async with unit_of_work(actor) as work:
        return await read_command(work, command_id)


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    (last,) = read_cursor(cursor, (str,))
    try:
        return UUID(str(last))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None
