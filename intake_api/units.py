"""Units: the tree, who is responsible where, blank units, and changes by administrators."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response
from sqlalchemy import select
from starlette.responses import JSONResponse

from services.identity.permissions import scope_of
from services.organization.actions import add_unit, change_unit, unit_of
from services.organization.commands import AddUnit, ChangeUnit, Kind
from services.organization.duty_phones import published_number
from services.organization.listing import UnitFilter, blank_units, list_units
from services.organization.models import Unit
from services.organization.queries import forget_unit_tree, unit_tree
from services.organization.tree import UnitNode, UnitTree
from services.organization.views import BlankUnits, Responsible, UnitView, blank_unit, responsible, unit_view
from services.platform.actor import SYSTEM, Actor
from services.platform.database import database
from services.platform.errors import NotFound
from services.platform.text import Code
from services.platform.unit_of_work import unit_of_work
from services.web.etags import etag, if_match
from services.web.idempotency import IdempotencyKeyHeader, fingerprint_of, once
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import requires

router = door_router("/v1/units", tags=["units"])

Reader = Annotated[Actor, Depends(requires("unit.read"))]
Reporter = Annotated[Actor, Depends(requires("unit.report"))]
Administrator = Annotated[Actor, Depends(requires("unit.change"))]
UnitCode = Annotated[Code, Path(description="The unit's code.", examples=["441624108213"])]


def known(tree: UnitTree, code: str) -> UnitNode:
    """Return the unit of a code; raise NotFound ``unit.unknown``."""
    unit = tree.by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code.")
    return unit


@router.get("", summary="Browse the units")
async def browse(  # noqa: PLR0913, PLR0917  each is one way to narrow the list
    actor: Reader,
    request: Request,
    response: Response,
    under: Annotated[Code | None, Query(description="Only what lies below this unit, at any depth.")] = None,
    kind: Annotated[Kind | None, Query()] = None,
    blank: Annotated[bool | None, Query(description="Only blank units, or only staffed ones.")] = None,
    ended: Annotated[bool, Query(description="Ended units too.")] = False,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> Page[UnitView]:
    """List units by their place in the tree."""
    after = str(read_cursor(cursor, (str,))[0]) if cursor else None
    async with unit_of_work(actor) as work:
        tree = await unit_tree(work.session)
        wanted = UnitFilter(known(tree, under).path if under else None, kind, blank, ended)
        units = await list_units(work.session, wanted, tree.day, after, limit + 1)
    following = write_cursor(units[limit - 1].path) if len(units) > limit else None
    link_next(request, response, following)
    return Page[UnitView](items=[unit_view(unit, tree) for unit in units[:limit]], next=following)


@router.get("/blank", summary="Units without anybody in them")
async def blank(actor: Reporter, request: Request, response: Response, limit: PageLimit = 50, cursor: PageCursor = None) -> BlankUnits:
    """List the blank units of the area one's posts cover, each with the unit its work falls back to, and count them by kind."""
    after = str(read_cursor(cursor, (str,))[0]) if cursor else ""
    scope = scope_of(actor)
    async with database().transaction() as session:
        tree = await unit_tree(session)
    counts, units = blank_units(tree, None if scope.everything else scope.prefixes)
    units = [unit for unit in units if unit.path > after]
    following = write_cursor(units[limit - 1].path) if len(units) > limit else None
    link_next(request, response, following)
    return BlankUnits(counts=counts, items=[blank_unit(unit, tree) for unit in units[:limit]], next=following)


@router.get("/{code}", summary="One unit")
async def one(actor: Reader, code: UnitCode, response: Response) -> UnitView:
    """Return a unit; its ``ETag`` is what a change needs as ``If-Match``."""
    async with unit_of_work(actor) as work:
        unit = await unit_of(work, code)
        tree = await unit_tree(work.session)
    response.headers["ETag"] = etag(unit.version)
    return unit_view(unit, tree)


@router.get("/{code}/responsible", summary="Who is responsible here? (public)")
async def who_is_responsible(code: UnitCode) -> Responsible:
    """Tell anybody which seats answer for a unit, the nearest first, with the offices' published numbers; no person is named."""
    async with unit_of_work(SYSTEM) as work:
        tree = await unit_tree(work.session)
        unit = known(tree, code)
        ids = [unit.id, *(above.id for above in tree.ancestors(unit))]
        query = select(Unit.id, Unit.duty_phone, Unit.duty_phone_reason).where(Unit.id.in_(ids), Unit.duty_phone.is_not(None))
        told = {row.id: published_number(row.duty_phone, row.duty_phone_reason) for row in await work.session.execute(query)}
        phones = {unit_id: number for unit_id, number in told.items() if number is not None}
    return responsible(unit, tree, phones)


@router.post("", status_code=201, response_model=UnitView, summary="Add a unit")
async def add(actor: Administrator, command: AddUnit, key: IdempotencyKeyHeader) -> JSONResponse:
    """Add a unit below another; for administrators."""
    async with unit_of_work(actor) as work:

        async def do() -> tuple[int, UnitView]:
            unit = await add_unit(work, command)
            forget_unit_tree()
            return 201, unit_view(unit, await unit_tree(work.session))

        answer = await once(work, actor, "POST /v1/units", key, fingerprint_of(command), do, _headers)
    forget_unit_tree()
    return answer


def _headers(view: object) -> dict[str, str]:
    assert isinstance(view, UnitView)
    return {"Location": f"/v1/units/{view.code}", "ETag": etag(view.version)}


@router.patch("/{code}", summary="Change a unit")
async def change(
    actor: Administrator, code: UnitCode, command: ChangeUnit, version: Annotated[int | None, Depends(if_match())], response: Response
) -> UnitView:
    """Change a unit; with another parent, everything below moves along. For administrators."""
    async with unit_of_work(actor) as work:
        unit = await change_unit(work, code, command, version)
        forget_unit_tree()
        tree = await unit_tree(work.session)
    forget_unit_tree()
    response.headers["ETag"] = etag(unit.version)
    return unit_view(unit, tree)
