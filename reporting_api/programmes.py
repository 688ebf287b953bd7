"""Programmes (活动), and since when figures of theirs are counted."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.activities import AsOf
from reporting_api.answers import json_answer
from reporting_api.readers import UNCHANGED
from services.activities.programmes import Programmes, list_programmes
from services.platform.actor import Actor
from services.platform.unit_of_work import unit_of_work
from services.reports.figures import one_snapshot
from services.reports.known import require_known
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/programmes", tags=["reports"])

Anybody = Annotated[Actor, Depends(requires("unit.read"))]


@router.get("", summary="List programmes", response_model=Programmes, responses=UNCHANGED)
async def read_programmes(request: Request, actor: Anybody, as_of: AsOf = None) -> Response:
    """Return every programme as it was known, the newest first. `GET /v1/reports/activities?programme=…` is its 活动开展以来."""
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        require_known(as_of, work.now)
        at = as_of or work.now
        return json_answer(request, Programmes(as_of=at, items=await list_programmes(work, at)))
