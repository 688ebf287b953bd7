"""Signing in: who may, for how long, and what ends it."""

import asyncio
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from intake_api import sessions
from services.identity import actors, passwords
from services.identity.tokens import read_token, write_token
from services.platform.errors import Unauthenticated
from services.platform.ids import new_id
from services.platform.secrets import derived_key
from tests.county import PASSWORD, sign_in
from tests.web.doors import client_of

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.fixture
async def client(county):
    async with client_of([sessions.router]) as client:
        yield client


@pytest.fixture
def no_memory(monkeypatch):
    """Look accounts up at each request, as if five seconds had gone by."""
    monkeypatch.setattr(actors, "KEPT_SECONDS", 0.0)


async def _try(client, login="grid", password="wrong-wrong"):
    return await client.post("/v1/sessions", json={"login": login, "password": password})


async def test_signing_in_shows_the_seats_and_the_token_holds(client):
    answer = await _try(client, "pengzhai", PASSWORD)
    assert answer.status_code == 201
    body = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert body["token_type"] == "bearer"
    assert [(seat["role"], seat["title"], seat["unit_code"]) for seat in body["seats"]] == [
        ("township_dispatcher", "乡镇调度员", "441624108")
    ]
    me = await client.get("/v1/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert me.status_code == 200
    assert me.json()["member"] == body["member"]
    assert "unit.report" in me.json()["permissions"]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic Z3JpZDp4",
        "Bearer not.a.token",
        "Bearer " + "a" * 5000,
        "bearer é",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
    ],
)
async def test_without_a_token_of_ours_nobody_is_signed_in(client, header):
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = await client.get("/v1/me", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Bearer" in answer.headers["www-authenticate"]
    assert answer.json()["code"] in ("session.required", "session.invalid")


async def test_wrong_password_unknown_login_and_disabled_account_get_the_same_answer(client, county):
    await county.owner.execute("UPDATE accounts SET disabled_at = now() WHERE login = 'roads'")
    answers = [await _try(client), await _try(client, "nobody-here"), await _try(client, "roads", PASSWORD)]
    told = [(answer.status_code, answer.json()["code"], answer.json()["detail"]) for answer in answers]
    assert told == [(401, "session.wrong", "Login or password is wrong.")] * 3


async def test_fifth_wrong_password_locks_for_a_quarter_of_an_hour(client, county):
    codes = [(await _try(client)).status_code for _ in range(5)]
    assert codes == [401, 401, 401, 401, 429]
    locked = await _try(client, password=PASSWORD)
    assert locked.status_code == 429
    assert locked.json()["code"] == "session.locked"
    assert 800 < int(locked.headers["retry-after"]) <= 901
    before = await county.value("SELECT locked_until FROM accounts WHERE login = 'grid'")
    await _try(client)
    assert await county.value("SELECT locked_until FROM accounts WHERE login = 'grid'") == before, "trying on must not lengthen the lock"


async def test_after_the_lock_the_right_password_opens_and_a_wrong_one_counts_from_one(client, county):
    await county.owner.execute("UPDATE accounts SET failed_tries = 5, locked_until = now() - interval '1 second' WHERE login = 'grid'")
    assert (await _try(client)).status_code == 401
    assert await county.value("SELECT failed_tries FROM accounts WHERE login = 'grid'") == 1
    assert (await _try(client, password=PASSWORD)).status_code == 201
    assert await county.value("SELECT failed_tries FROM accounts WHERE login = 'grid'") == 0


async def test_a_login_that_nobody_has_is_locked_like_one_that_somebody_has(client, county):
    """Whoever tries passwords learns nothing of who has an account: not from an answer, nor from the sixth."""

    async def told(login):
        answers = [await _try(client, login) for _ in range(7)]
        shown = [
            (answer.status_code, answer.json()["code"], answer.json()["detail"], "retry-after" in answer.headers) for answer in answers
        ]
        assert {sorted(answer.json()) == sorted(answers[-1].json()) for answer in answers[5:]} == {True}
        return shown

    assert await told("grid") == await told("nobody-here")
    before = await county.value("SELECT locked_until FROM unknown_logins")
    await _try(client, "nobody-here")
    assert await county.value("SELECT locked_until FROM unknown_logins") == before, "trying on must not lengthen the lock"
    await county.owner.execute("UPDATE unknown_logins SET locked_until = now() - interval '1 second'")
    assert (await _try(client, "nobody-here")).status_code == 401
    assert await county.value("SELECT failed_tries FROM unknown_logins") == 1


async def test_every_sign_in_costs_one_password_check_whoever_it_is_of(client, county, monkeypatch):
    """The time class: what takes a fifth of a second is done once, for known, unknown, locked and disabled logins alike."""
    checked = []
    fits = passwords._fits

    def counted(stored, password):
        checked.append(stored is not None)
        return fits(stored, password)

    monkeypatch.setattr(passwords, "_fits", counted)
    await county.owner.execute("UPDATE accounts SET disabled_at = now() WHERE login = 'roads'")
    await county.owner.execute("UPDATE accounts SET failed_tries = 5, locked_until = now() + interval '1 hour' WHERE login = 'water'")
    for login in ("grid", "nobody-here", "roads", "water"):
        await _try(client, login)
    assert len(checked) == 4


async def test_wrong_passwords_at_the_same_time_are_all_counted(client, county):
    answers = await asyncio.gather(*(_try(client) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers)[:4] == [401] * 4
    assert [answer.status_code for answer in answers].count(401) == 4
    assert await county.value("SELECT locked_until > now() FROM accounts WHERE login = 'grid'")


async def _status(client, headers):
    answer = await client.get("/v1/me", headers=headers)
    return answer.status_code, answer.json().get("code")


async def test_signing_out_ends_the_session_of_this_device_alone(client, county):
    first, second = await sign_in(client, "grid"), await sign_in(client, "grid")
    assert (await client.delete("/v1/sessions/current", headers=first)).status_code == 204
    assert await _status(client, first) == (401, "session.ended"), "the token is good no more, though its time is not over"
    assert await _status(client, second) == (200, None)
    assert await county.value("SELECT string_agg(ended_why, ',') FROM sessions") == "signed_out"


async def test_signing_out_everywhere_ends_every_session_of_the_account(client, county):
    first, second = await sign_in(client, "grid"), await sign_in(client, "grid")
    other = await sign_in(client, "shuikou")
    assert (await client.delete("/v1/sessions", headers=first)).status_code == 204
    assert [await _status(client, headers) for headers in (first, second)] == [(401, "session.ended")] * 2
    assert await _status(client, other) == (200, None)
    assert await _status(client, await sign_in(client, "grid")) == (200, None)
    assert await county.value("SELECT count(*) FROM events WHERE type = 'account.signed_out'") == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("UPDATE accounts SET disabled_at = now() WHERE login = 'grid'", 401),
        ("UPDATE members SET left_on = current_date - 1 FROM accounts WHERE accounts.member_id = members.id AND login = 'grid'", 401),
        ("UPDATE posts SET valid_to = current_date - 1 FROM accounts WHERE accounts.member_id = posts.member_id AND login = 'grid'", 200),
    ],
)
async def test_a_disabled_account_a_left_member_and_an_ended_post_stop_working(client, county, no_memory, change, status):
    headers = await sign_in(client, "grid")
    assert (await client.get("/v1/me", headers=headers)).json()["seats"] != []
    await county.owner.execute(change)
    answer = await client.get("/v1/me", headers=headers)
    assert answer.status_code == status
    assert answer.json().get("seats", []) == []


async def test_the_hot_path_makes_no_query_within_five_seconds(client, county, monkeypatch):
    headers = await sign_in(client, "grid")
    await client.get("/v1/me", headers=headers)

    async def no_query(*_):
        raise AssertionError("a query was made")

    monkeypatch.setattr(actors, "load_standing", no_query)
    for _ in range(3):
        assert (await client.get("/v1/me", headers=headers)).status_code == 200


async def test_several_seats_come_in_order_of_weight(client, county):
    await county.owner.execute(
        "INSERT INTO posts (id, member_id, unit_id, role, valid_from, created_at)"
        " SELECT gen_random_uuid(), member_id, (SELECT id FROM units WHERE code = '441624108213'), 'village_secretary', '2024-01-01', now()"
        " FROM accounts WHERE login = 'grid'"
    )
    answer = await client.get("/v1/me", headers=await sign_in(client, "grid"))
    assert [seat["role"] for seat in answer.json()["seats"]] == ["village_secretary", "grid_worker"]


def _forged(**changed):
    claims = {"sub": str(new_id()), "epoch": 0, "iat": NOW, "exp": NOW + timedelta(hours=1), "iss": "daguanjia", "aud": "daguanjia-doors"}
    return {**claims, **changed}


def test_a_token_is_read_back():
    account_id = new_id()
    token, ends = write_token(account_id, 3, NOW, 480)
    session = read_token(token, NOW)
    assert (session.account_id, session.epoch, session.expires_at) == (account_id, 3, ends)


def test_a_token_is_over_at_its_end_also_when_it_was_read_before():
    token, ends = write_token(new_id(), 0, NOW, 10)
    read_token(token, NOW)
    with pytest.raises(Unauthenticated) as refused:
        read_token(token, ends)
    assert refused.value.code == "session.over"


@pytest.mark.parametrize(
    ("claims", "key", "algorithm"),
    [
        (_forged(), b"another key of at least 32 bytes!", "HS256"),
        (_forged(iss="somebody"), None, "HS256"),
        (_forged(aud="another"), None, "HS256"),
        (_forged(), None, "HS512"),
        (_forged(epoch="0"), None, "HS256"),
        (_forged(sub="x"), None, "HS256"),
        ({"sub": str(new_id())}, None, "HS256"),
    ],
)
def test_tokens_that_are_not_ours_are_refused(claims, key, algorithm):
    token = (
        jwt.encode(claims, key or derived_key("session") * 2, algorithm=algorithm)
        if algorithm == "HS512"
        else jwt.encode(claims, key or derived_key("session"), algorithm=algorithm)
    )
    with pytest.raises(Unauthenticated):
        read_token(token, NOW)


async def test_many_callers_of_one_account_ask_the_database_once(county, monkeypatch):
    account = await county.value("SELECT id FROM accounts WHERE login = 'hotline'")
    load, asked = actors.load_standing, []

    async def counted(session, account_id):
        asked.append(account_id)
        return await load(session, account_id)

    monkeypatch.setattr(actors, "load_standing", counted)
    for _ in range(2):
        found = await asyncio.gather(*(actors.signed_in_actor(county.database, account, 0) for _ in range(32)))
        assert {actor.account_id for actor in found} == {account}
        kept = actors._kept[county.database.engine.sync_engine]
        standing, seen = kept[account]
        kept[account] = (standing, seen - 2 * actors.KEPT_SECONDS)
    assert len(asked) == 2, "once when nothing is known, once when what is known is old"
