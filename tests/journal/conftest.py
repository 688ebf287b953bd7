from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from tests.conftest import TestDatabase
from tests.letterbox import EFFECTS, as_worker


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """Log one line, not a page: structlog's default paints every traceback with its locals, which takes seconds."""
    structlog.configure(processors=[structlog.processors.JSONRenderer()])
    yield
    structlog.reset_defaults()


@pytest.fixture
async def letterbox(empty: TestDatabase) -> AsyncIterator[TestDatabase]:
    """An empty database under the worker's role, with a table that counts effects."""
    await empty.owner.execute(EFFECTS)
    async with as_worker(empty.url):
        yield empty
