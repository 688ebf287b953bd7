"""Who answers for what an account did: a person, whatever account or key it was done with.

What the database compares too (``person_behind``): of a key the person whose rights it borrows; where it has a seat of its own, whoever
made it and saw its secret; of everybody else they themselves.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.keys_models import ApiKey
from services.platform.bulk import one_of


async def lenders_of(session: AsyncSession, account_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """Return who answers for those of these accounts that are keys', by the key's account; no query where there are none."""
    if not account_ids:
        return {}
    person = func.coalesce(ApiKey.owner_account_id, ApiKey.made_by_account_id, ApiKey.account_id)
    rows = await session.execute(select(ApiKey.account_id, person).where(one_of(ApiKey.account_id, account_ids)))
    return {row[0]: row[1] for row in rows}


async def is_same_person(session: AsyncSession, account_id: UUID | None, *others: UUID | None) -> bool:
    """Tell whether one of `others` did what it did for the person behind `account_id`; the system (None) is nobody."""
    if account_id is None:
        return False
    known = {other for other in others if other is not None}
    lenders = await lenders_of(session, {account_id, *known})
    return lenders.get(account_id, account_id) in {lenders.get(other, other) for other in known}
