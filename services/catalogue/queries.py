"""Reading the catalogue, kept in this process."""

from typing import Any

from sqlalchemy import Engine, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.catalogue.models import CatalogueRow, Category
from services.catalogue.policy import AreaRow, Catalogue, CategoryPolicy, Limit
from services.organization.models import Unit
from services.organization.snapshots import Snapshots

_STAMP = text(
    "SELECT (SELECT (count(*), sum(version), sum(active::int))::text FROM categories),"
    " (SELECT (count(*), sum(version))::text FROM catalogue_rows),"
    " (SELECT sum(version) FROM units WHERE id IN (SELECT area_unit_id FROM catalogue_rows))"
)


async def catalogue(session: AsyncSession) -> Catalogue:
    """Return the catalogue; at most two seconds behind the database."""
    return await _catalogues.get(session)


def catalogue_at_hand(engine: Engine) -> Catalogue | None:
    """Return the catalogue where it needs no look at the database now."""
    return _catalogues.at_hand(engine)


def forget_catalogue() -> None:
    """Have the catalogue read afresh at its next use; for callers that have just changed it."""
    _catalogues.forget()


def policy_of(row: Category) -> CategoryPolicy:
    """Return a category's row as a frozen value."""
    return CategoryPolicy(
        code=row.code,
        parent_code=row.parent_code,
        name=row.name,
        leaf=row.leaf,
        urgency=row.urgency,
        privacy=row.privacy,
        place_needed=row.place_needed,
        evidence=tuple(row.evidence),
        limits={stage: Limit(limit["amount"], limit["unit"]) for stage, limit in row.limits.items()},
        handler=row.handler,
        co_handler=row.co_handler,
        surfaces_directly=row.surfaces_directly,
        urgent_ring=row.urgent_ring,
        keywords=tuple(row.keywords),
        active=row.active,
        version=row.version,
        position=row.position,
    )


async def _stamp(session: AsyncSession) -> Any:
    return tuple((await session.execute(_STAMP)).one())


async def _load(session: AsyncSession) -> Catalogue:
    categories = [policy_of(row) for row in await session.scalars(select(Category))]
    query = select(CatalogueRow.category_code, Unit.path, CatalogueRow.handler_unit_id).join(Unit, Unit.id == CatalogueRow.area_unit_id)
    return Catalogue(categories, [AreaRow(*row) for row in await session.execute(query)])


_catalogues = Snapshots(_stamp, _load)
