"""Who is signed in: from the bearer token to the actor with their seats."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.identity.actors import signed_in_actor
from services.identity.permissions import PERMISSIONS, require
from services.identity.tokens import Session, read_token
from services.platform import clock
from services.platform.actor import Actor
from services.platform.database import database
from services.platform.errors import Forbidden, Unauthenticated
from services.web.api_keys import ACTION, actor_of_key, is_key

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="`access_token` of POST /v1/sessions.")
_LONGEST_TOKEN = 4096
_DUE = {
    "password": "Change your password for once with POST /v1/me/password first.",
    "second_factor": "Enrol a second factor with POST /v1/me/second-factor first.",
}
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody who is signed in, and what their token says."""

    actor: Actor
    session: Session


async def present(credentials: _Credentials) -> Presence:
    """Return who is signed in, whatever is still due; raise 401 without a token that still holds. For people alone, and few addresses."""
    credential = _shown(credentials)
    if is_key(credential):
        raise Forbidden("key.people_only", "This is for people who signed in; no key reaches it.")
    session = read_token(credential, clock.now())
    actor = await signed_in_actor(database(), session.account_id, session.epoch, session.session_id)
    return Presence(actor, session)


async def signed_in(request: Request, credentials: _Credentials) -> Actor:
    """Return the actor of the request's token or key; raise 401 without one that holds, 403 ``session.…_due`` while something is due."""
    credential = _shown(credentials)
    if is_key(credential):
        return await actor_of_key(request, credential)
    presence = await present(credentials)
    due = presence.session.due
    if due is not None:
        raise Forbidden(f"session.{due}_due", _DUE[due])
    return presence.actor


def _shown(credentials: HTTPAuthorizationCredentials | None) -> str:
    if credentials is None or not credentials.credentials or len(credentials.credentials) > _LONGEST_TOKEN:
        raise Unauthenticated(
            "session.required",
            "Sign in with POST /v1/sessions and send the token as a bearer token.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return credentials.credentials


Present = Annotated[Presence, Depends(present)]
SignedIn = Annotated[Actor, Depends(signed_in)]


def requires(action: str) -> Callable[[Actor], Awaitable[Actor]]:
    """Return a dependency that gives the actor, and 403 unless one of their posts allows `action`."""
    if action not in PERMISSIONS:
        raise KeyError(action)

    async def allowed(actor: SignedIn) -> Actor:
        require(actor, action)
        return actor

    setattr(allowed, ACTION, action)
    return allowed
