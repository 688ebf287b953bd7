"""Programmes (活动) at the door: one is written down, and its last day said."""

from typing import Annotated, Any

from fastapi import Depends, Path, Response
from pydantic import BaseModel

from services.activities.programmes import EndProgramme, ProgrammeView, StartProgramme, end_programme, start_programme
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/programmes", tags=["activities"])

Changer = Annotated[Actor, Depends(requires("programme.change"))]
_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": ProgrammeView, "description": "This programme was written down before."}}


@router.post("", status_code=201, response_model=ProgrammeView, responses=_BEFORE, summary="Write a programme down")
async def start(body: StartProgramme, actor: Changer, key: IdempotencyKeyHeader) -> Response:
    """Give a programme its name, its days and its units; reports then answer for it with `programme`. The same words again are the same."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            view, before = await start_programme(work, body)
            return 200 if before else 201, view

        return await once(work, actor, "POST /v1/programmes", key, fingerprint_of(body), do)


@router.put("/{code}/end", summary="Say on which day a programme ends")
async def end(
    code: Annotated[Code, Path(description="The programme's code.", examples=["sanjin-sanfu"])], body: EndProgramme, actor: Changer
) -> ProgrammeView:
    """Say the last day of a programme; another day later on takes its place, and what was said before stays to be seen with `as_of`."""
    async with unit_of_work(actor) as work:
        return await end_programme(work, code, body)
