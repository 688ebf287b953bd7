"""Freezing 年终质询: from then on nobody changes it. What becomes known or decided later is another edition that corrects it, and says so.

As with bulletins, what is kept are canonical bytes and their SHA-256, which the database computes again, in rows that no role may change.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from services.journal.noting import note
from services.matters.dossiers import AskedYear, areas_of, names_of_accounts, year_at, year_end
from services.matters.dossiers_commands import CorrectYearEnd, FreezeYearEnd
from services.matters.dossiers_models import YearEndDossier
from services.matters.dossiers_rules import changes_between
from services.matters.dossiers_views import (
    DossierChange,
    FrozenDocument,
    FrozenDossiers,
    FrozenDossierView,
    FrozenDossierWhole,
    YearEndDossierView,
)
from services.matters.queries import instant_of
from services.matters.showing import unit_view
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.organization.tree import UnitNode
from services.platform.canonical import canonical
from services.platform.errors import Conflict, Forbidden, Invalid, NotFound
from services.platform.ids import new_id
from services.platform.unit_of_work import Work

SUBJECT = "year_end_dossier"
AREAS = ("city", "county", "township")
_NOT_A_CHANGE = ("as_of",)


async def freeze(work: Work, command: FreezeYearEnd) -> UUID:
    """Freeze the first edition of a year and area; return it.

    Raises 404 ``unit.unknown``; 403 ``unit.outside_scope`` and ``question.own_matter``; 422 ``dossier.unit``; 409 ``year.not_over``,
    ``dossier.undecided`` with the matters nobody answered for, and ``dossier.frozen`` where there is one already.
    """
    unit = await _area(work, command.unit)
    dossier = await _ready(work, unit, command.year, command.unfinished)
    document = FrozenDocument(edition=1, corrects=None, reason=None, changes=[], unfinished=command.unfinished, dossier=dossier)
    frozen = await _keep(work, unit, document, None)
    if frozen is None:
        raise Conflict("dossier.frozen", "The dossier of this year is frozen already; correct it by another edition.")
    return frozen


async def correct(work: Work, dossier_id: UUID, command: CorrectYearEnd) -> UUID:
    """Freeze what is known now as the next edition, with everything that became different. The edition before stays as it is.

    Raises what :func:`freeze` raises, 404 ``dossier.unknown``, and 409 ``dossier.corrected`` and ``dossier.unchanged``.
    """
    before = await _found(work, dossier_id)
    unit = (await unit_tree(work.session)).by_id[before.unit_id]
    unit = await _area(work, unit.code)
    old = FrozenDocument.model_validate_json(before.document)
    dossier = await _ready(work, unit, before.year, command.unfinished)
    changes = changes_between(_content(old.dossier), _content(dossier))
    if not changes:
        raise Conflict("dossier.unchanged", "Nothing is different from what was frozen; there is nothing to correct.")
    document = FrozenDocument(
        edition=before.edition + 1, corrects=before.hash.hex(), reason=command.reason, unfinished=command.unfinished, dossier=dossier,
        changes=[DossierChange(where=one.where, old=one.old, new=one.new) for one in changes],
    )  # fmt: skip
    frozen = await _keep(work, unit, document, before.id)
    if frozen is None:
        raise Conflict("dossier.corrected", "This edition is corrected already; correct the newest one.")
    return frozen


async def list_frozen(
    work: Work, *, year: int | None, unit: str | None, as_of: datetime | None, only: UUID | None = None
) -> FrozenDossiers:
    """Return the frozen dossiers of the areas one oversees, the newest first. Raises 422 ``as_of.future``."""
    at, tree = instant_of(work, as_of), await unit_tree(work.session)
    later = aliased(YearEndDossier)
    query = select(YearEndDossier, later.id).join(Unit, Unit.id == YearEndDossier.unit_id)
    query = query.outerjoin(later, (later.corrects_id == YearEndDossier.id) & (later.frozen_at <= at))
    query = query.where(_overseen(work), YearEndDossier.frozen_at <= at, YearEndDossier.year == year if year else true())
    query = query.where(Unit.code == unit if unit else true(), YearEndDossier.id == only if only else true())
    rows = (await work.session.execute(query.order_by(YearEndDossier.frozen_at.desc(), YearEndDossier.id.desc()).limit(200))).all()
    names = await names_of_accounts(work, {row[0].frozen_by_account_id for row in rows})
    return FrozenDossiers(as_of=at, items=[FrozenDossierView.model_validate(_shown(tree, row[0], row[1], names)) for row in rows])


async def read_frozen(work: Work, dossier_id: UUID) -> FrozenDossierWhole:
    """Return a frozen dossier with its document. Raises 404 ``dossier.unknown``."""
    row = await _found(work, dossier_id)
    listed = await list_frozen(work, year=None, unit=None, as_of=None, only=row.id)
    document = FrozenDocument.model_validate_json(row.document)
    return FrozenDossierWhole(**listed.items[0].model_dump(), document=document)


async def _area(work: Work, code: str) -> UnitNode:
    unit = (await unit_tree(work.session)).by_code.get(code)
    if unit is None:
        raise NotFound("unit.unknown", "There is no unit with this code; see GET /v1/units.")
    if unit.kind not in AREAS:
        raise Invalid("dossier.unit", "Dossiers are frozen of a county or a township; name one of these.")
    if not any(unit.path.startswith(area) for area in areas_of(work.actor, "dossier.freeze")):
        raise Forbidden("unit.outside_scope", "Your posts do not reach this unit.")
    return unit


async def _ready(work: Work, unit: UnitNode, year: int, unfinished: str | None) -> YearEndDossierView:
    if not year_at(year, work.now).over:
        raise Conflict("year.not_over", "This year goes on; its dossier is frozen afterwards.")
    dossier = await year_end(work, AskedYear(year, unit.code))
    if any(person.member_id == work.actor.member_id for person in dossier.persons):
        raise Forbidden("question.own_matter", "You answer for a matter of this dossier; let somebody else freeze it.")
    if dossier.lists.undecided and unfinished is None:
        detail = "Nobody answered for these yet. Ask and decide, or say in `unfinished` why it is frozen all the same."
        raise Conflict("dossier.undecided", detail, extra={"matters": dossier.lists.undecided})
    return dossier


async def _keep(work: Work, unit: UnitNode, document: FrozenDocument, corrects_id: UUID | None) -> UUID | None:
    content = canonical(document.model_dump(mode="json"))
    row: dict[str, Any] = {
        "id": new_id(), "unit_id": unit.id, "year": document.dossier.year, "edition": document.edition, "corrects_id": corrects_id,
        "reason": document.reason, "document": content, "hash": hashlib.sha256(content).digest(), "frozen_at": work.now,
        "frozen_by_account_id": work.actor.account_id,
    }  # fmt: skip
    put = insert(YearEndDossier).values(row).on_conflict_do_nothing().returning(YearEndDossier.id)
    frozen = await work.session.scalar(put)
    if frozen is not None:
        told = {"unit": unit.code, "year": document.dossier.year, "edition": document.edition, "hash": row["hash"].hex()}
        await note(work, SUBJECT, frozen, "dossier.frozen", told)
    return frozen


async def _found(work: Work, dossier_id: UUID) -> YearEndDossier:
    query = select(YearEndDossier).join(Unit, Unit.id == YearEndDossier.unit_id).where(YearEndDossier.id == dossier_id, _overseen(work))
    row = await work.session.scalar(query)
    if row is None:
        raise NotFound("dossier.unknown", "There is no frozen dossier with this id, or none of your area.")
    return row


def _overseen(work: Work) -> ColumnElement[bool]:
    areas: Sequence[str] = areas_of(work.actor, "dossier.oversee")
    return or_(false(), *(Unit.path.startswith(area, autoescape=True) for area in areas))


def _content(dossier: YearEndDossierView) -> dict[str, Any]:
    return dossier.model_dump(mode="json", exclude=set(_NOT_A_CHANGE))


def _shown(tree: Any, row: YearEndDossier, corrected_by: UUID | None, names: dict[UUID, str]) -> dict[str, Any]:
    document = FrozenDocument.model_validate_json(row.document)
    return {
        "id": row.id, "unit": unit_view(tree, row.unit_id), "year": row.year, "edition": row.edition, "corrects_id": row.corrects_id,
        "corrected_by_id": corrected_by, "reason": row.reason, "hash": row.hash.hex(), "frozen_at": row.frozen_at,
        "frozen_by": names.get(row.frozen_by_account_id, "—"), "counts": document.dossier.counts,
    }  # fmt: skip
