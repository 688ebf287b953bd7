from collections.abc import AsyncIterator

import pytest

from tests.conftest import TestDatabase
from tests.letterbox import EFFECTS, as_worker


@pytest.fixture
async def letterbox(empty: TestDatabase) -> AsyncIterator[TestDatabase]:
    """An empty database under the worker's role, with a table that counts effects."""
    await empty.owner.execute(EFFECTS)
    async with as_worker(empty.url):
        yield empty
