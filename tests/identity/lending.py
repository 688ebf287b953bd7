"""A county with both doors, and administrators who make keys for programs."""

from dataclasses import dataclass, field
from typing import Any

from httpx import AsyncClient, Response

from services.platform.database import INTAKE, REPORTING
from tests.county import sign_in


@dataclass
class Lending:
    """Both doors over one county."""

    county: Any
    clients: dict[str, AsyncClient]
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    async def signed_in(self, login: str) -> dict[str, str]:
        """Return the headers of somebody who signed in."""
        if login not in self.headers:
            self.headers[login] = await sign_in(self.clients["intake"], login)
        return self.headers[login]

    async def make(self, **body: Any) -> dict[str, Any]:
        """Have the administrator make a key; return its view with the secret."""
        answer = await self.try_to_make(**body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def try_to_make(self, **body: Any) -> Response:
        """Have the administrator ask for a key."""
        wanted = {"name": "月报程序", "actions": ["ticket.read"], **body}
        return await self.clients["intake"].post("/v1/api-keys", json=wanted, headers=await self.signed_in("admin"))

    async def ask(self, key: dict[str, Any] | str, method: str, url: str, *, door: str = "intake", **more: Any) -> Response:
        """Send a request with a key."""
        credential = key if isinstance(key, str) else key["secret"]
        headers = {"Authorization": f"Bearer {credential}", **more.pop("headers", {})}
        async with self.county.as_role(INTAKE if door == "intake" else REPORTING):
            return await self.clients[door].request(method, url, headers=headers, **more)

    async def ask_as(self, login: str, method: str, url: str, *, door: str = "intake", **more: Any) -> Response:
        """Send a request as a person."""
        headers = {**await self.signed_in(login), **more.pop("headers", {})}
        async with self.county.as_role(INTAKE if door == "intake" else REPORTING):
            return await self.clients[door].request(method, url, headers=headers, **more)
