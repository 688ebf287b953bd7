"""Signing in through a provider of OpenID Connect, as its client: what is asked of it, and what of its answers is believed. Pure.

Authorization code with PKCE (RFC 7636), `state` and `nonce`. What was asked is not stored: the browser that began keeps it sealed, so
that nobody can finish in one browser what was begun in another. ID tokens are believed as OpenID Connect Core 3.1.3.7 says, signed with
RS256 or ES256 only: `none`, and a public key used as a shared secret, are not even looked at.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import orjson
from cryptography.exceptions import InvalidTag

from services.platform.secrets import derived_key, seal, unseal

ALGORITHMS = {"RS256": "RSA", "ES256": "EC"}
"""What a token may be signed with, and the kind of key that goes with it."""
LEEWAY = timedelta(seconds=60)
ATTEMPT_FOR = timedelta(minutes=10)
_SHORTEST_RSA = 2048
_LONGEST_TOKEN = 32 * 1024
_BOUND = b"attempt"


class NotBelieved(Exception):  # noqa: N818  it is raised like a finding, not like an error of ours
    """An answer of the provider, or of whoever poses as it, is not believed; the text says why in a word, for the log."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are at the provider, as it was registered there. `claim` names the claim that holds an account's login."""

    issuer: str
    client_id: str
    secret: str
    redirect_uri: str
    scope: str
    claim: str


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider says of itself (OpenID Connect Discovery)."""

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str | None
    secret_in_body: bool
    names_itself: bool


@dataclass(frozen=True, slots=True, repr=False)
class Attempt:
    """A sign-in under way."""

    state: str
    nonce: str
    verifier: str
    until: int


def read_provider(document: Any, issuer: str, *, plain: bool) -> Provider:
    """Return what a discovery document says; raise NotBelieved where it is another issuer's or not a usable one.

    With `plain` addresses may be http, as inside a closed network.
    """
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise NotBelieved("issuer_of_document")
    userinfo = document.get("userinfo_endpoint")
    ways = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Provider(
        issuer,
        _endpoint(document, "authorization_endpoint", plain=plain),
        _endpoint(document, "token_endpoint", plain=plain),
        _endpoint(document, "jwks_uri", plain=plain),
        _endpoint(document, "userinfo_endpoint", plain=plain) if userinfo is not None else None,
        "client_secret_basic" not in ways and "client_secret_post" in ways,
        document.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(document: Mapping[str, Any], name: str, *, plain: bool) -> str:
    found = document.get(name)
    if not isinstance(found, str) or not _usable(found, plain=plain):
        raise NotBelieved("endpoints")
    return found


def _usable(url: str, *, plain: bool) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and parts.scheme in (("https", "http") if plain else ("https",))


def begin(now: datetime) -> Attempt:
    """Return a fresh attempt."""
    until = int((now + ATTEMPT_FOR).timestamp())
    return Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), until)


def authorization_url(provider: Provider, client: Client, attempt: Attempt) -> str:
    """Return where the browser is to go."""
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": client.scope,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": _base64(hashlib.sha256(attempt.verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    return f"{provider.authorization}{'&' if urlsplit(provider.authorization).query else '?'}{urlencode(asked)}"


def to_binding(attempt: Attempt) -> str:
    """Return an attempt as the browser keeps it: sealed, so that it says nothing and cannot be changed."""
    told = orjson.dumps([attempt.state, attempt.nonce, attempt.verifier, attempt.until])
    return _base64(seal(derived_key("oidc.attempt"), told, _BOUND))


def from_binding(binding: str, state: str, now: datetime) -> Attempt:
    """Return the attempt a browser began; raise NotBelieved where it is not ours, over, or another one than `state` belongs to."""
    try:
        sealed = base64.urlsafe_b64decode(binding + "=" * (-len(binding) % 4))
        attempt = Attempt(*orjson.loads(unseal(derived_key("oidc.attempt"), sealed, _BOUND)))
    except (InvalidTag, ValueError, TypeError):
        raise NotBelieved("binding") from None
    if not hmac.compare_digest(attempt.state.encode(), state.encode("utf-8", "replace")):
        raise NotBelieved("state")
    if now.timestamp() >= attempt.until:
        raise NotBelieved("attempt_over")
    return attempt


def key_id_of(token: str) -> str | None:
    """Return which key a token says it is signed with; raise NotBelieved where it cannot be one we believe."""
    return _header(token).get("kid")


def _header(token: str) -> dict[str, Any]:
    if len(token) > _LONGEST_TOKEN:
        raise NotBelieved("token_length")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise NotBelieved("token_malformed") from None
    if header.get("alg") not in ALGORITHMS:
        raise NotBelieved("algorithm")
    return header


def fitting_keys(keys: Sequence[Any], key_id: str | None, algorithm: str) -> list[Mapping[str, Any]]:
    """Return the keys of a JWK set a token of `algorithm` can be signed with; without `key_id` there must be one alone."""
    kind = ALGORITHMS.get(algorithm)
    fitting: list[Mapping[str, Any]] = [
        key
        for key in keys
        if isinstance(key, dict) and key.get("kty") == kind and key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
    ]
    if key_id is None:
        return fitting if len(fitting) == 1 else []
    return [key for key in fitting if key.get("kid") == key_id]


def believed(token: str, keys: Sequence[Any], client: Client, attempt: Attempt, access_token: str | None, now: datetime) -> dict[str, Any]:
    """Return the claims of an ID token for this attempt; raise NotBelieved with why not."""
    header = _header(token)
    algorithm = header["alg"]
    fitting = fitting_keys(keys, header.get("kid"), algorithm)
    if not fitting:
        raise NotBelieved("key_unknown")
    claims = _verified(token, fitting[0], algorithm, client)
    _require_now(claims, now)
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
        raise NotBelieved("azp")
    if claims.get("azp", client.client_id) != client.client_id:
        raise NotBelieved("azp")
    if not isinstance(claims.get("nonce"), str) or not hmac.compare_digest(claims["nonce"].encode(), attempt.nonce.encode()):
        raise NotBelieved("nonce")
    if "at_hash" in claims and (access_token is None or claims["at_hash"] != _half_hash(access_token)):
        raise NotBelieved("at_hash")
    return claims


def _verified(token: str, key: Mapping[str, Any], algorithm: str, client: Client) -> dict[str, Any]:
    try:
        made = jwt.PyJWK(dict(key), algorithm)
        if getattr(made.key, "key_size", 0) < _SHORTEST_RSA and algorithm == "RS256":
            raise NotBelieved("key_short")
        if algorithm == "ES256" and key.get("crv") != "P-256":
            raise NotBelieved("key_curve")
        claims: dict[str, Any] = jwt.decode(
            token,
            made.key,
            algorithms=[algorithm],
            audience=client.client_id,
            issuer=client.issuer,
            options={"require": ["iss", "sub", "aud", "exp", "iat"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise NotBelieved(type(error).__name__) from None
    return claims


def _require_now(claims: Mapping[str, Any], now: datetime) -> None:
    """Look at the token's times with our own clock, and with a minute for theirs."""
    instant, leeway = now.timestamp(), LEEWAY.total_seconds()
    times = [claims["exp"], claims["iat"], claims.get("nbf", claims["iat"])]
    if any(isinstance(at, bool) or not isinstance(at, int | float) for at in times):
        raise NotBelieved("times")
    if instant >= times[0] + leeway:
        raise NotBelieved("over")
    if instant < max(times[1:]) - leeway:
        raise NotBelieved("early")


def _half_hash(access_token: str) -> str:
    """Return `at_hash`: the left half of the SHA-256 of the access token (both algorithms here go with SHA-256)."""
    return _base64(hashlib.sha256(access_token.encode("utf-8", "replace")).digest()[:16])


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
