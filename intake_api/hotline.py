"""Filing by telephone: the hotline operator while the villager talks."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field, model_validator
from starlette.responses import Response

from intake_api.filing import FOUND_BEFORE, FilingRoute, answer, by_hand, repeatable
from services.complaints.commands import FileComplaint, Telling
from services.complaints.filing_desk import file_complaint
from services.complaints.views import Filed
from services.hotline.drafts import mark_filed
from services.platform.actor import Actor
from services.platform.text import Code, Token
from services.platform.unit_of_work import unit_of_work
from services.web.idempotency import IdempotencyKeyHeader
from services.web.signed_in import requires

router = APIRouter(prefix="/v1", tags=["intake"], route_class=FilingRoute)


class HotlineComplaint(Telling):
    """What is told on the telephone. `call_id` and `item`, or a `filing_id` of the client's own, make a repeat harmless."""

    call_id: Token | None = Field(default=None, description="The telephone system's id of the call.", examples=["1763748600.4711"])
    source: Code | None = Field(default=None, description="Code of the exchange, where there are several.", examples=["pbx-580"])
    item: int = Field(default=1, ge=1, le=99, description="Which matter of the call, where one call brings several.")
    filing_id: UUID | None = Field(default=None, description="A UUID made by the client, where there is no call id.")
    draft_id: UUID | None = Field(default=None, description="The draft this was typed in: it becomes this ticket.")

    @model_validator(mode="after")
    def _one_of_them(self) -> "HotlineComplaint":
        if self.call_id is None and self.filing_id is None:
            raise ValueError("call_id or filing_id is needed, so that a repeat is recognised")
        return self

    @property
    def message_id(self) -> str:
        """The hotline's own id of this matter."""
        if self.call_id is None:
            return str(self.filing_id)
        return f"{self.source}:{self.call_id}#{self.item}" if self.source else f"{self.call_id}#{self.item}"


@router.post("/hotline/complaints", summary="File what a caller tells", status_code=201, response_model=Filed, responses=FOUND_BEFORE)
@by_hand("hotline.file", HotlineComplaint)
async def file_by_hotline(
    body: HotlineComplaint, actor: Annotated[Actor, Depends(requires("hotline.file"))], key: IdempotencyKeyHeader
) -> Response:
    """File a complaint told on the telephone. A repeat of the same call and item returns the first ticket."""
    command = FileComplaint("hotline", body.message_id, body, call_id=body.call_id)
    outcome = await file_complaint(command, actor, repeatable(actor, "POST /v1/hotline/complaints", key, body), ask_back=True)
    if body.draft_id is not None:
        async with unit_of_work(actor) as work:
            await mark_filed(work, body.draft_id, outcome.number)
    return answer(outcome)
