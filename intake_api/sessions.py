"""Signing in and out."""

from fastapi import Response

from services.identity.actions import sign_in, sign_out
from services.identity.commands import SignIn
from services.identity.views import Me, SessionView, me, member_name, seats_of
from services.platform.database import database
from services.platform.unit_of_work import unit_of_work
from services.web.routes import door_router
from services.web.signed_in import SignedIn

router = door_router("/v1", tags=["sessions"])


@router.post("/sessions", status_code=201, summary="Sign in", responses={401: {"description": "Wrong"}, 429: {"description": "Locked"}})
async def open_session(command: SignIn, response: Response) -> SessionView:
    """Open a session. After five wrong passwords the account is locked for a quarter of an hour (429, ``Retry-After``)."""
    opened = await sign_in(database(), command.login, command.password.get_secret_value())
    response.headers["Location"] = "/v1/sessions/current"
    response.headers["Cache-Control"] = "no-store"
    return SessionView(
        access_token=opened.token, expires_at=opened.expires_at, member=member_name(opened.actor), seats=seats_of(opened.actor)
    )


@router.delete("/sessions/current", status_code=204, summary="Sign out everywhere")
async def end_sessions(actor: SignedIn) -> None:
    """End every session of this account, on every device, within five seconds."""
    async with unit_of_work(actor) as work:
        assert actor.account_id is not None
        await sign_out(work, actor.account_id)


@router.get("/me", summary="Who am I?")
async def who_am_i(actor: SignedIn) -> Me:
    """Tell who is signed in, in which seats, and what they may do."""
    return me(actor)
