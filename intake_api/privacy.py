"""Personal data at the door: what persons ask about their own by tracking code, and what the county decides, holds and restricts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Response
from starlette.responses import JSONResponse

from intake_api.complaints import TrackingCode
from services.platform.actor import Actor
from services.platform.unit_of_work import unit_of_work
from services.privacy import asking, deciding, holding, restricting
from services.privacy.commands import AskAboutMyData, DecideRequest, EraseOpinion, PlaceHold, Restrict, RevealRestricted
from services.privacy.handbook import erase_opinion
from services.privacy.views import (
    ContactInClear,
    HoldView,
    KeptOfMe,
    MyCopy,
    MyRequest,
    PersonalDataState,
    PersonRequestView,
    RestrictionView,
)
from services.visits.opinions_commands import OPINION_EXAMPLE
from services.visits.opinions_reading import read_opinion
from services.visits.opinions_views import OpinionView
from services.web.idempotency import IdempotencyKeyHeader, once_alone
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["personal data"])

_GUESSING: dict[int | str, dict[str, Any]] = {429: {"description": "Too many wrong codes for this number, or the same asked too often."}}
Reader = Annotated[Actor, Depends(requires("privacy.read"))]
Holder = Annotated[Actor, Depends(requires("privacy.hold"))]
Decider = Annotated[Actor, Depends(requires("privacy.decide"))]
OpinionPath = Annotated[UUID, Path(description="The opinion's id.", examples=[OPINION_EXAMPLE])]


@router.get("/complaints/{number}/personal-data", responses=_GUESSING, summary="What is kept of me, and who looked at it")
async def read_my_data(number: str, code: TrackingCode, response: Response) -> KeptOfMe:
    """Tell a complainant what is kept of them in this matter (我的个人信息), masked until they asked for access and it was granted."""
    response.headers["Cache-Control"] = "no-store"
    return await asking.kept_of_me(number, code)


@router.get("/complaints/{number}/personal-data/copy", responses=_GUESSING, summary="My copy")
async def read_my_copy(number: str, code: TrackingCode, response: Response) -> MyCopy:
    """Give a complainant the copy they asked for and were granted, as a JSON file, for thirty days."""
    found = await asking.copy_for_me(number, code)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{found.number}.json"'
    return found


@router.post("/complaints/{number}/personal-data/requests", responses=_GUESSING, summary="Ask about my data")
async def ask_about_my_data(number: str, code: TrackingCode, body: AskAboutMyData) -> MyRequest:
    """Take what a complainant asks: access (查阅), a copy (复制), a correction (更正), a deletion (删除). It is answered within 15 days.

    The same asked again, while it is open, is the same request.
    """
    return await asking.ask(number, code, body)


@router.get("/person-requests", summary="What persons ask about their data")
async def browse_requests(actor: Decider) -> list[PersonRequestView]:
    """List what is to be decided, the first due first."""
    async with unit_of_work(actor) as work:
        return await deciding.waiting(work)


@router.post("/person-requests/{request_id}/decision", summary="Decide on a request")
async def decide_request(request_id: UUID, body: DecideRequest, actor: Decider) -> PersonRequestView:
    """Grant a request, which is then carried out, or refuse it with a reason. The person reads it by their tracking code."""
    async with unit_of_work(actor) as work:
        return await deciding.decide(work, request_id, body)


@router.get("/tickets/{number}/personal-data", summary="Holds, restrictions and erasures of a ticket")
async def read_state(number: str, actor: Reader) -> PersonalDataState:
    """Return what may not be erased, what nobody sees for now, and what was erased; never whose it was."""
    async with unit_of_work(actor) as work:
        return await holding.state_of(work, number)


@router.post("/tickets/{number}/legal-holds", status_code=201, response_model=HoldView, summary="Place a legal hold")
async def place_hold(number: str, body: PlaceHold, actor: Holder, key: IdempotencyKeyHeader) -> JSONResponse:
    """Have nothing of a ticket's erased until a day, or until somebody else lifts it."""
    return await once_alone(actor, f"/v1/tickets/{number}/legal-holds", key, body, 201, lambda work: holding.place(work, number, body))


@router.post("/legal-holds/{hold_id}/lifting", summary="Lift a legal hold")
async def lift_hold(hold_id: UUID, actor: Holder) -> HoldView:
    """Lift a hold that somebody else placed."""
    async with unit_of_work(actor) as work:
        return await holding.lift(work, hold_id)


@router.put("/complaints/{complaint_id}/restriction", summary="Restrict a contact")
async def put_restriction(complaint_id: UUID, body: Restrict, actor: Holder) -> RestrictionView:
    """Have nobody see who complained, nor what they sent, but for a named purpose. The same again changes nothing."""
    async with unit_of_work(actor) as work:
        return await restricting.restrict(work, complaint_id, body)


@router.delete("/complaints/{complaint_id}/restriction", summary="End a restriction")
async def end_restriction(complaint_id: UUID, actor: Holder) -> RestrictionView:
    """End what a colleague restricted; what a person's open request restricts stays so until it is decided."""
    async with unit_of_work(actor) as work:
        return await restricting.lift(work, complaint_id)


@router.post("/complaints/{complaint_id}/restriction/contact", summary="See a restricted contact")
async def reveal_restricted(complaint_id: UUID, body: RevealRestricted, actor: Decider, response: Response) -> ContactInClear:
    """Give a restricted contact in clear. Who, when and what for is written down before it is shown, and the person can read it."""
    async with unit_of_work(actor) as work:
        found = await restricting.reveal(work, complaint_id, body)
    response.headers["Cache-Control"] = "no-store"
    return found


@router.post("/opinions/{opinion_id}/erasure", summary="Erase what is kept of whoever said an opinion")
async def erase_one(opinion_id: OpinionPath, body: EraseOpinion, actor: Decider) -> OpinionView:
    """Have an opinion of the handbook erased for who asked at the desk: who said it, codes, witnesses, signatures, voices and recordings.

    The worker does it within seconds, unless its ticket is under a legal hold. The same again changes nothing.
    """
    async with unit_of_work(actor) as work:
        await erase_opinion(work, opinion_id, body.because, whole=body.whole_words)
        return await read_opinion(work, opinion_id)
