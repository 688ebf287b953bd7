"""A connected exchange, as tests post to it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from httpx import AsyncClient, Response

from services.connections.directory import forget_connected_systems
from tests.county import sign_in

CODE = "pbx-580"


@dataclass
class Exchange:
    """A connection of kind ``pbx`` and its secret."""

    client: AsyncClient
    admin: dict[str, str]
    secret: str
    code: str = CODE

    async def post(self, body: bytes | str, kind: str, step: str = "", **headers: str) -> Response:
        """Post as the exchange does, its secret in the usual header."""
        address = f"/v1/hotline/calls/{self.code}" + (f"/{step}" if step else "")
        shown = {"X-Hotline-Token": self.secret, "Content-Type": kind} | headers
        return await self.client.post(address, content=body, headers=shown)

    async def form(self, step: str = "", **fields: str) -> Response:
        """Post a form."""
        return await self.post(urlencode(fields), "application/x-www-form-urlencoded", step)

    async def json(self, body: bytes | str, step: str = "") -> Response:
        """Post JSON text."""
        return await self.post(body, "application/json", step)

    async def again_as(self, adapter: str, code: str, secret: str | None = None, **options: Any) -> "Exchange":
        """Connect another exchange."""
        return await connect(self.client, self.admin, adapter, code, secret, **options)


async def connect(
    client: AsyncClient, admin: dict[str, str], adapter: str, code: str, secret: str | None = None, **options: Any
) -> Exchange:
    """Connect an exchange as an administrator does."""
    body = {"code": code, "kind": "pbx", "adapter": adapter, "name": "580热线交换机", "options": options}
    made = await client.post("/v1/connections", json=body | ({"secret": secret} if secret else {}), headers=admin)
    assert made.status_code == 201, made.text
    forget_connected_systems()
    return Exchange(client, admin, made.json()["secret"], code)


@pytest.fixture
async def pbx(intake):
    """An Asterisk whose server keeps UTC, as the vectors' did."""
    return await connect(intake, await sign_in(intake, "admin"), "asterisk", CODE, zone="UTC", numbers=["580", "12345"])


@pytest.fixture
async def operator(intake):
    """Headers of the hotline's operator."""
    return await sign_in(intake, "hotline")


async def play(pbx: Exchange, posts: list[dict[str, Any]]) -> None:
    """Post what the real exchange posted, in this order."""
    for one in posts:
        step = one["path"].strip("/")
        sent = await (pbx.form(step, **one["form"]) if isinstance(one["form"], dict) else pbx.json(one["form"], step))
        assert sent.status_code == 200, sent.text
        assert sent.text == "ok"
