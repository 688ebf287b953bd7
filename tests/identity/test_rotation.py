"""Staying signed in: what a refresh token is good for, once, twice, at the same time, in the wrong hands."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_api import accounts, sessions
from services.identity import actors, rotation
from services.identity.rotation import GRACE, Family, first_token, meaning_of, read_refresh_token
from services.platform.database import WORKER
from services.platform.ids import new_id
from services.platform.settings import settings
from tests.identity.staying import Phone, signed_in, told
from tests.web.doors import client_of

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.fixture
async def client(county):
    async with client_of([sessions.router, accounts.router]) as client:
        yield client


@pytest.fixture
def short(monkeypatch):
    """Tokens of fifteen minutes, as they are outside of tests; the sign-in for eight hours, thirty days at most."""
    monkeypatch.setenv("DAGUANJIA_ACCESS_MINUTES", "15")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def _family(tokens, rotated_at=NOW, ended=False):
    before = tokens[-2].hashed if len(tokens) > 1 else None
    return Family(tokens[-1].hashed, before, rotated_at if before else None, NOW + timedelta(hours=8), ended)


@given(length=st.integers(1, 6), which=st.integers(0, 5), seconds=st.integers(0, 60))
def test_of_all_tokens_that_ever_were_the_latest_rotates_and_the_one_before_repeats_for_a_moment(length, which, seconds):
    tokens = [first_token(new_id())]
    while len(tokens) < length:
        tokens.append(tokens[-1].successor)
    which = min(which, length - 1)
    meaning = meaning_of(tokens[which], _family(tokens), NOW + timedelta(seconds=seconds))
    lost = which == length - 2 and timedelta(seconds=seconds) <= GRACE
    assert meaning == ("rotates" if which == length - 1 else "repeats" if lost else "reused")


def test_an_ended_session_and_one_that_is_over_say_so_whatever_is_shown():
    tokens = [first_token(new_id())]
    assert meaning_of(tokens[0], _family(tokens, ended=True), NOW) == "ended"
    assert meaning_of(tokens[0], _family(tokens), NOW + timedelta(hours=8)) == "over"
    assert meaning_of(first_token(new_id()), _family(tokens), NOW) == "reused"


def test_a_token_is_read_back_and_none_that_was_not_made_here():
    token = first_token(new_id())
    assert read_refresh_token(token.text) == token
    raw = base64.urlsafe_b64decode(token.text.removeprefix("dgjr_") + "==")
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert read_refresh_token("dgjr_" + base64.urlsafe_b64encode(changed).rstrip(b"=").decode()) is None, at
    for other in (
        "",
        "dgjr_",
        token.text[:-1],
        token.text + "A",
        token.text + "=",
        token.text.upper(),
        " " + token.text,
        "dgjr_é",
        "x" * 256,
    ):
        assert read_refresh_token(other) is None


def test_the_last_letter_of_a_token_has_one_spelling():
    token = first_token(new_id())
    alike = {
        letter
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        if read_refresh_token(token.text[:-1] + letter)
    }
    assert alike == {token.text[-1]}


def test_another_installation_has_other_tokens_and_other_successors(monkeypatch):
    token = first_token(new_id())
    text, successor = token.text, token.successor
    monkeypatch.setattr(rotation, "derived_key", lambda purpose: b"another installation's key ....")
    assert read_refresh_token(text) is None
    assert token.successor != successor


async def test_a_session_goes_on_by_refreshing_and_ends_eight_hours_after_the_last(client, county, short):
    phone = await signed_in(client, "grid")
    first = dict(phone.session)
    assert first["expires_in"] == 900
    assert first["due"] is None
    answer = await phone.refresh()
    assert answer.headers["cache-control"] == "no-store"
    assert phone.id == first["session_id"]
    assert phone.session["refresh_token"] != first["refresh_token"]
    assert await phone.status() == (200, None)
    stored = await county.fetch("SELECT * FROM sessions")
    for secret in (first["refresh_token"], phone.session["refresh_token"], phone.session["access_token"]):
        assert secret not in str(stored), "hashes alone are kept"
    hours = await county.value("SELECT extract(epoch FROM expires_at - now()) / 3600 FROM sessions")
    assert 7.9 < hours <= 8
    await county.owner.execute("UPDATE sessions SET expires_at = now() - interval '1 second'")
    assert told(await phone.refresh()) == (401, "session.over")


async def test_however_often_it_is_refreshed_a_session_has_its_last_day(client, county, short):
    phone = await signed_in(client, "grid")
    await county.owner.execute("UPDATE sessions SET opened_at = now() - interval '30 days' + interval '1 hour'")
    await phone.refresh()
    minutes = await county.value("SELECT extract(epoch FROM expires_at - now()) / 60 FROM sessions")
    assert 59 < minutes <= 60


async def test_a_lost_answer_is_given_again_and_only_until_its_successor_was_used(client, county):
    phone = await signed_in(client, "grid")
    old = phone.session["refresh_token"]
    lost = (await phone.refresh()).json()
    again = (await phone.refresh(old)).json()
    assert again["refresh_token"] == lost["refresh_token"], "one family, no second branch"
    assert (await phone.refresh(lost["refresh_token"])).status_code == 200
    assert told(await phone.refresh(old)) == (401, "session.reused")
    assert told(await phone.refresh()) == (401, "session.ended"), "nor does the latest one go on"
    assert await phone.status() == (401, "session.ended")
    assert await county.value("SELECT ended_why FROM sessions") == "reused"
    assert await county.value("SELECT count(*) FROM events WHERE type = 'account.session_reused'") == 1


async def test_an_old_token_ends_its_session_after_the_grace_and_no_other(client, county):
    phone, other = await signed_in(client, "grid"), await signed_in(client, "grid")
    stolen = phone.session["refresh_token"]
    await phone.refresh()
    await county.owner.execute("UPDATE sessions SET rotated_at = rotated_at - interval '11 seconds' WHERE id = $1", phone.id)
    assert told(await Phone(client, "thief").refresh(stolen)) == (401, "session.reused")
    assert await phone.status() == (401, "session.ended")
    assert await other.status() == (200, None)
    assert (await other.refresh()).status_code == 200


async def test_a_thief_and_the_owner_run_into_each_other(client, county):
    """Whoever copies a token: as soon as both have refreshed, one of them shows an old one."""
    owner, thief = await signed_in(client, "grid"), Phone(client, "grid")
    thief.session = dict(owner.session)
    later = "UPDATE sessions SET rotated_at = rotated_at - interval '1 minute'"
    assert (await thief.refresh()).status_code == 200
    await county.owner.execute(later)
    assert told(await owner.refresh()) == (401, "session.reused")
    assert told(await thief.refresh()) == (401, "session.ended")


async def test_twenty_refreshes_at_once_with_one_token_are_one(client, county):
    phone = await signed_in(client, "grid")
    old = phone.session["refresh_token"]
    answers = await asyncio.gather(*(Phone(client, "grid").refresh(old) for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert (await phone.refresh(answers[0].json()["refresh_token"])).status_code == 200
    assert await county.value("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 1


async def test_a_made_up_token_ends_nothing_and_asks_the_database_nothing(client, county, monkeypatch):
    phone = await signed_in(client, "grid")
    length = len(phone.session["refresh_token"].removeprefix("dgjr_"))
    with monkeypatch.context() as closed:
        closed.delattr("services.identity.sessions.unit_of_work")
        assert told(await phone.refresh("dgjr_" + "A" * length)) == (401, "session.refresh_invalid")
        assert told(await phone.refresh(phone.session["refresh_token"][:-3] + "AAA")) == (401, "session.refresh_invalid")
    assert (await phone.refresh()).status_code == 200
    assert told(await phone.refresh(first_token(new_id()).text)) == (401, "session.ended"), "made here, of a session that is forgotten"


async def test_whoever_may_not_sign_in_any_more_does_not_stay_signed_in(client, county):
    phone, other = await signed_in(client, "grid"), await signed_in(client, "shuikou")
    await county.owner.execute("UPDATE accounts SET disabled_at = now() WHERE login = 'grid'")
    assert told(await phone.refresh()) == (401, "session.ended")
    await county.owner.execute("UPDATE accounts SET session_epoch = session_epoch + 1 WHERE login = 'shuikou'")
    assert told(await other.refresh()) == (401, "session.ended"), "an epoch ends sessions too, whoever moved it on"


async def test_my_devices_are_listed_by_their_names_and_ended_one_by_one(client, county):
    phone = await signed_in(client, "grid", device=" 老人机\u202e  甲 ")
    agent = {
        "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
    }
    client.headers.update(agent)
    desk = await signed_in(client, "grid")
    listed = (await desk.ask("GET", "/v1/sessions")).json()
    assert [(one["device"], one["current"], one["id"]) for one in listed] == [
        ("Chrome · Windows", True, desk.id),
        ("老人机 甲", False, phone.id),
    ]
    assert {one["used_at"][14:19] for one in listed} == {"00:00"}, "to the hour, no more"
    assert "老人机" not in str(await county.fetch("SELECT * FROM sessions"))
    assert (await desk.ask("DELETE", f"/v1/sessions/{phone.id}")).status_code == 204
    assert await phone.status() == (401, "session.ended")
    assert told(await phone.refresh()) == (401, "session.ended")
    assert [one["id"] for one in (await desk.ask("GET", "/v1/sessions")).json()] == [desk.id]
    assert (await desk.ask("DELETE", f"/v1/sessions/{phone.id}")).status_code == 204, "ending again is fine"
    stranger = await signed_in(client, "shuikou")
    assert told(await stranger.ask("DELETE", f"/v1/sessions/{desk.id}")) == (404, "session.unknown")
    assert await desk.status() == (200, None)


async def test_a_session_ended_elsewhere_stops_within_five_seconds_without_a_question_more(client, county, monkeypatch):
    phone, other = await signed_in(client, "grid"), await signed_in(client, "grid")
    await phone.status()
    load, asked = actors.load_standing, []

    async def counted(session, account_id):
        asked.append(account_id)
        return await load(session, account_id)

    monkeypatch.setattr(actors, "load_standing", counted)
    await county.owner.execute("UPDATE sessions SET ended_at = now(), ended_why = 'ended_elsewhere' WHERE id = $1", phone.id)
    assert (await phone.status(), asked) == ((200, None), []), "another process ended it; this one does not know yet"
    kept = actors._kept[county.database.engine.sync_engine]
    for account, (standing, seen) in list(kept.items()):
        kept[account] = (standing, seen - actors.KEPT_SECONDS)
    assert await phone.status() == (401, "session.ended")
    assert await other.status() == (200, None)
    assert len(asked) == 1, "one look for both sessions"


async def test_the_fifty_first_session_ends_the_one_that_was_used_longest_ago(client, county):
    phone = await signed_in(client, "grid")
    await county.owner.execute(
        "INSERT INTO sessions (id, account_id, epoch, device, second_factor, opened_at, used_at, expires_at, refresh_hash)"
        " SELECT gen_random_uuid(), account_id, epoch, device, false, opened_at, used_at - interval '1 hour' * n, expires_at, refresh_hash"
        " FROM sessions, generate_series(1, 49) n"
    )
    newest = await signed_in(client, "grid")
    assert await county.value("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 50
    assert await county.value("SELECT ended_why FROM sessions WHERE ended_at IS NOT NULL") == "crowded_out"
    assert await phone.status() == await newest.status() == (200, None)


async def test_sessions_are_forgotten_a_month_after_their_end(client, county):
    from dispatch_worker.jobs.purge import purge

    await signed_in(client, "grid")
    kept = await signed_in(client, "shuikou")
    await county.owner.execute(
        "UPDATE sessions SET expires_at = now() - interval '31 days' FROM accounts WHERE accounts.id = account_id AND login = 'grid'"
    )
    await client.post("/v1/sessions", json={"login": "nobody-here", "password": "x"})
    await county.owner.execute("UPDATE unknown_logins SET tried_at = now() - interval '25 hours'")
    async with county.as_role(WORKER):
        await purge(None)
    assert [str(row["id"]) for row in await county.fetch("SELECT id FROM sessions")] == [kept.id]
    assert await county.value("SELECT count(*) FROM unknown_logins") == 0
