"""Both doors over one county, in a loop of its own thread: for tools that are not asynchronous."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from services.organization.models import ROLES
from services.platform.actor import SYSTEM
from services.platform.database import INTAKE, REPORTING, Database, use_database
from services.platform.unit_of_work import unit_of_work
from tests import county as heping
from tests.conftest import Running, TestDatabase, _clone
from tests.county import COUNTY, LOGINS, STAFFED_GRID, Person, sign_in
from tests.journeys.people import Desk

T = TypeVar("T")


@dataclass
class Doors:
    """The doors, headers of everybody signed in, a login for each role, and the number of a ticket that is being worked on."""

    loop: asyncio.AbstractEventLoop
    county: TestDatabase
    databases: dict[str, Database]
    clients: dict[str, AsyncClient]
    ticket: str = ""
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    logins: dict[str, str] = field(default_factory=dict)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the doors' loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    def send(self, door: str, method: str, url: str, **more: Any) -> Response:
        """Send one request to the door called ``intake`` or ``reporting``."""

        async def one() -> Response:
            use_database(self.databases[door])
            return await self.clients[door].request(method, url, **more)

        return self.do(one())

    def renew(self, login: str) -> None:
        """Sign somebody in again, whose session a request has ended."""

        async def one() -> None:
            use_database(self.databases["intake"])
            await self.county.owner.execute("UPDATE accounts SET failed_tries = 0, locked_until = NULL WHERE login = $1", login)
            self.headers[login] = await sign_in(self.clients["intake"], login)

        self.do(one())


async def somebody_of_each_role() -> dict[str, str]:
    """Return a login for each role there is; whoever the county of the tests does not have is hired, under the role's own name."""
    logins: dict[str, str] = {}
    for login, person in LOGINS.items():
        logins.setdefault(person.role, login)
    async with unit_of_work(SYSTEM) as work:
        for role in ROLES:
            if role not in logins:
                where = STAFFED_GRID if role in ("guide", "assistant") else COUNTY
                await heping._hire(work, role, Person("某某", role, where, party_member=role != "assistant"))
                logins[role] = role
    return logins


def apps() -> dict[str, FastAPI]:
    """The two doors as they are served."""
    from intake_api.app import app as intake
    from reporting_api.app import app as reporting

    return {"intake": intake, "reporting": reporting}


@contextmanager
def open_doors(servers: Running, template: str) -> Iterator[Doors]:
    """Open both doors over a fresh county with one dispatched ticket."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opened = _opened(servers, template, loop)
    try:
        doors = asyncio.run_coroutine_threadsafe(anext(opened), loop).result(timeout=60)
        yield doors
    finally:
        asyncio.run_coroutine_threadsafe(opened.aclose(), loop).result(timeout=60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _opened(servers: Running, template: str, loop: asyncio.AbstractEventLoop) -> AsyncIterator[Doors]:
    async with asynccontextmanager(_clone)(servers, template, INTAKE) as county:
        reporting = Database(county.url, REPORTING)
        clients = {name: AsyncClient(transport=ASGITransport(app), base_url=f"http://{name}") for name, app in apps().items()}
        doors = Doors(loop, county, {"intake": county.database, "reporting": reporting}, clients)
        desk = Desk(clients["intake"], county)
        doors.ticket = await desk.file()
        doors.logins = await somebody_of_each_role()
        doors.headers = {login: await sign_in(clients["intake"], login) for login in {*LOGINS, *doors.logins.values()}}
        try:
            yield doors
        finally:
            use_database(county.database)
            for client in clients.values():
                await client.aclose()
            await reporting.close()
