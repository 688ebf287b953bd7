"""Reading the register: of one's area, and of the households one is paired with."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from services.households.models import Household
from services.households.views import HouseholdView, household_view
from services.identity.permissions import may, scope_of
from services.organization.models import Unit
from services.organization.queries import unit_tree
from services.platform.actor import Actor
from services.platform.errors import NotFound
from services.platform.papers import SealedPaper, read_paper
from services.platform.phones import normalised_phone
from services.platform.unit_of_work import Work

_COLUMNS = (
    Household.id, Household.unit_id, Household.people, Household.paper_id, Household.ended_on,
    Household.ended_because, Household.version, SealedPaper.row_key, SealedPaper.sealed,
)  # fmt: skip


def visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition, over households and their units, that `actor` may know of one by their area."""
    if not may(actor, "household.read"):
        return false()
    scope = scope_of(actor)
    if scope.everything:
        return true()
    return or_(false(), *(Unit.path.startswith(prefix, autoescape=True) for prefix in scope.prefixes))


async def list_households(work: Work, *, under: str | None, ended: bool, after: UUID | None, limit: int) -> list[HouseholdView]:
    """Return up to `limit` households after the id `after`, in order of their listing."""
    query = select(*_COLUMNS).join(Unit, Unit.id == Household.unit_id).join(SealedPaper, SealedPaper.id == Household.paper_id)
    query = query.where(visible(work.actor)).order_by(Household.id).limit(limit)
    if under is not None:
        query = query.where(Unit.path.startswith(under, autoescape=True))
    if not ended:
        query = query.where(Household.ended_on.is_(None))
    if after is not None:
        query = query.where(Household.id > after)
    return await _views(work, (await work.session.execute(query)).all())


async def read_household(work: Work, household_id: UUID) -> HouseholdView:
    """Return a household one may know of; raise 404 ``household.unknown``."""
    [view] = await _views(work, [await reachable(work, household_id)])
    return view


async def reachable(work: Work, household_id: UUID) -> Any:
    """Return the row of a household one may know of; raise 404 ``household.unknown``."""
    query = select(*_COLUMNS).join(Unit, Unit.id == Household.unit_id).join(SealedPaper, SealedPaper.id == Household.paper_id)
    row = (await work.session.execute(query.where(Household.id == household_id, visible(work.actor)))).one_or_none()
    if row is None:
        raise NotFound("household.unknown", "There is no household with this id, or none that you may know of.")
    return row


async def paper_of(work: Work, paper_id: UUID) -> dict[str, Any] | None:
    """Return what a household's paper says; None where it was erased."""
    columns = (SealedPaper.row_key, SealedPaper.sealed)
    row = (await work.session.execute(select(*columns).where(SealedPaper.id == paper_id))).one()
    found: dict[str, Any] | None = read_paper(paper_id, row.row_key, row.sealed)
    return found


async def _views(work: Work, rows: Sequence[Any]) -> list[HouseholdView]:
    tree = await unit_tree(work.session)
    return [household_view(row, read_paper(row.paper_id, row.row_key, row.sealed), tree) for row in rows]


async def telephone_of(session: AsyncSession, household_id: ColumnElement[UUID] | UUID) -> str | None:
    """Return the telephone a household has in the register, in its one spelling; None where none is known. Never for showing."""
    query = select(SealedPaper.id, SealedPaper.row_key, SealedPaper.sealed).join(Household, Household.paper_id == SealedPaper.id)
    row = (await session.execute(query.where(Household.id == household_id))).one_or_none()
    clear = read_paper(row.id, row.row_key, row.sealed) if row is not None else None
    return normalised_phone(clear["phone"]) if clear and clear.get("phone") else None
