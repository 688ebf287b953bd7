"""Complaints at the door: a complainant tracks their own, the staff read and reword."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Response
from starlette.responses import JSONResponse

from services.anchors.publishing import prove_ticket
from services.anchors.views import InclusionProof
from services.complaints import rewording
from services.complaints.commands import Reword, Track
from services.complaints.journey_views import Journey, TicketWords
from services.complaints.same_person import EarlierTicket, same_person
from services.complaints.telling_the_journey import journey_of
from services.complaints.tracking import track, with_code
from services.complaints.views import ComplaintView, Progress, RewordingView
from services.complaints.wordings import words_of_ticket
from services.hotline.looks import who_looked
from services.matters.objecting_by_code import ObjectByCode, ObjectionTaken, object_by_code
from services.platform.actor import Actor
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.direct_tries import REWORD, tries_kept
from services.verification.commands import AppealByCode, ConfirmByCode
from services.verification.confirming import appeal_by_code, confirm_by_code
from services.verification.views import Appealed, Confirmed
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["complaints"])

_GUESSING: dict[int | str, dict[str, Any]] = {429: {"description": "Too many wrong codes for this number within the hour."}}
_PROVING: dict[int | str, dict[str, Any]] = {
    **_GUESSING,
    409: {"description": "No anchor commits to it yet: the first does soon after the midnight that follows its filing."},
}
Reader = Annotated[Actor, Depends(requires("complaint.read"))]
Desk = Annotated[Actor, Depends(requires("complaint.reword"))]
TrackingCode = Annotated[
    str, Header(alias="X-Tracking-Code", min_length=1, max_length=64, description="The code told with the number.", examples=["K7M3QX5A"])
]


@router.get("/complaints/{number}", summary="Track one's own complaint", responses=_GUESSING)
async def read_progress(number: str, code: TrackingCode) -> Progress:
    """Tell a complainant how far it is: 进度查询. The code goes in a header, never in the address. Ten wrong codes an hour at most."""
    return await track(number, code)


@router.post("/complaints/{number}/progress", summary="Track one's own complaint, with the code in the body", responses=_GUESSING)
async def ask_progress(number: str, body: Track) -> Progress:
    """Tell a complainant how far it is, for clients that cannot send headers of their own. It changes nothing."""
    return await track(number, body.code)


@router.get("/complaints/{number}/journey", summary="How one's own words travelled", responses=_GUESSING)
async def read_journey(number: str, code: TrackingCode, response: Response) -> Journey:
    """Tell a complainant who had their matter from when to when and what they did, every wording with its difference, and who looked.

    Units and offices, never a colleague's name; one's own words, never somebody else's. Reasons are the coded ones, in words.
    """
    response.headers["Cache-Control"] = "no-store"
    return await journey_of(number, code, who_looked)


@router.post("/complaints/{number}/journey", summary="How one's own words travelled, with the code in the body", responses=_GUESSING)
async def ask_journey(number: str, body: Track, response: Response) -> Journey:
    """Tell a complainant how their words travelled, for clients that cannot send headers of their own. It changes nothing."""
    response.headers["Cache-Control"] = "no-store"
    return await journey_of(number, body.code, who_looked)


@router.get("/complaints/{number}/proof", summary="Prove that one's own ticket is in the newest anchor", responses=_PROVING)
async def read_proof(number: str, code: TrackingCode) -> InclusionProof:
    """Give a complainant the proof that the newest anchor commits to their ticket's journal: a file to keep, nothing personal in it.

    Kept, it shows at any later time whether the history was changed behind it: `daguanjia verify` or `tools/verify_history.py`.
    """
    return await with_code(number, code, prove_ticket)


@router.post("/complaints/{number}/confirmations", summary="Say whether it is solved, by code", responses=_GUESSING)
async def confirm(number: str, body: ConfirmByCode) -> Confirmed:
    """Take a complainant's own word about the answer: solved, satisfied and contacted, apart. "Not solved" has the matter taken up again.

    The newest word about a round counts; the same again changes nothing.
    """
    return await confirm_by_code(number, body)


@router.post("/complaints/{number}/appeals", summary="Appeal, by code, that a demand is unreasonable", responses=_GUESSING)
async def appeal(number: str, body: AppealByCode) -> Appealed:
    """Take a complainant's appeal; somebody who had no part so far decides on it."""
    return await appeal_by_code(number, body)


@router.post("/complaints/{number}/objections", summary="Object, by code, to the published result of a matter", responses=_GUESSING)
async def object_to(number: str, body: ObjectByCode) -> ObjectionTaken:
    """Take a complainant's objection (异议) to the published result of the matter their ticket is part of; it is decided before 销号."""
    return await object_by_code(number, body)


@router.post("/complaints/{complaint_id}/rewordings", status_code=201, response_model=RewordingView, summary="Word a complaint anew")
async def add_rewording(complaint_id: UUID, body: Reword, actor: Desk, key: IdempotencyKeyHeader) -> JSONResponse:
    """Lay a clearer wording over the complaint, under one's own name. The original words stay as they are."""

    async def meant(work: Work) -> UUID:
        return await rewording.ticket_of_complaint(work, complaint_id)

    async with tries_kept(actor, REWORD, meant), unit_of_work(actor) as work:

        async def do() -> tuple[int, RewordingView]:
            return 201, await rewording.reword(work, complaint_id, body.words)

        async def recall(rewording_id: UUID) -> RewordingView:
            return await rewording.reworded(work.session, rewording_id)

        return await once(work, actor, f"POST /v1/complaints/{complaint_id}/rewordings", key, fingerprint_of(body), do, recall=recall)


@router.get("/tickets/{number}/complaints", summary="Read what was told")
async def read_complaints(number: str, actor: Reader) -> list[ComplaintView]:
    """Read the original words of everyone in the ticket, with later wordings; contacts are masked."""
    async with unit_of_work(actor) as work:
        return await rewording.complaints_of(work.session, actor, number)


@router.get("/tickets/{number}/words", summary="The timeline of words")
async def read_words(number: str, actor: Reader) -> TicketWords:
    """Read the original words of everyone in the ticket and every rewording, supplement and answer, with authors and differences."""
    async with unit_of_work(actor) as work:
        return await words_of_ticket(work.session, actor, number)


@router.get("/tickets/{number}/same-person", summary="Other tickets of the same person")
async def read_same_person(number: str, actor: Annotated[Actor, Depends(requires("contact.read"))]) -> list[EarlierTicket]:
    """List the tickets of whoever complained, on whatever channel: recognised by telephone or WeChat account, never merged by itself."""
    async with unit_of_work(actor) as work:
        return await same_person(work.session, actor, number)
