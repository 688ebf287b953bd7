"""Signing in through a provider of OpenID Connect: a real one on this machine, in good order and in every kind of disorder."""

import hashlib
import hmac
from base64 import b32decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from httpx import AsyncClient, Response

from intake_api import sessions, single_sign_on
from services.identity import oidc_provider
from services.identity.second_factors import confirm, enrol
from services.identity.totp import code_at, step_of
from services.platform import clock
from services.platform.actor import SYSTEM
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from tests.county import LOGINS
from tests.identity.provider import CLIENT, REDIRECT, SECRET, Provider, ec_key, encoded, half_hash, providing, rsa_key
from tests.notifications.platform import Said
from tests.web.doors import client_of

BEGIN, FINISH = "/v1/single-sign-on", "/v1/single-sign-on/sessions"


@dataclass
class Browser:
    """Somebody's browser between the provider and us."""

    client: AsyncClient
    provider: Provider

    async def begin(self) -> tuple[dict[str, str], dict[str, str]]:
        """Begin, sign in at the provider; return what to finish with, and what was begun."""
        begun = await self.client.post(BEGIN)
        assert begun.status_code == 201, begun.text
        back = self.provider.authorize(begun.json()["authorization_url"])
        return {**back, "binding": begun.json()["binding"]}, begun.json()

    async def finish(self, body: dict[str, str]) -> Response:
        """Finish."""
        return await self.client.post(FINISH, json=body)

    async def through(self) -> Response:
        """Go the whole way."""
        return await self.finish((await self.begin())[0])


@pytest.fixture
async def browser(county, monkeypatch):
    async with providing() as provider, client_of([sessions.router, single_sign_on.router]) as client:
        for name, value in {
            "ISSUER": provider.issuer, "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "REDIRECT_URI": REDIRECT, "ALLOW_PRIVATE": "true",
        }.items():  # fmt: skip
            monkeypatch.setenv(f"DAGUANJIA_OIDC_{name}", value)
        settings.cache_clear()
        oidc_provider.forget_providers()
        yield Browser(client, provider)
        monkeypatch.undo()
        settings.cache_clear()


async def test_whoever_signed_in_there_has_a_session_here(browser, county, caplog):
    body, begun = await browser.begin()
    answer = await browser.finish(body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert [(seat["role"], seat["unit_code"]) for seat in made["seats"]] == [("township_dispatcher", "441624108")]
    me = await browser.client.get("/v1/me", headers={"Authorization": f"Bearer {made['access_token']}"})
    assert me.json()["member"] == made["member"]
    refreshed = await browser.client.post("/v1/sessions/refresh", json={"refresh_token": made["refresh_token"]})
    assert refreshed.status_code == 200, "the same kind of session as with a password"
    kept = str(await county.fetch("SELECT * FROM events")) + str(await county.fetch("SELECT * FROM sessions")) + caplog.text
    assert not any(secret in kept for secret in (body["code"], body["state"], body["binding"], SECRET, made["access_token"]))
    assert begun["binding"] not in begun["authorization_url"]
    assert await county.value("SELECT count(*) FROM accounts") == len(LOGINS), "nobody is added by signing in"


async def test_metadata_and_keys_are_asked_for_once_and_es256_is_as_good(browser):
    for _ in range(3):
        assert (await browser.through()).status_code == 201
    asked = browser.provider.platform
    assert [len(asked.at(path)) for path in ("/.well-known/openid-configuration", "/jwks", "/token")] == [1, 1, 3]
    browser.provider.key = ec_key("ec-1")
    assert (await browser.through()).status_code == 201
    assert len(asked.at("/jwks")) == 2


async def test_keys_that_were_changed_are_read_again_once_in_a_while(browser, monkeypatch):
    assert (await browser.through()).status_code == 201
    browser.provider.key = ec_key("ec-2")
    assert (await browser.through()).status_code == 201
    browser.provider.published = [browser.provider.key.published]
    browser.provider.key = ec_key("ec-3")
    for _ in range(4):
        answer = await browser.through()
        assert (answer.status_code, answer.json()["code"]) == (401, "single_sign_on.not_believed")
    assert len(browser.provider.platform.at("/jwks")) == 2, "nobody makes us ask a provider again and again"
    browser.provider.published = None
    monkeypatch.setattr(oidc_provider, "REREAD_SECONDS", -1.0)
    assert (await browser.through()).status_code == 201
    browser.provider.key = ec_key("ec-2-again")
    monkeypatch.setattr(oidc_provider, "KEPT_SECONDS", -1.0)
    assert (await browser.through()).status_code == 201


async def test_an_attempt_is_finished_once_by_the_browser_that_began_it(browser):
    body, _ = await browser.begin()
    other, _ = await browser.begin()
    wrong = [
        {**body, "binding": other["binding"]},
        {**body, "state": other["state"]},
        {**body, "binding": body["binding"][:-2] + "AA"},
        {**body, "binding": "x"},
        {**body, "binding": "é"},
    ]
    for changed in wrong:
        answer = await browser.finish(changed)
        assert (answer.status_code, answer.json()["code"]) == (401, "single_sign_on.over"), changed
    assert not browser.provider.platform.at("/token"), "nothing was asked of the provider"
    assert (await browser.finish(body)).status_code == 201
    again = await browser.finish(body)
    assert (again.status_code, again.json()["code"]) == (401, "single_sign_on.over")
    code_again = await browser.finish({**other, "code": body["code"]})
    assert (code_again.status_code, code_again.json()["code"]) == (401, "single_sign_on.over")


async def test_an_attempt_is_over_after_ten_minutes(browser, monkeypatch):
    body, _ = await browser.begin()
    later = clock.now() + timedelta(minutes=11)
    monkeypatch.setattr(single_sign_on.clock, "now", lambda: later)
    assert (await browser.finish(body)).json()["code"] == "single_sign_on.over"


def _none(claims: dict[str, Any], _key: Any) -> str:
    return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims)}."


def _public_key_as_secret(claims: dict[str, Any], key: Any) -> str:
    signed = f"{encoded({'alg': 'HS256', 'kid': key.kid})}.{encoded(claims)}"
    mark = hmac.digest(key.public_pem, signed.encode(), hashlib.sha256)
    return f"{signed}.{urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def _by_somebody_else(claims: dict[str, Any], key: Any) -> str:
    return jwt.encode(claims, ec_key("x").private, "ES256", {"kid": key.kid})


def _under_own_key(claims: dict[str, Any], _key: Any) -> str:
    own = ec_key("own")
    return jwt.encode(claims, own.private, "ES256", {"kid": "own", "jwk": own.published})


def _by_hand(claims: dict[str, Any], key: Any) -> str:
    """Sign with RS256 without a library that would refuse so short a key itself."""
    signed = f"{encoded({'alg': 'RS256', 'kid': key.kid})}.{encoded(claims)}"
    mark = key.private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def _changed_afterwards(claims: dict[str, Any], key: Any) -> str:
    head, _body, mark = jwt.encode(claims, key.private, key.algorithm, {"kid": key.kid}).split(".")
    return f"{head}.{encoded({**claims, 'preferred_username': 'admin'})}.{mark}"


FORGERIES = {
    "none": _none,
    "HS256 with the public key": _public_key_as_secret,
    "another key": _by_somebody_else,
    "a key of its own in the header": _under_own_key,
    "changed afterwards": _changed_afterwards,
    "garbage": lambda *_: "no.token.at-all",
    "empty": lambda *_: "",
    "RS512": lambda claims, key: jwt.encode(claims, key.private, "RS512", {"kid": key.kid}),
    "PS256": lambda claims, key: jwt.encode(claims, key.private, "PS256", {"kid": key.kid}),
    "another kid": lambda claims, key: jwt.encode(claims, key.private, "RS256", {"kid": "another"}),
    "too long": lambda claims, key: jwt.encode(claims, key.private, "RS256", {"kid": key.kid}) + "A" * 40_000,
}


async def test_a_token_that_is_not_the_providers_is_not_believed(browser, county):
    for what, write in FORGERIES.items():
        browser.provider.write = write
        answer = await browser.through()
        assert (answer.status_code, answer.json()["code"]) == (401, "single_sign_on.not_believed"), what
    assert await county.value("SELECT count(*) FROM sessions") == 0


async def test_claims_that_do_not_fit_are_not_believed(browser, county):
    at = int(clock.now().timestamp())
    wrong: list[dict[str, Any]] = [
        {"nonce": "another"}, {"nonce": None}, {"aud": "another"}, {"aud": [CLIENT, "another"]}, {"aud": []}, {"azp": "another"},
        {"iss": "https://another.example"}, {"iss": browser.provider.issuer + "/"}, {"exp": at - 61}, {"exp": "tomorrow"}, {"exp": True},
        {"iat": at + 600}, {"nbf": at + 600}, {"at_hash": half_hash("another")}, {"sub": 7},
    ]  # fmt: skip
    for claims in wrong:
        browser.provider.claims = claims
        answer = await browser.through()
        assert (answer.status_code, answer.json()["code"]) == (401, "single_sign_on.not_believed"), claims
    browser.provider.claims = {}
    for name in ("nonce", "exp", "iat", "iss", "aud", "sub"):
        browser.provider.without = (name,)
        assert (await browser.through()).status_code == 401, name
    assert await county.value("SELECT count(*) FROM sessions") == 0
    browser.provider.without, browser.provider.claims = ("at_hash",), {"aud": [CLIENT, "another"], "azp": CLIENT, "exp": at - 30}
    assert (await browser.through()).status_code == 201, "with azp, without at_hash, and half a minute late by our clock"


async def test_only_an_account_that_is_there_is_signed_in(browser, county):
    await county.owner.execute("UPDATE accounts SET disabled_at = now() WHERE login = 'roads'")
    for claims in (
        {"preferred_username": "nobody"},
        {"preferred_username": "roads"},
        {"preferred_username": 7},
        {"preferred_username": ""},
    ):
        browser.provider.claims = claims
        answer = await browser.through()
        assert (answer.status_code, answer.json()["code"]) == (401, "single_sign_on.no_account"), claims


async def test_a_claim_that_is_not_in_the_token_is_asked_for_once_more(browser):
    browser.provider.without = ("preferred_username",)
    browser.provider.userinfo = {"preferred_username": "water"}
    answer = await browser.through()
    assert (answer.status_code, answer.json()["seats"][0]["role"]) == (201, "department_officer")
    browser.provider.userinfo = {"preferred_username": "admin", "sub": "somebody else"}
    assert (await browser.through()).json()["code"] == "single_sign_on.not_believed"


async def test_a_provider_in_disorder_is_told_apart_from_a_wrong_person(browser, monkeypatch):
    monkeypatch.setattr(single_sign_on, "SECONDS", 0.3)
    body, _ = await browser.begin()
    for path, said in (
        ("/token", Said(500)), ("/token", Said(200, b"<html>")), ("/token", Said(401, {"error": "invalid_client"})),
        ("/token", Said(302, headers={"location": "http://127.0.0.1:1/"})), ("/token", Said(200, {}, after=2.0)),
        ("/token", Said(200, b"x" * 300_000)), ("/jwks", Said(500)), ("/jwks", Said(200, {"keys": "none"})), ("/jwks", Said(200, b"{")),
    ):  # fmt: skip
        browser.provider.instead = {path: said}
        answer = await browser.through()
        assert (answer.status_code, answer.json()["code"]) in {
            (503, "single_sign_on.provider_away"), (401, "single_sign_on.not_believed"),
        }, (path, said)  # fmt: skip
        assert (answer.status_code == 503) == (said.body != b"<html>"), (path, said.status)
    browser.provider.instead = {}
    assert (await browser.finish(body)).status_code == 201, "whoever was under way goes on"


async def test_a_document_that_is_not_the_issuers_or_leads_elsewhere_is_not_believed(browser):
    for document in (
        {"issuer": "https://another.example"}, {"issuer": None}, {"token_endpoint": None}, {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"}, {"token_endpoint": "http://["},
    ):  # fmt: skip
        browser.provider.document = document
        answer = await browser.client.post(BEGIN)
        assert (answer.status_code, answer.json()["code"]) == (401, "single_sign_on.not_believed"), document


async def test_a_provider_that_names_itself_must_do_so(browser):
    browser.provider.document = {
        "authorization_response_iss_parameter_supported": True, "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }  # fmt: skip
    assert (await browser.through()).json()["code"] == "single_sign_on.not_believed"
    body, _ = await browser.begin()
    assert (await browser.finish({**body, "iss": "https://mix.example"})).json()["code"] == "single_sign_on.not_believed"
    body, _ = await browser.begin()
    assert (await browser.finish({**body, "iss": browser.provider.issuer})).status_code == 201


async def test_an_account_with_a_second_factor_shows_it_here_unless_the_provider_asked_for_one(browser, county):
    account = await county.value("SELECT id FROM accounts WHERE login = 'pengzhai'")
    async with unit_of_work(SYSTEM) as work:
        secret = b32decode((await enrol(work, account)).secret)
        await confirm(work, account, code_at(secret, step_of(work.now) - 1), None)
    waits = await browser.through()
    assert (waits.status_code, waits.json()["code"]) == (401, "session.code_needed")
    ticket = {"continue_with": waits.json()["continue_with"]}
    wrong = await browser.client.post(f"{BEGIN}/second-factor", json={**ticket, "code": "000000"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "session.code_wrong")
    assert await county.value("SELECT failed_tries FROM accounts WHERE login = 'pengzhai'") == 1
    forged = await browser.client.post(f"{BEGIN}/second-factor", json={"continue_with": "AAAA", "code": "000000"})
    assert forged.json()["code"] == "single_sign_on.over"
    good = {**ticket, "code": code_at(secret, step_of(clock.now()))}
    assert (await browser.client.post(f"{BEGIN}/second-factor", json=good)).status_code == 201
    assert (await browser.client.post(f"{BEGIN}/second-factor", json=good)).json()["code"] == "session.code_wrong", "each code once"
    browser.provider.claims = {"amr": ["pwd", "mfa"]}
    assert (await browser.through()).status_code == 201
    assert await county.value("SELECT count(*) FROM sessions WHERE second_factor") == 2


async def test_weak_keys_are_not_believed(browser):
    browser.provider.write = _by_hand
    assert (await browser.through()).status_code == 201, "written by hand with a key that is long enough"
    browser.provider.key = rsa_key("short", 1024)
    browser.provider.write = _by_hand
    assert (await browser.through()).json()["code"] == "single_sign_on.not_believed"


async def test_a_private_address_and_plain_http_need_a_word_from_the_operator(browser, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_OIDC_ALLOW_PRIVATE", "false")
    settings.cache_clear()
    assert (await browser.client.post(BEGIN)).json()["code"] == "single_sign_on.provider_away"
    assert not browser.provider.platform.asked


async def test_without_a_provider_the_way_in_is_closed(browser, monkeypatch):
    monkeypatch.setenv("DAGUANJIA_OIDC_ISSUER", "")
    settings.cache_clear()
    bodies = {
        BEGIN: None,
        FINISH: {"code": "x", "state": "x", "binding": "x"},
        f"{BEGIN}/second-factor": {"continue_with": "x", "code": "123456"},
    }
    for url, body in bodies.items():
        answer = await browser.client.post(url, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "single_sign_on.closed")
