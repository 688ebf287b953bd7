"""Real servers for every test: started once a process, migrated once, cloned from a template for each test that needs a database."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient
from hypothesis import settings as hypothesis_settings

from daguanjia.servers import temporary_servers
from services.platform.database import INTAKE, OWNER, WORKER, Database, use_database
from services.platform.doorbell import Doorbell, use_doorbell
from services.platform.settings import settings

os.environ.setdefault("DAGUANJIA_SECRET", "a secret for tests only, 32 characters and more")
# the machine is shared: a slow moment is not a wrong answer
hypothesis_settings.register_profile("shared_machine", deadline=None)
hypothesis_settings.load_profile("shared_machine")


@dataclass(frozen=True)
class Running:
    """Addresses of the servers of this test process."""

    database_url: str
    redis_url: str

    def named(self, name: str) -> str:
        """Return the URL of the database `name` on the same server."""
        return self.database_url.rsplit("/", 1)[0] + "/" + name


@pytest.fixture(scope="session")
def servers() -> Iterator[Running]:
    """A PostgreSQL and a Valkey of this test process alone."""
    with temporary_servers() as started:
        yield Running(started.database_url, started.redis_url)


async def _run_sql(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def empty_template(servers: Running) -> str:
    """Name of a migrated database without any rows of ours."""
    asyncio.run(_run_sql(servers.database_url, "CREATE DATABASE template_empty"))
    _migrate(servers.named("template_empty"))
    return "template_empty"


def _migrate(url: str) -> None:
    from migrations import running

    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = url
    settings.cache_clear()
    try:
        running.upgrade()
    finally:
        if before is None:
            del os.environ["DATABASE_URL"]
        else:
            os.environ["DATABASE_URL"] = before
        settings.cache_clear()


@pytest.fixture(scope="session")
def county_template(servers: Running, empty_template: str) -> str:
    """Name of a database with Heping county, its catalogue and a few people in it (see tests/county.py)."""
    from tests.county import fill

    asyncio.run(_run_sql(servers.database_url, f"CREATE DATABASE template_county TEMPLATE {empty_template}"))

    async def load() -> None:
        opened = Database(servers.named("template_county"), OWNER)
        use_database(opened)
        use_doorbell(Doorbell(""))
        try:
            await fill()
        finally:
            use_database(None)
            use_doorbell(None)
            await opened.close()

    asyncio.run(load())
    return "template_county"


_count = iter(range(1, 10**9))


@dataclass
class TestDatabase:
    """A database of one test. `owner` may do what the application may not: backdate, corrupt, look."""

    url: str
    database: Database
    owner: asyncpg.Connection

    __test__ = False

    @asynccontextmanager
    async def as_role(self, role: str) -> AsyncIterator[Database]:
        """Work under another door's role inside the block."""
        opened = Database(self.url, role, pool_size=4)
        use_database(opened)
        try:
            yield opened
        finally:
            use_database(self.database)
            await opened.close()

    async def settle(self) -> None:
        """Do what the worker does, until nothing is owed."""
        from dispatch_worker.handlers import HANDLERS
        from services.journal.draining import drain

        async with self.as_role(WORKER):
            while (done := await drain(HANDLERS, batch=200)).taken:
                assert not done.failed, await self.fetch("SELECT handler, last_error FROM deliveries WHERE last_error IS NOT NULL")

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Run a query as the owner."""
        return await self.owner.fetch(query, *values)

    async def value(self, query: str, *values: object) -> object:
        """Return the first value of a query run as the owner."""
        return await self.owner.fetchval(query, *values)


async def _clone(servers: Running, template: str, role: str) -> AsyncIterator[TestDatabase]:
    name = f"test_{next(_count)}"
    await _run_sql(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    url = servers.named(name)
    opened = Database(url, role)
    owner = await asyncpg.connect(url)
    use_database(opened)
    use_doorbell(Doorbell(""))
    try:
        yield TestDatabase(url, opened, owner)
    finally:
        use_database(None)
        use_doorbell(None)
        await opened.close()
        await owner.close()
        await _run_sql(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def empty(servers: Running, empty_template: str) -> AsyncIterator[TestDatabase]:
    """A migrated database without rows, open under the intake door's role."""
    async for found in _clone(servers, empty_template, INTAKE):
        yield found


@pytest.fixture
async def county(servers: Running, county_template: str) -> AsyncIterator[TestDatabase]:
    """Heping county with people in it, open under the intake door's role."""
    async for found in _clone(servers, county_template, INTAKE):
        yield found


@pytest.fixture
async def intake(county: TestDatabase) -> AsyncIterator[AsyncClient]:
    """The intake door over the county, as an HTTP client; it works under the intake role of the `county` database."""
    from intake_api.app import app

    async with AsyncClient(transport=ASGITransport(app), base_url="http://intake") as client:
        yield client
