"""Signing in and out, making accounts, and changing passwords."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from services.identity.actors import load_standing
from services.identity.locking import clear_failures, count_failure, count_unknown, hold, locked, seconds_locked, unknown_locked
from services.identity.models import Account
from services.identity.password_rules import REFUSED, fault_of
from services.identity.passwords import hash_password, password_fits
from services.identity.second_factors import confirmed_factor, spend_code
from services.identity.sessions import Opened, end_all_sessions, open_session
from services.journal.noting import note
from services.organization.models import Member
from services.platform.actor import SYSTEM
from services.platform.database import Database
from services.platform.errors import Conflict, Fault, Invalid, Problem, Unauthenticated
from services.platform.ids import new_id
from services.platform.unit_of_work import Work, unit_of_work

ONE_TIME_FOR = timedelta(days=3)
_ONE_TIME_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_ONE_TIME_PARTS, _ONE_TIME_PART = 4, 4


async def sign_in(database: Database, login: str, password: str, code: str | None = None, device: str = "") -> Opened:
    """Open a session. Raises 401 ``session.wrong``, 429 ``session.locked`` after five failures, for a quarter of an hour.

    An unknown login, a wrong password and a disabled account are one answer and take the same time. No transaction is open while the
    password is checked. Whoever has a second factor gets 401 ``session.code_needed`` without `code`; a wrong or used one is
    ``session.code_wrong`` and counts like a wrong password. Only a whole sign-in clears the count.
    """
    async with database.transaction() as session:
        found = (await session.execute(_account(login))).one_or_none()
        seconds = await unknown_locked(session, login) if found is None else float(found.seconds_locked)
    closed = found is None or seconds > 0 or found.one_time_over
    fits = await password_fits(None if closed or found is None else found.password_hash, password)
    if seconds > 0:
        raise locked(seconds)
    async with unit_of_work(SYSTEM) as work:
        if found is None:
            entered = _answer(await count_unknown(work, login), _wrong())
        else:
            entered = await _enter(work, found.id, found.password_hash, fits, code, device)
    if isinstance(entered, Problem):  # raised after the commit: what was counted stays counted
        raise entered
    return entered


async def _enter(work: Work, account_id: UUID, checked: str, fits: bool, code: str | None, device: str) -> Opened | Problem:
    seconds = await hold(work, account_id)
    if seconds > 0:
        return locked(seconds)
    if not fits:
        return _answer(await count_failure(work, account_id), _wrong())
    standing = await load_standing(work.session, account_id)
    unchanged = await work.session.scalar(select(Account.password_hash).where(Account.id == account_id)) == checked
    if standing.actor is None or not unchanged:
        return _wrong()
    factor = await confirmed_factor(work, account_id)
    if factor is not None:
        if code is None:
            return Unauthenticated("session.code_needed", "Send the code of your second factor as `code`.", headers=_BEARER)
        if not await spend_code(work, factor, code):
            return _answer(await count_failure(work, account_id), _code_wrong())
    await clear_failures(work, account_id)
    return await open_session(work, account_id, standing, device, second_factor=factor is not None)


def _answer(seconds: float, problem: Problem) -> Opened | Problem:
    return locked(seconds) if seconds > 0 else problem


async def sign_out(work: Work, account_id: UUID, why: str = "everywhere") -> None:
    """End every session of an account: tokens of the epoch before no longer hold, here at once, elsewhere within five seconds."""
    await end_all_sessions(work, account_id, why)
    await note(work, "account", account_id, "account.signed_out", {"why": why})


async def require_password(database: Database, account_id: UUID, password: str) -> None:
    """Have somebody who is signed in show their password once more; wrong ones are counted.

    Raises 422 ``account.password_wrong``, 429 ``session.locked``.
    """
    async with database.transaction() as session:
        found = (await session.execute(_account_by_id(account_id))).one()
    fits = await password_fits(None if found.seconds_locked > 0 else found.password_hash, password)
    async with unit_of_work(SYSTEM) as work:
        seconds = await hold(work, account_id)
        if seconds <= 0 and not fits:
            seconds = await count_failure(work, account_id)
    if seconds > 0:
        raise locked(seconds)
    if not fits:
        raise Invalid("account.password_wrong", "This is not your password.", errors=[Fault("/password", "is not your password")])


async def add_account(work: Work, member_id: UUID, login: str, password: str) -> Account:
    """Give a member a way to sign in. Raises 422 ``account.password_…`` (see `password_rules`), 409 ``account.login_taken``."""
    _require_sensible(password, login, await _name_of(work, member_id))
    account = Account(id=new_id(), login=login, password_hash=await hash_password(password), member_id=member_id, created_at=work.now)
    work.session.add(account)
    try:
        await work.session.flush()
    except IntegrityError:
        raise Conflict("account.login_taken", "This login is taken, or the member has an account already.") from None
    await note(work, "account", account.id, "account.added", {"member_id": str(member_id)})
    return account


async def change_password(work: Work, account: Account, password: str, *, old: str | None = None, but: UUID | None = None) -> None:
    """Give an account another password; a lock is lifted, and its sessions end except `but`, which needs new tokens (`carry_on`).

    Raises 422 ``account.password_…``, see :mod:`services.identity.password_rules`.
    """
    _require_sensible(password, account.login, await _name_of(work, account.member_id), old)
    await _set_password(work, account, password, one_time_until=None)
    await end_all_sessions(work, account.id, "password_changed", but)
    await note(work, "account", account.id, "account.password_changed", {})


async def reset_password(work: Work, account: Account) -> tuple[str, datetime]:
    """Give an account a password for once, good for three days, to be changed at the first sign-in; its sessions end.

    Returns it and its end. It is not kept anywhere and cannot be shown again; a second reset makes another.
    """
    parts = ["".join(secrets.choice(_ONE_TIME_LETTERS) for _ in range(_ONE_TIME_PART)) for _ in range(_ONE_TIME_PARTS)]
    password, until = "-".join(parts), work.now + ONE_TIME_FOR
    await _set_password(work, account, password, one_time_until=until)
    await end_all_sessions(work, account.id, "password_reset")
    await note(work, "account", account.id, "account.password_reset", {})
    return password, until


async def _set_password(work: Work, account: Account, password: str, *, one_time_until: datetime | None) -> None:
    hashed = await hash_password(password)
    await hold(work, account.id)
    account.password_hash, account.one_time_until = hashed, one_time_until
    account.failed_tries, account.locked_until = 0, None
    await work.session.flush()


def _require_sensible(password: str, login: str, name: str, old: str | None = None) -> None:
    fault = fault_of(password, login, name, old)
    if fault is not None:
        raise Invalid(f"account.password_{fault}", REFUSED[fault])


async def _name_of(work: Work, member_id: UUID) -> str:
    return await work.session.scalar(select(Member.name).where(Member.id == member_id)) or ""


_KNOWN = (Account.id, Account.password_hash, seconds_locked().label("seconds_locked"))


def _account(login: str) -> Any:
    over = func.coalesce(Account.one_time_until <= func.now(), False).label("one_time_over")
    return select(*_KNOWN, over).where(Account.login == login)


def _account_by_id(account_id: UUID) -> Any:
    return select(*_KNOWN).where(Account.id == account_id)


_BEARER = {"WWW-Authenticate": "Bearer"}


def _wrong() -> Unauthenticated:
    return Unauthenticated("session.wrong", "Login or password is wrong.", headers=_BEARER)


def _code_wrong() -> Unauthenticated:
    return Unauthenticated("session.code_wrong", "This code is wrong, over or was used before; wait for the next one.", headers=_BEARER)
