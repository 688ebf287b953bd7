"""议事 at the door: proposals, meetings with their votes in numbers, and showing them to everybody."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel

from intake_api.households import page_id, path_of
from services.assistance import deliberating
from services.assistance.deliberation_commands import Propose, PublishMeeting, RecordMeeting, WithdrawMeeting
from services.assistance.deliberation_queries import WantedDeliberations, list_deliberations, read_deliberation
from services.assistance.deliberation_views import DeliberationDetail, DeliberationView
from services.assistance.places import ticket_of
from services.matters.queries import read_matter
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import Work, unit_of_work
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/deliberations", tags=["assistance"])

Reader = Annotated[Actor, Depends(requires("deliberation.read"))]
Recorder = Annotated[Actor, Depends(requires("deliberation.record"))]
Publisher = Annotated[Actor, Depends(requires("deliberation.publish"))]
DeliberationPath = Annotated[UUID, Path(description="The deliberation's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2fa010"])]
MeetingPath = Annotated[UUID, Path(description="The meeting's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2fa011"])]
_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": DeliberationDetail, "description": "This was recorded before."}}


class DeliberationPage(Page[DeliberationView]):
    """A page of deliberations."""


@router.get("", summary="List deliberations")
async def browse(  # noqa: PLR0913, PLR0917  each is one way to narrow the list
    request: Request,
    response: Response,
    actor: Reader,
    unit: Annotated[Code | None, Query(description="Whose, with all below.", examples=["441624108213"])] = None,
    state: Annotated[Literal["open", "adopted", "rejected", "all"], Query(description="How they stand.")] = "all",
    ticket: Annotated[str | None, Query(max_length=64, description="Only of this ticket.", examples=["20261122-000123-6"])] = None,
    matter: Annotated[UUID | None, Query(description="Only of this registered matter.")] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> DeliberationPage:
    """List the deliberations of one's area: titles and how they stand. With `ticket` or `matter`, those it was talked over in."""
    after = page_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        wanted = WantedDeliberations(await path_of(work, unit), state, await ticket_of(work, ticket), matter)
        found = await list_deliberations(work, wanted, after, limit + 1)
    following = write_cursor(str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, following)
    return DeliberationPage(items=found[:limit], next=following)


@router.post("", status_code=201, response_model=DeliberationDetail, responses=_BEFORE, summary="Write a proposal down")
async def propose(body: Propose, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Write down what is to be talked over. Sent again it is the same proposal."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            if body.matter_id is not None:
                await read_matter(work, body.matter_id)  # one that whoever asks may know of
            before = await deliberating.propose(work, body)
            return 200 if before else 201, await read_deliberation(work, body.deliberation_id)

        return await once(work, actor, "POST /v1/deliberations", key, fingerprint_of(body), do, recall=_recall(work))


@router.get("/{deliberation_id}", summary="One deliberation")
async def one(deliberation_id: DeliberationPath, actor: Reader) -> DeliberationDetail:
    """Return a deliberation with its meetings, those that were taken back too."""
    async with unit_of_work(actor) as work:
        return await read_deliberation(work, deliberation_id)


@router.post(
    "/{deliberation_id}/meetings", status_code=201, response_model=DeliberationDetail, responses=_BEFORE, summary="Record a meeting"
)
async def add_meeting(deliberation_id: DeliberationPath, body: RecordMeeting, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Record a meeting and its vote. What it comes to is worked out by the rules of its day, never typed in."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            before = await deliberating.record_meeting(work, deliberation_id, body)
            return 200 if before else 201, await read_deliberation(work, deliberation_id)

        path = f"POST /v1/deliberations/{deliberation_id}/meetings"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/{deliberation_id}/meetings/{meeting_id}/withdrawal", response_model=DeliberationDetail, summary="Take a meeting back")
async def withdraw_meeting(
    deliberation_id: DeliberationPath, meeting_id: MeetingPath, body: WithdrawMeeting, actor: Recorder, key: IdempotencyKeyHeader
) -> Response:
    """Take a meeting back that was written down wrongly; another one can be recorded in its place."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await deliberating.withdraw_meeting(work, deliberation_id, meeting_id, body)
            return 200, await read_deliberation(work, deliberation_id)

        path = f"POST /v1/deliberations/{deliberation_id}/meetings/{meeting_id}/withdrawal"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post(
    "/{deliberation_id}/meetings/{meeting_id}/publication", response_model=DeliberationDetail, summary="Show a meeting to everybody"
)
async def publish(
    deliberation_id: DeliberationPath, meeting_id: MeetingPath, body: PublishMeeting, actor: Publisher, key: IdempotencyKeyHeader
) -> Response:
    """Show proposal, numbers and decision to everybody, after somebody else than who wrote them down has read them."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await deliberating.publish_meeting(work, deliberation_id, meeting_id)
            return 200, await read_deliberation(work, deliberation_id)

        path = f"POST /v1/deliberations/{deliberation_id}/meetings/{meeting_id}/publication"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


def _recall(work: Work) -> Any:
    async def recall(deliberation_id: UUID) -> BaseModel:
        return await read_deliberation(work, deliberation_id)

    return recall
