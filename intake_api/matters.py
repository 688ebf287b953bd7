"""挂号 at the door: candidates decided, focus issues made, and everything that is done to a matter; assets and problem villages."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Depends, Path, Request, Response
from pydantic import BaseModel

from services.matters import assets, objecting, registering, striking, villages
from services.matters.acting import act
from services.matters.assets import AssetView
from services.matters.commands import (
    CANDIDATE_EXAMPLE,
    MATTER_EXAMPLE,
    AddAsset,
    AddSegment,
    Determine,
    FlagVillage,
    SetAside,
    UnflagVillage,
)
from services.matters.deeds import AnyDeed
from services.matters.objecting import Objections
from services.matters.queries import MatterCandidateView, read_candidate, read_matter
from services.matters.striking_deeds import StrikeOff
from services.matters.views import MatterView
from services.matters.villages import FlagView
from services.platform.actor import Actor
from services.platform.errors import Problem
from services.platform.unit_of_work import Work, unit_of_work
from services.web.etags import etag, if_match
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1", tags=["matters"])

Reader = Annotated[Actor, Depends(requires("matter.read"))]
Decider = Annotated[Actor, Depends(requires("matter.determine"))]
Doer = Annotated[Actor, Depends(requires("matter.change"))]
Keeper = Annotated[Actor, Depends(requires("asset.change"))]
Flagger = Annotated[Actor, Depends(requires("village.flag"))]
MatterPath = Annotated[UUID, Path(description="The matter's id.", examples=[MATTER_EXAMPLE])]
CandidatePath = Annotated[UUID, Path(description="The candidate's id.", examples=[CANDIDATE_EXAMPLE])]
AssetPath = Annotated[UUID, Path(description="The asset's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e04"])]
FlagPath = Annotated[UUID, Path(description="The entry's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9e05"])]


_INCOMPLETE: dict[int | str, dict[str, Any]] = {
    409: {"description": "`matter.incomplete`: `missing` lists code, sentence, what to do, and what it is about."}
}


class AssetPage(Page[AssetView]):
    """A page of assets, by code."""


@router.post("/matters", status_code=201, response_model=MatterView, summary="Make a focus issue")
async def determine(body: Determine, actor: Decider, key: IdempotencyKeyHeader) -> Response:
    """Make a candidate, or a trouble without one, a focus issue (焦点问题). What speaks for it is counted now, and frozen."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            return 201, await read_matter(work, await registering.determine(work, body))

        return await once(work, actor, "POST /v1/matters", key, fingerprint_of(body), do, _headers, _recall(work))


@router.get("/matters/{matter_id}", summary="One matter")
async def one(matter_id: MatterPath, actor: Reader, response: Response) -> MatterView:
    """Return a matter one may know of, with what one may do to it now; its ``ETag`` is what an action needs as ``If-Match``."""
    async with unit_of_work(actor) as work:
        view = await read_matter(work, matter_id)
    response.headers["ETag"] = etag(view.version)
    return view


@router.post("/matters/{matter_id}/actions", response_model=MatterView, summary="Do something to a matter")
async def take_action(
    matter_id: MatterPath,
    actor: Doer,
    command: Annotated[AnyDeed, Body()],
    key: IdempotencyKeyHeader,
    version: Annotated[int | None, Depends(if_match(required=False))],
) -> Response:
    """Take an action, from 挂号 to milestones, follow-ups, money and labour. `allowed_actions` of the matter says which one may take.

    With `If-Match` only on the version it was decided on; without, on the matter as it is.
    """
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await act(work, matter_id, command, version)
            return 200, await read_matter(work, matter_id)

        path = f"POST /v1/matters/{matter_id}/actions"
        return await once(work, actor, path, key, fingerprint_of(command), do, _headers, _recall(work))


@router.post("/matters/{matter_id}/strike-off", response_model=MatterView, responses=_INCOMPLETE, summary="Strike a matter off")
async def strike(
    matter_id: MatterPath,
    actor: Doer,
    body: StrikeOff,
    key: IdempotencyKeyHeader,
    version: Annotated[int | None, Depends(if_match(required=False))],
) -> Response:
    """Strike a matter off (销号) where nothing is missing, and issue its certificate; else 409 `matter.incomplete` with `missing`."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await striking.strike_off(work, matter_id, body, version)
            return 200, await read_matter(work, matter_id)

        path = f"POST /v1/matters/{matter_id}/strike-off"
        return await once(work, actor, path, key, fingerprint_of(body), do, _headers, _recall(work))


@router.get("/matters/{matter_id}/objections", summary="The objections to a matter in their words")
async def objections(matter_id: MatterPath, actor: Doer) -> Objections:
    """Return what was objected to (异议), for whoever may decide on it."""
    async with unit_of_work(actor) as work:
        return await objecting.read_objections(work, matter_id)


@router.get("/matter-candidates/{candidate_id}", summary="One candidate")
async def candidate(candidate_id: CandidatePath, actor: Decider) -> MatterCandidateView:
    """Return a candidate of one's area as it stands."""
    async with unit_of_work(actor) as work:
        return await read_candidate(work, candidate_id)


@router.post("/matter-candidates/{candidate_id}/set-aside", response_model=MatterCandidateView, summary="Set a candidate aside")
async def set_aside(candidate_id: CandidatePath, body: SetAside, actor: Decider, key: IdempotencyKeyHeader) -> Response:
    """Leave a candidate for now, with a reason. Its tickets go on as ever."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await registering.set_aside(work, candidate_id, body)
            return 200, await read_candidate(work, candidate_id)

        path = f"POST /v1/matter-candidates/{candidate_id}/set-aside"
        return await once(work, actor, path, key, fingerprint_of(body), do)


@router.get("/assets", summary="List assets")
async def browse_assets(
    request: Request,
    response: Response,
    actor: Reader,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> AssetPage:
    """List canals, roads and other long things with the part that lies in each village."""
    after = _code(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        found = await assets.list_assets(work, after=after, limit=limit + 1)
    following = write_cursor(found[limit - 1].code) if len(found) > limit else None
    link_next(request, response, following)
    return AssetPage(items=found[:limit], next=following)


@router.post("/assets", status_code=201, response_model=AssetView, summary="Enter an asset")
async def add_asset(body: AddAsset, actor: Keeper, key: IdempotencyKeyHeader) -> Response:
    """Enter a canal, a road or another long thing. What villagers call it is how the clustering knows it in their words."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            return 201, await assets.read_asset(work, await assets.add_asset(work, body))

        return await once(work, actor, "POST /v1/assets", key, fingerprint_of(body), do)


@router.post("/assets/{asset_id}/segments", status_code=201, response_model=AssetView, summary="Enter a segment")
async def add_segment(asset_id: AssetPath, body: AddSegment, actor: Keeper, key: IdempotencyKeyHeader) -> Response:
    """Say which part of an asset lies in a village. Segments do not overlap."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await assets.add_segment(work, asset_id, body)
            return 201, await assets.read_asset(work, asset_id)

        return await once(work, actor, f"POST /v1/assets/{asset_id}/segments", key, fingerprint_of(body), do)


@router.post("/problem-villages", status_code=201, response_model=FlagView, summary="Put a village on the list of problem villages")
async def flag(body: FlagVillage, actor: Flagger, key: IdempotencyKeyHeader) -> Response:
    """Put a village on the list of a level (问题村), with a reason."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            return 201, await villages.read_flag(work, await villages.flag(work, body))

        return await once(work, actor, "POST /v1/problem-villages", key, fingerprint_of(body), do)


@router.post("/problem-villages/{flag_id}/end", response_model=FlagView, summary="Take a village off the list")
async def unflag(flag_id: FlagPath, body: UnflagVillage, actor: Flagger, key: IdempotencyKeyHeader) -> Response:
    """Take a village off the list, with a reason; that it was on it stays to be seen."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await villages.unflag(work, flag_id, body)
            return 200, await villages.read_flag(work, flag_id)

        return await once(work, actor, f"POST /v1/problem-villages/{flag_id}/end", key, fingerprint_of(body), do)


def _headers(view: BaseModel) -> dict[str, str]:
    assert isinstance(view, MatterView)
    return {"ETag": etag(view.version)}


def _recall(work: Work) -> Any:
    async def recall(matter_id: UUID) -> BaseModel:
        return await read_matter(work, matter_id)

    return recall


def _code(cursor: str) -> str:
    code = str(read_cursor(cursor, (str,))[0])
    if "\x00" in code:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.")
    return code
