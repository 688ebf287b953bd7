"""Talking to the provider: what it says of itself and its keys, kept for an hour, and a code turned into somebody's claims.

How a request is made is handed in: the address of a provider is somebody else's, and there is one way to call such addresses.
"""

import base64
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from services.identity.oidc import Attempt, Client, NotBelieved, Provider, believed, fitting_keys, key_id_of, read_provider

Call = Callable[[str, str, bytes | None, Mapping[str, str]], Awaitable[tuple[int, bytes]]]
"""Make a request (method, address, body, headers) and return status and body; raises :class:`ProviderAway`."""

KEPT_SECONDS = 3600.0
REREAD_SECONDS = 10.0
"""How soon the keys are read again for a key nobody knows: a provider that changed its keys is believed at once, once in a while."""

_OK, _REFUSED = 200, 400
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_JSON = {"Accept": "application/json"}


class ProviderAway(Exception):  # noqa: N818  it is raised like a finding, not like an error of ours
    """The provider does not answer, or not as a provider does; the text says in a word what happened, for the log."""


class CodeRefused(Exception):  # noqa: N818
    """The provider does not take the code: it was used, is over, or is not of this attempt."""


@dataclass
class Known:
    """What this process knows of a provider, and since when."""

    provider: Provider | None = None
    provider_at: float = 0.0
    keys: list[Any] = field(default_factory=list)
    keys_at: float | None = None
    reread_at: float | None = None


_known: dict[str, Known] = {}


def forget_providers() -> None:
    """Ask every provider afresh."""
    _known.clear()


async def provider_of(client: Client, call: Call, *, plain: bool) -> Provider:
    """Return what the provider says of itself. Raises ProviderAway and NotBelieved."""
    known = _known.setdefault(client.issuer, Known())
    if known.provider is None or time.monotonic() - known.provider_at > KEPT_SECONDS:
        document = await _json(call, "GET", client.issuer.rstrip("/") + "/.well-known/openid-configuration", None, _JSON)
        known.provider, known.provider_at = read_provider(document, client.issuer, plain=plain), time.monotonic()
    return known.provider


async def claims_of(
    provider: Provider, client: Client, call: Call, attempt: Attempt, code: str, clock: Callable[[], datetime]
) -> dict[str, Any]:
    """Turn a code into the claims of whoever signed in there. Raises CodeRefused, ProviderAway, NotBelieved.

    A claim that names the account and is not in the ID token is asked for at the provider's userinfo endpoint.
    """
    answer = await _redeemed(provider, client, call, attempt, code)
    token, access_token = answer.get("id_token"), answer.get("access_token")
    if not isinstance(token, str):
        raise NotBelieved("no_id_token")
    access_token = access_token if isinstance(access_token, str) else None
    keys = await _keys(provider, call, token)
    claims = believed(token, keys, client, attempt, access_token, clock())
    if client.claim in claims or provider.userinfo is None or access_token is None:
        return claims
    further = await _json(call, "GET", provider.userinfo, None, {**_JSON, "Authorization": f"Bearer {access_token}"})
    if not isinstance(further, dict) or further.get("sub") != claims["sub"]:
        raise NotBelieved("userinfo")
    return {**further, **claims}


async def _redeemed(provider: Provider, client: Client, call: Call, attempt: Attempt, code: str) -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri, "code_verifier": attempt.verifier}
    headers = dict(_FORM)
    if not client.secret:
        form["client_id"] = client.client_id
    elif provider.secret_in_body:
        form |= {"client_id": client.client_id, "client_secret": client.secret}
    else:
        both = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(both.encode()).decode()
    status, body = await call("POST", provider.token, urlencode(form).encode(), headers)
    answer = _parsed(body)
    if status == _REFUSED and answer.get("error") == "invalid_grant":
        raise CodeRefused
    if status != _OK:
        raise ProviderAway(f"token_{status}")
    return answer


async def _keys(provider: Provider, call: Call, token: str) -> list[Any]:
    """Return the provider's keys: read again where they are old, or none of them fits the token."""
    known, now = _known.setdefault(provider.issuer, Known()), time.monotonic()
    key_id = key_id_of(token)
    if known.keys_at is None or now - known.keys_at > KEPT_SECONDS:
        await _read_keys(provider, call, known)
    elif not any(fitting_keys(known.keys, key_id, algorithm) for algorithm in ("RS256", "ES256")) and (
        known.reread_at is None or now - known.reread_at > REREAD_SECONDS
    ):
        known.reread_at = now
        await _read_keys(provider, call, known)
    return known.keys


async def _read_keys(provider: Provider, call: Call, known: Known) -> None:
    document = await _json(call, "GET", provider.keys, None, _JSON)
    found = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise ProviderAway("keys_malformed")
    known.keys, known.keys_at = found, time.monotonic()


async def _json(call: Call, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
    status, content = await call(method, url, body, headers)
    if status != _OK:
        raise ProviderAway(f"status_{status}")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise ProviderAway("not_json") from None


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
