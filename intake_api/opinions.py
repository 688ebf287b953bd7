"""The handbook at the door (《服务群众工作手册》): opinions heard, worded anew, confirmed, and what became of them."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Depends, Path, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import HTMLResponse

from services.attachments.sniffing import EXTENSIONS
from services.attachments.store import store
from services.organization.queries import unit_tree
from services.platform.actor import Actor
from services.platform.errors import NotFound, Problem
from services.platform.text import Code
from services.platform.unit_of_work import Work, unit_of_work
from services.tickets.actions import visible_id
from services.tickets.direct_tries import tries_kept
from services.visits import opinions, outcomes
from services.visits.confirming import confirm
from services.visits.direct import ticket_past
from services.visits.handbook import handbook_of
from services.visits.handbook_page import handbook_page
from services.visits.opinions_codes import ask_for_code, take_try
from services.visits.opinions_commands import (
    BECAME_EXAMPLE,
    CONFIRM_EXAMPLE,
    OPINION_EXAMPLE,
    AskForCode,
    ConfirmOpinion,
    ConfirmOpinionByCode,
    FileTicket,
    HearOpinion,
    OpinionBecame,
    RewordOpinion,
)
from services.visits.opinions_reading import Wanted, file_of, list_opinions, read_opinion
from services.visits.opinions_views import CodeView, Handbook, OpinionView
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.ranges import FILE_ANSWERS, AskedFor, Stored, file_answer
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["handbook"])

Recorder = Annotated[Actor, Depends(requires("opinion.record"))]
Confirmer = Annotated[Actor, Depends(requires("opinion.confirm"))]
Reader = Annotated[Actor, Depends(requires("opinion.read"))]
OpinionPath = Annotated[UUID, Path(description="The opinion's id.", examples=[OPINION_EXAMPLE])]
HouseholdPath = Annotated[UUID, Path(description="The household's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d10"])]
_PRINTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "One document.", "content": {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>"}}}
}
_GUARDS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Nothing from elsewhere, no script at all, kept nowhere."""
_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": OpinionView, "description": "This was recorded before."}}
_CODE_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": CodeView, "description": "This code was asked for before."}}


class OpinionPage(Page[OpinionView]):
    """A page of opinions, the newest heard first."""


@router.post("/opinions", status_code=201, response_model=OpinionView, responses=_BEFORE, summary="Write an opinion down")
async def hear(body: HearOpinion, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Write down what a villager said, in their words. They stay for good; the ledger counts it under the same id.

    For a household of one's area, or one that one is paired with. Sent again it is the same.
    """
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            known = await opinions.hear(work, body)
            return 200 if known else 201, await read_opinion(work, body.opinion_id)

        return await once(work, actor, "POST /v1/opinions", key, fingerprint_of(body), do, recall=_recall(work))


@router.get("/opinions", summary="List opinions")
async def browse(  # noqa: PLR0913, PLR0917  each is one way to narrow the list
    request: Request,
    response: Response,
    actor: Reader,
    unit: Annotated[Code | None, Query(description="Where, with all below.", examples=["441624108213"])] = None,
    household: Annotated[UUID | None, Query(description="Of this household.")] = None,
    visit: Annotated[UUID | None, Query(description="Heard at this visit.")] = None,
    ticket: Annotated[str | None, Query(max_length=64, description="Of this ticket.", examples=["20261122-000123-6"])] = None,
    mine: Annotated[bool, Query(description="Only what I heard.")] = False,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> OpinionPage:
    """List the opinions one may know of: of one's area, heard by oneself, or of households one is paired with. Withdrawn ones say so."""
    after = _after(cursor)
    async with unit_of_work(actor) as work:
        place = (await unit_tree(work.session)).by_code.get(unit) if unit else None
        if unit and place is None:
            raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
        of_ticket = await visible_id(work, ticket) if ticket else None
        wanted = Wanted(place.path if place else None, household, visit, of_ticket, None, mine)
        found = await list_opinions(work, wanted, after, limit + 1)
    more = write_cursor(found[limit - 1].heard_at.isoformat(), str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, more)
    return OpinionPage(items=found[:limit], next=more)


@router.get("/opinions/{opinion_id}", summary="One opinion")
async def read_one(opinion_id: OpinionPath, actor: Reader) -> OpinionView:
    """Return an opinion with every wording, every confirmation and whether it still counts, and what became of it."""
    async with unit_of_work(actor) as work:
        return await read_opinion(work, opinion_id)


@router.get("/opinions/{opinion_id}/files/{attachment_id}", response_class=Response, responses=FILE_ANSWERS, summary="A file of an opinion")
async def download(opinion_id: OpinionPath, attachment_id: UUID, actor: Reader, asked: AskedFor) -> Response:
    """Give a picture, a voice or a signature that belongs to an opinion, to whoever may read the opinion."""
    async with unit_of_work(actor) as work:
        found = await file_of(work, opinion_id, attachment_id)
    name = f"{attachment_id}.{EXTENSIONS[found.media_type]}"
    answer = await file_answer(Stored(found.store_key, found.size, found.media_type, found.sha256, name), asked, store())
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/opinions/{opinion_id}/wordings", status_code=201, response_model=OpinionView, responses=_BEFORE, summary="Word it anew")
async def reword(opinion_id: OpinionPath, body: RewordOpinion, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Lay another wording over one's own record of an opinion. The villager's words stay; earlier confirmations are void from now on."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            known = await opinions.reword(work, opinion_id, body)
            return 200 if known else 201, await read_opinion(work, opinion_id)

        return await once(work, actor, f"POST /v1/opinions/{opinion_id}/wordings", key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/opinions/{opinion_id}/codes", status_code=201, response_model=CodeView, responses=_CODE_BEFORE, summary="Ask for a code")
async def ask(opinion_id: OpinionPath, body: AskForCode, actor: Confirmer, response: Response) -> CodeView:
    """Have a code made for the words in force. `sms_code` is sent to the household's telephone and told to nobody else; it holds two hours.

    `wechat` is answered here: show it to the villager, who sends 确认 and the code to the official account. Sent again it is the same code.
    """
    async with unit_of_work(actor) as work:
        asked = await ask_for_code(work, opinion_id, body)
    response.status_code = 200 if asked.repeated else 201
    response.headers["Cache-Control"] = "no-store"
    return CodeView(id=asked.id, way=asked.way, expires_at=asked.expires_at, code=asked.code)


@router.post(
    "/opinions/{opinion_id}/confirmations", status_code=201, response_model=OpinionView, responses=_BEFORE, summary="Confirm an opinion"
)
async def confirm_it(
    opinion_id: OpinionPath,
    body: Annotated[ConfirmOpinion, Body(examples=[CONFIRM_EXAMPLE])],
    actor: Confirmer,
    key: IdempotencyKeyHeader,
) -> Response:
    """Keep that the villager stands by the words named by their hash: by signature, code, recorded call or witness.

    One of words that were changed since is kept, and void. Sent again it is the same. Five tries at a code.
    """
    if isinstance(body, ConfirmOpinionByCode):
        async with unit_of_work(actor) as work:
            await take_try(work, opinion_id, body.words_hash, body.confirmation_id)
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            known = await confirm(work, opinion_id, body)
            return 200 if known else 201, await read_opinion(work, opinion_id)

        path = f"POST /v1/opinions/{opinion_id}/confirmations"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post(
    "/opinions/{opinion_id}/outcomes", status_code=201, response_model=OpinionView, responses=_BEFORE, summary="Say what became of it"
)
async def became(
    opinion_id: OpinionPath,
    body: Annotated[OpinionBecame, Body(examples=[BECAME_EXAMPLE])],
    actor: Recorder,
    key: IdempotencyKeyHeader,
) -> Response:
    """Write down that it was solved on the spot, belongs to a ticket, or was answered with a reason. None can end in nothing."""
    async with tries_kept(actor, "end_opinion", partial(ticket_past, opinion_id=opinion_id)), unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            known = await outcomes.became(work, opinion_id, body)
            return 200 if known else 201, await read_opinion(work, opinion_id)

        return await once(work, actor, f"POST /v1/opinions/{opinion_id}/outcomes", key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/opinions/{opinion_id}/ticket", status_code=201, response_model=OpinionView, responses=_BEFORE, summary="Make a ticket of it")
async def file_ticket(opinion_id: OpinionPath, body: FileTicket, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """File the opinion as a ticket, in the words in force, for whoever said it; the outcome names the ticket.

    With `direct_to` it goes straight to a county department (越级直达): township and village read it, and can stop nothing.
    """
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            _, known = await outcomes.file_ticket(work, opinion_id, body)
            return 200 if known else 201, await read_opinion(work, opinion_id)

        return await once(work, actor, f"POST /v1/opinions/{opinion_id}/ticket", key, fingerprint_of(body), do, recall=_recall(work))


@router.get("/handbooks/{household_id}", summary="The pages of a household")
async def read_handbook(
    household_id: HouseholdPath,
    actor: Reader,
    response: Response,
) -> Handbook:
    """Return the handbook of a household: visits, opinions in the villager's words with their confirmations, and what became of them."""
    async with unit_of_work(actor) as work:
        found = await handbook_of(work, household_id)
    response.headers["Cache-Control"] = "no-store"
    return found


@router.get("/handbooks/{household_id}/page", response_class=HTMLResponse, responses=_PRINTED, summary="The pages of a household, to print")
async def print_handbook(household_id: HouseholdPath, actor: Reader) -> HTMLResponse:
    """Return the same as one document in Chinese; numbers of people that stand in words are hidden."""
    async with unit_of_work(actor) as work:
        found = await handbook_of(work, household_id)
    return HTMLResponse(handbook_page(found), headers=_GUARDS)


def _recall(work: Work) -> Any:
    async def recall(opinion_id: UUID) -> BaseModel:
        return await read_opinion(work, opinion_id)

    return recall


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    heard, last = read_cursor(cursor, (str, str))
    try:
        found = datetime.fromisoformat(str(heard)), UUID(str(last))
    except ValueError:
        found = None
    if found is None or found[0].tzinfo is None:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.")
    return found
