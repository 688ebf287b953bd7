"""A county for reports to count."""

from collections.abc import AsyncIterator

import pytest

from services.platform.database import WORKER, Database, use_database
from tests.conftest import TestDatabase


@pytest.fixture
async def worker(empty: TestDatabase) -> AsyncIterator[TestDatabase]:
    """An empty county, open under the worker's role."""
    opened = Database(empty.url, WORKER)
    use_database(opened)
    yield empty
    await opened.close()
