"""The petition desk at the door: visitors, letters, and what somebody files for a villager."""

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from intake_api.filing import FOUND_BEFORE, answer, repeatable
from services.complaints.views import Filed
from services.identity.permissions import require
from services.petitions.commands import FilePetition
from services.petitions.filing import file_petition
from services.petitions.queries import reception_of
from services.petitions.views import ReceptionView
from services.platform.actor import Actor
from services.platform.unit_of_work import unit_of_work
from services.web.idempotency import IdempotencyKeyHeader
from services.web.routes import door_router
from services.web.signed_in import SignedIn, requires

router = door_router("/v1", tags=["intake"])


@router.post("/petitions", status_code=201, response_model=Filed, responses=FOUND_BEFORE, summary="File a visit, a letter, or on behalf")
async def file(body: FilePetition, actor: SignedIn, key: IdempotencyKeyHeader) -> Response:
    """File what a visitor tells or a letter says (信访接待、来信), or what a member files for a villager (代办), with everybody in it.

    Visits and letters are handled under the terms of the petition rules where nothing else is said: 15 days to inform, 60 to settle.
    """
    require(actor, "petition.on_behalf" if body.form == "on_behalf" else "petition.file")
    return answer(await file_petition(body, actor, repeatable(actor, "POST /v1/petitions", key, body)))


@router.get("/tickets/{number}/reception", summary="How a petition was received")
async def read_reception(number: str, actor: Annotated[Actor, Depends(requires("complaint.read"))]) -> ReceptionView:
    """Tell the form, the persons (masked), and until when they must be informed and the matter settled."""
    async with unit_of_work(actor) as work:
        return await reception_of(work.session, actor, number)
