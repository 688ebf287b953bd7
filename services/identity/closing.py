"""Closing an account (停用) and opening it again (启用).

A closed account signs in nowhere: its sessions end at once, keys that borrow from it are refused, and nothing it held is lost. Nobody
closes their own, and one administrator who can sign in is always left: of two who close each other at once, the first one does.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from services.identity.keys_models import ApiKey
from services.identity.models import Account
from services.identity.sessions import end_all_sessions
from services.journal.noting import note
from services.organization.models import Member, Post, Unit
from services.platform.clock import local_day
from services.platform.errors import Conflict
from services.platform.unit_of_work import Work

_ONE_AT_A_TIME = 0x6461_6775_616E_6A69
"""Who is the first administrator, and who the last, is decided by one transaction after the other."""


async def administrators_one_at_a_time(work: Work) -> None:
    """Wait until nobody else changes who the administrators are; until the end of the transaction."""
    await work.session.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))


async def administrators(work: Work, but: UUID | None = None) -> int:
    """Return how many people can sign in as administrators today, the account `but` not counted. Keys of programs hold no posts."""
    counted = select(func.count(Account.id.distinct())).select_from(Post).join(Member, Member.id == Post.member_id)
    counted = counted.join(Account, Account.member_id == Member.id).join(Unit, Unit.id == Post.unit_id)
    conditions = _administers(local_day(work.now))
    return await work.session.scalar(counted.where(conditions, Account.id != but if but else True)) or 0  # type: ignore[arg-type]


def _administers(today: date) -> Any:
    holds = and_(Post.role == "administrator", Post.valid_from <= today, or_(Post.valid_to.is_(None), Post.valid_to > today))
    here = and_(Account.disabled_at.is_(None), or_(Member.left_on.is_(None), Member.left_on > today))
    return and_(holds, here, or_(Unit.valid_to.is_(None), Unit.valid_to > today))


async def close_account(work: Work, account: Account, why: str) -> None:
    """Close an account, for a coded reason: sessions end here at once, elsewhere within five seconds, as do keys that borrow from it.

    Raises 409 ``account.own``, ``account.closed``, ``account.last_administrator``, ``account.of_key``.
    """
    await administrators_one_at_a_time(work)
    await _hold(work, account)
    if account.id == work.actor.account_id:
        raise Conflict("account.own", "This is your own account: another administrator closes it.")
    if account.disabled_at is not None:
        raise Conflict("account.closed", "This account is closed already.", extra={"why": account.disabled_why})
    if await work.session.scalar(select(ApiKey.id).where(ApiKey.account_id == account.id)):
        raise Conflict("account.of_key", "This account is a program's; revoke its key instead.")
    mine = await administrators(work) - await administrators(work, but=account.id)
    if mine and not await administrators(work, but=account.id):
        raise Conflict("account.last_administrator", "Nobody else can sign in as administrator; name another one first.")
    account.disabled_at, account.disabled_why = work.now, why
    await work.session.flush()
    await end_all_sessions(work, account.id, "by_administrator")
    await note(work, "account", account.id, "account.closed", {"why": why})


async def open_account(work: Work, account: Account) -> None:
    """Open an account again: its password and second factor are as they were. Raises 409 ``account.own``, ``account.open``."""
    await _hold(work, account)
    if account.id == work.actor.account_id:
        raise Conflict("account.own", "This is your own account: another administrator opens it.")
    if account.disabled_at is None:
        raise Conflict("account.open", "This account is open already.")
    account.disabled_at, account.disabled_why = None, None
    await work.session.flush()
    await end_all_sessions(work, account.id, "by_administrator")
    await note(work, "account", account.id, "account.opened", {})


async def _hold(work: Work, account: Account) -> None:
    await work.session.refresh(account, with_for_update=True)
