"""Both doors and the worker's duties in this process, each under its own database role, for people who are signed in all the time."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import structlog
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import select

from daguanjia.story.doors import Json, expect, json_of
from dispatch_worker.station import Station
from services.identity.models import Account
from services.identity.tokens import write_token
from services.notifications.senders import Senders
from services.platform.database import INTAKE, REPORTING, WORKER, Database, use_database
from services.platform.doorbell import Doorbell, use_doorbell

_MINUTES = 400 * 24 * 60
"""Everybody's token holds longer than the story takes by its own clock."""


@dataclass(frozen=True)
class Doors:
    """The doors, the worker, and the headers of everybody in the story."""

    pools: dict[str, Database]
    bell: Doorbell
    clients: dict[str, AsyncClient]
    headers: dict[str, dict[str, str]]

    async def ask(self, login: str, path: str, **params: Any) -> Json:
        """Return what the intake door answers."""
        return json_of(await self._send(INTAKE, "GET", path, login, params=params), 200)

    async def report(self, login: str, path: str, **params: Any) -> Json:
        """Return what the reporting door answers."""
        return json_of(await self.look(login, path, **params), 200)

    async def look(self, login: str, path: str, **params: Any) -> Response:
        """Ask the reporting door; return whatever comes."""
        return await self._send(REPORTING, "GET", path, login, params=params)

    async def post(self, login: str, path: str, body: Json) -> Json:
        """Post something that works; return the answer."""
        return json_of(await self.attempt(login, path, body), 200, 201)

    async def attempt(self, login: str, path: str, body: Json) -> Response:
        """Post something; return whatever comes."""
        return await self._send(INTAKE, "POST", path, login, json=body)

    async def act(self, login: str, matter: str, action: str, **values: Any) -> Json:
        """Take an action on a matter that works; return the matter after it."""
        return await self.post(login, f"/v1/matters/{matter}/actions", {"action": action, **values})

    async def upload(self, login: str, picture: bytes) -> str:
        """Upload a picture; return its id."""
        files = {"file": ("photo.png", picture, "image/png")}
        return str(expect(await self._send(INTAKE, "POST", "/v1/attachments", login, files=files), 201).json()["id"])

    async def worker(self, *duties: Callable[[Station], Awaitable[None]]) -> None:
        """Have the worker do these duties once."""
        self._work_as(WORKER)
        for duty in duties:
            await duty(Station(handlers={}, senders=Senders(), batch=200))

    def _work_as(self, role: str) -> None:
        use_database(self.pools[role])
        use_doorbell(self.bell)

    async def _send(self, role: str, method: str, path: str, login: str, **request: Any) -> Response:
        self._work_as(role)
        keyed = {"Idempotency-Key": f'"{uuid4()}"'} if method == "POST" else {}
        return await self.clients[role].request(method, path, headers={**self.headers[login], **keyed}, **request)


@asynccontextmanager
async def open_doors(url: str, logins: list[str], since: datetime) -> AsyncIterator[Doors]:
    """Open the doors over the database at `url`; everybody is signed in since `since`."""
    from intake_api.app import app as intake
    from reporting_api.app import app as reporting

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))  # requests are told by the story itself
    pools = {role: Database(url, role, pool_size=2) for role in (INTAKE, REPORTING, WORKER)}
    apps = ((INTAKE, intake), (REPORTING, reporting))
    clients = {role: AsyncClient(transport=ASGITransport(app), base_url="http://door") for role, app in apps}
    try:
        yield Doors(pools, Doorbell(""), clients, await _signed_in(pools[INTAKE], logins, since))
    finally:
        for client in clients.values():
            await client.aclose()
        use_database(None)
        use_doorbell(None)
        for pool in pools.values():
            await pool.close()


async def _signed_in(database: Database, logins: list[str], since: datetime) -> dict[str, dict[str, str]]:
    async with database.transaction() as session:
        rows = list(await session.execute(select(Account.login, Account.id, Account.session_epoch).where(Account.login.in_(logins))))
    tokens = {row.login: write_token(row.id, row.session_epoch, since, _MINUTES)[0] for row in rows}
    return {login: {"Authorization": f"Bearer {token}"} for login, token in tokens.items()}
