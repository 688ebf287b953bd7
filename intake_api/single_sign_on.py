"""Signing in through the government's provider of OpenID Connect: begun here, shown there, finished here. 404 until it is configured."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import structlog
from fastapi import Header, Response

from services.connections.calling import AddressRefused, AnswerTooLong, ask, open_client
from services.connections.replays import first_or_same
from services.identity.devices import device_name
from services.identity.oidc import Client, NotBelieved, Provider, authorization_url, begin, from_binding, to_binding
from services.identity.oidc_provider import Call, CodeRefused, ProviderAway, claims_of, provider_of
from services.identity.oidc_signing_in import enter, enter_with_code, over
from services.identity.oidc_views import FinishSignOn, FinishWithCode, SignOnBegun, SignOnOffered
from services.identity.views import SessionView, session_view
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.errors import NotFound, Problem, Unauthenticated, Unavailable
from services.platform.ids import new_id
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.web.routes import door_router

log = structlog.get_logger()
router = door_router("/v1/single-sign-on", tags=["sessions"])

UserAgent = Annotated[str | None, Header(alias="User-Agent", include_in_schema=False)]
SECONDS = 10.0
"""How long one answer of the provider is waited for, whole."""
_ANSWER_AT_MOST = 256 * 1024
_CLOSED: dict[int | str, dict[str, Any]] = {404: {"description": "Not configured"}}


@router.get("", summary="Ask whether there is a provider")
async def look() -> SignOnOffered:
    """Say whether people can sign in through a provider here, for pages that show a button for it. Nobody is asked anything."""
    given = settings()
    return SignOnOffered(offered=bool(given.oidc_issuer and given.oidc_client_id and given.oidc_redirect_uri))


@router.post("", status_code=201, summary="Begin", responses=_CLOSED)
async def start(response: Response) -> SignOnBegun:
    """Say where the browser goes to sign in (authorization code with PKCE). The attempt is good for ten minutes, in this browser alone."""
    client = _client()
    async with _provider(client) as (provider, _call):
        attempt = begin(clock.now())
    response.headers["Cache-Control"] = "no-store"
    return SignOnBegun(
        authorization_url=authorization_url(provider, client, attempt),
        binding=to_binding(attempt),
        expires_at=datetime.fromtimestamp(attempt.until, UTC),
    )


@router.post("/sessions", status_code=201, summary="Finish", responses={**_CLOSED, 401: {"description": "Not believed, or nobody here"}})
async def finish(command: FinishSignOn, response: Response, user_agent: UserAgent = None) -> SessionView:
    """Open a session for whoever signed in at the provider: the same as with a password. No account is made; each attempt is good once.

    Where the account has a second factor and the provider asked for one factor alone, the answer is 401 ``session.code_needed`` with
    `continue_with`.
    """
    client = _client()
    async with _provider(client) as (provider, call):
        attempt = from_binding(command.binding, command.state, clock.now())
        if (provider.names_itself or command.iss is not None) and command.iss != client.issuer:
            raise NotBelieved("issuer_of_answer")
        if not await first_or_same("single sign-on", str(attempt.until), attempt.state, new_id().bytes):
            raise NotBelieved("attempt_used")
        claims = await claims_of(provider, client, call, attempt, command.code, clock.now)
    async with unit_of_work(SYSTEM) as work:
        opened = await enter(work, claims, client.claim, device_name(command.device, user_agent))
    return _shown(session_view(opened), response)


@router.post("/second-factor", status_code=201, summary="Finish with a code", responses={**_CLOSED, 429: {"description": "Locked"}})
async def finish_with_code(command: FinishWithCode, response: Response, user_agent: UserAgent = None) -> SessionView:
    """Open the session that waited for the code of a second factor. Five wrong codes lock the account for a quarter of an hour."""
    _client()
    async with unit_of_work(SYSTEM) as work:
        entered = await enter_with_code(
            work, command.continue_with, command.code.get_secret_value(), device_name(command.device, user_agent)
        )
    if isinstance(entered, Problem):  # raised after the commit: what was counted stays counted
        raise entered
    return _shown(session_view(entered), response)


def _shown(view: SessionView, response: Response) -> SessionView:
    response.headers["Location"] = f"/v1/sessions/{view.session_id}"
    response.headers["Cache-Control"] = "no-store"
    return view


def _client() -> Client:
    given = settings()
    if not (given.oidc_issuer and given.oidc_client_id and given.oidc_redirect_uri):
        raise NotFound("single_sign_on.closed", "Signing in through a provider is not set up here; sign in with a password.")
    return Client(
        given.oidc_issuer,
        given.oidc_client_id,
        given.oidc_client_secret.get_secret_value(),
        given.oidc_redirect_uri,
        given.oidc_scope,
        given.oidc_login_claim,
    )


@asynccontextmanager
async def _provider(client: Client) -> AsyncIterator[tuple[Provider, Call]]:
    """Give the provider and the way to call it; say in our words, and in the log without theirs, what goes wrong inside."""
    private = settings().oidc_allow_private
    async with open_client() as caller:

        async def call(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
            try:
                async with asyncio.timeout(SECONDS):
                    return await ask(caller, method, url, allow_private=private, at_most=_ANSWER_AT_MOST, content=body, headers=headers)
            except (AddressRefused, AnswerTooLong, httpx.HTTPError, TimeoutError) as error:
                raise ProviderAway(type(error).__name__) from None

        try:
            yield await provider_of(client, call, plain=private), call
        except ProviderAway as why:
            log.warning("single_sign_on.provider_away", why=str(why))
            detail = "The provider does not answer as it should; try again, or sign in with a password."
            raise Unavailable("single_sign_on.provider_away", detail, headers={"Retry-After": "10"}) from None
        except CodeRefused:
            raise over() from None
        except NotBelieved as why:
            log.warning("single_sign_on.not_believed", why=str(why))
            if str(why) in _BEGUN_WRONG:
                raise over() from None
            detail = "What came from the provider cannot be believed; begin again, and tell an administrator if it stays so."
            raise Unauthenticated("single_sign_on.not_believed", detail, headers={"WWW-Authenticate": "Bearer"}) from None


_BEGUN_WRONG = frozenset({"binding", "state", "attempt_over", "attempt_used"})
