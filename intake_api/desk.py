"""The operator's desk at the door: who calls, drafts, calls about tickets, calls to make."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

from services.calls.models import Call
from services.hotline import drafts, phone_desk, ticket_calls
from services.hotline.caller import who_calls
from services.hotline.commands import DiscardDraft, LinkCall, NoteCall, SaveDraft, TakeTask, TaskOutcome, WhoCalls
from services.hotline.views import Caller, CallNoteView, DraftLine, DraftView, NumberToCall, PhoneTaskView, TicketCallView, TicketOfCall
from services.platform.actor import Actor
from services.platform.errors import NotFound
from services.platform.unit_of_work import unit_of_work
from services.web.etags import etag, if_match
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["hotline"])

Operator = Annotated[Actor, Depends(requires("hotline.desk"))]
Version = Annotated[int | None, Depends(if_match(required=False))]


@router.post("/hotline/callers", summary="Who calls?")
async def look_up_caller(body: WhoCalls, actor: Operator) -> Caller:
    """Tell what is known of a caller: earlier tickets and calls, and drafts that were never filed. Changes nothing."""
    async with unit_of_work(actor) as work:
        return await who_calls(work, body)


@router.put("/hotline/drafts/{draft_id}", summary="Keep what was typed so far")
async def save(draft_id: UUID, body: SaveDraft, actor: Operator, version: Version, response: Response) -> DraftView:
    """Keep a draft under an id of the client's own, as often as it likes; with ``If-Match`` only where nobody saved meanwhile."""
    async with unit_of_work(actor) as work:
        view = await drafts.save_draft(work, draft_id, body, version)
    response.headers["ETag"] = etag(view.version)
    return view


@router.get("/hotline/drafts", summary="Drafts that were never filed")
async def browse_drafts(actor: Operator) -> list[DraftLine]:
    """List the drafts of all operators that were neither filed nor put aside: after a dropped call, a crash, a change of shift."""
    async with unit_of_work(actor) as work:
        return await drafts.open_drafts(work)


@router.get("/hotline/drafts/{draft_id}", summary="One draft")
async def read_draft(draft_id: UUID, actor: Operator, response: Response) -> DraftView:
    """Return a draft with its content."""
    async with unit_of_work(actor) as work:
        view = await drafts.read_draft(work, draft_id)
    response.headers["ETag"] = etag(view.version)
    return view


@router.post("/hotline/drafts/{draft_id}/discarding", summary="Put a draft aside")
async def discard(draft_id: UUID, body: DiscardDraft, actor: Operator) -> DraftView:
    """Put a draft aside, and say why. Its content stays a week."""
    async with unit_of_work(actor) as work:
        return await drafts.discard_draft(work, draft_id, body)


@router.get("/hotline/calls/{call_uuid}/tickets", summary="Tickets a call was about")
async def read_tickets_of_call(call_uuid: UUID, actor: Operator) -> list[TicketOfCall]:
    """List the tickets a call was about: those told in it, and those it was linked to."""
    async with unit_of_work(actor) as work:
        call = await work.session.get(Call, call_uuid)
        if call is None:
            raise NotFound("call.unknown", "There is no call with this id.")
        return await ticket_calls.tickets_of_call(work.session, actor, call)


@router.post("/hotline/notes", status_code=201, response_model=CallNoteView, summary="Note something of a call")
async def note(body: NoteCall, actor: Operator, key: IdempotencyKeyHeader) -> JSONResponse:
    """Write down what was said on a call; of a three-party call (三方通话), with which unit and about which ticket."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            return 201, await ticket_calls.note_call(work, body)

        async def recall(note_id: UUID) -> BaseModel:
            return await ticket_calls.noted(work.session, note_id)

        return await once(work, actor, "POST /v1/hotline/notes", key, fingerprint_of(body), do, recall=recall)


@router.get("/tickets/{number}/calls", summary="Calls about a ticket")
async def read_calls(number: str, actor: Annotated[Actor, Depends(requires("complaint.read"))]) -> list[TicketCallView]:
    """List the calls about a ticket, what each was for, and what was noted of it."""
    async with unit_of_work(actor) as work:
        return await ticket_calls.calls_of(work.session, actor, number)


@router.post("/tickets/{number}/calls", status_code=201, response_model=TicketCallView, summary="Link a call to a ticket")
async def link(number: str, body: LinkCall, actor: Operator, key: IdempotencyKeyHeader) -> JSONResponse:
    """Say that a call was about this ticket. Again is harmless."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            return 201, await ticket_calls.link_call(work, number, body)

        async def recall(link_id: UUID) -> BaseModel:
            return await ticket_calls.linked_call(work, number, link_id)

        return await once(work, actor, f"POST /v1/tickets/{number}/calls", key, fingerprint_of(body), do, recall=recall)


@router.get("/hotline/phone-tasks", summary="Calls to make")
async def browse_tasks(actor: Operator, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> list[PhoneTaskView]:
    """List the calls to make now, the longest due first: call-backs, and what could be told in no other way."""
    async with unit_of_work(actor) as work:
        return await phone_desk.tasks_due(work, limit)


@router.post("/hotline/phone-tasks/{task_id}/number", summary="Take a call on and see the number")
async def take(task_id: UUID, body: TakeTask, actor: Operator, response: Response) -> NumberToCall:
    """Show the number in clear, for a purpose that is kept; nobody else is offered the task for a quarter of an hour."""
    async with unit_of_work(actor) as work:
        found = await phone_desk.take_task(work, task_id, body)
    response.headers["Cache-Control"] = "no-store"
    return found


@router.post("/hotline/phone-tasks/{task_id}/outcome", response_model=PhoneTaskView, summary="How the call went")
async def end(task_id: UUID, body: TaskOutcome, actor: Operator, key: IdempotencyKeyHeader) -> JSONResponse:
    """Write down how the call went; what a call-back brought goes to the ticket at once. Whoever was not reached is tried again."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            return 200, await phone_desk.end_task(work, task_id, body)

        async def recall(found_id: UUID) -> BaseModel:
            return await phone_desk.read_task(work, found_id)

        return await once(work, actor, f"POST /v1/hotline/phone-tasks/{task_id}/outcome", key, fingerprint_of(body), do, recall=recall)
