"""A client of a door inside the test's own process, on the database of the test."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter
from httpx import ASGITransport, AsyncClient

from services.platform.database import INTAKE
from services.web.app import create_app


@asynccontextmanager
async def client_of(routers: Sequence[APIRouter]) -> AsyncIterator[AsyncClient]:
    """Give a client of a door made of `routers`."""
    app = create_app(title="test", role=INTAKE, routers=routers)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://door") as client:
        yield client
