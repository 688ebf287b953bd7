"""Counting wrong passwords and codes: five lock an account for a quarter of an hour, wherever they were tried."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import Account, UnknownLogin
from services.platform.errors import TooMany
from services.platform.secrets import blind_index
from services.platform.unit_of_work import Work

TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
UNKNOWN_KEPT = timedelta(days=1)


Counted = type[Account] | type[UnknownLogin]


def seconds_locked(counted: Counted = Account) -> Any:
    """Return the SQL for how many seconds an account is still locked; 0 or less: it is not."""
    return func.coalesce(func.extract("epoch", counted.locked_until - func.now()), 0)


async def count_failure(work: Work, account_id: UUID) -> float:
    """Count one wrong try in a single statement, so that of many at once none is lost; return how long the account is now locked."""
    counted = update(Account).where(Account.id == account_id).values(_one_more(Account)).returning(seconds_locked())
    return float((await work.session.execute(counted)).scalar_one())


async def count_unknown(work: Work, login: str) -> float:
    """Count one wrong try at a login that nobody has, by the same rule; return how long it is now locked."""
    first = insert(UnknownLogin).values(login_index=_index(login), failed_tries=1, tried_at=func.now())
    counted = first.on_conflict_do_update(
        index_elements=[UnknownLogin.login_index], set_={**_one_more(UnknownLogin), "tried_at": func.now()}
    ).returning(seconds_locked(UnknownLogin))
    return float((await work.session.execute(counted)).scalar_one())


async def unknown_locked(session: AsyncSession, login: str) -> float:
    """Return how many seconds a login that nobody has is still locked; 0 or less: it is not."""
    found = await session.scalar(select(seconds_locked(UnknownLogin)).where(UnknownLogin.login_index == _index(login)))
    return float(found or 0)


async def forget_unknown_logins(work: Work) -> None:
    """Delete what was counted for logins that nobody has and that nobody has tried for a day."""
    await work.session.execute(delete(UnknownLogin).where(UnknownLogin.tried_at < work.now - UNKNOWN_KEPT))


def _one_more(counted: Counted) -> dict[str, Any]:
    """Return the columns after one more wrong try; a further try must not lengthen a lock."""
    tries = case((counted.locked_until <= func.now(), 1), else_=counted.failed_tries + 1)
    still = case((counted.locked_until > func.now(), counted.locked_until), else_=None)
    return {"failed_tries": tries, "locked_until": case((tries >= TRIES, func.coalesce(still, func.now() + LOCKED_FOR)), else_=None)}


def _index(login: str) -> bytes:
    return blind_index("login", login)


async def hold(work: Work, account_id: UUID) -> float:
    """Keep others from trying on this account until the end of the transaction; return how long it is locked already."""
    found = select(seconds_locked()).where(Account.id == account_id).with_for_update()
    return float((await work.session.execute(found)).scalar_one())


async def clear_failures(work: Work, account_id: UUID) -> None:
    """Forget failures: somebody has shown everything that is asked of them. The account is held (:func:`hold`) and not locked."""
    cleared = update(Account).where(Account.id == account_id, Account.failed_tries > 0).values(failed_tries=0, locked_until=None)
    await work.session.execute(cleared)


def locked(seconds: float) -> TooMany:
    """Return the answer to whoever tries a locked account."""
    wait = max(1, int(seconds) + 1)
    return TooMany("session.locked", "Too many wrong passwords; wait as Retry-After says.", headers={"Retry-After": str(wait)})
