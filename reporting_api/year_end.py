"""年终质询 to read: what was registered and not struck off, who answers for it, and what was frozen of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer
from reporting_api.readers import UNCHANGED
from services.matters.dossiers import AskedYear, year_end
from services.matters.dossiers_commands import AnyYear
from services.matters.dossiers_freezing import list_frozen, read_frozen
from services.matters.dossiers_views import DOSSIER_EXAMPLE, FrozenDossiers, FrozenDossierWhole, YearEndDossierView
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.figures import one_snapshot
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["year end"])

DossierReader = Annotated[Actor, Depends(requires("dossier.read"))]
Overseer = Annotated[Actor, Depends(requires("dossier.oversee"))]
AsOf = Annotated[AwareDatetime | None, Query(description="As it was known at this instant.")]
Where = Annotated[Code | None, Query(description="Where, with all below.", examples=["441624"])]
YearAsked = Annotated[AnyYear, Query(description="Which year; of one that goes on, what there would be today.")]


@router.get("/reports/year-end", summary="Report what was not struck off in a year", response_model=YearEndDossierView, responses=UNCHANGED)
async def read_year_end(request: Request, actor: DossierReader, year: YearAsked, unit: Where = None, as_of: AsOf = None) -> Response:
    """Return every matter that was registered and not struck off at the end of a year, and all that speaks about why.

    History, blockers, hand-offs, follow-ups kept and missed, money, who answers for it, what they were asked and what they answered.
    Whoever oversees an area reads all of it; everybody else what they answer for themselves.
    """
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found = await year_end(work, AskedYear(year, unit, as_of))
    return json_answer(request, found)


@router.get("/year-end-dossiers", summary="List frozen dossiers", response_model=FrozenDossiers, responses=UNCHANGED)
async def read_list(
    request: Request,
    actor: Overseer,
    year: Annotated[AnyYear | None, Query(description="Only of this year.")] = None,
    unit: Annotated[Code | None, Query(description="Only of this area.", examples=["441624"])] = None,
    as_of: AsOf = None,
) -> Response:
    """List what was frozen, the newest first; what is corrected names the edition that corrects it."""
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found = await list_frozen(work, year=year, unit=unit, as_of=as_of)
    return json_answer(request, found)


@router.get("/year-end-dossiers/{dossier_id}", summary="A frozen dossier", response_model=FrozenDossierWhole, responses=UNCHANGED)
async def read_dossier(
    request: Request, actor: Overseer, dossier_id: Annotated[UUID, Path(description="Its id.", examples=[DOSSIER_EXAMPLE])]
) -> Response:
    """Return a frozen dossier exactly as it was frozen; of a correction with everything that became different."""
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found = await read_frozen(work, dossier_id)
    return json_answer(request, found)
