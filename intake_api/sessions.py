"""Signing in, staying signed in, and out: on this device, on another, on all."""

from typing import Annotated
from uuid import UUID

from fastapi import Header, Response

from services.identity.actions import sign_in, sign_out
from services.identity.commands import Refresh, SignIn
from services.identity.devices import device_name
from services.identity.sessions import end_session, live_sessions, refresh_session
from services.identity.views import DeviceView, Me, SessionView, me, session_view
from services.platform.database import database
from services.platform.unit_of_work import unit_of_work
from services.web.routes import door_router
from services.web.signed_in import Present, SignedIn

router = door_router("/v1", tags=["sessions"])

UserAgent = Annotated[str | None, Header(alias="User-Agent", include_in_schema=False)]


@router.post(
    "/sessions",
    status_code=201,
    summary="Sign in",
    responses={401: {"description": "Wrong, or a code is needed"}, 429: {"description": "Locked"}},
)
async def open_session(command: SignIn, response: Response, user_agent: UserAgent = None) -> SessionView:
    """Open a session on this device. Five wrong passwords or codes lock the account for a quarter of an hour (429, ``Retry-After``).

    Where the account has a second factor, `code` is needed: without it the answer is 401 ``session.code_needed``.
    """
    code = command.code.get_secret_value() if command.code is not None else None
    device = device_name(command.device, user_agent)
    opened = await sign_in(database(), command.login, command.password.get_secret_value(), code, device)
    response.headers["Location"] = f"/v1/sessions/{opened.session_id}"
    response.headers["Cache-Control"] = "no-store"
    return session_view(opened)


@router.post("/sessions/refresh", summary="Stay signed in", responses={401: {"description": "Over, ended, or used before"}})
async def refresh(command: Refresh, response: Response) -> SessionView:
    """Give the next pair of tokens for the latest refresh token of a session.

    A refresh token is good once. The last one that was used may be sent again for ten seconds, until its successor is used, and gets the
    same successor: an answer was lost, or two tabs asked at once. Any other that was used before ends the session (``session.reused``).
    """
    opened = await refresh_session(command.refresh_token.get_secret_value())
    response.headers["Cache-Control"] = "no-store"
    return session_view(opened)


@router.get("/sessions", summary="My devices")
async def list_sessions(presence: Present) -> list[DeviceView]:
    """List the live sessions of this account, at most fifty, the newest first."""
    async with unit_of_work(presence.actor) as work:
        found = await live_sessions(work, presence.session.account_id)
    return [
        DeviceView(
            id=one.id,
            device=one.device,
            current=one.id == presence.session.session_id,
            second_factor=one.second_factor,
            opened_at=one.opened_at,
            used_at=one.used_at,
            expires_at=one.expires_at,
        )
        for one in found
    ]


@router.delete("/sessions/current", status_code=204, summary="Sign out on this device")
async def end_this_session(presence: Present) -> None:
    """End this session within five seconds; the other devices stay signed in. A token of no session ends all of its account's."""
    account_id, session_id = presence.session.account_id, presence.session.session_id
    async with unit_of_work(presence.actor) as work:
        if session_id is None:
            await sign_out(work, account_id)
        else:
            await end_session(work, account_id, session_id, "signed_out")


@router.delete("/sessions/{session_id}", status_code=204, summary="Sign out on another device")
async def end_one_session(presence: Present, session_id: UUID) -> None:
    """End one of one's own sessions within five seconds."""
    async with unit_of_work(presence.actor) as work:
        await end_session(work, presence.session.account_id, session_id, "ended_elsewhere")


@router.delete("/sessions", status_code=204, summary="Sign out everywhere")
async def end_sessions(presence: Present) -> None:
    """End every session of this account, on every device, this one too, within five seconds."""
    async with unit_of_work(presence.actor) as work:
        await sign_out(work, presence.session.account_id)


@router.get("/me", summary="Who am I?")
async def who_am_i(actor: SignedIn) -> Me:
    """Tell who is signed in, in which seats, and what they may do."""
    return me(actor)
