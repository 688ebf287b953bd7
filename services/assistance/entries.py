"""The ledger behind what is recorded here: what of its entries stands now.

An entry may also be corrected or withdrawn at the ledger's own door. So sums here are always made from what stands there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import aliased

from services.activities.entering import take_back
from services.activities.models import Activity
from services.platform.bulk import one_of
from services.platform.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry as it stands: itself, or what corrected it."""

    id: UUID
    happened_on: date
    amount: int | None
    paper_id: UUID | None


async def withdraw_standing(work: Work, activity_ids: Iterable[UUID], reason: str) -> None:
    """Withdraw from the ledger whatever stands of these entries."""
    await take_back(work, [standing.id for standing in (await standing_of(work, activity_ids)).values()], reason)


async def standing_of(work: Work, activity_ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """Return what stands now of each of these entries; none of those that were withdrawn."""
    ids = list(activity_ids)
    if not ids:
        return {}
    chain = select(Activity.id.label("first"), Activity.id.label("newest")).where(one_of(Activity.id, ids)).cte("chain", recursive=True)
    later = aliased(Activity)
    chain = chain.union_all(select(chain.c.first, later.id).join(later, later.corrects_id == chain.c.newest))
    columns = (chain.c.first, Activity.id, Activity.happened_on, Activity.amount, Activity.paper_id)
    query = select(*columns).join(Activity, Activity.id == chain.c.newest).where(Activity.withdrawn_at.is_(None))
    return {row.first: Standing(row.id, row.happened_on, row.amount, row.paper_id) for row in await work.session.execute(query)}


def undone(entry_id: object) -> ColumnElement[bool]:
    """Return the condition that the entry of a row was withdrawn at the ledger's own door, and nothing stands for it."""
    entry, other = aliased(Activity), aliased(Activity)
    corrected = exists(select(other.id).where(other.corrects_id == entry.id))
    return exists(select(entry.id).where(and_(entry.id == entry_id, entry.withdrawn_at.is_not(None), ~corrected)))
