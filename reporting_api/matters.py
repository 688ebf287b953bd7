"""挂号 to read: the county's register, candidates, what blocks what, problem villages and what a village suffers, as known when."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime, BaseModel
from starlette.requests import Request
from starlette.responses import Response

from reporting_api.answers import json_answer, page_answer
from reporting_api.places import read_place, write_place
from reporting_api.readers import UNCHANGED
from services.matters.certificates import CertificateFile, read_certificate
from services.matters.commands import MATTER_EXAMPLE
from services.matters.queries import AskedMatters, CandidateState, MatterCandidateView, State, list_candidates, list_matters, read_matter
from services.matters.views import MatterPage, MatterView
from services.matters.villages import Blocked, Flags, Told, VillageProblems, blocked, list_flags, problems
from services.platform.actor import Actor
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.reports.figures import one_snapshot
from services.reports.listing import list_known
from services.tickets.filters import TicketFilter
from services.web.paging import PageCursor, PageLimit
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["matters"])

MatterReader = Annotated[Actor, Depends(requires("matter.read"))]
Decider = Annotated[Actor, Depends(requires("matter.determine"))]
AsOf = Annotated[AwareDatetime | None, Query(description="As it was known at this instant.")]
Where = Annotated[Code | None, Query(description="Where, with all below.", examples=["441624108213"])]


class CandidatePage(BaseModel):
    """A page of candidates, the newest first."""

    items: list[MatterCandidateView]
    next: str | None = None


def _asked(
    unit: Where = None,
    state: Annotated[State | None, Query(description="Only those that stood so.", examples=["registered"])] = None,
    number: Annotated[str | None, Query(max_length=64, description="Only this one.", examples=["挂号〔2026〕第0012号"])] = None,
    problem_villages: Annotated[bool, Query(description="Only of villages on a list of problem villages (问题村).")] = False,
    as_of: AsOf = None,
) -> AskedMatters:
    return AskedMatters(unit, state, number, as_of, problem_villages)


@router.get("/matters", summary="List the county's register of matters", response_model=MatterPage, responses=UNCHANGED)
async def read_register(
    request: Request,
    actor: MatterReader,
    asked: Annotated[AskedMatters, Depends(_asked)],
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """List focus issues and registered matters one may know of, the newest first, each with what somebody should look at."""
    after = read_place(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        items, following = await list_matters(work, asked, after=after, limit=limit)
    return page_answer(request, MatterPage(items=items), write_place(following))


@router.get("/matters/{matter_id}", summary="One matter, as it was known", response_model=MatterView, responses=UNCHANGED)
async def read_one(
    request: Request,
    actor: MatterReader,
    matter_id: Annotated[UUID, Path(description="The matter's id.", examples=[MATTER_EXAMPLE])],
    as_of: AsOf = None,
) -> Response:
    """Return a matter with supervisors, follow-ups, sub-tasks, blockers, milestones, sites and its ledger."""
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        view = await read_matter(work, matter_id, as_of)
    return json_answer(request, view)


@router.get(
    "/matters/{matter_id}/certificate",
    summary="The certificate of a struck-off matter",
    response_model=CertificateFile,
    responses=UNCHANGED,
)
async def certificate(
    request: Request,
    actor: MatterReader,
    matter_id: Annotated[UUID, Path(description="The matter's id.", examples=[MATTER_EXAMPLE])],
    round: Annotated[int | None, Query(ge=1, le=1000, description="Of this round; the newest where none is named.")] = None,  # noqa: A002
) -> Response:
    """Return 销号证书 as a file that anybody can check: `daguanjia verify FILE`, `tools/verify_history.py FILE`."""
    async with unit_of_work(actor) as work:
        view = await read_certificate(work, matter_id, round)
    return json_answer(request, view)


@router.get("/matter-candidates", summary="List candidates", response_model=CandidatePage, responses=UNCHANGED)
async def read_candidates(
    request: Request,
    actor: Decider,
    unit: Where = None,
    state: Annotated[CandidateState | None, Query(description="Only those that stood so.", examples=["open"])] = None,
    as_of: AsOf = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Response:
    """List troubles that enough households tell, in the areas of the desks one sits at, with signs that many voices may be few people."""
    after = read_place(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        items, following = await list_candidates(work, unit=unit, state=state, as_of=as_of, after=after, limit=limit)
    return page_answer(request, CandidatePage(items=items), write_place(following))


@router.get("/reports/blockers", summary="Report what blocks what", response_model=Blocked, responses=UNCHANGED)
async def read_blockers(request: Request, actor: MatterReader, unit: Where = None, as_of: AsOf = None) -> Response:
    """Return what stands in the way of how many registered matters, the most frequent first."""
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found = await blocked(work, unit=unit, as_of=as_of)
    return json_answer(request, found)


@router.get("/problem-villages", summary="List problem villages", response_model=Flags, responses=UNCHANGED)
async def read_flags(
    request: Request,
    actor: MatterReader,
    unit: Where = None,
    ended: Annotated[bool, Query(description="Those that were on the list and are no more, too.")] = False,
    as_of: AsOf = None,
) -> Response:
    """List the villages on the list of problem villages (问题村) in one's area."""
    async with unit_of_work(actor) as work:
        await one_snapshot(work.session)
        found = await list_flags(work, unit=unit, ended=ended, as_of=as_of)
    return json_answer(request, found)


@router.get("/reports/villages/{unit}/problems", summary="A village's problems", response_model=VillageProblems, responses=UNCHANGED)
async def read_problems(
    request: Request,
    actor: MatterReader,
    unit: Annotated[Code, Path(description="The village, or a wider unit.", examples=["441624108213"])],
    as_of: AsOf = None,
) -> Response:
    """Return everything told and everything registered of a unit (村级问题台账)."""
    async with unit_of_work(actor) as work:
        counts = [
            (await list_known(work, wanted, as_of=as_of, after=None, limit=1))[0].total
            for wanted in (TicketFilter(unit=unit), TicketFilter(unit=unit, status=["open"]))
        ]
        found = await problems(work, unit, Told(total=counts[0], open=counts[1]), as_of)
    return json_answer(request, found)
