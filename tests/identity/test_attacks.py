"""Attacks on sign-ins and tokens, one test for each way: replay, fixation, confusion of algorithms and keys, other issuers, stuffing."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from intake_api import accounts, sessions
from services.identity.tokens import write_token
from services.platform import clock
from services.platform.ids import new_id
from services.platform.secrets import derived_key
from tests.identity.staying import Phone, signed_in, told
from tests.web.doors import client_of


@pytest.fixture
async def client(county):
    async with client_of([sessions.router, accounts.router]) as client:
        yield client


def _part(value) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _signed(header, claims, key: bytes, digest="sha256") -> str:
    """Return a token with any header at all: libraries refuse to make some of these."""
    body = f"{_part(header)}.{_part(claims)}"
    return f"{body}.{base64.urlsafe_b64encode(hmac.digest(key, body.encode(), digest)).rstrip(b'=').decode()}"


async def _claims(county, **changed):
    now = clock.now()
    account = await county.value("SELECT id FROM accounts WHERE login = 'admin'")
    claims = {"sub": str(account), "epoch": 0, "iss": "daguanjia", "aud": "daguanjia-doors"}
    claims |= {"iat": int(now.timestamp()), "exp": int((now + timedelta(minutes=10)).timestamp())}
    claims |= changed
    return {name: value for name, value in claims.items() if value is not None}


async def _answers(client, tokens):
    return {name: told(await client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})) for name, token in tokens.items()}


async def test_our_own_claims_under_our_own_key_are_taken_so_that_the_refusals_below_mean_something(client, county):
    good = _signed({"alg": "HS256", "typ": "JWT"}, await _claims(county), derived_key("session"))
    assert await _answers(client, {"good": good}) == {"good": (200, None)}


async def test_no_other_algorithm_opens_a_door(client, county):
    claims, key = await _claims(county), derived_key("session")
    body = f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}"
    good = _signed({"alg": "HS256"}, claims, key)
    tokens = {
        "none": f"{body}.",
        "none, signed": _signed({"alg": "none"}, claims, key),
        "None": f"{_part({'alg': 'None'})}.{_part(claims)}.",
        "nOnE with our signature": f"{_part({'alg': 'nOnE'})}.{_part(claims)}.{good.rpartition('.')[2]}",
        "empty": f"{_part({'alg': ''})}.{_part(claims)}.",
        "no algorithm": _signed({"typ": "JWT"}, claims, key),
        "HS512": _signed({"alg": "HS512"}, claims, key, "sha512"),
        "HS384": _signed({"alg": "HS384"}, claims, key, "sha384"),
        "HS256 in small letters": _signed({"alg": "hs256"}, claims, key),
        "a list": _signed({"alg": ["HS256"]}, claims, key),
        "no signature": good.rpartition(".")[0] + ".",
        "two parts": good.rpartition(".")[0],
        "our signature, other claims": f"{good.split('.')[0]}.{_part({**claims, 'epoch': 1})}.{good.split('.')[2]}",
    }
    assert set((await _answers(client, tokens)).values()) == {(401, "session.invalid")}


async def test_no_key_pair_takes_the_place_of_our_key(client, county):
    """RS256 and EdDSA under a key of the attacker's, and HS256 under a public key, as where one verifier takes both."""
    claims = await _claims(county)
    rsa_key, ed_key = rsa.generate_private_key(public_exponent=65537, key_size=2048), ed25519.Ed25519PrivateKey.generate()
    forms = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    tokens = {
        "RS256": jwt.encode(claims, rsa_key, algorithm="RS256"),
        "PS256": jwt.encode(claims, rsa_key, algorithm="PS256"),
        "EdDSA": jwt.encode(claims, ed_key, algorithm="EdDSA"),
        "HS256 under a public key": _signed({"alg": "HS256"}, claims, rsa_key.public_key().public_bytes(*forms)),
        "key in the header": _signed({"alg": "HS256", "jwk": {"kty": "oct", "k": "YWFh"}}, claims, b"aaa"),
    }
    assert set((await _answers(client, tokens)).values()) == {(401, "session.invalid")}


@pytest.mark.parametrize(
    "kid", ["../../../../dev/null", "/dev/null", "' UNION SELECT 'a' -- ", "refresh.seal", "x" * 500, 0, None, {"$ne": 1}]
)
async def test_what_a_token_says_of_its_key_changes_nothing(client, county, kid):
    claims = await _claims(county)
    header = {"alg": "HS256", "kid": kid, "jku": "http://127.0.0.1:9/keys", "x5u": "file:///etc/passwd"}
    forged = {
        str(place): _signed(header, claims, key)
        for place, key in enumerate(
            (b"", b"\x00", b"a", hashlib.sha256(b"").digest(), derived_key("refresh.seal"), derived_key("contact.kek"))
        )
    }
    assert set((await _answers(client, forged)).values()) == {(401, "session.invalid")}


async def test_claims_that_are_wrong_missing_or_of_another_kind_are_refused(client, county):
    key, header = derived_key("session"), {"alg": "HS256"}
    wrong = {
        "another issuer": {"iss": "somebody"}, "no issuer": {"iss": None}, "another audience": {"aud": "another"},
        "no audience": {"aud": None},
        "no end": {"exp": None}, "an end in words": {"exp": "tomorrow"}, "no epoch": {"epoch": None}, "epoch in words": {"epoch": "0"},
        "no account": {"sub": None}, "a login for an account": {"sub": "admin"}, "a number for an account": {"sub": 1},
        "a session in words": {"sid": "x"},
        "an end beyond time": {"exp": 10**30}, "something else due": {"due": "nothing"}, "not yet": {"nbf": 10**11},
    }  # fmt: skip
    tokens = {name: _signed(header, await _claims(county, **changed), key) for name, changed in wrong.items()}
    assert set((await _answers(client, tokens)).values()) == {(401, "session.invalid")}
    past = int((clock.now() - timedelta(seconds=1)).timestamp())
    ended = {
        "over": _signed(header, await _claims(county, exp=past), key),
        "an epoch before": _signed(header, await _claims(county, epoch=-1), key),
    }
    ended["nobody"] = _signed(header, await _claims(county, sub=str(new_id())), key)
    assert await _answers(client, ended) == {
        "over": (401, "session.over"), "an epoch before": (401, "session.ended"), "nobody": (401, "session.ended"),
    }  # fmt: skip


async def test_a_token_that_was_kept_is_no_good_after_signing_out(client):
    """Replay: the access token and every refresh token of a session, after its end."""
    phone = await signed_in(client, "grid")
    kept = [dict(phone.session)]
    await phone.refresh()
    kept.append(dict(phone.session))
    assert (await phone.ask("DELETE", "/v1/sessions/current")).status_code == 204
    for session in kept:
        replayed = Phone(client, "grid")
        replayed.session = session
        assert await replayed.status() == (401, "session.ended")
        assert told(await replayed.refresh()) == (401, "session.ended")


async def test_no_session_is_brought_along_to_a_sign_in(client, county):
    """Fixation: neither a session nor a token of the attacker's becomes the victim's."""
    attacker = await signed_in(client, "grid")
    for more in ({"session_id": attacker.id}, {"refresh_token": attacker.session["refresh_token"]}, {"sid": attacker.id}):
        assert (await Phone(client, "shuikou").sign_in(**more)).status_code == 422
    body = {"login": "shuikou", "password": Phone(client, "shuikou").password}
    answer = await client.post(
        "/v1/sessions", json=body, headers={**attacker.headers, "Cookie": f"session={attacker.id}", "X-Session": attacker.id}
    )
    assert answer.json()["session_id"] != attacker.id
    assert "set-cookie" not in answer.headers
    names = [(await attacker.ask("GET", "/v1/me")).json()["member"]["name"], answer.json()["member"]["name"]]
    assert names == ["网格员辛", "书记庚"]


async def test_one_persons_tokens_end_and_show_nothing_of_anothers(client):
    """Broken object level authorisation, on sessions: another account's session is not there."""
    owner, stranger = await signed_in(client, "grid"), await signed_in(client, "admin")
    assert told(await stranger.ask("DELETE", f"/v1/sessions/{owner.id}")) == (404, "session.unknown")
    assert owner.id not in (await stranger.ask("GET", "/v1/sessions")).text
    assert (await stranger.ask("DELETE", "/v1/sessions")).status_code == 204
    assert await owner.status() == (200, None)


async def test_a_refresh_token_is_no_access_token_nor_the_other_way_round(client):
    phone = await signed_in(client, "grid")
    as_bearer = {"Authorization": f"Bearer {phone.session['refresh_token']}"}
    assert told(await client.get("/v1/me", headers=as_bearer)) == (401, "session.invalid")
    assert (await phone.refresh(phone.session["access_token"][:256])).status_code == 401


async def test_a_long_list_of_leaked_passwords_gets_five_tries_at_each_account(client, county):
    """Stuffing: after five the right one is refused too, whatever is tried in between."""
    tried = [told(await Phone(client, "grid", f"leaked-{number}").sign_in()) for number in range(8)]
    assert tried == [(401, "session.wrong")] * 4 + [(429, "session.locked")] * 4
    assert told(await Phone(client, "grid").sign_in()) == (429, "session.locked")
    assert await county.value("SELECT count(*) FROM sessions") == 0


async def test_a_session_that_was_locked_out_of_signing_in_goes_on(client):
    """Whoever guesses at somebody's login does not throw them out of what they are doing."""
    phone = await signed_in(client, "grid")
    for number in range(6):
        await Phone(client, "grid", f"leaked-{number}").sign_in()
    assert await phone.status() == (200, None)
    assert (await phone.refresh()).status_code == 200


async def test_a_token_made_without_a_sign_in_ends_with_its_epoch(client, county):
    account = await county.value("SELECT id FROM accounts WHERE login = 'grid'")
    phone = Phone(client, "grid")
    phone.session = {"access_token": write_token(account, 0, clock.now(), 60)[0]}
    assert await phone.status() == (200, None)
    assert (await phone.ask("DELETE", "/v1/sessions/current")).status_code == 204
    assert await phone.status() == (401, "session.ended")
