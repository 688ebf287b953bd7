"""The small county behind an open door."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from tests.complaints.door import County, open_door, settle
from tests.conftest import TestDatabase


@dataclass
class Desk:
    """A door, the people who may use it, and a look behind it."""

    http: httpx.AsyncClient
    county: County
    database: TestDatabase

    async def hotline(self, body: dict, *, by: str = "operator", key: str | None = None) -> httpx.Response:
        """File by hotline."""
        headers = self.county.signed_in(by) | ({"Idempotency-Key": key} if key else {})
        return await self.http.post("/v1/hotline/complaints", json=body, headers=headers)

    async def count(self, table: str) -> int:
        """How many rows there are."""
        return await self.database.value(f"SELECT count(*) FROM {table}")


@pytest.fixture
async def desk(empty: TestDatabase) -> AsyncIterator[Desk]:
    """The intake door over a small county."""
    county = await settle(empty.owner)
    async with open_door() as http:
        yield Desk(http, county, empty)
