"""From an account to the actor it stands for: the member, and the seats they hold today. Kept in this process for five seconds."""

import asyncio
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.acting_seats import acting_ids, acting_seats
from services.identity.keys_actors import key_actor
from services.identity.keys_models import ApiKey
from services.identity.models import Account, DeviceSession
from services.identity.permissions import ROLE_WEIGHT
from services.organization.models import Member, Post, Unit
from services.platform.actor import Actor, Seat
from services.platform.clock import local_day
from services.platform.database import Database
from services.platform.errors import Unauthenticated

KEPT_SECONDS = 5.0
_MOST_KEPT = 10_000

LONGEST_ACCESS = timedelta(hours=8)
"""No access token lives longer (settings hold to it): a session that ended earlier has none left that could be shown."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands: its actor (None where it may not sign in), its epoch, and its sessions that ended not long ago."""

    actor: Actor | None
    epoch: int
    ended: frozenset[UUID] = frozenset()


_reading: dict[tuple[int, UUID], "asyncio.Task[Standing]"] = {}
_kept: WeakKeyDictionary[Engine, dict[UUID, tuple[Standing, float]]] = WeakKeyDictionary()


async def signed_in_actor(database: Database, account_id: UUID, epoch: int, session_id: UUID | None = None) -> Actor:
    """Return the actor of an account; raise :class:`Unauthenticated` where it is disabled, its member has left or the session was ended.

    Such a change works within five seconds; in between, no query is made.
    """
    standing = await _looked_up(database, account_id)
    key = standing.actor is not None and standing.actor.lent is not None  # of a program: it shows its key at each request
    if standing.actor is None or key or standing.epoch != epoch or session_id in standing.ended:
        raise Unauthenticated("session.ended", "This session was ended; sign in again.", headers={"WWW-Authenticate": "Bearer"})
    return standing.actor


def forget_actors() -> None:
    """Look accounts up afresh: this process has just changed some."""
    _kept.clear()


async def _looked_up(database: Database, account_id: UUID) -> Standing:
    kept = _kept.setdefault(database.engine.sync_engine, {})
    found = kept.get(account_id)
    now = time.monotonic()
    if found is not None and now - found[1] < KEPT_SECONDS:
        return found[0]
    if found is not None:
        kept[account_id] = (found[0], now)  # the others go on with the old one while this caller looks
        standing = await _read(database, account_id)
    else:
        standing = await _read_once(database, account_id)
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[account_id] = (standing, now)
    return standing


async def _read(database: Database, account_id: UUID) -> Standing:
    async with database.transaction() as session:
        return await load_standing(session, account_id)


async def _read_once(database: Database, account_id: UUID) -> Standing:
    """Read an account; callers who come while somebody reads it wait for the same answer, instead of all asking at once."""
    reading = _reading.get((id(database), account_id))
    if reading is None:
        reading = asyncio.get_running_loop().create_task(_read(database, account_id))
        _reading[id(database), account_id] = reading
        reading.add_done_callback(lambda _done: _reading.pop((id(database), account_id), None))
    return await asyncio.shield(reading)


async def load_actor(session: AsyncSession, account_id: UUID) -> tuple[Actor | None, int]:
    """Return (actor, session epoch) of an account as the database has them now; actor None where it may not sign in.

    The account of a program's key gives the actor of the key: here, and so everywhere, it is narrowed to what it was lent.
    """
    standing = await load_standing(session, account_id)
    return standing.actor, standing.epoch


async def load_standing(session: AsyncSession, account_id: UUID) -> Standing:
    """Return how an account stands in the database now; epoch -1 where there is none."""
    now = (await session.execute(select(func.now()))).scalar_one()
    today = local_day(now)
    rows = (await session.execute(_query(account_id, today, now - LONGEST_ACCESS))).all()
    if not rows:
        return Standing(None, -1)
    first = rows[0]
    ended = frozenset(first.ended)
    if first.disabled_at is not None or (first.left_on is not None and first.left_on <= today):
        return Standing(None, first.session_epoch, ended)
    if first.key_id is not None:
        return Standing(await key_actor(session, first, load_actor), first.session_epoch, ended)
    seats = [_seat(row) for row in rows if row.role is not None and row.unit_id is not None]
    if first.acting:
        seats += await acting_seats(session, first.member_id, today)
    ordered = tuple(sorted(seats, key=_weight))
    return Standing(Actor("member", account_id, first.member_id, first.member_name, ordered), first.session_epoch, ended)


def _query(account_id: UUID, today: date, since: datetime) -> Any:
    """Everything in one statement: an array beside the seats, not another question."""
    ended = select(DeviceSession.id).where(DeviceSession.account_id == account_id, DeviceSession.ended_at > since)
    holds = and_(Post.valid_from <= today, or_(Post.valid_to.is_(None), Post.valid_to > today))
    exists = or_(Unit.valid_to.is_(None), Unit.valid_to > today)
    return (
        select(
            Account.disabled_at, Account.session_epoch, Account.member_id, ApiKey.id.label("key_id"),
            Member.name.label("member_name"), Member.left_on,
            Post.role, Unit.id.label("unit_id"), Unit.code, Unit.path, Unit.tier, Unit.kind, Unit.function,
            func.array(ended.scalar_subquery()).label("ended"), func.array(acting_ids(today)).label("acting"),
        )
        .join(Member, Member.id == Account.member_id)
        .outerjoin(ApiKey, ApiKey.account_id == Account.id)
        .outerjoin(Post, and_(Post.member_id == Member.id, holds))
        .outerjoin(Unit, and_(Unit.id == Post.unit_id, exists))
        .where(Account.id == account_id)
    )  # fmt: skip


def _seat(row: Row[Any]) -> Seat:
    return Seat(row.role, row.unit_id, row.code, row.path, row.tier, row.kind, row.function)


def _weight(seat: Seat) -> tuple[bool, int, int, str]:
    """Order seats: one's own before those acted for, by role, then the wider area first, then by code."""
    return seat.acting is not None, ROLE_WEIGHT.index(seat.role), seat.path.count("/"), seat.unit_code
