"""The catalogue 派单目录: what a complaint can be about, and who handles it where."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import aliased

from services.catalogue.actions import put_area_row
from services.catalogue.commands import PutAreaRow
from services.catalogue.models import CatalogueRow
from services.catalogue.queries import catalogue, forget_catalogue
from services.catalogue.suggestion import suggest
from services.catalogue.views import (
    AreaRowView,
    Categories,
    CategoryDetail,
    Suggestion,
    Suggestions,
    area_row_view,
    category_detail,
    category_view,
)
from services.organization.models import Unit
from services.platform.actor import Actor
from services.platform.database import database
from services.platform.errors import NotFound
from services.platform.text import Code, Words
from services.platform.unit_of_work import unit_of_work
from services.web.etags import etag, if_match
from services.web.routes import door_router
from services.web.signed_in import SignedIn, requires

router = door_router("/v1/categories", tags=["categories"])

Administrator = Annotated[Actor, Depends(requires("category.change"))]
CategoryCode = Annotated[Code, Path(description="The category's code.", examples=["water.supply"])]
_MOST_SUGGESTIONS = 5


@router.get("", summary="The catalogue (public)")
async def browse() -> Categories:
    """Return all categories in the catalogue's own order."""
    async with database().transaction() as session:
        found = await catalogue(session)
    return Categories(items=[category_view(category) for category in found.all()])


@router.get("/suggest", summary="Categories that fit some words")
async def suggestions(_actor: SignedIn, text: Annotated[Words, Query(description="What the person said.")]) -> Suggestions:
    """Suggest up to five categories for somebody's words, best first; whoever files decides."""
    async with database().transaction() as session:
        found = await catalogue(session)
    names = {category.code: category.name for category in found.leaves()}
    best = suggest(text, found.leaves())[:_MOST_SUGGESTIONS]
    return Suggestions(items=[Suggestion(code=code, name=names[code], score=score) for code, score in best])


@router.get("/{code}", summary="One category (public)")
async def one(code: CategoryCode) -> CategoryDetail:
    """Return a category with the areas in which another unit handles it."""
    area, handler = aliased(Unit), aliased(Unit)
    query = (
        select(CatalogueRow, area.code, handler.code)
        .join(area, area.id == CatalogueRow.area_unit_id)
        .join(handler, handler.id == CatalogueRow.handler_unit_id)
        .where(CatalogueRow.category_code == code)
        .order_by(area.path)
    )
    async with database().transaction() as session:
        category = (await catalogue(session)).category(code)
        if category is None:
            raise NotFound("category.unknown", "There is no category with this code.")
        rows = [area_row_view(*row) for row in await session.execute(query)]
    return category_detail(category, rows)


@router.put("/{code}/areas/{unit_code}", summary="Say who handles a category in an area", responses={201: {"model": AreaRowView}})
async def put_area(
    actor: Administrator,
    code: CategoryCode,
    unit_code: Annotated[Code, Path(description="The area.", examples=["441624108"])],
    command: PutAreaRow,
    version: Annotated[int | None, Depends(if_match(required=False))],
    response: Response,
) -> AreaRowView:
    """Put a row of the catalogue; the deepest area that covers a place decides. For administrators."""
    async with unit_of_work(actor) as work:
        row, fresh = await put_area_row(work, code, unit_code, command.handler_code, command.note, version)
    forget_catalogue()
    response.status_code = 201 if fresh else 200
    response.headers["ETag"] = etag(row.version)
    return area_row_view(row, unit_code, command.handler_code)
