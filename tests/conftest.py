"""Real servers for every test: started once a process, migrated once, cloned from a template for each test that needs a database."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy.ext.asyncio import async_sessionmaker

from daguanjia.servers import temporary_servers
from services.platform.database import INTAKE, OWNER, WORKER, Database, use_database
from services.platform.doorbell import Doorbell, use_doorbell
from services.platform.settings import settings

os.environ.setdefault("DAGUANJIA_SECRET", "a secret for tests only, 32 characters and more")
os.environ.setdefault("DAGUANJIA_RATE_LIMITS", "False")  # tests ask as fast as they can; those of the limits switch them on
os.environ.setdefault("DAGUANJIA_ACCESS_MINUTES", "480")  # long tests sign in once; those of tokens that end say their own
os.environ.setdefault("DAGUANJIA_SECOND_FACTOR_ENFORCED", "False")  # tests of it switch it on; others sign in with a password
# How many examples a property gets: `make test` and `make nightly`. A test that needs the database states fewer of its own.
# The machine is shared: a slow moment is not a wrong answer.
hypothesis_settings.register_profile("test", max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile("nightly", hypothesis_settings.get_profile("test"), max_examples=10_000, print_blob=True)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


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
    _pools: dict[str, Database] = field(default_factory=dict)

    __test__ = False

    @asynccontextmanager
    async def as_role(self, role: str) -> AsyncIterator[Database]:
        """Work under another door's role inside the block, as a process that has just begun: it keeps no snapshot of an earlier block.

        Its connections are kept until the end of the test, for the next block.
        """
        if role not in self._pools:
            self._pools[role] = Database(self.url, role, pool_size=4)
        opened = copy(self._pools[role])
        opened.engine = opened.engine.execution_options()  # another engine to whoever keeps snapshots by engine, over the same pool
        opened.sessions = async_sessionmaker(opened.engine, expire_on_commit=False, autoflush=False)
        use_database(opened)
        try:
            yield opened
        finally:
            use_database(self.database)

    async def close(self) -> None:
        """Close every connection to it."""
        for opened in (self.database, *self._pools.values()):
            await opened.close()
        await self.owner.close()

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
    found = TestDatabase(url, Database(url, role), await asyncpg.connect(url))
    use_database(found.database)
    use_doorbell(Doorbell(""))
    try:
        yield found
    finally:
        use_database(None)
        use_doorbell(None)
        await found.close()
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
