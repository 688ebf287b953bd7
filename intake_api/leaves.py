"""Leave 请假 and acting for a post meanwhile 代班: entered, listed, ended early."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from starlette.responses import JSONResponse

from services.identity.actors import forget_actors
from services.identity.leave_commands import Appoint, EnterLeave
from services.identity.leave_lists import LeaveFilter, list_leaves, one_leave
from services.identity.leave_views import LeaveView
from services.identity.leaves import appoint, end_acting, end_leave, enter_leave
from services.platform.actor import Actor
from services.platform.errors import Problem
from services.platform.unit_of_work import Work, unit_of_work
from services.web.idempotency import IdempotencyKeyHeader, once_alone
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/leaves", tags=["leaves"])

Reader = Annotated[Actor, Depends(requires("leave.read"))]
Writer = Annotated[Actor, Depends(requires("leave.enter"))]


@router.get("", summary="List leave")
async def browse(
    actor: Reader,
    request: Request,
    response: Response,
    member_id: Annotated[UUID | None, Query(description="Only of this member.")] = None,
    on: Annotated[date | None, Query(description="Only what lies over this day (Asia/Shanghai).", examples=["2026-12-01"])] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> Page[LeaveView]:
    """List leave, what was entered last first: one's own, what one acts for, and for desks, oversight and administrators their area's."""
    after = _leave_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        found = await list_leaves(work, LeaveFilter(member_id, on), after, limit + 1)
    following = write_cursor(str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, following)
    return Page[LeaveView](items=found[:limit], next=following)


def _leave_id(cursor: str) -> UUID:
    try:
        return UUID(str(read_cursor(cursor, (str,))[0]))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None


@router.get("/{leave_id}", summary="One leave")
async def one(actor: Reader, leave_id: UUID) -> LeaveView:
    """Return leave with its deputies."""
    async with unit_of_work(actor) as work:
        return await one_leave(work, leave_id)


@router.post("", status_code=201, response_model=LeaveView, summary="Enter leave")
async def enter(actor: Writer, command: EnterLeave, key: IdempotencyKeyHeader) -> JSONResponse:
    """Enter leave, with deputies who act for the posts of whoever is away.

    For oneself: a week at a stretch, beforehand, and deputies from the same unit or beside it. A dispatching desk above, and
    administrators: a year at most, also of three months past. Two leaves of one member on one day are refused (409 ``leave.overlaps``).
    It is over by itself on its last day (Asia/Shanghai).
    """

    async def do(work: Work) -> LeaveView:
        return await one_leave(work, await enter_leave(work, command))

    answer = await once_alone(actor, "/v1/leaves", key, command, 201, do)
    forget_actors()
    return answer


@router.post("/{leave_id}/deputies", status_code=201, response_model=LeaveView, summary="Name a deputy")
async def name_deputy(actor: Writer, leave_id: UUID, command: Appoint, key: IdempotencyKeyHeader) -> JSONResponse:
    """Have another member act for a post of whoever is on leave (代班): they hold its seat on these days, and every deed says for whom.

    Nobody names themself (403 ``acting.oneself``), lends on what they only act for (404 ``post.unknown``), or acts for administrators and
    those who oversee (403 ``acting.role_is_personal``). One deputy for a post on a day (409 ``acting.somebody_acts``).
    """

    async def do(work: Work) -> LeaveView:
        await appoint(work, leave_id, command)
        return await one_leave(work, leave_id)

    answer = await once_alone(actor, f"/v1/leaves/{leave_id}/deputies", key, command, 201, do)
    forget_actors()
    return answer


@router.delete("/{leave_id}", summary="End leave")
async def end(actor: Writer, leave_id: UUID) -> LeaveView:
    """End leave now, before its time; whoever acted acts no more, here at once, elsewhere within five seconds. Again changes nothing."""
    async with unit_of_work(actor) as work:
        await end_leave(work, leave_id)
        view = await one_leave(work, leave_id)
    forget_actors()
    return view


@router.delete("/{leave_id}/deputies/{acting_id}", summary="Have a deputy act no more")
async def end_deputy(actor: Writer, leave_id: UUID, acting_id: UUID) -> LeaveView:
    """Have a deputy act no more, from now on; the leave goes on. Deputies may do so themselves. Again changes nothing."""
    async with unit_of_work(actor) as work:
        await end_acting(work, leave_id, acting_id)
        view = await one_leave(work, leave_id)
    forget_actors()
    return view
