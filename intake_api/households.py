"""The register of households at the door: listed, changed, ended, and opened for a purpose that is written down."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel

from services.households import actions
from services.households.commands import ChangeHousehold, EndHousehold, ListHousehold, OpenContact
from services.households.queries import list_households, read_household
from services.households.views import HouseholdContact, HouseholdView
from services.organization.queries import unit_tree
from services.pairing.actions import household_ended
from services.platform.actor import Actor
from services.platform.errors import NotFound, Problem
from services.platform.text import Code
from services.platform.unit_of_work import Work, unit_of_work
from services.web.etags import etag, if_match
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/households", tags=["households"])

Reader = Annotated[Actor, Depends(requires("household.read"))]
Keeper = Annotated[Actor, Depends(requires("household.change"))]
HouseholdPath = Annotated[UUID, Path(description="The household's id.", examples=["019aa7c0-7a56-7c60-a0b4-5d1f6a2f9d10"])]


class HouseholdPage(Page[HouseholdView]):
    """A page of the register."""


@router.get("", summary="List the households of one's area")
async def browse(
    request: Request,
    response: Response,
    actor: Reader,
    unit: Annotated[Code | None, Query(description="Where, with all below.", examples=["441624108213"])] = None,
    ended: Annotated[bool, Query(description="Households that have ended too.")] = False,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> HouseholdPage:
    """List the register of one's area, masked."""
    after = page_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        under = await path_of(work, unit)
        found = await list_households(work, under=under, ended=ended, after=after, limit=limit + 1)
    following = write_cursor(str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, following)
    return HouseholdPage(items=found[:limit], next=following)


@router.post("", status_code=201, response_model=HouseholdView, summary="List a household in the register")
async def add(body: ListHousehold, actor: Keeper, key: IdempotencyKeyHeader) -> Response:
    """List a household of a village of one's area. What names it is sealed at once."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            return 201, await read_household(work, await actions.list_household(work, body))

        return await once(work, actor, "POST /v1/households", key, fingerprint_of(body), do, recall=_recall(work))


@router.get("/{household_id}", summary="One household")
async def one(household_id: HouseholdPath, actor: Reader, response: Response) -> HouseholdView:
    """Return a household one may know of, masked; its ``ETag`` is what a change needs as ``If-Match``."""
    async with unit_of_work(actor) as work:
        view = await read_household(work, household_id)
    response.headers["ETag"] = etag(view.version)
    return view


@router.put("/{household_id}", summary="Write down what is known of a household now")
async def change(
    household_id: HouseholdPath,
    body: ChangeHousehold,
    actor: Keeper,
    version: Annotated[int | None, Depends(if_match())],
    response: Response,
) -> HouseholdView:
    """Replace what is known of a household; it keeps its village and its number."""
    async with unit_of_work(actor) as work:
        await actions.change_household(work, household_id, body, version)
        view = await read_household(work, household_id)
    response.headers["ETag"] = etag(view.version)
    return view


@router.post("/{household_id}/end", response_model=HouseholdView, summary="End a household")
async def end(household_id: HouseholdPath, body: EndHousehold, actor: Keeper, key: IdempotencyKeyHeader) -> Response:
    """Say that a household is no more in its village; its pairing ends with it."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, BaseModel]:
            await household_ended(work, household_id, body)
            return 200, await read_household(work, household_id)

        path = f"POST /v1/households/{household_id}/end"
        return await once(work, actor, path, key, fingerprint_of(body), do, recall=_recall(work))


@router.post("/{household_id}/contact", summary="Read who lives there")
async def contact(household_id: HouseholdPath, body: OpenContact, actor: Reader) -> HouseholdContact:
    """Return who lives there, in clear; who read it, when and why is kept."""
    async with unit_of_work(actor) as work:
        return await actions.open_contact(work, household_id, body)


async def path_of(work: Work, code: str | None) -> str | None:
    """Return where a unit lies; None of none. Raises 404 ``unit.unknown``."""
    if code is None:
        return None
    unit = (await unit_tree(work.session)).by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    return unit.path


def page_id(cursor: str) -> UUID:
    """Return the id a page ended with; raise a problem for any other text."""
    try:
        return UUID(str(read_cursor(cursor, (str,))[0]))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None


def _recall(work: Work) -> Any:
    async def recall(household_id: UUID) -> BaseModel:
        return await read_household(work, household_id)

    return recall
