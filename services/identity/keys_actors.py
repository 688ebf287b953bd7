"""From a key to the actor it stands for: the seats of its owner as they are today, narrowed to what the key was lent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.identity.keys import lent_now
from services.identity.keys_models import ApiKey
from services.identity.permissions import narrowed
from services.organization.models import Unit
from services.platform.actor import Actor, Lent, Seat
from services.platform.clock import local_day

Load = Callable[[AsyncSession, UUID], Awaitable[tuple[Actor | None, int]]]


@dataclass(frozen=True, slots=True, repr=False)
class KnownKey:
    """A key and its actor as the database has them: no `repr`, so that nothing of it slips into a log.

    `actor` is None where the key was revoked, is over, or has nobody left to borrow from.
    """

    id: UUID
    digest: bytes
    signing_secret: bytes | None
    addresses: tuple[str, ...]
    expires_at: datetime
    revoked_at: datetime | None
    last_used_on: date | None
    actor: Actor | None


async def load_key(session: AsyncSession, key_id: UUID, load: Load) -> KnownKey | None:
    """Return a key with its actor, loaded by `load` from its account; None where there is no such key."""
    row = await session.get(ApiKey, key_id)
    if row is None:
        return None
    actor, _epoch = await load(session, row.account_id)
    return KnownKey(row.id, row.digest, row.signing_secret, tuple(row.addresses), row.expires_at, row.revoked_at, row.last_used_on, actor)


async def key_actor(session: AsyncSession, account: Row[Any], load: Load) -> Actor | None:
    """Return the actor of a key's account (id, member_id and name of `account`); None where the key does not hold any more.

    `load` gives the owner's actor. No key is lent from a key.
    """
    found = (await session.execute(_query(account.key_id))).one()
    key: ApiKey = found.ApiKey
    if key.revoked_at is not None or found.now >= key.expires_at or (key.area_unit_id is not None and found.area is None):
        return None
    seats = await _seats(session, key, found, load)
    if not seats:
        return None
    left = [narrowed(seat, found.area) for seat in seats] if found.area is not None else list(seats)
    lent = Lent(key.id, lent_now(key.actions, area=found.area is not None))
    return Actor("member", key.account_id, account.member_id, account.member_name, tuple(seat for seat in left if seat is not None), lent)


async def _seats(session: AsyncSession, key: ApiKey, found: Row[Any], load: Load) -> tuple[Seat, ...]:
    if key.owner_account_id is None:
        unit: Unit = found.Unit
        if unit.valid_to is not None and unit.valid_to <= local_day(found.now):
            return ()
        assert key.role is not None
        return (Seat(key.role, unit.id, unit.code, unit.path, unit.tier, unit.kind, unit.function),)
    owner, _epoch = await load(session, key.owner_account_id)
    if owner is None or owner.lent is not None:
        return ()
    own = (seat for seat in owner.seats if seat.acting is None)  # what is only acted for is not lent on
    return tuple(seat for seat in own if key.unit_id is None or (seat.unit_id, seat.role) == (key.unit_id, key.role))


def _query(key_id: UUID) -> Any:
    area = aliased(Unit)
    return (
        select(ApiKey, Unit, area.path.label("area"), func.now().label("now"))
        .outerjoin(Unit, Unit.id == ApiKey.unit_id)
        .outerjoin(area, area.id == ApiKey.area_unit_id)
        .where(ApiKey.id == key_id)
        .execution_options(populate_existing=True)
    )
