from collections.abc import AsyncIterator

import pytest

from services.platform.database import WORKER
from tests.conftest import TestDatabase
from tests.notifications.platform import Platform, playing


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    """A running other side."""
    async with playing() as found:
        yield found


@pytest.fixture
async def worker(empty: TestDatabase) -> AsyncIterator[TestDatabase]:
    """A database open under the worker's role."""
    async with empty.as_role(WORKER):
        yield empty
