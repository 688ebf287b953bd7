"""The small county behind an open door."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services.platform.settings import settings
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
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory where this installation keeps its files."""
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
async def desk(empty: TestDatabase, home: Path) -> AsyncIterator[Desk]:
    """The intake door over a small county."""
    county = await settle(empty.owner)
    async with open_door() as http:
        yield Desk(http, county, empty)
