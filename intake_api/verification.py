"""Verification at the door: draws, words about the result, and adjudications of unreasonable demands."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import AwareDatetime

from services.platform.actor import COMPLAINANT, Actor
from services.platform.unit_of_work import unit_of_work
from services.reports.known import require_known
from services.verification import calls, confirming, draws, exclusions
from services.verification.commands import AnnounceDraw, ConfirmOnPaper, DecideAppeal, DecideExclusion, ProposeExclusion, TakeAppeal
from services.verification.views import (
    CallBacks,
    CallToMake,
    CandidateList,
    Confirmed,
    Coverage,
    DrawView,
    Exclusions,
    ExclusionView,
)
from services.web.idempotency import IdempotencyKeyHeader, once_alone
from services.web.paging import PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["verification"])

Drawer = Annotated[Actor, Depends(requires("draw.make"))]
Decider = Annotated[Actor, Depends(requires("exclusion.decide"))]
ExclusionState = Literal["proposed", "granted", "refused", "appealed", "upheld", "overturned"]


@router.post("/draws", status_code=201, response_model=DrawView, summary="Promise a draw")
async def announce_draw(body: AnnounceDraw, actor: Drawer, key: IdempotencyKeyHeader) -> Response:
    """Settle the seed of a draw (抽查) and publish its SHA-256, before anybody knows what can be drawn. For a further one say why."""
    return await once_alone(actor, "/v1/draws", key, body, 201, lambda work: draws.announce(work, body))


@router.get("/draws", summary="Draws")
async def browse_draws() -> list[DrawView]:
    """List the newest hundred draws; anybody may. The seed is there once a draw is opened."""
    async with unit_of_work(COMPLAINANT) as work:
        return await draws.list_draws(work.session)


@router.get("/draws/{draw_id}", summary="One draw")
async def read_draw(draw_id: UUID) -> DrawView:
    """Return a draw with its promise; anybody may read it."""
    async with unit_of_work(COMPLAINANT) as work:
        return await draws.read_draw(work.session, draw_id)


@router.get("/draws/{draw_id}/candidates", summary="What could be drawn, and was")
async def read_candidates(
    draw_id: UUID, request: Request, response: Response, cursor: PageCursor = None, limit: PageLimit = 200
) -> CandidateList:
    """Return, of an opened draw, every round that could be drawn and whether it was: all it takes to repeat the draw. Anybody may."""
    after = read_cursor(cursor, (str, str, int)) if cursor else None
    place = (str(after[0]), str(after[1]), min(int(after[2]), 2**31 - 1)) if after else None
    async with unit_of_work(COMPLAINANT) as work:
        found, following = await draws.candidates_of(work.session, draw_id, after=place, limit=limit)
    more = write_cursor(*following) if following else None
    link_next(request, response, more)
    return found.model_copy(update={"next": more})


@router.post("/draws/{draw_id}/drawing", summary="Draw")
async def make_draw(draw_id: UUID, actor: Drawer) -> DrawView:
    """Freeze what can be drawn, choose by the promised seed, and have the calls made. A second time is refused."""
    async with unit_of_work(actor) as work:
        return await draws.draw(work, draw_id)


@router.post("/draws/{draw_id}/opening", summary="Open a draw")
async def open_draw(draw_id: UUID, actor: Drawer) -> DrawView:
    """Publish the seed and what was chosen: after the calls, or when the day they were to be made by is over."""
    async with unit_of_work(actor) as work:
        return await draws.open_draw(work, draw_id)


@router.get("/draws/{draw_id}/calls", summary="Whom to call")
async def browse_calls(draw_id: UUID, actor: Drawer) -> list[CallToMake]:
    """List the rounds that were drawn and how far calling is, without those of one's own unit. The numbers are at the calls to make."""
    async with unit_of_work(actor) as work:
        await draws.read_draw(work.session, draw_id)
        return await calls.calls_to_make(work, draw_id)


@router.get("/draws/{draw_id}/coverage", summary="What a draw came to so far")
async def read_coverage(
    draw_id: UUID, actor: Drawer, as_of: Annotated[AwareDatetime | None, Query(description="As it was known at this instant.")] = None
) -> Coverage:
    """Return for each unit how many were drawn and reached; and contacted, solved and satisfied apart, each with how many said either."""
    async with unit_of_work(actor) as work:
        require_known(as_of, work.now)
        await draws.read_draw(work.session, draw_id)
        return await calls.coverage(work, draw_id, as_of)


@router.get("/tickets/{number}/call-backs", summary="Words about the result")
async def read_call_backs(number: str, actor: Annotated[Actor, Depends(requires("ticket.read"))]) -> CallBacks:
    """List every call-back and confirmation, how it came and how sure it is; never who said it."""
    async with unit_of_work(actor) as work:
        return await confirming.call_backs_of(work, number)


@router.post("/tickets/{number}/confirmations", status_code=201, response_model=Confirmed, summary="Enter a signed confirmation")
async def confirm_on_paper(
    number: str, body: ConfirmOnPaper, actor: Annotated[Actor, Depends(requires("confirmation.enter"))], key: IdempotencyKeyHeader
) -> Response:
    """Enter what a complainant signed before a witness. Neither who enters it nor the witness is of a unit that worked on the ticket."""
    path = f"/v1/tickets/{number}/confirmations"
    return await once_alone(actor, path, key, body, 201, lambda work: confirming.confirm_on_paper(work, number, body))


@router.get("/exclusions", summary="Adjudications of unreasonable demands")
async def browse_exclusions(
    actor: Annotated[Actor, Depends(requires("exclusion.read"))],
    state: Annotated[list[ExclusionState] | None, Query(max_length=6, description="Only in these states.")] = None,
) -> Exclusions:
    """List adjudications of tickets one may know of, the oldest first: what waits for a decision is `proposed` or `appealed`."""
    async with unit_of_work(actor) as work:
        return await exclusions.list_exclusions(work, state or ())


@router.get("/tickets/{number}/exclusion", summary="The adjudication of a ticket's demand")
async def read_exclusion(number: str, actor: Annotated[Actor, Depends(requires("exclusion.read"))]) -> ExclusionView:
    """Return the newest adjudication of a ticket, with everybody who had a part in it."""
    async with unit_of_work(actor) as work:
        return await exclusions.exclusion_of(work, number)


@router.post("/tickets/{number}/exclusion", status_code=201, response_model=ExclusionView, summary="Propose an adjudication")
async def propose_exclusion(
    number: str, body: ProposeExclusion, actor: Annotated[Actor, Depends(requires("exclusion.propose"))], key: IdempotencyKeyHeader
) -> Response:
    """Propose to leave a ticket out of the rates because what is demanded is unreasonable. The ticket itself is not touched."""
    path = f"/v1/tickets/{number}/exclusion"
    return await once_alone(actor, path, key, body, 201, lambda work: exclusions.propose(work, number, body))


@router.post("/tickets/{number}/exclusion/decision", response_model=ExclusionView, summary="Decide on a proposal")
async def decide_exclusion(number: str, body: DecideExclusion, actor: Decider, key: IdempotencyKeyHeader) -> Response:
    """Grant or refuse what somebody else proposed; where it is granted the complainants are told, and how to appeal."""
    path = f"/v1/tickets/{number}/exclusion/decision"
    return await once_alone(actor, path, key, body, 200, lambda work: exclusions.decide(work, number, body))


@router.post("/tickets/{number}/exclusion/appeal", response_model=ExclusionView, summary="Take an appeal")
async def take_appeal(
    number: str, body: TakeAppeal, actor: Annotated[Actor, Depends(requires("exclusion.appeal"))], key: IdempotencyKeyHeader
) -> Response:
    """Write down an appeal that a complainant makes by telephone or at the desk. Until it is decided the ticket counts everywhere."""
    path = f"/v1/tickets/{number}/exclusion/appeal"
    return await once_alone(actor, path, key, body, 200, lambda work: exclusions.take_appeal(work, number, body.words))


@router.post("/tickets/{number}/exclusion/appeal/decision", response_model=ExclusionView, summary="Decide on an appeal")
async def decide_appeal(number: str, body: DecideAppeal, actor: Decider, key: IdempotencyKeyHeader) -> Response:
    """Uphold or overturn, for good: by somebody who neither proposed nor decided it."""
    path = f"/v1/tickets/{number}/exclusion/appeal/decision"
    return await once_alone(actor, path, key, body, 200, lambda work: exclusions.decide_appeal(work, number, body))
