"""Accounts that are closed and opened again, by administrators and by the command; and members who have left."""

import asyncio
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response

from daguanjia.commands.close_account import close_account as close_by_command
from daguanjia.commands.open_account import open_account as open_by_command
from services.identity import actors
from services.platform.database import REPORTING, database, use_database
from services.platform.errors import Conflict
from services.platform.settings import settings
from services.web import api_keys
from tests.county import COUNTY, PASSWORD, sign_in
from tests.hostile.running import apps


class Office:
    """An administrator, and whoever else signs in."""

    def __init__(self, client: AsyncClient, county: Any) -> None:
        self.client, self.county = client, county
        self.headers: dict[str, dict[str, str]] = {}

    async def ask(self, login: str, method: str, url: str, **more: Any) -> Response:
        if login not in self.headers:
            self.headers[login] = await sign_in(self.client, login)
        return await self.client.request(method, url, headers=self.headers[login], **more)

    async def member(self, login: str) -> str:
        return str(await self.county.value("SELECT member_id FROM accounts WHERE login = $1", login))

    async def turn(self, login: str, what: str, by: str = "admin", why: str = "left") -> Response:
        body = {"why": why} if what == "closing" else None
        return await self.ask(by, "POST", f"/v1/accounts/{await self.member(login)}/{what}", json=body)

    async def command(self, command: Any, monkeypatch: pytest.MonkeyPatch, **options: str) -> None:
        """Run a command on the operator's machine."""
        monkeypatch.setenv("DATABASE_URL", self.county.url)
        settings.cache_clear()
        here = database()
        try:
            await command(**options)
        finally:
            use_database(here)
            settings.cache_clear()

    async def second_administrator(self) -> None:
        body = {"unit_code": COUNTY, "role": "administrator"}
        assert (await self.ask("admin", "POST", f"/v1/members/{await self.member('county')}/posts", json=body)).status_code == 201


@pytest.fixture
async def office(intake, county) -> Office:
    return Office(intake, county)


def code(answer: Response) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return answer.status_code, answer.json()["code"]


async def test_a_closed_account_is_signed_out_everywhere_and_signs_in_nowhere_until_it_is_opened(office):
    signed = (await office.client.post("/v1/sessions", json={"login": "pengzhai", "password": PASSWORD})).json()
    key = await office.ask("admin", "POST", "/v1/api-keys", json={"name": "月报", "owner": "pengzhai", "actions": ["ticket.read"]})
    program = {"Authorization": f"Bearer {key.json()['secret']}"}
    assert (await office.ask("pengzhai", "GET", "/v1/me")).status_code == 200
    assert (await office.client.get("/v1/tickets", headers=program)).status_code == 200
    closed = await office.turn("pengzhai", "closing", why="suspended")
    assert (closed.json()["disabled"], closed.json()["disabled_why"], closed.json()["sessions"]) == (True, "suspended", 0)
    assert code(await office.ask("pengzhai", "GET", "/v1/me")) == (401, "session.ended"), "a token that had time left"
    again = await office.client.post("/v1/sessions/refresh", json={"refresh_token": signed["refresh_token"]})
    assert code(again) == (401, "session.ended")
    assert code(await office.client.get("/v1/tickets", headers=program)) == (401, "key.nobody")
    wrong = await office.client.post("/v1/sessions", json={"login": "pengzhai", "password": PASSWORD})
    assert code(wrong) == (401, "session.wrong"), "the same answer as a wrong password"
    assert code(await office.turn("pengzhai", "closing")) == (409, "account.closed")
    listed = (await office.ask("admin", "GET", "/v1/accounts", params={"closed": True})).json()["items"]
    assert [(one["login"], one["disabled_why"]) for one in listed] == [("pengzhai", "suspended")]
    opened = await office.turn("pengzhai", "opening")
    assert (opened.json()["disabled"], opened.json()["disabled_why"], opened.json()["disabled_at"]) == (False, None, None)
    assert code(await office.turn("pengzhai", "opening")) == (409, "account.open")
    assert code(await office.ask("pengzhai", "GET", "/v1/me")) == (401, "session.ended"), "no old session comes back"
    assert (await office.client.get("/v1/tickets", headers=program)).status_code == 200
    assert (await office.client.post("/v1/sessions", json={"login": "pengzhai", "password": PASSWORD})).status_code == 201
    noted = await office.county.fetch("SELECT type, data->>'why' AS why FROM events WHERE type LIKE 'account.%ed' AND seq > 1 ORDER BY id")
    assert [(row["type"], row["why"]) for row in noted if row["type"] in ("account.closed", "account.opened")] == [
        ("account.closed", "suspended"), ("account.opened", None),
    ]  # fmt: skip


async def test_the_other_door_knows_within_five_seconds(office, monkeypatch):
    async with AsyncClient(transport=ASGITransport(apps()["reporting"]), base_url="http://reporting") as reporting:
        headers = await sign_in(office.client, "pengzhai")
        async with office.county.as_role(REPORTING):
            assert (await reporting.get("/v1/metrics", headers=headers)).status_code == 200
        await office.turn("pengzhai", "closing")
        assert actors.KEPT_SECONDS <= 5 >= api_keys.KEPT_SECONDS
        monkeypatch.setattr(actors, "KEPT_SECONDS", 0.0)
        async with office.county.as_role(REPORTING):
            assert code(await reporting.get("/v1/metrics", headers=headers)) == (401, "session.ended")


async def test_nobody_closes_their_own_nor_the_last_administrator(office, monkeypatch):
    assert code(await office.turn("admin", "closing")) == (409, "account.own")
    with pytest.raises(Conflict) as last:
        await office.command(close_by_command, monkeypatch, login="admin", why="left")
    assert last.value.code == "account.last_administrator"
    await office.second_administrator()
    await office.command(close_by_command, monkeypatch, login="admin", why="left")
    assert code(await office.ask("admin", "GET", "/v1/accounts")) == (401, "session.ended")
    assert (await office.turn("admin", "opening", by="county")).status_code == 200
    assert (await office.turn("admin", "closing", by="county", why="transferred")).status_code == 200
    await office.command(open_by_command, monkeypatch, login="admin")
    assert await office.county.value("SELECT disabled_at IS NULL AND disabled_why IS NULL FROM accounts WHERE login = 'admin'")


async def test_of_two_administrators_who_close_each_other_at_once_one_is_left(office):
    await office.second_administrator()
    assert (await office.ask("county", "GET", "/v1/accounts")).status_code == 200
    members = [await office.member(login) for login in ("county", "admin")]
    answers = await asyncio.gather(
        *(
            office.ask(by, "POST", f"/v1/accounts/{member}/closing", json={"why": "left"})
            for by, member in zip(("admin", "county"), members, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 409])
    assert await office.county.value("SELECT count(*) FROM accounts WHERE disabled_at IS NOT NULL") == 1


async def test_closing_asks_for_an_account_a_reason_and_an_administrator(office):
    nobody = "0198f2a0-7c00-7000-8000-000000000001"
    assert code(await office.ask("admin", "POST", f"/v1/accounts/{nobody}/closing", json={"why": "left"})) == (404, "account.unknown")
    assert code(await office.turn("pengzhai", "closing", why="because")) == (422, "request.invalid")
    assert code(await office.turn("pengzhai", "closing", by="county")) == (403, "permission.denied")
    key = await office.ask("admin", "POST", "/v1/api-keys", json={"name": "月报", "owner": "pengzhai", "actions": ["ticket.read"]})
    program = await office.county.value("SELECT a.member_id FROM api_keys k JOIN accounts a ON a.id = k.account_id")
    assert key.status_code == 201
    assert code(await office.ask("admin", "POST", f"/v1/accounts/{program}/closing", json={"why": "left"})) == (409, "account.of_key")
    listed = (await office.ask("admin", "GET", "/v1/accounts", params={"limit": 3})).json()
    rest = (await office.ask("admin", "GET", "/v1/accounts", params={"limit": 200, "cursor": listed["next"]})).json()
    every = [one["login"] for one in listed["items"] + rest["items"]]
    wanted = await office.county.value(
        "SELECT count(*) FROM accounts WHERE login NOT LIKE 'dgj_%' AND id NOT IN (SELECT account_id FROM api_keys)"
    )
    assert len(every) == len(set(every)) == wanted
    assert rest["next"] is None


async def test_whoever_has_left_is_locked_out_like_a_closed_account(office, monkeypatch):
    signed = (await office.client.post("/v1/sessions", json={"login": "pengzhai", "password": PASSWORD})).json()
    key = await office.ask("admin", "POST", "/v1/api-keys", json={"name": "月报", "owner": "pengzhai", "actions": ["ticket.read"]})
    program = {"Authorization": f"Bearer {key.json()['secret']}"}
    assert (await office.ask("pengzhai", "GET", "/v1/me")).status_code == 200
    await office.county.owner.execute(
        "UPDATE members SET left_on = current_date - 1 FROM accounts a WHERE a.login = 'pengzhai' AND a.member_id = members.id"
    )
    monkeypatch.setattr(actors, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(api_keys, "KEPT_SECONDS", 0.0)
    assert code(await office.ask("pengzhai", "GET", "/v1/me")) == (401, "session.ended")
    again = await office.client.post("/v1/sessions/refresh", json={"refresh_token": signed["refresh_token"]})
    assert code(again) == (401, "session.ended")
    assert code(await office.client.post("/v1/sessions", json={"login": "pengzhai", "password": PASSWORD})) == (401, "session.wrong")
    assert code(await office.client.get("/v1/tickets", headers=program)) == (401, "key.nobody")
    shown = (await office.ask("admin", "GET", f"/v1/accounts/{await office.member('pengzhai')}")).json()
    assert shown["left_on"] is not None
