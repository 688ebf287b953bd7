"""One's own password and second factor, and what administrators do about other people's accounts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.identity.accounts import account_of, account_of_member, account_view, list_accounts, somebody_elses
from services.identity.actions import change_password, require_password, reset_password, sign_out
from services.identity.closing import close_account, open_account
from services.identity.commands import ChangePassword, CloseAccount, ShowBoth, ShowCode, ShowPassword
from services.identity.second_factors import confirm, drop_factor, enrol, factor_state, new_codes, require_code
from services.identity.sessions import carry_on, end_all_sessions, wants_second_factor
from services.identity.tokens import Due
from services.identity.views import (
    AccountView,
    ConfirmedView,
    EnrolmentView,
    OneTimePasswordView,
    RecoveryCodesView,
    SecondFactorView,
    SessionView,
    session_view,
)
from services.platform.actor import Actor
from services.platform.database import database
from services.platform.errors import Forbidden, NotFound, Problem, Unauthenticated
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.web.api_keys import forget_keys
from services.web.paging import Page, PageCursor, PageLimit, link_next, read_cursor, write_cursor
from services.web.routes import door_router
from services.web.signed_in import Present, requires

router = door_router("/v1", tags=["accounts"])

Administrator = Annotated[Actor, Depends(requires("account.change"))]
_LOCKED: dict[int | str, dict[str, Any]] = {429: {"description": "Locked"}}


@router.post("/me/password", summary="Change my password", responses=_LOCKED)
async def change_my_password(presence: Present, command: ChangePassword, response: Response) -> SessionView:
    """Change one's password. Every other session ends, and this one goes on with the tokens of the answer.

    Refused are passwords that are short, known to everybody, digits alone, a run of keys, one's own name or login, or the old one
    (422 ``account.password_…``). A wrong old password counts to the lock.
    """
    account_id, session_id = presence.session.account_id, presence.session.session_id
    old, new = command.password.get_secret_value(), command.new_password.get_secret_value()
    await require_password(database(), account_id, old)
    async with unit_of_work(presence.actor) as work:
        account = await account_of(work, account_id)
        await change_password(work, account, new, old=old, but=session_id)
        opened = await carry_on(work, session_id) if session_id is not None else None
    if opened is None:
        raise Unauthenticated("session.ended", "The password is changed; sign in with it.", headers={"WWW-Authenticate": "Bearer"})
    response.headers["Cache-Control"] = "no-store"
    return session_view(opened)


def _password_first(due: Due | None) -> None:
    if due == "password":
        raise Forbidden("session.password_due", "Change your password for once with POST /v1/me/password first.")


@router.get("/me/second-factor", summary="My second factor")
async def my_second_factor(presence: Present) -> SecondFactorView:
    """Tell whether one has a second factor, and whether one should."""
    async with unit_of_work(presence.actor) as work:
        state = await factor_state(work, presence.session.account_id)
    wanted = wants_second_factor(presence.actor)
    enforced = wanted and settings().second_factor_enforced
    return SecondFactorView(
        confirmed_at=state.confirmed_at, recovery_codes_left=state.recovery_codes_left, wanted=wanted, enforced=enforced
    )


@router.post("/me/second-factor", status_code=201, summary="Enrol a second factor", responses=_LOCKED)
async def enrol_second_factor(presence: Present, command: ShowPassword, response: Response) -> EnrolmentView:
    """Make a secret for one's authenticator (TOTP, RFC 6238), shown this once; it counts once it was confirmed with a code.

    Asking again before that makes another secret. 409 ``second_factor.there`` where one is in use; 403 while a password is due.
    """
    _password_first(presence.session.due)
    await require_password(database(), presence.session.account_id, command.password.get_secret_value())
    async with unit_of_work(presence.actor) as work:
        made = await enrol(work, presence.session.account_id)
    response.headers["Cache-Control"] = "no-store"
    return EnrolmentView(secret=made.secret, uri=made.uri)


@router.post("/me/second-factor/confirmation", summary="Confirm a second factor", responses=_LOCKED)
async def confirm_second_factor(presence: Present, command: ShowCode, response: Response) -> ConfirmedView:
    """Show the first code. From now on one is asked for at each sign-in, other sessions are ended, and this one has new tokens.

    The answer has ten recovery codes, each good once in place of a code; they are not shown again.
    """
    _password_first(presence.session.due)
    account_id, session_id = presence.session.account_id, presence.session.session_id
    async with unit_of_work(presence.actor) as work:
        codes = await confirm(work, account_id, command.code.get_secret_value(), session_id)
        goes_on = session_id is not None and not isinstance(codes, Problem)
        opened = await carry_on(work, session_id, second_factor=True) if goes_on and session_id else None
    if isinstance(codes, Problem):
        raise codes
    response.headers["Cache-Control"] = "no-store"
    return ConfirmedView(recovery_codes=codes, session=session_view(opened) if opened else None)


@router.post("/me/second-factor/recovery-codes", summary="New recovery codes", responses=_LOCKED)
async def renew_recovery_codes(presence: Present, command: ShowBoth, response: Response) -> RecoveryCodesView:
    """Replace one's recovery codes; those before them are good no more."""
    await require_password(database(), presence.session.account_id, command.password.get_secret_value())
    async with unit_of_work(presence.actor) as work:
        problem = await require_code(work, presence.session.account_id, command.code.get_secret_value())
        codes = [] if problem else await new_codes(work, presence.session.account_id)
    if problem:
        raise problem
    response.headers["Cache-Control"] = "no-store"
    return RecoveryCodesView(recovery_codes=codes)


@router.post("/me/second-factor/removal", status_code=204, summary="Remove my second factor", responses=_LOCKED)
async def remove_second_factor(presence: Present, command: ShowBoth) -> None:
    """Remove one's second factor, with the password and a code: to enrol another phone, or for good."""
    await require_password(database(), presence.session.account_id, command.password.get_secret_value())
    async with unit_of_work(presence.actor) as work:
        problem = await require_code(work, presence.session.account_id, command.code.get_secret_value())
        if problem is None:
            await drop_factor(work, presence.session.account_id)
    if problem:
        raise problem


@router.get("/accounts", summary="List the accounts")
async def browse(
    actor: Administrator,
    request: Request,
    response: Response,
    closed: Annotated[bool | None, Query(description="Only closed accounts, or only open ones.")] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> Page[AccountView]:
    """List the accounts of people, who joined last first. For administrators."""
    after = _member_id(cursor) if cursor else None
    async with unit_of_work(actor) as work:
        found = await list_accounts(work, closed, after, limit + 1)
    following = write_cursor(str(found[limit - 1].member_id)) if len(found) > limit else None
    link_next(request, response, following)
    return Page[AccountView](items=found[:limit], next=following)


def _member_id(cursor: str) -> UUID:
    try:
        return UUID(str(read_cursor(cursor, (str,))[0]))
    except ValueError:
        raise Problem("cursor.malformed", "The cursor is not one of this list; start without it.") from None


@router.get("/accounts/{member_id}", summary="Somebody's account")
async def one_account(actor: Administrator, member_id: UUID) -> AccountView:
    """Return how a member's account stands. For administrators."""
    async with unit_of_work(actor) as work:
        return await account_view(work, member_id)


@router.post("/accounts/{member_id}/password-reset", summary="Reset somebody's password")
async def reset_somebodys_password(actor: Administrator, member_id: UUID, response: Response) -> OneTimePasswordView:
    """Give a member a password for once, good for three days, to be handed over in person and changed at the first sign-in.

    Their sessions end and a lock is lifted; a second factor stays. It is shown this once; asking again makes another. One's own password
    is changed at /v1/me/password (409 ``account.own``). For administrators.
    """
    async with unit_of_work(actor) as work:
        account = await somebody_elses(work, member_id)
        password, until = await reset_password(work, account)
        login = account.login
    response.headers["Cache-Control"] = "no-store"
    return OneTimePasswordView(login=login, password=password, until=until)


@router.delete("/accounts/{member_id}/sessions", status_code=204, summary="End somebody's sessions")
async def end_somebodys_sessions(actor: Administrator, member_id: UUID) -> None:
    """End all sessions of a member within five seconds: a phone was lost, somebody has left. For administrators."""
    async with unit_of_work(actor) as work:
        account = await somebody_elses(work, member_id)
        await sign_out(work, account.id, "by_administrator")


@router.delete("/accounts/{member_id}/second-factor", status_code=204, summary="Remove somebody's second factor")
async def remove_somebodys_second_factor(actor: Administrator, member_id: UUID) -> None:
    """Remove the second factor of a member who has lost it, with the recovery codes; their sessions end. For administrators."""
    async with unit_of_work(actor) as work:
        account = await somebody_elses(work, member_id)
        if not await drop_factor(work, account.id):
            raise NotFound("second_factor.none", "This account has no second factor.")
        await end_all_sessions(work, account.id, "by_administrator")


@router.post("/accounts/{member_id}/closing", summary="Close somebody's account")
async def close_somebodys_account(actor: Administrator, member_id: UUID, command: CloseAccount) -> AccountView:
    """Close an account (停用): its sessions end, here at once and elsewhere within five seconds, and keys that borrow from it are refused.

    Not one's own (409 ``account.own``), nor the last administrator's (``account.last_administrator``). For administrators.
    """
    async with unit_of_work(actor) as work:
        await close_account(work, await account_of_member(work, member_id), command.why)
        view = await account_view(work, member_id)
    forget_keys()
    return view


@router.post("/accounts/{member_id}/opening", summary="Open somebody's account again")
async def open_somebodys_account(actor: Administrator, member_id: UUID) -> AccountView:
    """Open a closed account again (启用): password and second factor are as they were, sessions are not. For administrators."""
    async with unit_of_work(actor) as work:
        await open_account(work, await account_of_member(work, member_id))
        view = await account_view(work, member_id)
    forget_keys()
    return view
