"""Finding accounts, and how each stands."""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, Select, exists, func, select

from services.identity.keys_models import ApiKey
from services.identity.models import Account, DeviceSession, SecondFactor
from services.identity.views import AccountView
from services.organization.models import Member
from services.platform.errors import Conflict, NotFound
from services.platform.unit_of_work import Work

_T = TypeVar("_T")


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
    row = (await work.session.execute(_standing(work).where(Account.member_id == member_id))).one_or_none()
    return _view(work, _there(row))


async def list_accounts(work: Work, closed: bool | None, after: UUID | None, limit: int) -> list[AccountView]:
    """Return accounts of people, who joined last first, of those before `after`; closed ones alone, or open ones, if wanted."""
    query = _standing(work).where(Account.id.not_in(select(ApiKey.account_id))).order_by(Account.member_id.desc()).limit(limit)
    if closed is not None:
        query = query.where(Account.disabled_at.is_not(None) if closed else Account.disabled_at.is_(None))
    if after is not None:
        query = query.where(Account.member_id < after)
    return [_view(work, row) for row in await work.session.execute(query)]


def _standing(work: Work) -> Select[Any]:
    live = select(func.count()).where(
        DeviceSession.account_id == Account.id, DeviceSession.ended_at.is_(None), DeviceSession.expires_at > work.now
    )
    factor = exists().where(SecondFactor.account_id == Account.id, SecondFactor.confirmed_at.is_not(None))
    return (
        select(Account, Member.name, Member.left_on, factor.label("second_factor"), live.scalar_subquery().label("sessions"))
        .join(Member, Member.id == Account.member_id)
        .execution_options(populate_existing=True)
    )


def _view(work: Work, row: Row[Any]) -> AccountView:
    account: Account = row.Account
    locked_until = account.locked_until
    return AccountView(
        member_id=account.member_id,
        login=account.login,
        name=row.name,
        disabled=account.disabled_at is not None,
        disabled_at=account.disabled_at,
        disabled_why=account.disabled_why,
        left_on=row.left_on,
        locked_until=locked_until if locked_until is not None and locked_until > work.now else None,
        one_time_until=account.one_time_until,
        second_factor=row.second_factor,
        sessions=row.sessions,
    )


def _there(account: _T | None) -> _T:
    if account is None:
        raise NotFound("account.unknown", "There is no such account.")
    return account
