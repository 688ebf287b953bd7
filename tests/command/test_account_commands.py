"""What an operator does about somebody's account from a terminal: a password for once, sessions, a lost second factor."""

import asyncio

import pytest
from typer.testing import CliRunner

from daguanjia.command import build
from intake_api import accounts, sessions
from services.platform.database import use_database
from services.platform.settings import settings
from tests.identity.staying import Phone, signed_in, told
from tests.identity.test_accounts import Authenticator
from tests.web.doors import client_of


@pytest.fixture
def run(county, monkeypatch):
    """Run a command beside the door, in a process of its own as far as settings and databases go; return its exit code and words."""

    async def run(*words: str) -> tuple[int, str]:
        monkeypatch.setenv("DATABASE_URL", county.url)
        settings.cache_clear()
        try:
            done = await asyncio.to_thread(CliRunner().invoke, build(), list(words))
        finally:
            monkeypatch.delenv("DATABASE_URL")
            settings.cache_clear()
            use_database(county.database)
        return done.exit_code, " ".join(done.output.split())

    return run


@pytest.fixture
async def client(county):
    async with client_of([sessions.router, accounts.router]) as client:
        yield client


async def test_a_lost_password_is_reset_and_shown_once(run, client, county):
    phone = await signed_in(client, "grid")
    code, said = await run("reset-password", "--login", "grid")
    assert (code, said.startswith("grid can sign in once with ")) == (0, True), said
    assert await phone.status() == (401, "session.ended")
    once = Phone(client, "grid", said.split(" with ")[1].split(" ")[0])
    assert (await once.sign_in()).json()["due"] == "password"
    unknown = await run("reset-password", "--login", "nobody-here")
    assert (unknown[0], "account.unknown" in unknown[1]) == (2, True)


async def test_sessions_are_ended(run, client):
    phone, other, stranger = [await signed_in(client, login) for login in ("grid", "grid", "shuikou")]
    assert await run("end-sessions", "--login", "grid") == (0, "grid is signed out; sessions that were live: 2.")
    assert await phone.status() == await other.status() == (401, "session.ended")
    assert await stranger.status() == (200, None)


async def test_a_lost_second_factor_is_dropped(run, client):
    phone = await signed_in(client, "admin")
    secret = (await phone.ask("POST", "/v1/me/second-factor", json={"password": phone.password})).json()["secret"]
    await phone.ask("POST", "/v1/me/second-factor/confirmation", json={"code": Authenticator(secret).code()})
    assert told(await phone.sign_in()) == (401, "session.code_needed")
    assert await run("drop-second-factor", "--login", "admin") == (0, "admin signs in with the password alone now.")
    assert (await phone.sign_in()).status_code == 201
    again = await run("drop-second-factor", "--login", "admin")
    assert (again[0], "second_factor.none" in again[1]) == (2, True)
