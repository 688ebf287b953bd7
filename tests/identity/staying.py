"""A client that signs in, stays signed in, and shows what it got: for tests of sessions and second factors."""

from typing import Any

import httpx

from services.identity import passwords
from tests.county import CHEAP, PASSWORD

Json = dict[str, Any]


class Phone:
    """One device of one person."""

    def __init__(self, client: httpx.AsyncClient, login: str, password: str = PASSWORD) -> None:
        passwords.HASHER = CHEAP
        self.client, self.login, self.password = client, login, password
        self.session: Json = {}

    @property
    def headers(self) -> dict[str, str]:
        """What goes with every request."""
        return {"Authorization": f"Bearer {self.session['access_token']}"}

    @property
    def id(self) -> str:
        """The id of its session."""
        return str(self.session["session_id"])

    async def sign_in(self, **more: Any) -> httpx.Response:
        """Sign in; keep the session where there is one."""
        answer = await self.client.post("/v1/sessions", json={"login": self.login, "password": self.password, **more})
        return self._kept(answer)

    async def refresh(self, token: str | None = None) -> httpx.Response:
        """Refresh with the token it has, or another; keep the answer where it is a session."""
        answer = await self.client.post("/v1/sessions/refresh", json={"refresh_token": token or self.session["refresh_token"]})
        return self._kept(answer)

    async def ask(self, method: str, address: str, **more: Any) -> httpx.Response:
        """Send a request as whoever is signed in."""
        return await self.client.request(method, address, headers=self.headers, **more)

    async def status(self) -> tuple[int, str | None]:
        """How /v1/me answers."""
        return told(await self.ask("GET", "/v1/me"))

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code in (200, 201):
            self.session = answer.json()
        return answer


def told(answer: httpx.Response) -> tuple[int, str | None]:
    """Return the status and, of a problem, its code."""
    return answer.status_code, answer.json().get("code") if answer.status_code >= 400 else None


async def signed_in(client: httpx.AsyncClient, login: str, **more: Any) -> Phone:
    """Return a device that has just signed in."""
    phone = Phone(client, login)
    answer = await phone.sign_in(**more)
    assert answer.status_code == 201, answer.text
    return phone
