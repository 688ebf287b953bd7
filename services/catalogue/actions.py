"""Changing the catalogue: loading its file, and saying who handles a category in an area."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select

from services.catalogue.models import CatalogueRow, Category, CategoryRevision
from services.catalogue.parsing import CategoryDefinition, parse_categories
from services.journal.noting import note
from services.organization.loading import ORGANIZATION, file_wrong
from services.organization.models import Unit
from services.platform.errors import Conflict, Invalid, NotFound, PreconditionFailed
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

CATALOGUE = uuid5(ORGANIZATION, "catalogue")
"""The journal's subject for the catalogue as a whole."""


@dataclass
class CategoriesReport:
    """What a load did: categories added, changed (a new version), and left as they were."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


async def load_category_file(work: Work, text: str) -> CategoriesReport:
    """Load the categories of a file; raise ``file.wrong`` with every mistake, and load nothing then."""
    parsed = parse_categories(text)
    if parsed.errors:
        raise file_wrong(parsed.errors)
    return await load_categories(work, parsed.categories)


async def load_categories(work: Work, definitions: Sequence[CategoryDefinition]) -> CategoriesReport:
    """Bring the catalogue to what `definitions` say (parents before children).

    A definition that differs becomes the next version and is kept as a revision for good; one that does not changes nothing. Categories
    that are not mentioned stay.
    """
    await work.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(CATALOGUE.bytes[8:], "big", signed=True))))
    known = {row.code: row for row in await work.session.scalars(select(Category))}
    report = CategoriesReport()
    for definition in _parents_first(definitions):
        content = _content(definition)
        row = known.get(definition.code)
        if row is None:
            row = Category(code=definition.code, version=1, active=True, updated_at=work.now, **content)
            work.session.add(row)
            await work.session.flush()  # its children refer to it
            report.added += 1
        elif any(getattr(row, column) != value for column, value in content.items()):
            for column, value in content.items():
                setattr(row, column, value)
            row.version += 1
            row.updated_at = work.now
            report.changed += 1
        else:
            report.unchanged += 1
            continue
        work.session.add(CategoryRevision(code=row.code, version=row.version, definition=content, recorded_at=work.now))
    await work.session.flush()
    if report.added or report.changed:
        await note(work, "catalogue", CATALOGUE, "catalogue.loaded", asdict(report))
    return report


def _parents_first(definitions: Sequence[CategoryDefinition]) -> list[CategoryDefinition]:
    """Return the definitions so that none stands before its parent; otherwise in their own order."""
    waiting, placed = list(definitions), list[CategoryDefinition]()
    codes = {definition.code for definition in definitions}
    while waiting:
        done = {definition.code for definition in placed}
        ready = [found for found in waiting if found.parent_code is None or found.parent_code in done or found.parent_code not in codes]
        if not ready:
            raise Invalid("category.parent_unknown", "The categories refer to each other in a circle.")
        placed += ready
        waiting = [found for found in waiting if found not in ready]
    return placed


def _content(definition: CategoryDefinition) -> dict[str, Any]:
    """Return what a definition says, in the columns of the row."""
    content = asdict(definition)
    del content["code"]
    content["limits"] = {limit.stage: {"amount": limit.amount, "unit": limit.unit} for limit in definition.limits}
    content["evidence"] = list(definition.evidence)
    content["keywords"] = list(definition.keywords)
    return content


async def put_area_row(
    work: Work, category_code: str, area_code: str, handler_code: str, text: str | None, expected_version: int | None
) -> tuple[CatalogueRow, bool]:
    """Say which unit handles a category in an area; return the row and whether it is new.

    Raises 404 ``category.unknown`` and ``unit.unknown``, 409 ``unit.has_ended``, 412 where `expected_version` is not the present one.
    """
    if await work.session.get(Category, category_code) is None:
        raise NotFound("category.unknown", "There is no category with this code.")
    area, handler = await _unit(work, area_code), await _unit(work, handler_code)
    where = (CatalogueRow.category_code == category_code, CatalogueRow.area_unit_id == area.id)
    row = await work.session.scalar(select(CatalogueRow).where(*where).with_for_update())
    if row is None and expected_version is not None:
        raise PreconditionFailed("precondition.version", "There is no such row yet; send none or `*` as If-Match.")
    if row is not None and expected_version not in (None, row.version):
        raise PreconditionFailed(
            "precondition.version", "Somebody changed this since you read it; read it again.", extra={"version": row.version}
        )
    fresh = row is None
    if row is None:
        row = CatalogueRow(id=new_id(), category_code=category_code, area_unit_id=area.id, version=0)
        work.session.add(row)
    row.handler_unit_id, row.note = handler.id, text
    row.version += 1
    row.updated_at = work.now
    await work.session.flush()
    said = {"category": category_code, "area": area.code, "handler": handler.code, "version": row.version}
    await note(work, "catalogue", _row_subject(category_code, area.id), "catalogue.row_put", said)
    return row, fresh


def _row_subject(category_code: str, area_id: UUID) -> UUID:
    return uuid5(CATALOGUE, f"{category_code}/{area_id}")


async def _unit(work: Work, code: str) -> Unit:
    unit = await work.session.scalar(select(Unit).where(Unit.code == code))
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code.", extra={"unit": code})
    if unit.valid_to is not None:
        raise Conflict("unit.has_ended", "This unit has ended; look for the one that followed it.", extra={"unit": code})
    return unit
