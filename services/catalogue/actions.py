"""Changing the catalogue: loading its file, saying who handles a category in an area, and bringing a version of it into its tables."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.catalogue.definition import CatalogueDefinition, RowDefinition, content_of, read_definition
from services.catalogue.lint import lint
from services.catalogue.models import CatalogueRow, Category, CategoryRevision
from services.catalogue.parsing import CategoryDefinition, parse_categories
from services.catalogue.queries import present_definition
from services.journal.noting import note
from services.organization.loading import ORGANIZATION, file_wrong
from services.organization.models import Unit
from services.organization.queries import read_unit_tree
from services.platform.bulk import insert_many, one_of
from services.platform.database import Json
from services.platform.errors import Conflict, Invalid, NotFound, PreconditionFailed
from services.platform.ids import new_id
from services.platform.unit_of_work import Work
from services.policies.actions import Kind, activate, apply_due, draft, hold
from services.policies.findings import Finding

CATALOGUE = uuid5(ORGANIZATION, "catalogue")
"""The journal's subject for the catalogue as a whole."""

_UPSERT_ROWS = (
    "ON CONFLICT (category_code, area_unit_id) DO UPDATE SET handler_unit_id = excluded.handler_unit_id, note = excluded.note,"
    " version = catalogue_rows.version + 1, updated_at = excluded.updated_at"
)


@dataclass
class CategoriesReport:
    """What a load did: categories added, changed (a new version), left as they were, and left out (from now on inactive)."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left_out: int = 0


async def check_catalogue(session: AsyncSession, definition: Json) -> list[Finding]:
    """Return what must be put right in a definition before it may come into force: its words first, then :func:`lint`."""
    read, findings = read_definition(definition)
    return findings or lint(read, await read_unit_tree(session))


async def load_category_file(work: Work, text: str) -> CategoriesReport:
    """Load the categories of a file; raise ``file.wrong`` with every mistake, and load nothing then."""
    parsed = parse_categories(text)
    if parsed.errors:
        raise file_wrong(parsed.errors)
    return await load_categories(work, parsed.categories)


async def load_categories(work: Work, definitions: Sequence[CategoryDefinition]) -> CategoriesReport:
    """Bring the catalogue to what `definitions` say: a new version of it, checked and in force at once. The same again changes nothing.

    A category that differs becomes the next version of itself and is kept as a revision for good. One that is left out becomes inactive,
    and its area rows end. Raises 409 ``policy.blocked`` with every finding, and nothing is loaded then.
    """
    _require_parents(definitions)
    await hold(work, KIND.name)
    await apply_due(work, KIND)
    present = await present_definition(work.session)
    report = _compared(present.categories, definitions)
    if not (report.added or report.changed or report.left_out):
        return report
    codes = {definition.code for definition in definitions}
    kept = tuple(row for row in present.rows if row.category in codes)
    await _bring_in_force(work, CatalogueDefinition(tuple(definitions), kept))
    await note(work, "catalogue", CATALOGUE, "catalogue.loaded", asdict(report))
    return report


async def put_area_row(
    work: Work, category_code: str, area_code: str, handler_code: str, text: str | None, expected_version: int | None
) -> tuple[CatalogueRow, bool]:
    """Say which unit handles a category in an area, as a new version of the catalogue; return the row and whether it is new.

    What it says already changes nothing. Raises 404 ``category.unknown`` and ``unit.unknown``, 409 ``unit.has_ended``, 412 where
    `expected_version` is not the present one, and 409 ``policy.blocked`` where this row would never decide, or would keep an older one from
    ever deciding.
    """
    await hold(work, KIND.name)
    await apply_due(work, KIND)
    if await work.session.get(Category, category_code) is None:
        raise NotFound("category.unknown", "There is no category with this code.")
    area, handler = await _unit(work, area_code), await _unit(work, handler_code)
    where = (CatalogueRow.category_code == category_code, CatalogueRow.area_unit_id == area.id)
    row = await work.session.scalar(select(CatalogueRow).where(*where))
    _require_version(row, expected_version)
    if row is not None and (row.handler_unit_id, row.note) == (handler.id, text):
        return row, False
    present = await present_definition(work.session)
    others = [kept for kept in present.rows if (kept.category, kept.area) != (category_code, area.code)]
    wanted = replace(present, rows=(*others, RowDefinition(category_code, area.code, handler.code, text)))
    # what was wrong before this row is not this row's to put right
    await _bring_in_force(work, wanted, excused=await check_catalogue(work.session, present.as_json()))
    put = await work.session.scalar(select(CatalogueRow).where(*where).execution_options(populate_existing=True))
    assert put is not None
    said = {"category": category_code, "area": area.code, "handler": handler.code, "version": put.version}
    await note(work, "catalogue", _row_subject(category_code, area.id), "catalogue.row_put", said)
    return put, row is None


async def apply_catalogue(work: Work, definition: Json) -> None:
    """Bring the tables to what a definition says. Categories it leaves out become inactive; rows it leaves out end.

    A row whose unit is not there any more is left out: it was checked when it was activated, and units change meanwhile.
    """
    read, _findings = read_definition(definition)
    await _apply_categories(work, read.categories)
    await _apply_rows(work, read.rows)


KIND = Kind("catalogue", {"categories": [], "rows": []}, check_catalogue, apply_catalogue)
"""The catalogue as a kind of rules."""


async def _bring_in_force(work: Work, definition: CatalogueDefinition, excused: Collection[Finding] = ()) -> None:
    policy = await draft(work, KIND.name, definition.as_json())
    await activate(work, KIND, policy.version, excused=excused)


def _require_parents(definitions: Sequence[CategoryDefinition]) -> None:
    codes = {definition.code for definition in definitions}
    if any(definition.parent_code is not None and definition.parent_code not in codes for definition in definitions):
        raise Invalid("category.parent_unknown", "A category names a parent that the catalogue does not have.")


def _compared(present: Sequence[CategoryDefinition], wanted: Sequence[CategoryDefinition]) -> CategoriesReport:
    known = {found.code: content_of(found) for found in present}
    report = CategoriesReport(left_out=len(set(known) - {found.code for found in wanted}))
    for found in wanted:
        if found.code not in known:
            report.added += 1
        elif known[found.code] != content_of(found):
            report.changed += 1
        else:
            report.unchanged += 1
    return report


async def _apply_categories(work: Work, definitions: Sequence[CategoryDefinition]) -> None:
    known = {row.code: row for row in await work.session.scalars(select(Category).execution_options(populate_existing=True))}
    rows, revisions, again = list[dict[str, Any]](), list[dict[str, Any]](), list[str]()
    for definition in definitions:
        content, row = content_of(definition), known.get(definition.code)
        if row is not None and all(getattr(row, column) == value for column, value in content.items()):
            again += [] if row.active else [row.code]
            continue
        version = row.version + 1 if row else 1
        rows.append({"code": definition.code, "version": version, "active": True, "updated_at": work.now, **content})
        revisions.append({"code": definition.code, "version": version, "definition": content, "recorded_at": work.now})
    if rows:
        values = ", ".join(f"{column} = excluded.{column}" for column in rows[0] if column != "code")
        # in one statement, so that a child may stand before its parent
        await insert_many(work.session, Category, rows, condition=f"ON CONFLICT (code) DO UPDATE SET {values}")
        await insert_many(work.session, CategoryRevision, revisions)
    gone = [code for code, row in known.items() if row.active and code not in {definition.code for definition in definitions}]
    for codes, active in ((gone, False), (again, True)):
        if codes:
            await work.session.execute(update(Category).where(Category.code.in_(codes)).values(active=active, updated_at=work.now))


async def _apply_rows(work: Work, definitions: Sequence[RowDefinition]) -> None:
    tree = await read_unit_tree(work.session)
    wanted: dict[tuple[str, UUID], dict[str, Any]] = {}
    for row in definitions:
        area, handler = tree.by_code.get(row.area), tree.by_code.get(row.handler)
        if area is not None and handler is not None:
            said = {"category_code": row.category, "area_unit_id": area.id, "handler_unit_id": handler.id, "note": row.note}
            wanted[(row.category, area.id)] = said
    known = {
        (row.category_code, row.area_unit_id): row
        for row in await work.session.scalars(select(CatalogueRow).execution_options(populate_existing=True))
    }
    fresh = [
        {"id": new_id(), "version": 1, "updated_at": work.now, **said}
        for key, said in wanted.items()
        if key not in known or (known[key].handler_unit_id, known[key].note) != (said["handler_unit_id"], said["note"])
    ]
    if fresh:
        await insert_many(work.session, CatalogueRow, fresh, condition=_UPSERT_ROWS)
    gone = [row.id for key, row in known.items() if key not in wanted]
    if gone:
        await work.session.execute(delete(CatalogueRow).where(one_of(CatalogueRow.id, gone)))


def _require_version(row: CatalogueRow | None, expected: int | None) -> None:
    if row is None and expected is not None:
        raise PreconditionFailed("precondition.version", "There is no such row yet; send none or `*` as If-Match.")
    if row is not None and expected not in (None, row.version):
        raise PreconditionFailed(
            "precondition.version", "Somebody changed this since you read it; read it again.", extra={"version": row.version}
        )


def _row_subject(category_code: str, area_id: UUID) -> UUID:
    return uuid5(CATALOGUE, f"{category_code}/{area_id}")


async def _unit(work: Work, code: str) -> Unit:
    unit = await work.session.scalar(select(Unit).where(Unit.code == code))
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code.", extra={"unit": code})
    if unit.valid_to is not None:
        raise Conflict("unit.has_ended", "This unit has ended; look for the one that followed it.", extra={"unit": code})
    return unit
