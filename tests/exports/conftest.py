"""A county with tickets in two towns, both doors over it, and the worker between them."""

import random
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from httpx import ASGITransport, AsyncClient, Response

from dispatch_worker.jobs.exports import LONGEST
from services.attachments.store import store
from services.exports.making import make_next
from services.platform.actor import SYSTEM
from services.platform.database import INTAKE, REPORTING, WORKER
from services.platform.settings import settings
from services.platform.unit_of_work import unit_of_work
from services.reports.counting import count
from services.web.app import create_app
from tests import county as heping
from tests.conftest import TestDatabase
from tests.reports import ground
from tests.reports.signing import signed_in_as

PENGZHAI = f"/{heping.COUNTY}/{heping.PENGZHAI}/{heping.SHUIKOU}/"
YANGMING = f"/{heping.COUNTY}/{heping.YANGMING}/"
WHOLE = {"from": "2026-10-01", "to": "2026-12-31"}


def _app(role: str, *routers: APIRouter) -> FastAPI:
    return create_app(title="exports", role=role, routers=routers)


@dataclass
class Doors:
    """Both doors, each under its own role, and the worker's turn."""

    county: TestDatabase

    async def intake(self, method: str, address: str, login: str = "county", **how: Any) -> Response:
        """Send to the intake door as somebody."""
        from intake_api import exports, tickets, webhook_subscriptions

        app = _app(INTAKE, exports.router, tickets.router, webhook_subscriptions.router)
        return await self._send(INTAKE, app, method, address, login, how)

    async def reporting(self, address: str, login: str = "county", **how: Any) -> Response:
        """Get from the reporting door as somebody."""
        from reporting_api import exports, saved

        app = _app(REPORTING, exports.router, saved.router)
        return await self._send(REPORTING, app, "GET", address, login, how)

    async def ask(self, source: str, format: str = "csv", login: str = "county", **question: str) -> dict[str, Any]:  # noqa: A002
        """Ask for an export that must be taken; return it."""
        body = {"source": source, "format": format, "question": question}
        answer = await self.intake("POST", "/v1/exports", login, json=body)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        assert answer.headers["Location"] == f"/v1/exports/{found['id']}"
        return found

    async def make(self) -> int:
        """Let the worker make what is asked for; return how many files."""
        made = 0
        async with self.county.as_role(WORKER):
            while await make_next(store()):
                made += 1
        return made

    async def exported(self, source: str, format: str = "csv", login: str = "county", **question: str) -> bytes:  # noqa: A002
        """Return the bytes of an export that was asked for, made and downloaded."""
        asked = await self.ask(source, format, login, **question)
        await self.make()
        answer = await self.reporting(f"/v1/exports/{asked['id']}/file", login)
        assert answer.status_code == 200, (answer.text, (await self.reporting(f"/v1/exports/{asked['id']}", login)).json())
        return answer.content

    async def _send(self, role: str, app: Any, method: str, address: str, login: str, how: dict[str, Any]) -> Response:
        from services.identity.actors import forget_actors

        forget_actors()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.county.as_role(INTAKE))
            headers = {**await signed_in_as(login), **how.pop("headers", {})}
            await stack.enter_async_context(self.county.as_role(role))
            client = await stack.enter_async_context(AsyncClient(transport=ASGITransport(app), base_url="http://door"))
            return await client.request(method, address, headers=headers, **how)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where files lie during a test."""
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
async def doors(county: TestDatabase, home: Path) -> Doors:
    """The doors over sixty tickets: twice as many in 彭寨镇 as in 阳明镇, in every state, known to reports."""
    assert LONGEST > 0
    dice, ids = random.Random(5), []
    units = {row["path"]: row["id"] for row in await county.fetch("SELECT path, id FROM units")}
    for nth in range(60):
        received = ground.NOON + timedelta(hours=nth)
        state = ground.random_state(dice, received)
        ids.append(
            await ground.put(
                county.owner,
                due=received + timedelta(hours=dice.choice((20, 200))),
                received_at=received,
                area_path=(place := YANGMING if nth % 3 == 0 else PENGZHAI),
                place_unit_id=units[place],
                category_code=dice.choice(("water.pipe_burst", None)),
                **state,
            )
        )
    async with county.as_role(WORKER):
        await ground.tell(ids)
        async with unit_of_work(SYSTEM) as work:
            await count(work, ids)
    return Doors(county)
