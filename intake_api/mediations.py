"""调解 at the door: disputes between two sides, each sealed by itself; nobody is named in a list."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel

from intake_api.assistance import private_file
from intake_api.households import page_id, path_of
from services.assistance import mediating
from services.assistance.files import mediation_file
from services.assistance.mediation_commands import (
    EndMediation,
    EraseParty,
    OpenMediation,
    OpenParty,
    RecordFollowUp,
    RecordSession,
    Side,
    WithdrawEnding,
)
from services.assistance.mediation_queries import WantedMediations, list_mediations, read_mediation
from services.assistance.mediation_views import MediationDetail, MediationView, PartyContact, PartyStatement
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import Work, unit_of_work
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, write_cursor
from services.web.ranges import FILE_ANSWERS, AskedFor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/mediations", tags=["assistance"])

Reader = Annotated[Actor, Depends(requires("mediation.read"))]
Recorder = Annotated[Actor, Depends(requires("mediation.record"))]
Decider = Annotated[Actor, Depends(requires("privacy.decide"))]
MediationPath = Annotated[UUID, Path(description="The mediation's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9f10"])]
SidePath = Annotated[Side, Path(description="甲方 or 乙方.", examples=["a"])]
FilePath = Annotated[UUID, Path(description="The file's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e90"])]
_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": MediationDetail, "description": "This was recorded before."}}


class MediationPage(Page[MediationView]):
    """A page of mediations."""


_NOT_ENDED: dict[int | str, dict[str, Any]] = {409: {"description": "The mediation has not ended; there is nothing to hand over yet."}}


@router.get("", summary="List mediations")
async def browse(  # noqa: PLR0913, PLR0917  each is one way to narrow the list
    request: Request,
    response: Response,
    actor: Reader,
    unit: Annotated[Code | None, Query(description="Where, with all below.", examples=["441624108213"])] = None,
    state: Annotated[Literal["open", "settled", "unsettled", "withdrawn", "all"], Query(description="How they stand.")] = "all",
    follow_up: Annotated[bool, Query(description="Only settled ones to be asked about by now.")] = False,
    mine: Annotated[bool, Query(description="Only those I mediate or wrote down.")] = False,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> MediationPage:
    """List the mediations one may know of: in the field one's own, at the village and the desks those of the area. Nobody is named."""
    after = page_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        wanted = WantedMediations(await path_of(work, unit), state, follow_up, mine)
        found = await list_mediations(work, wanted, after, limit + 1)
    following = write_cursor(str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, following)
    return MediationPage(items=found[:limit], next=following)


@router.post("", status_code=201, response_model=MediationDetail, responses=_BEFORE, summary="Open a mediation")
async def open_one(body: OpenMediation, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Open a mediation; who its sides are is sealed at once, each under a key of its own. Sent again it is the same one."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            before = await mediating.open_mediation(work, body)
            return 200 if before else 201, await read_mediation(work, body.mediation_id)

        return await once(work, actor, "POST /v1/mediations", key, fingerprint_of(body), do, recall=_recall(work))


@router.get("/{mediation_id}", summary="One mediation")
async def one(mediation_id: MediationPath, actor: Reader) -> MediationDetail:
    """Return a mediation; of the other side nothing is shown to whoever looks after one of them."""
    async with unit_of_work(actor) as work:
        return await read_mediation(work, mediation_id)


@router.post("/{mediation_id}/sessions", status_code=201, response_model=MediationDetail, responses=_BEFORE, summary="Record a session")
async def add_session(mediation_id: MediationPath, body: RecordSession, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Record a session, with both sides or with one alone; its words name neither."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            before = await mediating.record_session(work, mediation_id, body)
            return 200 if before else 201, await read_mediation(work, mediation_id)

        path = f"POST /v1/mediations/{mediation_id}/sessions"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/{mediation_id}/ending", status_code=201, response_model=MediationDetail, responses=_BEFORE, summary="End a mediation")
async def end(mediation_id: MediationPath, body: EndMediation, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """End a mediation; a dispute that was settled or not is in the ledger at once, without a word of it."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            before = await mediating.end_mediation(work, mediation_id, body)
            return 200 if before else 201, await read_mediation(work, mediation_id)

        path = f"POST /v1/mediations/{mediation_id}/ending"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/{mediation_id}/ending/withdrawal", response_model=MediationDetail, summary="Take an ending back")
async def withdraw_ending(mediation_id: MediationPath, body: WithdrawEnding, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Take an ending back that was written down wrongly, and its entry in the ledger."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await mediating.withdraw_ending(work, mediation_id, body)
            return 200, await read_mediation(work, mediation_id)

        path = f"POST /v1/mediations/{mediation_id}/ending/withdrawal"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/{mediation_id}/follow-ups", status_code=201, response_model=MediationDetail, responses=_BEFORE, summary="Record a follow-up")
async def add_follow_up(mediation_id: MediationPath, body: RecordFollowUp, actor: Recorder, key: IdempotencyKeyHeader) -> Response:
    """Record whether what was agreed is kept. A party that could not be reached is asked again."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            before = await mediating.follow_up(work, mediation_id, body)
            return 200 if before else 201, await read_mediation(work, mediation_id)

        path = f"POST /v1/mediations/{mediation_id}/follow-ups"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/{mediation_id}/parties/{side}/contact", summary="Read who a party is")
async def contact(mediation_id: MediationPath, side: SidePath, body: OpenParty, actor: Reader) -> PartyContact:
    """Return who one side is, in clear; who read it, when and why is kept."""
    async with unit_of_work(actor) as work:
        return await mediating.open_party(work, mediation_id, side, body)


@router.post("/{mediation_id}/parties/{side}/statement", responses=_NOT_ENDED, summary="Print what a party is handed")
async def statement(mediation_id: MediationPath, side: SidePath, actor: Reader) -> PartyStatement:
    """Return the text one side is handed about the end: nothing of the other side but 甲方 or 乙方. That it was printed is kept."""
    async with unit_of_work(actor) as work:
        return await mediating.statement(work, mediation_id, side)


@router.post("/{mediation_id}/parties/{side}/erasure", response_model=MediationDetail, summary="Erase what is kept of a party")
async def erase(mediation_id: MediationPath, side: SidePath, body: EraseParty, actor: Decider) -> MediationDetail:
    """Have what is kept of one side erased; the other side's stays. The same again changes nothing."""
    async with unit_of_work(actor) as work:
        await mediating.erase_party(work, mediation_id, side, body)
        return await read_mediation(work, mediation_id)


@router.get("/{mediation_id}/files/{attachment_id}", response_class=Response, responses=FILE_ANSWERS, summary="A file of a mediation")
async def read_file(mediation_id: MediationPath, attachment_id: FilePath, actor: Reader, asked: AskedFor) -> Response:
    """Return what was shown in a session, or the signed agreement; nothing of the other side to whoever looks after one of them."""
    async with unit_of_work(actor) as work:
        found = await mediation_file(work, mediation_id, attachment_id)
    return await private_file(found, asked)


def _recall(work: Work) -> Any:
    async def recall(mediation_id: UUID) -> BaseModel:
        return await read_mediation(work, mediation_id)

    return recall
