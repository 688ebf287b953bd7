"""Connected systems over HTTP: secrets are shown once, rotated with a grace, and kept sealed."""

import asyncio
from datetime import timedelta

import pytest

from services.connections.directory import connected_systems, forget_connected_systems
from services.platform import clock
from services.platform.database import database
from tests.county import sign_in

PBX = {"code": "pbx-580", "kind": "pbx", "adapter": "asterisk", "name": "580热线交换机", "options": {"zone": "Asia/Shanghai"}}


@pytest.fixture
async def admin(intake):
    return await sign_in(intake, "admin")


async def directory():
    forget_connected_systems()
    async with database().transaction() as session:
        return await connected_systems(session)


async def test_a_secret_is_shown_once_and_kept_sealed(intake, county, admin):
    made = await intake.post("/v1/connections", json=PBX, headers=admin)
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]
    assert len(secret) >= 40
    assert made.headers["cache-control"] == "no-store"
    assert (await intake.get("/v1/connections/pbx-580", headers=admin)).json()["secret"] is None
    (row,) = await county.fetch("SELECT secret, key_hash FROM connections")
    assert secret.encode() not in row["secret"]
    assert secret.encode() not in row["key_hash"]
    found = (await directory()).by_secret(secret, "pbx", clock.now())
    assert found is not None
    assert found.code == "pbx-580"
    assert (await directory()).by_secret(secret, "open311", clock.now()) is None
    assert (await directory()).by_secret(secret + "x", "pbx", clock.now()) is None


@pytest.mark.parametrize(
    ("codes", "code"), [(("pbx-580", "pbx-580"), "connection.code_taken"), (("one", "two"), "connection.secret_taken")]
)
async def test_of_two_at_the_same_moment_one_is_told_that_it_is_taken(intake, county, admin, codes, code):
    shown = {"secret": "一把双方都要用的钥匙-0123456789-abcdefghijkl"} if codes[0] != codes[1] else {}
    made = await asyncio.gather(
        *(intake.post("/v1/connections", json=PBX | {"code": one} | shown, headers=admin) for one in codes), return_exceptions=True
    )
    assert sorted(answer.status_code for answer in made) == [201, 409], [answer.text for answer in made]
    assert code in {answer.json().get("code") for answer in made}
    assert await county.value("SELECT count(*) FROM connections") == 1


async def test_a_repeat_under_the_same_key_connects_once_and_shows_no_secret(intake, county, admin):
    headers = admin | {"Idempotency-Key": "one"}
    first = await intake.post("/v1/connections", json=PBX, headers=headers)
    again = await intake.post("/v1/connections", json=PBX, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json() | {"secret": None}
    assert await county.value("SELECT count(*) FROM connections") == 1
    assert not await county.value("SELECT count(*) FROM idempotency_keys WHERE body::text LIKE $1", f"%{first.json()['secret']}%")
    taken = await intake.post("/v1/connections", json=PBX, headers=admin)
    assert (taken.status_code, taken.json()["code"]) == (409, "connection.code_taken")


async def test_the_secret_before_stays_good_for_its_grace_only(intake, admin):
    first = (await intake.post("/v1/connections", json=PBX, headers=admin)).json()["secret"]
    rotated = await intake.post("/v1/connections/pbx-580/secrets", json={"grace_hours": 2}, headers=admin | {"If-Match": '"1"'})
    assert rotated.status_code == 201, rotated.text
    second, now, found = rotated.json()["secret"], clock.now(), await directory()
    assert second != first
    for secret in (first, second):
        assert found.by_secret(secret, "pbx", now) is not None
    assert found.by_secret(first, "pbx", now + timedelta(hours=3)) is None
    assert found.by_secret(second, "pbx", now + timedelta(hours=3)) is not None


async def test_an_inactive_system_is_unknown(intake, admin):
    secret = (await intake.post("/v1/connections", json=PBX, headers=admin)).json()["secret"]
    changed = await intake.patch("/v1/connections/pbx-580", json={"active": False}, headers=admin | {"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["active"]) == (200, False)
    found = await directory()
    assert found.by_secret(secret, "pbx", clock.now()) is None
    assert found.by_code("pbx-580", "pbx") is None
    stale = await intake.patch("/v1/connections/pbx-580", json={"active": True}, headers=admin | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "connection.version_conflict")


async def test_a_secret_of_the_other_side_is_taken_as_it_is_but_for_one_system(intake, admin):
    twilio = PBX | {"adapter": "twilio", "secret": "an-auth-token-of-theirs"}
    made = await intake.post("/v1/connections", json=twilio, headers=admin)
    assert made.json()["secret"] == "an-auth-token-of-theirs"
    taken = await intake.post("/v1/connections", json=twilio | {"code": "pbx-2"}, headers=admin)
    assert (taken.status_code, taken.json()["code"]) == (409, "connection.secret_taken")


@pytest.mark.parametrize("login", ["county", "hotline", "analyst"])
async def test_only_administrators_connect_systems(intake, login):
    headers = await sign_in(intake, login)
    assert (await intake.post("/v1/connections", json=PBX, headers=headers)).status_code == 403
    assert (await intake.get("/v1/connections", headers=headers)).status_code == 403
