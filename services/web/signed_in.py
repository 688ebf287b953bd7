"""Who is signed in: from the bearer token to the actor with their seats."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.identity.actors import signed_in_actor
from services.identity.permissions import PERMISSIONS, require
from services.identity.tokens import read_token
from services.platform import clock
from services.platform.actor import Actor
from services.platform.database import database
from services.platform.errors import Unauthenticated

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="`access_token` of POST /v1/sessions.")
_LONGEST_TOKEN = 4096


async def signed_in(credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> Actor:
    """Return the actor of the request's token; raise 401 without a token that still holds."""
    if credentials is None or not credentials.credentials or len(credentials.credentials) > _LONGEST_TOKEN:
        raise Unauthenticated(
            "session.required",
            "Sign in with POST /v1/sessions and send the token as a bearer token.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    session = read_token(credentials.credentials, clock.now())
    return await signed_in_actor(database(), session.account_id, session.epoch)


SignedIn = Annotated[Actor, Depends(signed_in)]


def requires(action: str) -> Callable[[Actor], Awaitable[Actor]]:
    """Return a dependency that gives the actor, and 403 unless one of their posts allows `action`."""
    if action not in PERMISSIONS:
        raise KeyError(action)

    async def allowed(actor: SignedIn) -> Actor:
        require(actor, action)
        return actor

    return allowed
