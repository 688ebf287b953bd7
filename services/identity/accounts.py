"""Finding accounts, and how each stands."""

from uuid import UUID

from sqlalchemy import func, select

from services.identity.models import Account, DeviceSession, SecondFactor
from services.identity.views import AccountView
from services.platform.errors import Conflict, NotFound
from services.platform.unit_of_work import Work


async def account_of(work: Work, account_id: UUID) -> Account:
    """Return an account by its id. Raises 404 ``account.unknown``."""
    return _there(await work.session.get(Account, account_id))


async def account_of_member(work: Work, member_id: UUID) -> Account:
    """Return the account of a member. Raises 404 ``account.unknown``."""
    return _there(await work.session.scalar(select(Account).where(Account.member_id == member_id)))


async def account_by_login(work: Work, login: str) -> Account:
    """Return the account with this login. Raises 404 ``account.unknown``."""
    return _there(await work.session.scalar(select(Account).where(Account.login == login)))


async def somebody_elses(work: Work, member_id: UUID) -> Account:
    """Return the account of another member: nobody goes round their own password or second factor as an administrator.

    Raises 404 ``account.unknown``, 409 ``account.own``.
    """
    account = await account_of_member(work, member_id)
    if account.id == work.actor.account_id:
        raise Conflict("account.own", "This is your own account: use /v1/me and /v1/sessions, or ask another administrator.")
    return account


async def account_view(work: Work, member_id: UUID) -> AccountView:
    """Return how the account of a member stands. Raises 404 ``account.unknown``."""
    account = await account_of_member(work, member_id)
    live = select(func.count()).where(
        DeviceSession.account_id == account.id, DeviceSession.ended_at.is_(None), DeviceSession.expires_at > work.now
    )
    factor = select(SecondFactor.account_id).where(SecondFactor.account_id == account.id, SecondFactor.confirmed_at.is_not(None))
    locked_until = account.locked_until
    return AccountView(
        member_id=member_id,
        login=account.login,
        disabled=account.disabled_at is not None,
        locked_until=locked_until if locked_until is not None and locked_until > work.now else None,
        one_time_until=account.one_time_until,
        second_factor=await work.session.scalar(factor) is not None,
        sessions=await work.session.scalar(live) or 0,
    )


def _there(account: Account | None) -> Account:
    if account is None:
        raise NotFound("account.unknown", "There is no such account.")
    return account
