from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import structlog

from tests.notifications.platform import Platform, playing


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """Log one line, not a page."""
    structlog.configure(processors=[structlog.processors.JSONRenderer()])
    yield
    structlog.reset_defaults()


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    """A running other side."""
    async with playing() as found:
        yield found


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client with little patience."""
    async with httpx.AsyncClient(timeout=2, follow_redirects=False, trust_env=False) as found:
        yield found
