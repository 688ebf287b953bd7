"""The ledger at the door (民情台账): what was done outside of tickets is recorded, corrected, withdrawn, listed; totals from paper."""

from datetime import date
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel

from services.activities import declaring, recording
from services.activities.commands import (
    ActivityBatch,
    AnyActivity,
    CorrectActivity,
    DeclareTotal,
    KindName,
    Unreadable,
    WithdrawActivity,
    WithdrawDeclared,
)
from services.activities.queries import Wanted, list_activities, read_activity
from services.activities.recording import Outcome
from services.activities.views import ActivityResult, ActivityView, DeclaredTotals, DeclaredView, EntriesResult
from services.organization.queries import unit_tree
from services.platform.actor import Actor
from services.platform.errors import NotFound, Problem
from services.platform.text import Code
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.direct_tries import tries_kept
from services.visits.direct import refuse_below, ticket_past
from services.visits.kept import refuse_correction
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.problems import faults_of, invalid, problem_body
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/activities", tags=["activities"])

Recorder = Annotated[Actor, Depends(requires("activity.record"))]
Reader = Annotated[Actor, Depends(requires("activity.read"))]
Declarer = Annotated[Actor, Depends(requires("activity.declare"))]
ActivityPath = Annotated[UUID, Path(description="The entry's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d60"])]
DeclaredPath = Annotated[UUID, Path(description="The total's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d70"])]
_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": ActivityView, "description": "This entry was recorded before."}}
_DECLARED_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": DeclaredView, "description": "This total was declared before."}}


class ActivityPage(Page[ActivityView]):
    """A page of entries, the newest day first."""


@router.post("", status_code=201, response_model=ActivityView, responses=_BEFORE, summary="Record what was done")
async def record(body: AnyActivity, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Record one thing: a visit, an opinion, a thing done, money, help, a dispute or labour. Sent again it is the same thing."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            outcome = await recording.record_one(work, body)
            return 200 if outcome.repeated else 201, await read_activity(work, outcome.activity_id)

        return await once(work, actor, "POST /v1/activities", key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/batch", summary="Record several things")
async def record_batch(body: ActivityBatch, actor: Recorder) -> EntriesResult:
    """Take up to 100 entries, each for itself and in this order, and say what became of each.

    Their ids make repeats harmless: what did not come through is sent again as it is. The answer is 200 whatever became of them.
    """
    readable = [item for item in body.activities if not isinstance(item, Unreadable)]
    async with unit_of_work(actor) as work:
        told = iter(await recording.record_activities(work, readable))
    results = [_unreadable(item, nth) if isinstance(item, Unreadable) else _result(next(told)) for nth, item in enumerate(body.activities)]
    return EntriesResult(results=results)


@router.get("", summary="List what was done")
async def browse(  # noqa: PLR0913, PLR0917  each is one way to narrow the list
    request: Request,
    response: Response,
    actor: Reader,
    unit: Annotated[Code | None, Query(description="Where, with all below.", examples=["441624108213"])] = None,
    kind: Annotated[list[KindName] | None, Query(max_length=7)] = None,
    first: Annotated[date | None, Query(alias="from", description="First day it happened on.", examples=["2026-11-01"])] = None,
    last: Annotated[date | None, Query(alias="to", description="Last day, included.", examples=["2026-11-30"])] = None,
    mine: Annotated[bool, Query(description="Only what I did or wrote down.")] = False,
    withdrawn: Annotated[bool, Query(description="Withdrawn entries too.")] = False,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> ActivityPage:
    """List the entries one may know of: of one's area, of one's seat or line, or one's own."""
    after = _after(cursor)
    async with unit_of_work(actor) as work:
        place = (await unit_tree(work.session)).by_code.get(unit) if unit else None
        if unit and place is None:
            raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
        wanted = Wanted(place.path if place else None, kind or (), first, last, mine, withdrawn)
        found = await list_activities(work, wanted, after, limit + 1)
    more = write_cursor(str(found[limit - 1].happened_on), str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, more)
    return ActivityPage(items=found[:limit], next=more)


@router.post("/declared", status_code=201, response_model=DeclaredView, responses=_DECLARED_BEFORE, summary="Declare a total from paper")
async def declare(body: DeclareTotal, actor: Declarer, key: IdempotencyKeyHeader) -> Response:
    """Keep a total of the time before the system, with the paper it stands on. It is shown apart, and never added to what was counted."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            view, before = await declaring.declare(work, body)
            return 200 if before else 201, view

        return await once(work, actor, "POST /v1/activities/declared", key, fingerprint_of(body), do)


@router.get("/declared", summary="Totals from paper")
async def browse_declared(actor: Reader) -> DeclaredTotals:
    """List the declared totals of the area one's posts cover, withdrawn ones too."""
    async with unit_of_work(actor) as work:
        return DeclaredTotals(items=await declaring.declared_totals(work))


@router.post("/declared/{declared_id}/withdrawal", response_model=DeclaredView, summary="Take a declared total back")
async def withdraw_declared(declared_id: DeclaredPath, body: WithdrawDeclared, actor: Declarer, key: IdempotencyKeyHeader) -> Response:
    """Withdraw a declared total; it stays to be seen, with why."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            return 200, await declaring.withdraw_declared(work, declared_id, body.reason)

        return await once(work, actor, f"POST /v1/activities/declared/{declared_id}/withdrawal", key, fingerprint_of(body), do)


@router.get("/{activity_id}", summary="One entry")
async def read_one(activity_id: ActivityPath, actor: Reader) -> ActivityView:
    """Return an entry one may know of, withdrawn or not."""
    async with unit_of_work(actor) as work:
        return await read_activity(work, activity_id)


@router.post("/{activity_id}/withdrawal", response_model=ActivityView, summary="Withdraw an entry")
async def withdraw(activity_id: ActivityPath, body: WithdrawActivity, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Take an entry out of the figures, with a reason. Nothing is erased; answers as of an earlier instant still count it.

    An opinion that went straight to a county department is not taken out by township and village: 403 ``ticket.direct``, and kept.
    """
    tried = "withdraw_opinion"
    async with tries_kept(actor, tried, partial(ticket_past, opinion_id=activity_id)), unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await refuse_below(work, activity_id, tried)
            await recording.withdraw(work, activity_id, body)
            return 200, await read_activity(work, activity_id)

        path = f"POST /v1/activities/{activity_id}/withdrawal"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/{activity_id}/correction", status_code=201, response_model=ActivityView, responses=_BEFORE, summary="Correct an entry")
async def correct(activity_id: ActivityPath, body: CorrectActivity, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Withdraw an entry and record another of the same kind in its place. Sent again it is the same correction.

    A visit is withdrawn, and recorded anew where visits are: 409 ``activity.kept_as_visit``.
    """
    tried = "correct_opinion"
    async with tries_kept(actor, tried, partial(ticket_past, opinion_id=activity_id)), unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await refuse_below(work, activity_id, tried)
            await refuse_correction(work, activity_id)
            outcome = await recording.correct(work, activity_id, body)
            return 200 if outcome.repeated else 201, await read_activity(work, outcome.activity_id)

        path = f"POST /v1/activities/{activity_id}/correction"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


def _recall(work: Work) -> Any:
    async def recall(activity_id: UUID) -> BaseModel:
        return await read_activity(work, activity_id)

    return recall


def _result(outcome: Outcome) -> ActivityResult:
    if outcome.problem is not None:
        return ActivityResult(activity_id=outcome.activity_id, status="refused", problem=problem_body(outcome.problem))
    return ActivityResult(activity_id=outcome.activity_id, status="repeated" if outcome.repeated else "recorded")


def _unreadable(item: Unreadable, nth: int) -> ActivityResult:
    """Return the answer about an item that is none. Nothing is kept of it: corrected, it may come under the same id."""
    located = [{**fault, "loc": ("body", "activities", nth, *fault["loc"])} for fault in item.faults]
    problem = {**problem_body(invalid(faults_of(located, {"activities": {nth: item.given}}))), **_INVALID}
    return ActivityResult(activity_id=item.activity_id, status="refused", problem=problem)


_INVALID: dict[str, Any] = {"type": "urn:daguanjia:problem:activity.invalid", "code": "activity.invalid"}


def _after(cursor: str | None) -> tuple[date, UUID] | None:
    if cursor is None:
        return None
    day, last = read_cursor(cursor, (str, str))
    try:
        return date.fromisoformat(str(day)), UUID(str(last))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None
