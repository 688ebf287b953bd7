"""Reading the catalogue, kept in this process."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.catalogue.definition import DEFINED_COLUMNS, CatalogueDefinition, RowDefinition, policy_from, read_category
from services.catalogue.models import CatalogueRow, Category, CategoryRevision
from services.catalogue.policy import AreaRow, Catalogue, CategoryPolicy
from services.organization.models import Unit
from services.organization.snapshots import Snapshots
from services.platform.database import Json

_STAMP = text(
    "SELECT (SELECT (count(*), sum(version), sum(active::int))::text FROM categories),"
    " (SELECT (count(*), sum(version))::text FROM catalogue_rows),"
    " (SELECT (count(applied_at), max(version))::text FROM policies WHERE kind = 'catalogue'),"
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
    content = {column.name: getattr(row, column.name) for column in row.__table__.columns}
    return policy_from(row.code, row.version, content, active=row.active)


async def present_definition(session: AsyncSession) -> CatalogueDefinition:
    """Return the catalogue as its tables say it now, as this transaction sees them: with the codes that units have today."""
    area, handler = aliased(Unit), aliased(Unit)
    rows = await session.execute(
        select(CatalogueRow.category_code, area.code, handler.code, CatalogueRow.note)
        .join(area, area.id == CatalogueRow.area_unit_id)
        .join(handler, handler.id == CatalogueRow.handler_unit_id)
        .order_by(CatalogueRow.category_code, area.code)
    )
    active = select(Category).where(Category.active).order_by(Category.position, Category.code)
    categories = await session.scalars(active.execution_options(populate_existing=True))
    return CatalogueDefinition(
        tuple(read_category({name: getattr(row, name) for name in DEFINED_COLUMNS}) for row in categories),
        tuple(RowDefinition(*row) for row in rows),
    )


async def _stamp(session: AsyncSession) -> Any:
    return tuple((await session.execute(_STAMP)).one())


async def _load(session: AsyncSession) -> Catalogue:
    categories = [policy_of(row) for row in await session.scalars(select(Category))]
    query = select(CatalogueRow.category_code, Unit.path, CatalogueRow.handler_unit_id).join(Unit, Unit.id == CatalogueRow.area_unit_id)
    revisions = select(CategoryRevision.code, CategoryRevision.version, CategoryRevision.definition)
    kept = {(row.code, row.version): row.definition for row in await session.execute(revisions)}
    return Catalogue(categories, [AreaRow(*row) for row in await session.execute(query)], _Past(kept))


class _Past:
    """The versions of before; each is made into a value when somebody asks for it."""

    def __init__(self, kept: Mapping[tuple[str, int], Json]) -> None:
        self._kept = kept
        self._made: dict[tuple[str, int], CategoryPolicy] = {}

    def __call__(self, code: str, version: int) -> CategoryPolicy | None:
        found = self._made.get((code, version))
        if found is None and (code, version) in self._kept:
            found = self._made[(code, version)] = policy_from(code, version, self._kept[(code, version)])
        return found


_catalogues = Snapshots(_stamp, _load)
