"""Tickets at the door: lists, one ticket with its story, and the one endpoint that takes every action."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Body, Depends, Query, Request, Response

from services.complaints.calling_back import offered, require_may_call_back
from services.complaints.households import told_by
from services.complaints.reading import owed_answers
from services.platform.actor import Actor
from services.platform.errors import Problem
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets import queries, views
from services.tickets.actions import act, visible_id
from services.tickets.clock_story import ClockStories, clock_stories
from services.tickets.commands import TicketCommand
from services.tickets.direct_tries import tries_kept
from services.tickets.filters import TicketFilter
from services.web.etags import etag, if_match
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/tickets", tags=["tickets"])

Reader = Annotated[Actor, Depends(requires("ticket.read"))]
Wanted = Annotated[TicketFilter, Query()]


class ListedTickets(TicketFilter):
    """The filter of a list, and which page: one model, since a model of the query takes no parameter beside it."""

    limit: PageLimit = 50
    cursor: PageCursor = None


class TicketPage(Page[views.TicketLine]):
    """A page of tickets, oldest received first."""


@router.get("")
async def list_tickets(request: Request, response: Response, actor: Reader, asked: Annotated[ListedTickets, Query()]) -> TicketPage:
    """List the tickets one may know of, oldest received first: 工单列表."""
    after, limit = _after(asked.cursor), asked.limit
    wanted = TicketFilter.model_validate(asked.model_dump(exclude={"limit", "cursor"}))
    async with unit_of_work(actor) as work:
        found = await queries.list_tickets(work.session, actor, wanted, limit=limit + 1, after=after, now=work.now)
    more = write_cursor(found[limit - 1].received_at.isoformat(), str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, more)
    return TicketPage(items=found[:limit], next=more)


@router.get("/count")
async def count_tickets(actor: Reader, wanted: Wanted) -> views.TicketCount:
    """Count the tickets that the list with the same filter has."""
    async with unit_of_work(actor) as work:
        return views.TicketCount(count=await queries.count_tickets(work.session, actor, wanted))


@router.get("/{number}")
async def read_ticket(number: str, response: Response, actor: Reader) -> views.TicketView:
    """Read one ticket, with its clocks and the actions one may take now."""
    async with unit_of_work(actor) as work:
        row = await queries.find_visible(work.session, actor, number)
        view = await _with_tellers(work, await queries.ticket_view(work.session, actor, row.id, work.now))
    response.headers["ETag"] = etag(view.version)
    return view


@router.post("/{number}/actions", response_model=views.TicketView)
async def take_action(
    number: str,
    actor: Reader,
    command: Annotated[TicketCommand, Body()],
    key: IdempotencyKeyHeader,
    version: Annotated[int | None, Depends(if_match(required=True))],
) -> Response:
    """Take an action on the ticket, from 派单 to 办结.

    The lifecycle table says which action is possible when, and for whom. `If-Match` carries the version the decision was made on.
    What the matter went past is refused with `ticket.direct`, and kept: see `/tries`.
    """

    async def meant(work: Work) -> UUID:
        return await visible_id(work, number)

    async with tries_kept(actor, command.action, meant), unit_of_work(actor) as work:

        async def do() -> tuple[int, views.TicketView]:
            await require_may_call_back(work, number, command)
            ticket_id = await act(work, number, command, version, owed_answers)
            return 200, await _with_tellers(work, await queries.ticket_view(work.session, actor, ticket_id, work.now))

        return await once(work, actor, f"POST /v1/tickets/{number}/actions", key, fingerprint_of(command), do, _headers)


@router.get("/{number}/events")
async def read_events(number: str, actor: Reader) -> views.Timeline:
    """Read everything that happened to the ticket, each event chained to the one before it."""
    async with unit_of_work(actor) as work:
        row = await queries.find_visible(work.session, actor, number)
        return await queries.timeline(work.session, row.id)


@router.get("/{number}/why")
async def read_why(number: str, actor: Reader) -> views.Whys:
    """Read why each unit got the ticket: the rule, what it saw, who was passed over."""
    async with unit_of_work(actor) as work:
        row = await queries.find_visible(work.session, actor, number)
        return await queries.whys(work.session, row.id)


@router.get("/{number}/clocks")
async def read_clocks(number: str, actor: Reader) -> ClockStories:
    """Read every limit of the ticket, of all rounds: promised, moved, missed, how long it took with pauses and without."""
    async with unit_of_work(actor) as work:
        row = await queries.find_visible(work.session, actor, number)
        return await clock_stories(work.session, row.id, work.now)


@router.get("/{number}/work-logs")
async def read_work_logs(number: str, actor: Reader) -> views.WorkLogs:
    """Read what was done, in words and pictures."""
    async with unit_of_work(actor) as work:
        row = await queries.find_visible(work.session, actor, number)
        return await queries.work_logs(work.session, row.id)


async def _with_tellers(work: Work, view: views.TicketView) -> views.TicketView:
    """Add who told it, in numbers, and take away what is not offered because of it: complaints stand above tickets, the door knows both."""
    tellers = (await told_by(work.session, [view.id]))[view.id]
    return view.model_copy(update={"told_by": tellers, "allowed_actions": await offered(work, view, view.allowed_actions)})


def _headers(view: object) -> dict[str, str]:
    assert isinstance(view, views.TicketView)
    return {"ETag": etag(view.version)}


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    received, ticket_id = read_cursor(cursor, (str, str))
    try:
        found = datetime.fromisoformat(str(received)), UUID(str(ticket_id))
    except ValueError:
        found = None
    if found is None or found[0].tzinfo is None:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.")
    return found
