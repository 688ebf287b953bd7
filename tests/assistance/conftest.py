"""Both doors over one county."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from intake_api import (
    activities,
    assistance,
    attachments,
    deliberations,
    field_sync,
    households,
    mediations,
    pairings,
    sessions,
    tickets,
)
from reporting_api import activities as ledger
from reporting_api import assistance as report
from services.platform.settings import settings
from tests.assistance.doors import Desk
from tests.conftest import TestDatabase
from tests.web.doors import client_of


@pytest.fixture(autouse=True)
def home_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where files lie during a test."""
    monkeypatch.setenv("DAGUANJIA_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
async def desk(county: TestDatabase) -> AsyncIterator[Desk]:
    """Somebody who asks at both doors."""
    routers = [
        sessions.router, households.router, pairings.router, activities.router, assistance.router, mediations.router, deliberations.router,
        tickets.router, attachments.router, field_sync.router, ledger.router, report.router, report.public,
    ]  # fmt: skip
    async with client_of(routers) as client:
        yield Desk(client, county)
