"""A provider of OpenID Connect: a real HTTP server that signs with real keys, checks what it is sent as a provider does, and misbehaves
when a test tells it to."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from services.platform.clock import now
from tests.notifications.platform import Asked, Platform, Said, playing

REDIRECT = "https://daguanjia.example/dashboard"
CLIENT, SECRET = "daguanjia", "一个密钥: with a colon"


@dataclass
class SigningKey:
    """A key pair, as it signs and as it is published."""

    kid: str
    algorithm: str
    private: Any

    @property
    def published(self) -> dict[str, Any]:
        """The public half as a JWK."""
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        return {**algorithm.to_jwk(self.private.public_key(), as_dict=True), "kid": self.kid, "use": "sig", "alg": self.algorithm}

    @property
    def public_pem(self) -> bytes:
        """The public half, as somebody who confuses algorithms would use it as a secret."""
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def rsa_key(kid: str, bits: int = 2048) -> SigningKey:
    """Return a fresh RSA key."""
    return SigningKey(kid, "RS256", rsa.generate_private_key(65537, bits))


def ec_key(kid: str) -> SigningKey:
    """Return a fresh key on P-256."""
    return SigningKey(kid, "ES256", ec.generate_private_key(ec.SECP256R1()))


def half_hash(token: str) -> str:
    """Return the `at_hash` of an access token."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


@dataclass
class Provider:
    """What a test may change: who signs in, the keys, the claims, how a token is written, what is answered instead."""

    platform: Platform
    key: SigningKey
    claims: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    write: Callable[[dict[str, Any], SigningKey], str] | None = None
    instead: dict[str, Said] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    published: list[dict[str, Any]] | None = None
    userinfo: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    redirect: str = REDIRECT
    cancelled: bool = False

    @property
    def issuer(self) -> str:
        """What it calls itself."""
        return self.platform.url

    def authorize(self, url: str) -> dict[str, str]:
        """Sign somebody in, as their browser at `url` would have it; return what the browser is sent back with."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.issuer}/authorize"
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert (asked["response_type"], asked["client_id"], asked["redirect_uri"]) == ("code", CLIENT, self.redirect)
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def answer(self, asked: Asked) -> Said:  # noqa: PLR0911  one for each address
        """Answer one request."""
        if asked.path in self.instead:
            return self.instead[asked.path]
        match asked.path:
            case "/.well-known/openid-configuration":
                return Said(200, self._document() | self.document)
            case "/authorize":
                back = {"error": "access_denied"} if self.cancelled else self.authorize(f"{self.issuer}/authorize?{urlencode(asked.query)}")
                return Said(302, headers={"Location": f"{self.redirect}?{urlencode({'state': asked.query['state'], **back})}"})
            case "/jwks":
                return Said(200, {"keys": self.published if self.published is not None else [self.key.published]})
            case "/token":
                return self._token({name: values[0] for name, values in parse_qs(asked.body.decode()).items()}, asked.headers)
            case "/userinfo":
                return self._userinfo(asked.headers)
        return Said(404)

    def _document(self) -> dict[str, Any]:
        named = {name: f"{self.issuer}/{path}" for name, path in (
            ("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("jwks_uri", "jwks"), ("userinfo_endpoint", "userinfo"),
        )}  # fmt: skip
        return {"issuer": self.issuer, **named}

    def _token(self, form: dict[str, str], headers: dict[str, str]) -> Said:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        expected = "daguanjia:%E4%B8%80%E4%B8%AA%E5%AF%86%E9%92%A5%3A%20with%20a%20colon"
        basic = scheme == "Basic" and base64.b64decode(given).decode() == expected
        if not basic and (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return Said(401, {"error": "invalid_client"})
        asked = self.codes.pop(form["code"], None)  # good once
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return Said(400, {"error": "invalid_grant"})
        access = secrets.token_urlsafe(16)
        claims = self.claims_for(asked["nonce"], access)
        self.tokens[access] = claims.get("sub", "")
        write = self.write or (lambda claims, key: jwt.encode(claims, key.private, key.algorithm, {"kid": key.kid}))
        return Said(200, {"access_token": access, "token_type": "Bearer", "id_token": write(claims, self.key)})

    def claims_for(self, nonce: str, access: str) -> dict[str, Any]:
        """Return the claims of a token, with what the test changed."""
        at = int(now().timestamp())
        usual = {
            "iss": self.issuer, "sub": "u-1", "aud": CLIENT, "iat": at, "exp": at + 300, "nonce": nonce, "at_hash": half_hash(access),
            "preferred_username": "pengzhai",
        }  # fmt: skip
        return {name: value for name, value in {**usual, **self.claims}.items() if name not in self.without}

    def _userinfo(self, headers: dict[str, str]) -> Said:
        subject = self.tokens.get(headers.get("authorization", "").removeprefix("Bearer "))
        return Said(200, {"sub": subject, **self.userinfo}) if subject is not None else Said(401, {})


RSA = rsa_key("rsa-1")
"""Making an RSA key takes long; most tests share one."""


@asynccontextmanager
async def providing() -> AsyncIterator[Provider]:
    """Run a provider on a free port of this machine."""
    async with playing() as platform:
        provider = Provider(platform, RSA)
        platform.answer = provider.answer
        yield provider
        await asyncio.sleep(0)


def encoded(part: dict[str, Any]) -> str:
    """Return a part of a token, for tokens that no library would write."""
    return base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode()
