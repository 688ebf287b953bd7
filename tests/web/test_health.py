"""Whether a door can work: it says so, refuses to open on another schema, and recovers by itself."""

import socket

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient

from services.platform.database import INTAKE, database
from services.platform.doorbell import Doorbell, use_doorbell
from services.platform.errors import Problem
from services.platform.settings import settings
from services.web.app import create_app
from tests.web.doors import client_of


async def test_ready_with_redis_and_degraded_without(empty, servers):
    async with client_of([]) as client:
        assert (await client.get("/healthz")).json() == {"status": "alive"}
        assert (await client.get("/readyz")).json() == {"status": "ready", "degraded": ["doorbell"]}
        bell = Doorbell(servers.redis_url)
        use_doorbell(bell)
        assert (await client.get("/readyz")).json() == {"status": "ready", "degraded": []}
        await bell.close()


async def test_another_schema_is_not_ready(empty):
    await empty.owner.execute("UPDATE alembic_version SET version_num = '0000'")
    async with client_of([]) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "schema.outdated")
        assert "migrate" in answer.json()["detail"]


@pytest.fixture
def on(monkeypatch):
    """Point the settings at an address."""

    def point(url: str) -> None:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("REDIS_URL", "")
        settings.cache_clear()

    yield point
    monkeypatch.undo()
    settings.cache_clear()


async def test_a_door_refuses_to_open_on_an_outdated_schema(empty, on):
    await empty.owner.execute("UPDATE alembic_version SET version_num = '0000'")
    on(empty.url)
    app = create_app(title="test", role=INTAKE, routers=[])
    with pytest.raises(Problem) as refused:
        async with app.router.lifespan_context(app):
            pass
    assert refused.value.code == "schema.outdated"


async def test_hooks_run_around_an_open_door(empty, on):
    on(empty.url)
    seen = []

    async def start() -> None:
        seen.append(("start", database().role))

    async def stop() -> None:
        seen.append(("stop", database().role))

    app = create_app(title="test", role=INTAKE, routers=[], on_start=[start], on_stop=[stop])
    async with app.router.lifespan_context(app):
        assert seen == [("start", INTAKE)]
    assert seen == [("start", INTAKE), ("stop", INTAKE)]


async def test_a_door_opens_without_its_database_and_says_that_it_is_not_ready(on):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, never listening: whoever connects is refused
        on(f"postgresql://nobody@127.0.0.1:{nobody.getsockname()[1]}/nothing")
        app = create_app(title="test", role=INTAKE, routers=[])
        async with app.router.lifespan_context(app), AsyncClient(transport=ASGITransport(app), base_url="http://door") as client:
            answer = await client.get("/readyz")
            assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "database.away", "2")
            assert (await client.get("/healthz")).status_code == 200


async def test_a_door_is_ready_again_when_its_database_comes_back(empty, servers):
    name = empty.url.rsplit("/", 1)[1]
    async with client_of([]) as client:
        assert (await client.get("/readyz")).status_code == 200
        await empty.owner.close()
        await _on_the_server(servers, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        await _on_the_server(servers, f"ALTER DATABASE {name} RENAME TO {name}_away")
        try:
            for _ in range(2):
                answer = await client.get("/readyz")
                assert (answer.status_code, answer.json()["code"]) == (503, "database.away")
        finally:
            await _on_the_server(servers, f"ALTER DATABASE {name}_away RENAME TO {name}")
        assert (await client.get("/readyz")).status_code == 200


async def _on_the_server(servers, statement: str) -> None:
    connection = await asyncpg.connect(servers.database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
