"""Signing in and out, and making accounts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.exc import IntegrityError

from services.identity.actors import forget_actors, load_actor
from services.identity.models import Account
from services.identity.passwords import hash_password, password_fits
from services.identity.tokens import write_token
from services.journal.noting import note
from services.platform.actor import SYSTEM, Actor
from services.platform.database import Database
from services.platform.errors import Conflict, Invalid, TooMany, Unauthenticated
from services.platform.ids import new_id
from services.platform.settings import settings
from services.platform.unit_of_work import Work, unit_of_work

TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
SHORTEST_PASSWORD = 8


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened."""

    token: str
    expires_at: datetime
    actor: Actor


async def sign_in(database: Database, login: str, password: str) -> Opened:
    """Open a session. Raises 401 ``session.wrong``, 429 ``session.locked`` after five failures, for a quarter of an hour.

    An unknown login, a wrong password and a disabled account are one answer and take the same time. No transaction is open while the
    password is checked.
    """
    async with database.transaction() as session:
        found = (await session.execute(_account(login))).one_or_none()
    locked = found is not None and found.seconds_locked > 0
    fits = await password_fits(found.password_hash if found is not None and not locked else None, password)
    if found is None:
        raise _wrong()
    if locked:
        raise _locked(found.seconds_locked)
    async with unit_of_work(SYSTEM) as work:
        if not fits:
            seconds = await _count_failure(work, found.id)
        else:
            seconds = await _clear_failures(work, found.id)
            actor, epoch = await load_actor(work.session, found.id)
    if seconds > 0:
        raise _locked(seconds)
    if not fits or actor is None:
        raise _wrong()
    token, expires_at = write_token(found.id, epoch, work.now, settings().session_minutes)
    return Opened(token, expires_at, actor)


async def sign_out(work: Work, account_id: UUID) -> None:
    """End every session of an account: tokens of the epoch before no longer hold, here at once, elsewhere within five seconds."""
    ended = update(Account).where(Account.id == account_id).values(session_epoch=Account.session_epoch + 1)
    await work.session.execute(ended)
    await note(work, "account", account_id, "account.signed_out", {})
    forget_actors()


async def add_account(work: Work, member_id: UUID, login: str, password: str) -> Account:
    """Give a member a way to sign in. Raises 422 ``account.password_too_short``, 409 ``account.login_taken``."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid("account.password_too_short", f"A password has at least {SHORTEST_PASSWORD} characters.")
    account = Account(id=new_id(), login=login, password_hash=await hash_password(password), member_id=member_id, created_at=work.now)
    work.session.add(account)
    try:
        await work.session.flush()
    except IntegrityError:
        raise Conflict("account.login_taken", "This login is taken, or the member has an account already.") from None
    await note(work, "account", account.id, "account.added", {"member_id": str(member_id)})
    return account


async def change_password(work: Work, account: Account, password: str) -> None:
    """Give an account another password; its sessions end and a lock is lifted. Raises 422 ``account.password_too_short``."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid("account.password_too_short", f"A password has at least {SHORTEST_PASSWORD} characters.")
    account.password_hash = await hash_password(password)
    account.session_epoch += 1
    account.failed_tries, account.locked_until = 0, None
    await work.session.flush()
    await note(work, "account", account.id, "account.password_changed", {})
    forget_actors()


def _seconds_locked() -> Any:
    return func.coalesce(func.extract("epoch", Account.locked_until - func.now()), 0)


def _account(login: str) -> Any:
    return select(Account.id, Account.password_hash, _seconds_locked().label("seconds_locked")).where(Account.login == login)


async def _count_failure(work: Work, account_id: UUID) -> float:
    """Count one wrong password in a single statement, so that of many at once none is lost; return how long the account is now locked."""
    tries = case((Account.locked_until <= func.now(), 1), else_=Account.failed_tries + 1)
    counted = (
        update(Account)
        .where(Account.id == account_id)
        .values(
            failed_tries=tries,
            locked_until=case((tries >= TRIES, func.coalesce(_still_locked(), func.now() + LOCKED_FOR)), else_=None),
        )
        .returning(_seconds_locked())
    )
    return float((await work.session.execute(counted)).scalar_one())


def _still_locked() -> Any:
    """Return the present end of a lock that has not passed; a further try must not lengthen it."""
    return case((Account.locked_until > func.now(), Account.locked_until), else_=None)


async def _clear_failures(work: Work, account_id: UUID) -> float:
    """Forget failures, unless others at the same time have locked the account meanwhile; return how long it is locked."""
    seconds = (
        await work.session.execute(select(_seconds_locked(), Account.failed_tries).where(Account.id == account_id).with_for_update())
    ).one()
    if seconds[0] <= 0 and seconds[1]:
        await work.session.execute(update(Account).where(Account.id == account_id).values(failed_tries=0, locked_until=None))
    return float(seconds[0])


def _wrong() -> Unauthenticated:
    return Unauthenticated("session.wrong", "Login or password is wrong.", headers={"WWW-Authenticate": "Bearer"})


def _locked(seconds: float) -> TooMany:
    wait = max(1, int(seconds) + 1)
    return TooMany("session.locked", "Too many wrong passwords; wait as Retry-After says.", headers={"Retry-After": str(wait)})
