"""Both doors over one county."""

from collections.abc import AsyncIterator

import pytest

from intake_api import activities, assistance, deliberations, households, mediations, pairings, sessions, tickets
from reporting_api import activities as ledger
from reporting_api import assistance as report
from tests.assistance.doors import Desk
from tests.conftest import TestDatabase
from tests.web.doors import client_of


@pytest.fixture
async def desk(county: TestDatabase) -> AsyncIterator[Desk]:
    """Somebody who asks at both doors."""
    routers = [
        sessions.router, households.router, pairings.router, activities.router, assistance.router, mediations.router, deliberations.router,
        tickets.router, ledger.router, report.router, report.public,
    ]  # fmt: skip
    async with client_of(routers) as client:
        yield Desk(client, county)
